"""What is a weakness, what is none, whose it is, and which packet shows it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asepsis.exposure.weaknesses import KINDS, Weakness, judge
from tests.exposure.weaknesses.material import BSSID, INTERNET, NOW, device, old_windows, said, served

Row = dict[str, Any]

DEVICES = [
    device("server"),
    device("client"),
    device("pump", category="infusion_pump"),
    device("pc", category="workstation"),
    device("ap", macs=(BSSID,)),
    old_windows(),
    device("new", os="Windows 11"),
]


def found(posture: list[Row], talked: list[Row] | None = None) -> list[Weakness]:
    return [one for one in judge(posture, talked or [], DEVICES, now_ns=NOW) if one.device != "old"]


def told(posture: list[Row], talked: list[Row] | None = None) -> set[tuple[str, str]]:
    return {(one.device, one.kind.id) for one in found(posture, talked)}


MESSAGES: dict[str, tuple[Row, set[tuple[str, str]]]] = {
    "an HL7 message with a patient": (
        said("hl7", "ORU^R01", patient_data_in_clear=True),
        {("server", "patient-data-in-clear")},
    ),
    "Basic over plain HTTP": (
        said("http", "request", "client", "server", credentials_in_clear=True),
        {("server", "credentials-in-clear")},
    ),
    "Basic with a password that makers deliver": (
        said("http", "request", "client", "server", credentials_in_clear=True, default_credentials=True),
        {("server", "credentials-in-clear"), ("server", "default-credentials")},
    ),
    "a password sent to a server that is not ours": (
        said("http", "request", "client", INTERNET, credentials_in_clear=True),
        {("client", "credentials-in-clear")},
    ),
    "an FTP login": (said("ftp", "login", accepted=True, in_clear=True), {("server", "credentials-in-clear")}),
    "an anonymous FTP login": (
        said("ftp", "login", accepted=True, is_anonymous=True, in_clear=True),
        {("server", "anonymous-access")},
    ),
    "an anonymous FTP login that was refused": (
        said("ftp", "login", accepted=False, is_anonymous=True, in_clear=True),
        set(),
    ),
    "a Telnet login": (
        said("telnet", "login", "client", "server", in_clear=True),
        {("server", "credentials-in-clear")},
    ),
    "an LDAP bind with a password": (
        said("ldap", "bindRequest", "client", "server", mechanism="simple", password=True),
        {("server", "credentials-in-clear")},
    ),
    "SMB version 1 answered": (said("smb", "NEGOTIATE response", version=1), {("server", "smb-version-1")}),
    "SMB version 3 answered": (said("smb", "NEGOTIATE response", version=2, dialects=["SMB 3.1.1"]), set()),
    "SMB version 1 only asked for": (said("smb", "SESSION_SETUP request", "client", "server", version=1), set()),
    "a guest let in": (
        said("smb", "SESSION_SETUP response", version=2, guest=True),
        {("server", "anonymous-access")},
    ),
    "TLS 1.0 chosen": (said("tls", "ServerHello", version="TLS 1.0"), {("server", "tls-below-1.2")}),
    "TLS 1.2 chosen": (said("tls", "ServerHello", version="TLS 1.2"), set()),
    "a certificate shown after its end": (
        said("tls", "Certificate", not_after="2023-11-14T00:00:00Z"),
        {("server", "certificate-expired")},
    ),
    "a certificate that ended after it was shown": (
        said("tls", "Certificate", not_after="2024-01-01T00:00:00Z"),
        set(),
    ),
    "a certificate without a date that can be read": (said("tls", "Certificate", not_after="soon"), set()),
    "SSH of Debian 8": (
        said("ssh", "identification", protocol_version="2.0", software="OpenSSH_6.7p1", comments="Debian-5+deb8u3"),
        {("server", "ssh-out-of-support")},
    ),
    "SSH of Debian 12": (
        said("ssh", "identification", protocol_version="2.0", software="OpenSSH_9.2p1", comments="Debian-2+deb12u3"),
        set(),
    ),
    "SSH that nobody knows": (
        said("ssh", "identification", protocol_version="2.0", software="dropbear_2022.83"),
        set(),
    ),
    "SSH version 1": (
        said("ssh", "identification", protocol_version="1.5", software="Cisco-1.25"),
        {("server", "ssh-weak")},
    ),
    "SNMP 2c with the community public": (
        said("snmp", "Response", version="v2c", community="public"),
        {("server", "snmp-unprotected"), ("server", "default-credentials")},
    ),
    "SNMP 2c with another community": (
        said("snmp", "Response", version="v2c", community="other"),
        {("server", "snmp-unprotected")},
    ),
    "SNMP asked for and not answered": (
        said("snmp", "GetRequest", "client", "server", version="v1", community="public"),
        set(),
    ),
    "SNMP 3": (said("snmp", "Response", version="v3"), set()),
    "remote desktop with its old security": (
        said("rdp", "Connection Confirm", security=["RDP"]),
        {("server", "rdp-without-nla")},
    ),
    "remote desktop with CredSSP": (said("rdp", "Connection Confirm", security=["CredSSP"]), set()),
    "an open network": (
        said("wifi", "beacon", INTERNET, INTERNET, access_point=True, bssid=BSSID, security=["open"]),
        {("ap", "wifi-open")},
    ),
    "a network with WEP": (
        said("wifi", "beacon", INTERNET, INTERNET, access_point=True, bssid=BSSID, security=["WEP"]),
        {("ap", "wifi-weak")},
    ),
    "a network with WPA3": (
        said("wifi", "beacon", INTERNET, INTERNET, access_point=True, bssid=BSSID, security=["WPA3-Personal"]),
        set(),
    ),
    "pairing by Just Works": (
        said("ble", "Pairing Response", address=BSSID, method="Just Works"),
        {("ap", "ble-pairing-unprotected")},
    ),
    "pairing by Just Works, heard inside a telephone": (
        said("hci", "Pairing Response", INTERNET, INTERNET, peer=BSSID, method="Just Works"),
        {("ap", "ble-pairing-unprotected")},
    ),
    "pairing by passkey": (said("ble", "Pairing Response", address=BSSID, method="Passkey Entry"), set()),
    "facts that are no object": ({**said("tls", "ServerHello"), "facts": "[]"}, set()),
    "facts that are no JSON": ({**said("tls", "ServerHello"), "facts": '{"version":'}, set()),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_is_judged(name: str) -> None:
    row, expected = MESSAGES[name]
    assert told([row]) == expected


CONVERSATIONS: dict[str, tuple[Row, set[tuple[str, str]]]] = {
    "HL7 taken": (served("hl7"), {("server", "service-without-authentication")}),
    "HL7 by its port only": (served("hl7", application_by="port"), set()),
    "DICOM inside TLS": (served("tls", server_port=2762), set()),
    "Modbus": (served("modbus"), {("server", "control-without-authentication")}),
    "Telnet": (served("telnet"), {("server", "telnet")}),
    "FTP": (served("ftp"), {("server", "ftp")}),
    "SSH inside": (served("ssh"), set()),
    "SSH from the internet": (served("ssh", client=INTERNET), {("server", "management-from-internet")}),
    "remote desktop from the internet, by its port": (
        served("unknown", client=INTERNET, application_by="unknown", server_port=3389),
        {("server", "management-from-internet")},
    ),
    "a page for the internet": (served("http", client=INTERNET, server_port=80), set()),
    "a pump calls the internet": (served("tls", client="pump", server=INTERNET), {("pump", "internet-contact")}),
    "a workstation calls the internet": (served("tls", client="pc", server=INTERNET), set()),
}


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_a_conversation_is_judged(name: str) -> None:
    row, expected = CONVERSATIONS[name]
    assert told([], [row]) == expected


def test_dicom_is_without_a_sign_in_unless_the_client_names_its_user() -> None:
    named = said("dicom", "A-ASSOCIATE-RQ", "client", "server", user_identity=True)
    assert told([named], [served("dicom")]) == set()
    assert told([named], [served("dicom", client="pump")]) == {("server", "service-without-authentication")}


def test_a_broker_is_open_where_it_accepts_a_client_without_a_name() -> None:
    accepted = said("mqtt", "CONNACK", code=0)
    assert told([said("mqtt", "CONNECT", "client", "server", level=4), accepted]) == {("server", "anonymous-access")}
    assert told([said("mqtt", "CONNECT", "client", "server", level=4, user_name=True), accepted]) == set()
    refused = said("mqtt", "CONNACK", code=5)
    assert told([said("mqtt", "CONNECT", "client", "server", level=4), refused]) == set()


@pytest.mark.parametrize("speaks", ["server", "client"])
def test_weak_algorithms_are_the_servers_whoever_spoke_last(speaks: str) -> None:
    other = "client" if speaks == "server" else "server"
    weak = said("ssh", "agreement", speaks, other, kex="diffie-hellman-group1-sha1", encryption="aes128-ctr")
    assert told([weak], [served("ssh")]) == {("server", "ssh-weak")}
    strong = said("ssh", "agreement", speaks, other, kex="curve25519-sha256", compression="none")
    assert told([strong], [served("ssh")]) == set()


def test_a_system_out_of_support_is_shown_with_the_packet_that_names_it() -> None:
    (weakness,) = [one for one in judge([], [], DEVICES, now_ns=NOW) if one.device == "old"]
    assert weakness.kind.id == "os-out-of-support"
    assert [(seen.packet, seen.capture, seen.protocol) for seen in weakness.evidence] == [(9, "aa", "smb")]
    # On the last day of its support nothing is wrong yet.
    assert judge([], [], [old_windows()], now_ns=1_452_556_800_000_000_000) == ()


def test_evidence_counts_what_was_seen_and_keeps_the_first_packet() -> None:
    later = {**said("tls", "ServerHello", version="TLS 1.0"), "first_ns": 5, "last_ns": 9, "packet": 2, "capture": "bb"}
    (weakness,) = found([said("tls", "ServerHello", version="TLS 1.0"), later])
    (seen,) = weakness.evidence
    assert (seen.count, seen.packet, seen.capture, seen.partner) == (6, 2, "bb", "client")
    assert weakness.document()["evidence"][0]["what"] == "it chose TLS 1.0"


def test_what_nobody_of_ours_said_or_served_is_nobodys_weakness() -> None:
    assert told([said("tls", "ServerHello", INTERNET, "client", version="TLS 1.0")]) == set()


def test_every_kind_can_be_found() -> None:
    rows = [row for row, _ in MESSAGES.values()]
    weak = said("ssh", "agreement", kex="diffie-hellman-group1-sha1")
    everything = judge([*rows, weak], [row for row, _ in CONVERSATIONS.values()], DEVICES, now_ns=NOW)
    assert {one.kind.id for one in everything} == set(KINDS)


_FACTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_NAMES = ("version", "not_after", "security", "ciphers", "software", "community", "protocol_version", "kex", "method")


@settings(suppress_health_check=[HealthCheck.too_slow])  # making facts may be slow on a busy machine
@given(
    protocol=st.sampled_from(sorted({row["protocol"] for row, _ in MESSAGES.values()})),
    facts=st.dictionaries(st.sampled_from(_NAMES) | st.text(max_size=8), _FACTS, max_size=6),
    kind=st.sampled_from(sorted({row["kind"] for row, _ in MESSAGES.values()})),
)
def test_no_facts_whatever_break_the_judgement(protocol: str, kind: str, facts: dict[str, Any]) -> None:
    row = {**said(protocol, kind), "facts": json.dumps({"access_point": True, **facts})}
    for weakness in judge([row], [], DEVICES, now_ns=NOW):
        assert weakness.evidence
