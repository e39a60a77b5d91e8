"""Suricata's EVE log becomes conversations, messages and devices; what is broken is named and stops nothing else."""

from __future__ import annotations

import copy
import gzip
import hashlib
import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from asepsis.history import CaptureSource, Selection
from asepsis.kernel.errors import AsepsisError
from asepsis.pipeline.eve import TYPES, EveReader
from asepsis.pipeline.imports import import_eve
from asepsis.pipeline.imports_fields import FieldError, Fields
from asepsis.pipeline.imports_intake import Intake
from asepsis.pipeline.imports_report import ImportReport
from asepsis.pipeline.registry import Registry
from asepsis.pipeline.workspace import Workspace
from tests.pipeline.eve_events import (
    ALERT,
    ARP,
    DHCP_ACK,
    DHCP_REQUEST,
    DNS_ANSWER_2,
    DNS_ANSWER_3,
    DNS_QUERY_2,
    DNS_QUERY_3,
    FLOW,
    SESSIONS,
    STATS,
    Event,
    event,
    write,
)

TIME_NS = 1_700_049_600_250_000_000
ALL = [FLOW, DHCP_REQUEST, DHCP_ACK, DNS_QUERY_2, DNS_ANSWER_2, DNS_QUERY_3, DNS_ANSWER_3, *SESSIONS, ARP]
CLIENT, SERVER = "192.0.2.10", "198.51.100.5"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.resolve(tmp_path / "workspace")


def take(path: Path, workspace: Workspace) -> ImportReport:
    return import_eve(path, workspace=workspace, site="north")


def conversations(workspace: Workspace) -> list[dict[str, Any]]:
    with workspace.history().reader() as reader:
        return list(reader.ask("conversation-details").documents())


def messages(workspace: Workspace, protocol: str | None = None) -> list[dict[str, Any]]:
    with workspace.history().reader() as reader:
        found = list(reader.messages(Selection(protocol=protocol)).documents())
    for row in found:
        row["facts"] = json.loads(row["facts"])
    return found


def test_a_flow_becomes_a_conversation_with_whole_frames_counted(tmp_path: Path, workspace: Workspace) -> None:
    (log,) = take(write(tmp_path / "eve.json", FLOW), workspace).logs
    assert (log.kind, log.taken, log.conversations, log.faults) == ("eve", 1, 1, [])
    (row,) = conversations(workspace)
    del row["capture"]
    assert row == {
        "start_ns": 1_700_049_598_000_001_000,
        "end_ns": 1_700_049_600_000_002_000,
        "client_ip": CLIENT,
        "client_port": 49152,
        "server_ip": SERVER,
        "server_port": 80,
        "ip_protocol": 6,
        "application": "http",
        "packets_to_server": 6,
        "packets_to_client": 5,
        "bytes_to_server": 504,
        "bytes_to_client": 1240,
        "site": "north",
        "client_mac": "00:00:5e:00:53:01",
        "server_mac": "",  # two were seen: none is surely the server's
        "vlan": 12,
        "application_by": "content",
        "client_by": "SYN",
        "tunnel": "none",
        "tcp_flags_client": 0x1B,
        "tcp_flags_server": 0x1A,
        "ttl_client": 0,
        "ttl_server": 0,
        "ended_by": "closed",
        "conversation": 0,
        "first_packet": 1,
        "client_device": None,
        "server_device": None,
    }


@pytest.mark.parametrize(
    ("app_proto", "port", "expected"),
    [
        ("tls", 443, ("tls", "content")),
        ("failed", 104, ("dicom", "port")),
        ("krb5", 88, ("kerberos", "content")),
        (None, 2575, ("hl7", "port")),
        ("unknown", 3, ("unknown", "unknown")),
    ],
)
def test_the_application_is_what_suricata_saw_and_else_what_the_port_says(
    tmp_path: Path, workspace: Workspace, app_proto: str | None, port: int, expected: tuple[str, str]
) -> None:
    take(write(tmp_path / "eve.json", {**FLOW, "app_proto": app_proto, "dest_port": port}), workspace)
    (row,) = conversations(workspace)
    assert (row["application"], row["application_by"]) == expected


@pytest.mark.parametrize(
    ("proto", "number", "has_ports"),
    [("UDP", 17, True), ("ICMP", 1, False), ("IPv6-ICMP", 58, False), ("SCTP", 132, True), ("089", 89, False)],
)
def test_protocols_have_their_numbers_and_ports_where_there_are_any(
    tmp_path: Path, workspace: Workspace, proto: str, number: int, has_ports: bool
) -> None:
    take(write(tmp_path / "eve.json", {**FLOW, "proto": proto, "icmp_type": 8}), workspace)
    (row,) = conversations(workspace)
    assert row["ip_protocol"] == number
    assert (row["client_port"], row["server_port"]) == ((49152, 80) if has_ports else (0, 0))


def test_messages_bear_the_number_of_their_conversation(tmp_path: Path, workspace: Workspace) -> None:
    second = {**FLOW, "flow_id": 8}
    third = event("ssh", port=22, flow_id=9, ssh=SESSIONS[2]["ssh"])
    take(write(tmp_path / "eve.json", SESSIONS[0], second, FLOW, third), workspace)
    assert {row["conversation"] for row in messages(workspace, "http")} == {0}
    assert {row["conversation"]: row["first_packet"] for row in conversations(workspace)} == {0: 3, 1: 2}
    assert {row["conversation"] for row in messages(workspace, "ssh")} == {2}


def test_a_lease_names_the_device_and_ties_its_addresses(tmp_path: Path, workspace: Workspace) -> None:
    take(write(tmp_path / "eve.json", DHCP_REQUEST, DHCP_ACK), workspace)
    request, ack = messages(workspace, "dhcp")
    assert (request["kind"], request["source_mac"], request["source_ip"]) == ("REQUEST", "00:00:5e:00:53:01", "0.0.0.0")
    assert request["facts"] == {
        "client_mac": "00:00:5e:00:53:01",
        "client_id": "00:00:5e:00:53:01",
        "requested_ip": CLIENT,
        "host_name": "infusion-7",
    }
    assert (ack["kind"], ack["source_ip"], ack["source_port"], ack["time_ns"]) == ("ACK", "192.0.2.1", 67, TIME_NS)
    assert ack["facts"]["dns_servers"] == ["192.0.2.2", "192.0.2.3"]
    with Registry.open(workspace.registry_path) as registry:
        devices = registry.devices("north")
    (device,) = [device for device in devices if "00:00:5e:00:53:01" in device.macs]
    assert CLIENT in device.ips
    assert "infusion-7" in device.names


@pytest.mark.parametrize(("query", "answer"), [(DNS_QUERY_2, DNS_ANSWER_2), (DNS_QUERY_3, DNS_ANSWER_3)])
def test_dns_of_both_versions_and_orientations_says_the_same(
    tmp_path: Path, workspace: Workspace, query: Event, answer: Event
) -> None:
    take(write(tmp_path / "eve.json", query, answer), workspace)
    asked, answered = messages(workspace, "dns")
    assert (asked["kind"], asked["source_ip"], asked["source_mac"]) == ("QUERY", CLIENT, "00:00:5e:00:53:01")
    assert asked["facts"] == {"questions": ["pacs.ward.example AAAA"]}
    assert (answered["kind"], answered["source_ip"], answered["source_port"]) == ("RESPONSE", SERVER, 53)
    assert answered["source_mac"] == "00:00:5e:00:53:02"
    assert answered["facts"] == {
        "rcode": "NOERROR",
        "questions": ["pacs.ward.example AAAA"],
        "answers": [
            {"name": "pacs.ward.example", "type": "CNAME", "ttl_seconds": 300, "data": "archive.ward.example"},
            {"name": "archive.ward.example", "type": "AAAA", "ttl_seconds": 60, "data": "2001:db8::5"},
        ],
        "is_authoritative": True,
    }


def test_dns_answers_grouped_by_type_and_of_the_first_version_are_read(tmp_path: Path, workspace: Workspace) -> None:
    grouped = copy.deepcopy(DNS_ANSWER_2)
    del grouped["dns"]["answers"]
    grouped["dns"]["grouped"] = {"A": ["198.51.100.9"], "CNAME": ["archive.ward.example"]}
    first = copy.deepcopy(DNS_ANSWER_2)
    first["dns"] = {
        "type": "answer",
        "id": 1,
        "flags": "8180",
        "rcode": "NXDOMAIN",
        **DNS_ANSWER_2["dns"]["answers"][1],
    }
    take(write(tmp_path / "eve.json", grouped, first), workspace)
    one, two = (row["facts"] for row in messages(workspace, "dns"))
    assert [(record["name"], record["data"]) for record in one["answers"]] == [
        ("pacs.ward.example", "archive.ward.example"),
        ("archive.ward.example", "198.51.100.9"),
    ]
    assert two["answers"][0]["data"] == "2001:db8::5"
    assert two["rcode"] == "NXDOMAIN"


def test_sessions_tell_what_both_sides_are(tmp_path: Path, workspace: Workspace) -> None:
    (log,) = take(write(tmp_path / "eve.json", *SESSIONS), workspace).logs
    assert (log.faults, log.passed_over) == ([], {"smb": 1})  # the opening of a file says nothing of devices
    facts = {(row["protocol"], row["kind"], row["source_ip"]): row["facts"] for row in messages(workspace)}
    request = facts["http", "request", CLIENT]
    assert (request["path"], request["authorization"]) == ("/wado/#?#", "Basic")
    assert facts["http", "response", SERVER] == {
        "status": 401,
        "version": "1.1",
        "server": "ExampleHTTPd/2.4",
        "content_type": "text/html",
        "realm": "archive",
        "challenges": ["Basic"],
    }
    hello = facts["tls", "ClientHello", CLIENT]
    assert (hello["server_name"], hello["alpn"]) == ("updates.maker.example", ["h2", "http/1.1"])
    assert facts["tls", "ServerHello", SERVER]["version"] == "TLS 1.2"
    certificate = hashlib.sha256(b64decode("MAUCAQECAQI=")).hexdigest()
    assert facts["tls", "Certificate", SERVER] == {"count": 1, "sha256": [certificate]}
    assert facts["ssh", "identification", CLIENT]["software"] == "OpenSSH_9.2p1"
    assert facts["ssh", "identification", SERVER]["software"] == "dropbear_2020.81"
    assert facts["ssh", "KEXINIT", CLIENT]["hassh"] == "ec7378c1a92f5a8dde7e8b7a1ddf33d1"
    assert facts["smb", "NEGOTIATE request", CLIENT]["dialects"] == ["3.02", "3.11"]
    assert facts["smb", "NEGOTIATE response", SERVER] == {
        "version": 2,
        "dialects": ["3.11"],
        "guid": "aec6e793-2b11-4019-2d95-55453a0ad2f1",
    }
    signing_in = facts["smb", "SESSION_SETUP request", CLIENT]
    assert (signing_in["os"], signing_in["user"]) == ("Windows 2000 2195", True)
    assert signing_in["ntlm"]["workstation"] == "CT-CONSOLE"
    assert facts["smb", "SESSION_SETUP response", SERVER]["status"] == "0xC000006D"
    assert facts["smb", "TREE_CONNECT request", CLIENT]["share"] == "\\\\archive\\#"
    assert facts["snmp", "GetRequest", CLIENT] == {"version": "v2c", "community": "other", "variables": 1}
    connect = facts["mqtt", "CONNECT", CLIENT]
    assert (connect["client_id"], connect["level"], connect["credentials_in_clear"]) == ("monitor-3", 5, True)
    assert facts["mqtt", "CONNACK", SERVER] == {"code": 0}
    assert facts["mqtt", "PUBLISH", CLIENT]["topic"] == "patient/#/pulse"
    assert facts["mqtt", "PUBLISH", CLIENT]["payload_bytes"] == 11
    assert facts["mqtt", "SUBSCRIBE", CLIENT] == {"filters": ["alarm/#", "patient/#/x"]}


def test_arp_has_hardware_addresses_and_no_ip_header(tmp_path: Path, workspace: Workspace) -> None:
    probe = copy.deepcopy(ARP)
    probe["arp"] |= {"opcode": "request", "src_ip": "0.0.0.0", "dest_mac": "00:00:00:00:00:00"}
    take(write(tmp_path / "eve.json", ARP, probe), workspace)
    reply, asked = messages(workspace, "arp")
    assert (reply["kind"], reply["source_mac"], reply["source_ip"], reply["conversation"]) == (
        "REPLY",
        "00:00:5e:00:53:01",
        "",
        -1,
    )
    assert asked["kind"] == "PROBE"


def test_other_events_are_passed_over_and_counted(tmp_path: Path, workspace: Workspace) -> None:
    (log,) = take(write(tmp_path / "eve.json", ALERT, STATS, FLOW, ALERT), workspace).logs
    assert (log.records, log.taken, log.passed_over, log.broken) == (4, 1, {"alert": 2, "stats": 1}, 0)


def test_neither_names_of_people_nor_secrets_are_kept(tmp_path: Path, workspace: Workspace) -> None:
    report = take(write(tmp_path / "eve.json", *ALL, ALERT), workspace)
    kept = json.dumps([messages(workspace), conversations(workspace), report.document()])
    with Registry.open(workspace.registry_path) as registry:
        kept += repr(registry.devices("north"))
    for canary in ("Doe", "Jane", "doejane", "s3cret", "ZG9l", "12345678", " is gone"):
        assert canary not in kept, canary


def test_every_broken_event_is_named_and_the_others_are_taken(tmp_path: Path, workspace: Workspace) -> None:
    broken: list[Event] = [copy.deepcopy(FLOW) for _ in range(6)]
    broken[0]["src_ip"] = "Doe^Jane"
    broken[1]["flow"]["bytes_toclient"] = -1
    broken[2]["flow"]["start"] = "yesterday"
    broken[3]["tcp"]["tcp_flags_ts"] = "xyz"
    broken[4]["vlan"] = ["Doe"]
    del broken[5]["event_type"]
    path = write(tmp_path / "eve.json", FLOW, *broken)
    with path.open("a") as file:
        file.write("[]\n{\n" + json.dumps({**FLOW, "flow_id": 99}) + "\n")
    (log,) = take(path, workspace).logs
    assert (log.records, log.taken, log.broken) == (10, 2, 8)
    assert [(fault.line, fault.field) for fault in log.faults] == [
        (2, "src_ip"),
        (3, "flow.bytes_toclient"),
        (4, "flow.start"),
        (5, "tcp.tcp_flags_ts"),
        (6, "vlan"),
        (7, "event_type"),
        (8, ""),
        (9, ""),
    ]
    assert "Doe" not in str(log.faults)


def test_a_log_that_has_grown_or_was_compressed_adds_only_what_is_new(tmp_path: Path, workspace: Workspace) -> None:
    path = tmp_path / "eve.json"
    flows = [{**FLOW, "flow_id": number} for number in range(6)]
    for until, new in ((2, 2), (5, 3), (5, 0)):
        write(path, *flows[:until])
        assert take(path, workspace).logs[0].taken == new
    (tmp_path / "eve.json.gz").write_bytes(gzip.compress(write(path, *flows).read_bytes()))
    path.unlink()
    (log,) = take(tmp_path, workspace).logs
    assert (log.taken, log.known) == (1, 5)
    assert len(conversations(workspace)) == 6


def test_what_is_no_eve_log_is_said_so(tmp_path: Path, workspace: Workspace) -> None:
    for content in (b"", b"hello\n" * 200, b'{"a": 1}\n', bytes(range(256)) * 20):
        (tmp_path / "x.json").write_bytes(content)
        (log,) = take(tmp_path / "x.json", workspace).logs
        assert (log.error, log.taken) == ("it is no log of Suricata", 0)
    (tmp_path / "empty").mkdir()
    with pytest.raises(AsepsisError) as error:
        take(tmp_path / "empty", workspace)
    assert error.value.code == "import-folder-empty"


HOSTILE: tuple[Any, ...] = (
    None,
    "",
    "x" * 100_000,
    "\ud800",
    "\x00\r\n\t",
    "-1",
    -1,
    1 << 80,
    "9" * 5_000,
    True,
    "1e400",
    "NaN",
    [],
    ["a", None, {"b": []}, 1 << 70],
    {"a": {}},
    [[[]]],
    [{"rrname": {}, "topic": [], "name": {}}],
    ["x"] * 5_000,
)


def members(content: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every member of an event, objects and lists included."""
    ways = [path] if path else []
    if isinstance(content, dict):
        for name, member in content.items():
            ways += members(member, (*path, name))
    if isinstance(content, list):
        for place, member in enumerate(content):
            ways += members(member, (*path, place))
    return ways


@pytest.mark.parametrize("whole", ALL, ids=lambda whole: str(whole["event_type"]))
def test_no_member_of_any_event_can_do_more_than_break_it(tmp_path: Path, whole: Event) -> None:
    from asepsis.devices.observe.observer import Observer

    assert whole["event_type"] in TYPES
    history = Workspace.resolve(tmp_path).history()
    with history.writer(site="north", capture="aa") as writer:
        intake = Intake(capture="aa", writer=writer, observer=Observer(site="north", capture="aa"))
        reader = EveReader(intake)
        broken: list[str] = []
        for way in members(whole):
            if way == ("event_type",):
                continue
            for content in HOSTILE:
                changed = copy.deepcopy(whole)
                place: Any = changed
                for step in way[:-1]:
                    place = place[step]
                place[way[-1]] = content
                try:
                    reader.take(str(whole["event_type"]), Fields(changed), 1)
                except FieldError as error:
                    broken.append(error.field)
        assert broken
        assert all(broken)  # each names its field
        intake.flush()
        writer.commit(CaptureSource(path="x"))
    with history.reader() as opened:
        for question in ("conversation-details", "messages"):
            for row in opened.ask(question).documents():
                json.loads(row.get("facts", "{}"))
