"""What the kernels take for the same message is the same message: naming it gives what reading it would give."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from asepsis.devices.observe import Observer
from asepsis.history import CaptureSource, History
from asepsis.pipeline.messages import MessageReader
from asepsis.protocols.message import Malformed, Repeats, Sighting
from asepsis.protocols.registry import DISSECTORS, PROTOCOLS
from asepsis.wire.applications import port_tables
from asepsis.wire.capture import CaptureReader
from asepsis.wire.engine import Emit, Engine
from asepsis.wire.source import open_source
from tests.protocols import test_tls
from tests.protocols.conformance import vectors
from tests.protocols.tls_wire import certificate, record
from tests.wire.frames import ACK, PSH, ethernet, ipv4, pcap, tcp, udp

WARD = Path(__file__).parents[2] / "tests" / "recordings"
# Ports that a datagram of each protocol is classified on, where its own content is not enough.
PORTS = {"mdns": (5353, 5353), "dhcp": (68, 67), "dhcpv6": (546, 547), "ssdp": (40000, 1900), "snmp": (40000, 161)}
# The bytes at the beginning of a vector that are turned over one by one.
TURNED_BYTES = 320


def sightings(capture: Path | bytes, folder: Path, *, emit: Emit = Emit.MESSAGES) -> tuple[list[Sighting], int]:
    """All messages of a capture, and how many of them were named only."""
    path = capture
    if isinstance(path, bytes):
        path = folder / "made.pcap"
        path.write_bytes(capture if isinstance(capture, bytes) else b"")
    engine = Engine(rows=1 << 12, seed=11, emit=emit)
    source, _ = open_source(path)
    found: list[Sighting] = []
    named = 0

    def repeated(repeats: Repeats) -> None:
        nonlocal named
        named += len(repeats.of)
        found.extend(repeats.sightings(repeats.of * 0 + range(len(repeats.of))))

    reader = MessageReader(capture="made", sighted=found.append, repeated=repeated, unlearn=engine.forget_meaning)
    for output in CaptureReader(engine, source).outputs():
        reader.take(output)
        reader.finished(output.finished)
    reader.end(engine.repeated())
    source.close()
    return found, named


def turned(data: bytes) -> Iterator[bytes]:
    """The data with one byte changed, at each place."""
    for place in range(min(len(data), TURNED_BYTES)):
        yield data[:place] + bytes([data[place] ^ (1 + place % 255)]) + data[place + 1 :]


def host(number: int) -> str:
    return f"10.1.{number >> 8}.{number & 255}"


DATAGRAMS = [
    (protocol, vector)
    for protocol in PROTOCOLS
    if DISSECTORS[protocol].datagram is not None
    for vector in vectors(protocol)
    if isinstance(vector.data, bytes)
]


@pytest.mark.parametrize(("protocol", "vector"), DATAGRAMS, ids=[f"{one}-{vector.name}" for one, vector in DATAGRAMS])
def test_a_datagram_that_is_named_says_what_reading_it_would_say(protocol: str, vector: object, tmp_path: Path) -> None:
    data: bytes = vector.data  # type: ignore[attr-defined]  # a Vector, whose class pytest does not show
    read = DISSECTORS[protocol].datagram
    assert read is not None
    from asepsis.wire.applications import codes

    _, udp_ports = port_tables()
    usual = next((port for port in range(1, 65536) if udp_ports[port] == codes()[protocol]), 40001)
    source, destination = PORTS.get(protocol, (40000, usual))
    variants = [data, *turned(data)]
    frames = [
        ethernet(ipv4(udp(one, source, destination), host(number + 1), "10.2.0.1", protocol=17))
        for number, one in enumerate(variants)
    ]
    for sighting in sightings(pcap(frames), tmp_path)[0]:
        if protocol == sighting.message.PROTOCOL and sighting.packet <= len(variants):
            assert sighting.message in read(variants[sighting.packet - 1])


def named_of(protocol: str, variants: list[bytes], tmp_path: Path) -> int:
    source, destination = PORTS.get(protocol, (40000, 53))
    frames = [
        ethernet(ipv4(udp(one, source, destination), host(number + 1), "10.2.0.1", protocol=17))
        for number, one in enumerate(variants)
    ]
    return sightings(pcap(frames), tmp_path)[1]


def test_what_differs_in_numbers_only_is_named(tmp_path: Path) -> None:
    by_name = {
        protocol: [vector.data for vector in vectors(protocol) if isinstance(vector.data, bytes)]
        for protocol in ("dns", "mdns", "dhcp", "snmp")
    }
    assert named_of("dns", [by_name["dns"][0], b"\xff\xfe" + by_name["dns"][0][2:]], tmp_path) == 1
    assert named_of("mdns", [by_name["mdns"][0], b"\xff\xfe" + by_name["mdns"][0][2:]], tmp_path) == 1
    discover = by_name["dhcp"][0]
    assert named_of("dhcp", [discover, discover[:4] + b"\x01\x02\x03\x04\x00\x09" + discover[10:]], tmp_path) == 1
    encrypted = version_3(b"number-1"[:4], b"proof-one-12", b"\x01\x02\x03\x04")
    assert named_of("snmp", [encrypted, version_3(b"no-2", b"proof-two-12", b"\x09\x08\x07\x06")], tmp_path) == 1
    assert named_of("snmp", [encrypted, version_3(b"no-2", b"proof-two-12", b"\x09", user=b"other")], tmp_path) == 0


def version_3(number: bytes, proof: bytes, secret: bytes, *, user: bytes = b"nurse") -> bytes:
    """An encrypted SNMP message (RFC 3412 6, RFC 3414 2.4)."""

    def element(tag: int, contents: bytes) -> bytes:
        return bytes([tag, len(contents)]) + contents

    header = element(0x30, element(2, b"\x00" + number[1:]) + element(2, b"\x05\xdc") + b"\x04\x01\x03\x02\x01\x03")
    engine = b"\x80\x00\x1f\x88\x04ward"
    security = (
        element(4, engine) + b"\x02\x01\x05\x02\x01\x09" + element(4, user) + element(4, proof) + element(4, secret)
    )
    return element(0x30, b"\x02\x01\x03" + header + element(4, element(0x30, security)) + element(4, secret * 4))


def test_two_words_that_cancel_out_are_not_the_same_content(tmp_path: Path) -> None:
    """In a hash of multiplications alone, a top bit turned over can be made good in the word after it."""
    name = b"\x3f" + bytes(range(0x41, 0x41 + 26)) * 2 + b"abcdefghijk" + b"\x00\x00\x01\x00\x01"
    query = b"\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + name
    variants = [query]
    for place in range(13, len(query) - 16):
        other = bytearray(query)
        other[place + 7] ^= 0x80
        other[place + 15] ^= 0x80
        other[place + 12] ^= 0x04
        variants.append(bytes(other))
    assert named_of("dns", variants, tmp_path) == 0


def tls_frames(number: int, client: bytes, server: bytes) -> list[bytes]:
    """A conversation of TLS, whose server's flight comes in two segments."""
    port, half = 40000 + number, min(len(server), 400)
    up = [ethernet(ipv4(tcp(client, port, 443, seq=1, flags=ACK | PSH), "10.1.0.1", "10.2.0.1"))]
    for begin, part in ((0, server[:half]), (half, server[half:])):
        down = tcp(part, 443, port, seq=9 + begin, flags=ACK | PSH)
        up += [ethernet(ipv4(down, "10.2.0.1", "10.1.0.1"))] if part else []
    return up


FLIGHTS = {
    "TLS 1.2": record(22, test_tls.CHOSEN_12) + record(22, certificate(bytes(range(256)) * 3)),
    "TLS 1.2, one record": record(22, test_tls.CHOSEN_12 + certificate(bytes(range(256)) * 3)),
    "TLS 1.3": record(22, test_tls.CHOSEN_13) + test_tls.CCS + test_tls.DATA,
    "TLS 1.2, resumed": record(22, test_tls.CHOSEN_12) + test_tls.CCS + test_tls.FINISHED,
}


def of_tls(client: bytes, server: bytes) -> Counter[str]:
    """What reading both directions gives, without what is refused."""
    stream_of = DISSECTORS["tls"].open
    assert stream_of is not None
    stream = stream_of()
    results = [*stream.feed(0, client), *stream.feed(1, server)]
    return Counter(f"{one.kind} {one.facts()}" for one in results if not isinstance(one, Malformed))


@pytest.mark.parametrize("flight", FLIGHTS)
def test_a_hello_that_is_named_says_what_reading_it_would_say(flight: str, tmp_path: Path) -> None:
    client, server = record(22, test_tls.HELLO), FLIGHTS[flight]
    pairs = [(client, server), *((one, server) for one in turned(client))]
    # Behind its first bytes a certificate is told by these: its serial number and issuer stand there.
    pairs += [(client, one) for one in turned(server[:300])]
    pairs = [(one, other if len(other) == len(server) else other + server[300:]) for one, other in pairs]
    # Others are no conversations that begin with hellos.
    pairs = [(one, other) for one, other in pairs if one[5:6] == b"\x01" and other[5:6] == b"\x02"]
    frames = [frame for number, (one, other) in enumerate(pairs) for frame in tls_frames(number, one, other)]
    found, named = sightings(pcap(frames), tmp_path)
    told: dict[int, Counter[str]] = {number: Counter() for number in range(len(pairs))}
    for sighting in found:
        told[sighting.conversation][f"{sighting.message.kind} {sighting.message.facts()}"] += 1
    for number, (one, other) in enumerate(pairs):
        assert told[number] <= of_tls(one, other), f"{one.hex()} {other.hex()}"
    assert named > 60, "session ids and randoms do not make hellos different"


def test_a_server_that_breaks_off_teaches_nothing_about_those_who_do_not(tmp_path: Path) -> None:
    client, server = record(22, test_tls.HELLO), FLIGHTS["TLS 1.2"]
    frames = [*tls_frames(1, client, server[:300]), *tls_frames(2, client, server), *tls_frames(3, client, server)]
    filler = [ethernet(ipv4(udp(b"x" * 9, 1, 2), "10.9.0.1", "10.9.0.2", protocol=17))] * 10
    found, _ = sightings(pcap([*frames, *filler]), tmp_path)
    assert "Certificate" not in {one.message.kind for one in found if one.conversation == 0}
    # It went unsaid for those in the same breath, and is read again from then on.
    engine = Engine(rows=1 << 12, seed=11)
    reader = MessageReader(capture="x", sighted=lambda _: None, unlearn=engine.forget_meaning)
    path = tmp_path / "broken.pcap"
    path.write_bytes(pcap(frames[:3]))
    source, _ = open_source(path)
    for output in CaptureReader(engine, source).outputs():
        reader.take(output)
    assert engine.is_meaning(1)
    reader.end({})
    source.close()
    assert not any(engine.is_meaning(number) for number in (2, 3))


@pytest.mark.parametrize("name", ["ward.pcapng.zst", "imaging.pcap.gz"])
def test_columns_give_the_observer_and_the_history_what_single_messages_give(name: str, tmp_path: Path) -> None:
    counts = []
    for by_columns in (True, False):
        engine = Engine(seed=5)
        observer = Observer(site="main", capture="x")
        history = History(tmp_path / str(by_columns))
        writer = history.writer(site="main", capture="x")

        def one(sighting: Sighting, observer: Observer = observer, writer: object = writer) -> None:
            observer.message(sighting)
            writer.message(sighting)  # type: ignore[attr-defined]  # a CaptureWriter

        def many(repeats: Repeats, observer: Observer = observer, writer: object = writer) -> None:
            observer.repeats(repeats)
            writer.repeats(repeats)  # type: ignore[attr-defined]  # a CaptureWriter

        reader = MessageReader(
            capture="x", sighted=one, repeated=many if by_columns else None, unlearn=engine.forget_meaning
        )
        source, _ = open_source(WARD / name)
        for output in CaptureReader(engine, source).outputs():
            reader.take(output)
            reader.finished(output.finished)
        reader.end(engine.repeated())
        source.close()
        observed = observer.observed()
        writer.commit(CaptureSource(path=name))
        with history.reader() as kept:
            rows = Counter(map(str, kept.messages().rows()))
        counts.append((set(observed.clues), set(observed.ties), rows, dict(reader.counts)))
    assert counts[0] == counts[1]
