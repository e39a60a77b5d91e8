"""QUIC: what the first packets of both sides say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from asepsis.protocols.message import Malformed, Result
from asepsis.protocols.quic import FRAGMENTS_LIMIT, QuicHello, QuicStream, QuicVersions, version_name
from tests.protocols.captured import fields
from tests.protocols.conformance import Turns, Vector
from tests.protocols.quic_wire import VERSION_2, crypto, initial, integer, long_header
from tests.protocols.tls_wire import (
    alpn,
    client_hello,
    extension,
    server_hello,
    server_name,
    signature_algorithms,
    supported_versions,
)

ID = bytes.fromhex("8394c8f03e515708")
USER_AGENT = b"Chrome/84 Windows NT 10.0"
PARAMETERS = integer(1) + integer(2) + b"\x40\x1e" + integer(0x3129) + integer(len(USER_AGENT)) + USER_AGENT
HELLO = client_hello(
    (0x1301, 0x1302),
    (
        server_name(b"pacs.example"),
        alpn(b"h3"),
        supported_versions(0x0304),
        signature_algorithms(0x0403),
        extension(57, PARAMETERS),
    ),
)
ANSWER = server_hello(0x1301, (extension(43, b"\x03\x04"),))
ACK = b"\x02\x00\x00\x00\x00"
CLOSE = b"\x1c\x01\x06\x00"
ASK: Turns = ((0, initial(crypto(0, HELLO) + bytes(30), original=ID)),)

VECTORS = [
    Vector(name="hello", provenance="RFC 9001 4.3, RFC 9000 17.2.2", data=ASK, kinds=("ClientHello",)),
    Vector(
        name="both-hellos-of-version-2",
        provenance="RFC 9369 3",
        data=(
            (0, initial(b"\x01" + crypto(0, HELLO), original=ID, version=VERSION_2)),
            (1, initial(ACK + crypto(0, ANSWER), original=ID, to=b"\x55\x66", version=VERSION_2, server=True)),
        ),
        kinds=("ClientHello", "ServerHello"),
    ),
    Vector(
        name="hello-in-two-datagrams-out-of-order",
        provenance="RFC 9000 19.6: offsets, in any order",
        data=(
            (0, initial(crypto(150, HELLO[150:]) + b"\x01" + crypto(40, HELLO[40:90]), original=ID, number=1)),
            (0, initial(crypto(90, HELLO[90:150]) + crypto(0, HELLO[:45]), original=ID)),
        ),
        kinds=("ClientHello",),
    ),
    Vector(
        name="retry",
        provenance="RFC 9000 17.2.5, RFC 9001 5.2: the second Initial has keys by the id of the Retry",
        data=(
            (0, initial(crypto(0, HELLO[:50]), original=ID)),
            (1, long_header(0xF0, 1, b"\x55\x66", b"\x77" * 8) + b"token" + bytes(16)),
            (0, initial(crypto(0, HELLO), original=b"\x77" * 8)),
        ),
        kinds=("Retry", "ClientHello"),
    ),
    Vector(
        name="version-negotiation",
        provenance="RFC 9000 17.2.1, 6.3",
        data=(
            (0, long_header(0xC0, 0x1A2A3A4A, ID, b"") + bytes(1200)),
            (1, long_header(0x80, 0, b"", ID) + bytes.fromhex("000000016b3343cf2a3a4a5a")),
        ),
        kinds=("Initial", "VersionNegotiation"),
    ),
    Vector(
        name="google",
        provenance="Chromium's QUIC wire format up to Q043: public flags, connection id, version",
        data=((0, b"\x09" + ID + b"Q043" + bytes(20)),),
        kinds=("Initial",),
    ),
    Vector(
        name="closed",
        provenance="RFC 9000 19.19",
        data=(*ASK, (1, initial(CLOSE, original=ID, server=True))),
        kinds=("ClientHello",),
    ),
]


def many_fragments(size: int) -> Turns:
    frames = b"".join(crypto(2 * at, b"\1") for at in range(40))
    return tuple((0, initial(frames, original=ID, number=number)) for number in range(size // (len(frames) + 40) + 1))


def many_pings(size: int) -> Turns:
    return ((0, initial(b"\x01\x00" * (size // 2), original=ID)),)


HOSTILE = {"fragments": many_fragments, "pings": many_pings}


def read(turns: Turns) -> list[Result]:
    stream = QuicStream()
    return [result for sender, data in turns for result in stream.feed(sender, data)]


def test_a_hello_says_who_is_asked_for_and_by_which_software() -> None:
    (hello,) = read(ASK)
    assert isinstance(hello, QuicHello)
    assert hello.sender_is_server is False
    facts = hello.facts()
    assert facts.pop("ja4").startswith("q13d0205h3_")
    assert facts == {
        "version": "1",
        "server_name": "pacs.example",
        "alpn": ["h3"],
        "tls_versions": ["TLS 1.3"],
        "user_agent": USER_AGENT.decode(),
    }


def test_a_server_says_what_it_chose() -> None:
    hello = read(((1, ASK[0][1]), (0, initial(ACK + crypto(0, ANSWER), original=ID, to=b"\x55\x66", server=True))))[1]
    assert isinstance(hello, QuicHello)
    assert hello.sender_is_server is True
    assert hello.facts()["cipher_suite"] == "TLS_AES_128_GCM_SHA256"


def test_versions_offered_leave_out_those_that_only_test_tolerance() -> None:
    versions = read(((0, long_header(0x80, 0, b"", ID) + bytes.fromhex("00000001ff00001d5a6a7a8a")),))
    assert versions == [QuicVersions(kind="VersionNegotiation", versions=("1", "draft 29"))]


def test_a_server_that_is_seen_alone_is_named_once() -> None:
    packet = initial(crypto(0, ANSWER), original=ID, to=b"\x55\x66", server=True)
    (first,) = read(((0, packet), (0, packet)))
    assert isinstance(first, QuicHello)
    assert first.facts() == {"version": "1"}


def test_a_frame_that_an_initial_packet_must_not_hold_is_malformed() -> None:
    (found,) = read(((0, initial(b"\x08\x00" + bytes(30), original=ID)),))
    assert found == Malformed(protocol="quic", where="frame", why="type 0x08 in an Initial packet")


def test_a_hello_in_too_many_pieces_is_given_up() -> None:
    found = read(many_fragments(FRAGMENTS_LIMIT * 60))
    assert [type(result) for result in found] in ([], [Malformed])
    stream = QuicStream()
    frames = [crypto(2 * at, b"\1") for at in range(FRAGMENTS_LIMIT + 1)]
    results = [
        result
        for start in range(0, len(frames), 100)
        for result in stream.feed(0, initial(b"".join(frames[start : start + 100]), original=ID, number=start))
    ]
    assert results == [Malformed(protocol="quic", where="CRYPTO", why="more than a hello")]


@pytest.mark.parametrize(
    ("number", "name"),
    [(1, "1"), (VERSION_2, "2"), (0xFF00001D, "draft 29"), (0x51303436, "Q046"), (0xFACEB002, "mvfst 27")],
)
def test_a_version_has_the_name_that_people_use(number: int, name: str) -> None:
    assert version_name(number) == name


# Captures of version 1, of drafts and of Facebook's, with hellos in one or several packets.
CAPTURES = (
    *("quic-23.pcap", "quic-27.pcap", "quic-29.pcap", "quic-33.pcapng", "quic-34.pcap", "quic-mvfst-27.pcapng"),
    *("quic-v2.pcapng", "quic_0RTT.pcap", "quic_frags_ch_in_multiple_packets.pcapng"),
    "quic_frags_ch_out_of_order_same_packet_craziness.pcapng",
)


@pytest.mark.slow
def test_real_captures_give_the_hellos_of_tshark(archive: Callable[[str], Path]) -> None:
    folder = archive("ndpi")
    compared = 0
    for name in CAPTURES:
        streams: dict[str, tuple[str, QuicStream]] = {}
        ours: list[QuicHello] = []
        for number, source, payload in fields(folder / name, "udp", "udp.stream", "udp.srcport", "udp.payload"):
            first, stream = streams.setdefault(number[0], (source[0], QuicStream()))
            results = stream.feed(int(source[0] != first), bytes.fromhex(payload[0]))
            ours += [one for one in results if isinstance(one, QuicHello) and one.kind == "ClientHello"]
        names = ("tls.handshake.extensions_server_name", "tls.handshake.extensions_alpn_str")
        hellos = fields(folder / name, "quic && tls.handshake.type == 1", "udp.stream", *names)
        # A hello that is sent again is one hello.
        theirs = {row[0][0]: (row[1], row[2]) for row in hellos}
        assert sorted((one.server_name, one.alpn) for one in ours) == sorted(
            ("".join(server[:1]), tuple(dict.fromkeys(protocols))) for server, protocols in theirs.values()
        ), name
        compared += len(ours)
    assert compared >= 100
