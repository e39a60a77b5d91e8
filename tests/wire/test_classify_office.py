"""Names on the link, clocks, greetings and neighbours are told by their content; nothing else is taken for them."""

from __future__ import annotations

import pytest

from asepsis.wire.applications import Application, application_name
from tests.protocols import (
    test_cdp,
    test_ftp,
    test_llmnr,
    test_nbdgm,
    test_nbns,
    test_nd,
    test_ntp,
    test_smtp,
    test_telnet,
)
from tests.wire.frames import conversation_frames, ethernet, ipv4, ipv6, pcap, udp
from tests.wire.reading import Reading, engine_with, read

ELSEWHERE = 40001
SNAP_CDP = b"\xaa\xaa\x03\x00\x00\x0c\x20\x00"


def conversation(*turns: tuple[int, bytes], port: int = ELSEWHERE, syn: bool = True) -> Reading:
    """A TCP conversation whose client, sender 0, begins."""
    segments, sent = [], [0, 0]
    for sender, data in turns:
        segments.append((sender, sent[sender], data))
        sent[sender] += len(data)
    return read(pcap(conversation_frames(segments, ports=(40000, port), syn=syn)))


def datagram(data: bytes, port: int) -> Reading:
    return read(pcap([ethernet(ipv4(udp(data, 40000, port), protocol=17))]))


def neighbours(*messages: bytes, hop_limit: int = 255, receivers: tuple[str, ...] = ("ff02::1",)) -> list[bytes]:
    """Frames of ICMPv6 messages, each to every receiver."""
    frames = []
    for receiver in receivers:
        for message in messages:
            packet = ipv6(message, "fe80::a", receiver, protocol=58)
            frames.append(ethernet(packet[:7] + bytes((hop_limit,)) + packet[8:], 0x86DD))
    return frames


@pytest.mark.parametrize(
    ("application", "port", "payload"),
    [
        (Application.NTP, 123, test_ntp.ASK),
        (Application.NTP, 123, test_ntp.CONTROL),
        (Application.NTP, 123, test_ntp.MONITOR_LIST),
        (Application.NBNS, 137, test_nbns.QUERY),
        (Application.NBNS, 137, test_nbns.TOLD),
        (Application.NBNS, 137, test_nbns.REGISTRATION),
        (Application.NBDGM, 138, test_nbdgm.HOST),
        (Application.NBDGM, 138, test_nbdgm.QUERY),
        (Application.LLMNR, 5355, test_llmnr.QUERY),
        (Application.LLMNR, 5355, test_llmnr.RESPONSE),
    ],
)
def test_a_datagram_is_handed_on_by_port_and_content(application: Application, port: int, payload: bytes) -> None:
    found = datagram(payload, port)
    assert found.applications() == {application}
    assert found.bytes_of(0) == payload


@pytest.mark.parametrize("port", [123, 137, 138, 5355])
@pytest.mark.parametrize("payload", [bytes(100), b"\xff" * 100, b"A" * 100, b"\x20" * 9, b"\x00" * 8])
def test_other_datagrams_on_these_ports_are_not_handed_on(port: int, payload: bytes) -> None:
    assert datagram(payload, port).pieces == []


@pytest.mark.parametrize("cut", range(8, 60))
def test_a_datagram_that_ends_early_is_never_read_beyond(cut: int) -> None:
    for payload, port in (
        (test_ntp.ASK, 123),
        (test_nbns.QUERY, 137),
        (test_nbdgm.HOST, 138),
        (test_llmnr.QUERY, 5355),
    ):
        found = datagram(payload[:cut], port)
        assert found.bytes_of(0) in (b"", payload[:cut])


@pytest.mark.parametrize(
    ("application", "port", "turns"),
    [
        (Application.FTP, 21, test_ftp.SESSION),
        (Application.FTP, ELSEWHERE, ((1, b"220 Example FTP 3.0\r\n"), (0, b"USER x\r\n"))),
        (Application.SMTP, 25, test_smtp.OLD),
        (Application.SMTP, ELSEWHERE, test_smtp.SESSION),
        (Application.SMTP, ELSEWHERE, ((0, b"EHLO ward3pc\r\n"),)),
        (Application.TELNET, 23, test_telnet.SESSION),
        (Application.TELNET, ELSEWHERE, ((1, test_telnet.OFFER),)),
    ],
)
def test_a_conversation_is_handed_on(application: Application, port: int, turns: tuple[tuple[int, bytes], ...]) -> None:
    found = conversation(*turns, port=port)
    assert found.applications() == {application}
    for sender in (0, 1):
        assert found.bytes_of(sender) == b"".join(data for who, data in turns if who == sender)


@pytest.mark.parametrize(
    ("application", "port", "turns"),
    [
        (Application.FTP, 21, ((1, b"226 Transfer complete\r\n"),)),
        (Application.FTP, 21, ((0, b"RETR x\r\n"),)),
        (Application.FTP, 21, ((0, b"PWD\r\n"),)),
        (Application.SMTP, 587, ((0, b"MAIL FROM:<x>\r\n"),)),
        (Application.TELNET, 23, ((0, b"l"), (1, b"l"))),
    ],
)
def test_the_middle_of_a_conversation_is_known_on_its_port(
    application: Application, port: int, turns: tuple[tuple[int, bytes], ...]
) -> None:
    assert conversation(*turns, port=port, syn=False).applications() == {application}


@pytest.mark.parametrize(
    "payload",
    [
        b"220 ready for anything, by no name\r\n",
        b"\xff\xfb\x90\x64" + bytes(60),  # a frame of MPEG audio layer III (ISO/IEC 11172-3 2.4.1.3)
        b"\xff\xfb\x30\x64" + bytes(60),
        b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(60),
        b"USER x\r\nPASS y\r\n",  # FTP's, and POP3's
        b"EHLOx\r\n" + bytes(20),
    ],
)
def test_other_conversations_are_not_taken_for_these(payload: bytes) -> None:
    office = {Application.FTP, Application.SMTP, Application.TELNET}
    assert office.isdisjoint(conversation((1, payload), (0, payload)).applications())


def test_mail_beyond_the_greetings_is_withheld() -> None:
    body = b"Subject: x\r\n" + b"y" * 1000
    found = conversation(*test_smtp.SESSION[:3], *((0, body) for _ in range(100)), port=25)
    assert 8 * 1024 <= len(found.bytes_of(0)) < 10 * 1024


@pytest.mark.parametrize("message", [vector.data for vector in test_nd.VECTORS])
def test_neighbour_discovery_of_the_link_is_handed_on(message: bytes) -> None:
    found = read(pcap(neighbours(message)))
    assert found.applications() == {Application.ND}
    assert found.bytes_of(0) == message
    assert [application_name(code) for code in found.conversations["application"]] == ["nd"]


@pytest.mark.parametrize("hop_limit", [0, 64, 254])
def test_neighbour_discovery_from_beyond_a_router_is_a_forgery(hop_limit: int) -> None:
    assert read(pcap(neighbours(test_nd.ROUTER, hop_limit=hop_limit))).pieces == []


@pytest.mark.parametrize(
    "message", [b"\x80\0\0\0\0\x01\0\x01" + bytes(8), b"\x86\x01" + test_nd.ROUTER[2:], b"\x87\0\0"]
)
def test_other_icmpv6_is_not_handed_on(message: bytes) -> None:
    assert read(pcap(neighbours(message))).pieces == []


def test_an_advertisement_to_many_is_one_message() -> None:
    engine = engine_with()
    told = [test_nd.ROUTER[:2] + bytes((0, check)) + test_nd.ROUTER[4:] for check in range(5)]
    assert len(read(pcap(neighbours(*told, receivers=("ff02::1", "fe80::b"))), engine).pieces) == 1
    assert engine.repeated() == {Application.ND: 9}


def test_time_is_asked_for_once_whatever_the_time_is() -> None:
    engine = engine_with()
    asks = [test_ntp.ASK[:40] + moment.to_bytes(8, "big") for moment in range(20)]
    frames = [ethernet(ipv4(udp(ask, 123, 123), protocol=17)) for ask in asks]
    assert len(read(pcap(frames), engine).pieces) == 1
    assert engine.repeated() == {Application.NTP: 19}


@pytest.mark.parametrize("announcement", [test_cdp.SWITCH, test_cdp.PHONE])
def test_cdp_is_handed_on_without_the_padding_of_the_frame(announcement: bytes) -> None:
    frame = ethernet(SNAP_CDP + announcement + bytes(20), len(SNAP_CDP + announcement))
    found = read(pcap([frame]))
    assert found.applications() == {Application.CDP}
    assert found.bytes_of(0) == announcement
    assert found.account.decoded == 1


def test_other_snap_frames_are_counted_as_they_are() -> None:
    other = b"\xaa\xaa\x03\x00\x00\x0c\x20\x04" + bytes(40)  # Cisco's dynamic trunking
    found = read(pcap([ethernet(other, len(other))]))
    assert found.pieces == []
    assert found.account.decoded == 0
