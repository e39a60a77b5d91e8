"""What tshark's dissectors print of real captures, and what is read here of the same conversations.

Each comparison counts values: how often tshark printed a value of a field in the TCP conversations where it saw the
protocol, and how often it was read here. ``DIFFERENCES`` lists every value in which the two differ, with the reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest

from asepsis.protocols.http import DISSECTOR as HTTP
from asepsis.protocols.http_head import HttpRequest, HttpResponse
from asepsis.protocols.masking import masked
from asepsis.protocols.message import Dissector, Result
from asepsis.protocols.mqtt import DISSECTOR as MQTT
from asepsis.protocols.mqtt import MqttConnack, MqttConnect, MqttPublish, MqttSubscribe
from asepsis.protocols.smb import DISSECTOR as SMB
from asepsis.protocols.smb_messages import SmbNegotiate, SmbSession, SmbTree
from asepsis.protocols.ssh import DISSECTOR as SSH
from asepsis.protocols.ssh import SshIdentification, SshOffer
from asepsis.protocols.tls import DISSECTOR as TLS
from asepsis.protocols.tls import CertificateRequest, Certificates
from asepsis.protocols.tls_cipher_suites import cipher_suite_name
from asepsis.protocols.tls_hello import ClientHello, ServerHello, version_name
from tests.protocols.captured import conversations, fields, messages

pytestmark = pytest.mark.slow

Archive = Callable[[str], Path]
Values = Counter[tuple[str, str]]


HTTP_CAPTURES = (
    *("1kxun.pcap", "EAQ.pcap", "KakaoTalk_talk.pcap", "WebattackRCE.pcap", "bt-http.pcapng", "gnutella.pcap"),
    *("http-lines-split.pcap", "http-manipulated.pcap", "http-proxy.pcapng", "http.pcapng", "http_asymmetric.pcapng"),
    *("http_auth.pcap", "http_connect.pcap", "http_invalid_server.pcap"),
    *("http_starting_with_reply.pcapng", "http_ua_splitted_in_two_pkts.pcapng", "instagram.pcap", "webdav.pcap"),
    *("weibo.pcap", "windowsupdate_over_http.pcap"),
)
TLS_CAPTURES = (
    *("443-curl.pcap", "443-firefox.pcap", "443-safari.pcap", "android.pcap", "google_ssl.pcap", "instagram.pcap"),
    *("long_tls_certificate.pcap", "ssl-cert-name-mismatch.pcap", "tls-rdn-extract.pcap", "tls_2_reasms.pcapng"),
    *("tls_2_reasms_b.pcapng", "tls_alert.pcap", "tls_certificate_too_long.pcap", "tls_ech.pcapng"),
    *("tls_client_certificate_with_missing_server_one.pcapng", "tls_esni_sni_both.pcap", "tls_long_cert.pcap"),
    *("tls_missing_ch_frag.pcap", "tls_verylong_certificate.pcap", "weibo.pcap"),
    *("tls_with_huge_ch.pcapng", "tls_1.2_unidirectional_server.pcapng", "tls_1.3_unidirectional_client.pcapng"),
)
TLS_CAPTURES_WITHOUT_A_CHOICE = (
    "google_ssl.pcap",
    "tls_1.3_unidirectional_client.pcapng",
    "tls_alert.pcap",
    "weibo.pcap",
)
"""tshark prints no server's hello of these."""
SSH_CAPTURES = ("ssh.pcap", "ssh_unidirectional.pcap", "custom_categories.pcapng")
SMB_ATTACK_CAPTURES = (
    "characterization_modbus_6RTU_with_operate.pcap",
    "send_a_fake_command_modbus_6RTU_with_operate.pcap",
    "moving_two_files_modbus_6RTU.pcap",
)

LATE = "a segment that came out of order: tshark takes it for a repeated one and does not read it"
EXPECTED = "tshark counts no second request where a 100 (Continue) stands between its head and its body"
UTF8 = "tshark prints header fields as ASCII"
DIFFERENCES: dict[tuple[str, str, str], tuple[int, str]] = {
    ("1kxun.pcap", "method", "POST"): (2, EXPECTED),
    ("1kxun.pcap", "agent", "Mozilla/5.0"): (2, EXPECTED),
    ("1kxun.pcap", "host", "42.120.51.152:8080"): (1, EXPECTED),
    ("1kxun.pcap", "host", "vv.video.qq.com"): (1, EXPECTED),
    ("KakaoTalk_talk.pcap", "status", "200"): (1, LATE),
    ("http_invalid_server.pcap", "server", "\u00af\\_(\u30c4)_/\u00af"): (1, UTF8),
    ("http_invalid_server.pcap", "server", "\ufffd\ufffd\\_(\ufffd\ufffd\ufffd)_/\ufffd\ufffd"): (-1, UTF8),
    ("android.pcap", "type", "2"): (1, LATE),
    ("android.pcap", "type", "11"): (1, LATE),
    ("android.pcap", "certificate", "35e5e2b7460912cd"): (1, LATE),
    ("android.pcap", "certificate", "95c074e35902a14a"): (1, LATE),
    ("google_ssl.pcap", "type", "2"): (1, LATE),
    ("google_ssl.pcap", "type", "11"): (1, LATE),
    ("google_ssl.pcap", "certificate", "3c35cc963eb00445"): (1, LATE),
    ("google_ssl.pcap", "certificate", "40a6dc3c3413db2f"): (1, LATE),
    ("google_ssl.pcap", "certificate", "c3f697a92a293d86"): (1, LATE),
}
"""Capture, name, value: how many more are read here (fewer when negative), and why."""


def ours(
    dissector: Dissector, capture: Path, streams: Iterable[int], values: Callable[[Result], Sequence[tuple[str, str]]]
) -> Values:
    """The values that are read here in these conversations."""
    found: Values = Counter()
    segments = conversations(capture)
    for stream in set(streams) & set(segments):
        for message in messages(dissector, segments[stream]):
            found.update((name, value) for name, value in values(message) if value)
    return found


def theirs(
    capture: Path, wanted: str, names: Mapping[str, str], *, options: Sequence[str] = ()
) -> tuple[Values, set[int]]:
    """The values that tshark prints, under our names for them, and the conversations that it prints them of."""
    found: Values = Counter()
    streams: set[int] = set()
    for stream, *columns in fields(capture, wanted, "tcp.stream", *names.values(), options=options):
        if stream:
            streams.add(int(stream[-1]))
            for name, printed in zip(names, columns, strict=True):
                found.update((name, value) for value in printed)
    return found, streams


def assert_same(capture: Path, found: Values, expected: Values) -> None:
    """Fails when a value comes more or less often here than there and is not in the list of differences."""
    assert expected, f"{capture.name}: tshark prints nothing to compare with"
    more = {key: found[key] - expected[key] for key in found | expected if found[key] != expected[key]}
    compared = {name for name, _ in found | expected}
    listed = {
        (name, value): count
        for (one, name, value), (count, _) in DIFFERENCES.items()
        if one == capture.name and name in compared
    }
    assert more == listed


def http_values(message: Result) -> list[tuple[str, str]]:
    if isinstance(message, HttpRequest):
        return [("method", message.method), ("host", message.host), ("agent", message.user_agent)]
    if isinstance(message, HttpResponse):
        return [("status", f"{message.status}"), ("server", message.server), ("type", message.content_type)]
    return []


@pytest.mark.parametrize("name", HTTP_CAPTURES)
def test_http_says_what_tshark_prints(name: str, archive: Archive) -> None:
    capture = archive("ndpi") / name
    expected, streams = theirs(
        capture,
        "http && tcp && !icmp && !icmpv6",
        {
            "method": "http.request.method",
            "host": "http.host",
            "agent": "http.user_agent",
            "status": "http.response.code",
            "server": "http.server",
        },
        # A response whose body is cut off is printed too.
        options=("-o", "http.desegment_body:FALSE"),
    )
    found = ours(HTTP, capture, streams, lambda message: [pair for pair in http_values(message) if pair[0] != "type"])
    assert_same(capture, found, expected)


def digest(der: bytes) -> str:
    return sha256(der).hexdigest()[:16]


def tls_values(message: Result) -> list[tuple[str, str]]:
    if isinstance(message, ClientHello):
        return [("type", "1"), ("server name", message.server_name)]
    if isinstance(message, ServerHello):
        return [("type", "2")]
    if isinstance(message, Certificates):
        return [("type", "11"), *(("certificate", digest(der)) for der in message.certificates)]
    return [("type", "13")] if isinstance(message, CertificateRequest) else []


@pytest.mark.parametrize("name", TLS_CAPTURES)
def test_tls_says_what_tshark_prints(name: str, archive: Archive) -> None:
    capture = archive("ndpi") / name
    printed, streams = theirs(
        capture,
        "tls && tcp && !icmp && !icmpv6",
        {
            "type": "tls.handshake.type",
            "server name": "tls.handshake.extensions_server_name",
            "certificate": "tls.handshake.certificate",
        },
    )
    expected: Values = Counter()
    for (kind, value), count in printed.items():
        if kind == "certificate":
            expected[kind, digest(bytes.fromhex(value.replace(":", "")))] += count
        elif kind != "type" or value in ("1", "2", "11", "13"):
            expected[kind, value] += count
    assert_same(capture, ours(TLS, capture, streams, tls_values), expected)


@pytest.mark.parametrize("name", [name for name in TLS_CAPTURES if name not in TLS_CAPTURES_WITHOUT_A_CHOICE])
def test_tls_chooses_what_tshark_prints(name: str, archive: Archive) -> None:
    capture = archive("ndpi") / name
    rows = fields(
        capture,
        "tls.handshake.type == 2 && !(tls.handshake.type == 1) && tcp",
        *("tcp.stream", "tls.handshake.ciphersuite", "tls.handshake.version"),
        *("tls.handshake.extensions.supported_version", "tls.handshake.extensions_alpn_str"),
    )
    expected: Values = Counter()
    for _, suites, versions, supported, protocols in rows:
        expected["suite", cipher_suite_name(int(suites[0], 0))] += 1
        expected["version", version_name(int((supported or versions)[0], 0))] += 1
        expected.update(("alpn", protocol) for protocol in protocols)

    def chosen(message: Result) -> list[tuple[str, str]]:
        if not isinstance(message, ServerHello):
            return []
        return [("suite", message.cipher_suite), ("version", message.version), ("alpn", message.alpn)]

    found = ours(TLS, capture, {int(stream[-1]) for stream, *_ in rows}, chosen)
    assert_same(capture, found, expected)


@pytest.mark.parametrize("name", SSH_CAPTURES)
def test_ssh_says_what_tshark_prints(name: str, archive: Archive) -> None:
    capture = archive("ndpi") / name
    printed, streams = theirs(
        capture,
        "ssh",
        {"identification": "ssh.protocol", "hassh": "ssh.kex.hassh", "hassh_server": "ssh.kex.hasshserver"},
    )

    def values(message: Result) -> list[tuple[str, str]]:
        if isinstance(message, SshIdentification):
            line = f"SSH-{message.protocol_version}-{message.software} {message.comments}"
            return [("identification", line.rstrip())]
        if isinstance(message, SshOffer):
            return [("hassh", message.hassh), ("hassh_server", message.hassh_server)]
        return []

    assert_same(capture, ours(SSH, capture, streams, values), printed)


def smb_values(message: Result) -> list[tuple[str, str]]:
    if isinstance(message, SmbNegotiate):
        offered = () if message.sender_is_server else message.dialects
        # tshark prints the GUID of SMB1 in the order of its bytes, not as Windows writes a GUID.
        guid = str(UUID(bytes=UUID(message.guid).bytes_le)) if message.guid else ""
        return [("guid", guid), *(("dialect", dialect) for dialect in offered)]
    if isinstance(message, SmbSession):
        ntlm = dict(message.ntlm.names) if message.ntlm else {}
        return [
            *((kind, text) for kind, text in message.names if kind != "domain"),
            ("dns_computer", ntlm.get("dns_computer", "")),
            ("workstation", ntlm.get("workstation", "")),
        ]
    if isinstance(message, SmbTree):
        return [("share", message.share)]
    return []


def smb_comparison(capture: Path) -> None:
    expected, streams = theirs(
        capture,
        "smb.cmd == 0x72 || smb.cmd == 0x73 || (smb.cmd == 0x75 && smb.flags.response == 0)",
        {
            "dialect": "smb.dialect.name",
            "guid": "smb.server_guid",
            "os": "smb.native_os",
            "lan_manager": "smb.native_lanman",
            "share": "smb.path",
            "dns_computer": "ntlmssp.challenge.target_info.dns_computer_name",
            "workstation": "ntlmssp.auth.hostname",
        },
    )
    assert_same(capture, ours(SMB, capture, streams, smb_values), Counter({k: n for k, n in expected.items() if k[1]}))


@pytest.mark.parametrize("name", ["smbv1.pcap", "smb_frags.pcap"])
def test_smb_says_what_tshark_prints(name: str, archive: Archive) -> None:
    smb_comparison(archive("ndpi") / name)


@pytest.mark.parametrize("name", SMB_ATTACK_CAPTURES)
def test_smb_of_windows_xp_says_what_tshark_prints(name: str, archive: Archive) -> None:
    smb_comparison(archive("attacks") / "lemay_modbus" / name)


def mqtt_comparison(capture: Path) -> None:
    rows = fields(
        capture,
        "mqtt",
        *("tcp.stream", "mqtt.msgtype", "mqtt.clientid", "mqtt.topic", "mqtt.conack.val", "mqtt.kalive", "mqtt.ver"),
    )
    expected: Values = Counter()
    topics: set[tuple[str, str]] = set()
    for stream, kinds, client_ids, named, codes, keep_alives, levels in rows:
        expected.update(("type", kind) for kind in kinds if kind in ("1", "2", "8"))
        expected["published", ""] += kinds.count("3")
        topics.update((stream[-1], topic) for topic in named)
        for kind, printed in (("client", client_ids), ("code", codes), ("alive", keep_alives), ("level", levels)):
            expected.update((kind, value) for value in printed)
    expected.update(("topic", masked(topic.encode())) for _, topic in topics)

    found: Values = Counter()
    segments = conversations(capture)
    for number in {int(row[0][-1]) for row in rows}:
        results = messages(MQTT, segments[number])
        named_here: set[str] = set()
        counts: dict[tuple[bool | None, str], int] = {}
        for message in results:
            if isinstance(message, MqttConnect):
                found.update([("type", "1"), ("client", message.client_id), ("level", f"{message.level}")])
                found["alive", f"{message.keep_alive_seconds}"] += 1
            elif isinstance(message, MqttConnack):
                found.update([("type", "2"), ("code", f"{message.code}")])
            elif isinstance(message, MqttSubscribe):
                found["type", "8"] += 1
                named_here.update(message.filters)
            elif isinstance(message, MqttPublish):
                named_here.add(message.topic)
                counts[message.sender_is_server, message.topic] = message.count
        found["published", ""] += sum(counts.values())
        found.update(("topic", topic) for topic in named_here)
    assert_same(capture, found, expected)


def test_mqtt_says_what_tshark_prints(archive: Archive) -> None:
    mqtt_comparison(archive("ndpi") / "mqtt.pcap")


@pytest.mark.parametrize("name", ["mqtt.pcap", "mqtt_user_credentials.pcap"])
def test_mqtt_of_the_medical_captures_says_what_tshark_prints(name: str, archive: Archive) -> None:
    mqtt_comparison(archive("medical") / "collected" / "MQTT" / name)
