"""QUIC and its neighbours on UDP, directories and calls: told by content, and never by a port that is wrong."""

from __future__ import annotations

import pytest

from asepsis.pipeline.messages import MessageReader
from asepsis.protocols.message import Sighting
from asepsis.wire.applications import application_name
from asepsis.wire.engine import Output
from tests.protocols.quic_wire import crypto, initial, long_header
from tests.protocols.test_quic import HELLO
from tests.wire.frames import conversation_frames, ethernet, ipv4, pcap, udp
from tests.wire.reading import read

ID = bytes.fromhex("8394c8f03e515708")


def named(capture: bytes) -> tuple[str, str]:
    """What the only conversation is called, and what told it."""
    (row,) = read(capture).conversations
    return application_name(int(row["application"])), ("nothing", "content", "port")[int(row["application_by"])]


def datagram(data: bytes, port: int = 443) -> bytes:
    return pcap([ethernet(ipv4(udp(data, 50000, port), protocol=17))])


def stream(data: bytes, *, port: int, syn: bool = True) -> bytes:
    return pcap(conversation_frames([(0, 0, data)], ports=(50000, port), syn=syn))


@pytest.mark.parametrize(
    ("data", "name"),
    [
        pytest.param(initial(crypto(0, b"x" * 50), original=ID), "quic", id="version 1"),
        pytest.param(long_header(0xC0, 0xFF00001D, ID, b"") + bytes(40), "quic", id="draft 29"),
        pytest.param(long_header(0x80, 0, b"", ID) + b"\0\0\0\1", "quic", id="version negotiation"),
        pytest.param(long_header(0xC0, 0x1A2A3A4A, ID, b"") + bytes(1200), "quic", id="asks for any version"),
        pytest.param(b"\x09" + ID + b"Q043" + bytes(20), "quic", id="Google"),
        pytest.param(bytes.fromhex("16fefd0000000000000000000401000000"), "unknown", id="DTLS cut short"),
        pytest.param(bytes.fromhex("16fefd00000000000000000008") + bytes(8), "dtls", id="DTLS"),
        pytest.param(bytes.fromhex("000100002112a442") + bytes(12), "stun", id="STUN"),
        pytest.param(b"\x01\0\0\0" + bytes(144), "wireguard", id="WireGuard"),
        pytest.param(b"r6fnvWj8" + bytes(60), "dnscrypt", id="DNSCrypt's answer"),
        pytest.param(b"\x45" + bytes(60), "unknown", id="none of them"),
    ],
)
@pytest.mark.parametrize("port", [443, 50001])
def test_a_datagram_is_named_by_its_content_wherever_it_goes(data: bytes, name: str, port: int) -> None:
    told_by = "nothing" if name == "unknown" else "content"
    assert named(datagram(data, port)) == (name, told_by)


def test_what_is_only_named_is_not_handed_on() -> None:
    assert read(datagram(bytes.fromhex("000100002112a442") + bytes(12))).pieces == []


def test_encrypted_packets_of_quic_are_not_handed_on() -> None:
    hello, short = initial(crypto(0, b"x" * 50), original=ID), b"\x40" + bytes(60)
    capture = pcap([ethernet(ipv4(udp(data, 50000, 443), protocol=17)) for data in (hello, short)])
    assert [data for _, data, _ in read(capture).pieces] == [hello]


KERBEROS = bytes.fromhex("6a20301ea103020105a20302010a") + bytes(20)
LDAP = bytes.fromhex("300c020101600702010304008000")
BIND_IN_LONG_FORM = bytes.fromhex("30840000001002010160840000000702010304008000")
RDP_REQUEST = bytes.fromhex("030000130ee00000000000") + bytes.fromhex("010008000b000000")


@pytest.mark.parametrize(
    ("data", "port", "name"),
    [
        (KERBEROS, 50001, "kerberos"),
        (LDAP, 50001, "ldap"),
        (b"REGISTER sip:pbx SIP/2.0\r\n", 50001, "sip"),
        (b"SIP/2.0 200 OK\r\n", 50001, "sip"),
        (b"OPTIONS rtsp://camera/ RTSP/1.0\r\n", 50001, "rtsp"),
        (b"\x41\x01\x12\x34\x07\xb2rd\xff", 5683, "coap"),
        (b"\x41\x01\x12\x34\x07\xb2rd\xff", 50001, "unknown"),
        (b"REGISTERED at last", 50001, "unknown"),
        (b"SIP-like", 50001, "unknown"),
    ],
)
def test_directories_and_calls_are_told_over_udp(data: bytes, port: int, name: str) -> None:
    assert named(datagram(data, port))[0] == name


@pytest.mark.parametrize(
    ("data", "port", "name"),
    [
        (len(KERBEROS).to_bytes(4, "big") + KERBEROS, 50001, "kerberos"),
        (LDAP, 50001, "ldap"),
        (BIND_IN_LONG_FORM, 50001, "ldap"),
        (RDP_REQUEST, 50001, "rdp"),
        (bytes.fromhex("0300000b06e00000000000"), 3389, "rdp"),
        (bytes.fromhex("0300001611e00000000100c1020100c2020102c0010a"), 102, "s7comm"),
        (b"INVITE sip:x@pbx SIP/2.0\r\n", 50001, "sip"),
        (b"DESCRIBE rtsp://camera/ RTSP/1.0\r\n", 50001, "rtsp"),
        (b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n", 50001, "rtsp"),
        (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n", 50001, "http"),
        (b"GET_PARAMETER rtsp://camera/ RTSP/1.0\r\n", 50001, "rtsp"),
        (b"NOTIFY sip:x@pbx SIP/2.0\r\n", 50001, "sip"),
        (b"HALLO, who is there?", 50001, "unknown"),
    ],
)
def test_directories_and_calls_are_told_over_tcp(data: bytes, port: int, name: str) -> None:
    assert named(stream(data, port=port))[0] == name


@pytest.mark.parametrize(
    ("data", "port", "name"),
    [
        (b"<?xml version='1.0'?><stream:stream to='x'>", 5222, ("xmpp", "content")),
        (b"<stream:stream to='example.org'>", 8000, ("xmpp", "content")),
        (b"WA\x01\x02" + bytes(40), 5222, ("unknown", "nothing")),
        (b"\x00\x01not TLS" + bytes(20), 443, ("unknown", "nothing")),
        (b"\x7f\x07 not HTTP" + bytes(20), 80, ("unknown", "nothing")),
        (b"220 ready, as a server of mail says", 25, ("smtp", "port")),
    ],
)
def test_a_port_is_not_believed_against_the_first_bytes(data: bytes, port: int, name: tuple[str, str]) -> None:
    assert named(stream(data, port=port)) == name


def test_a_port_is_believed_where_the_beginning_was_not_seen() -> None:
    assert named(stream(bytes(60), port=443, syn=False)) == ("tls", "port")


def test_each_client_of_quic_is_read_although_two_say_the_same_in_several_datagrams() -> None:
    halves = [initial(crypto(at, HELLO[at : at + 80]), original=ID, number=at) for at in range(0, len(HELLO), 80)]
    assert len(halves) > 1
    clients = ("10.0.0.1", "10.0.0.2")
    capture = [
        ethernet(ipv4(udp(half, 50000, 443), client, "10.0.0.9", protocol=17)) for half in halves for client in clients
    ]
    seen: list[Sighting] = []
    reading = read(pcap(capture))
    messages = MessageReader(capture="x", sighted=seen.append)
    messages.take(Output(reading.pieces, reading.conversations, reading.repeats, forget=True))
    messages.finished(reading.conversations)
    assert [(one.message.kind, one.source_ip) for one in seen] == [("ClientHello", client) for client in clients]
