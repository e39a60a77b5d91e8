from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from asepsis.pipeline.demo import recording
from asepsis.wire.errors import CaptureError
from asepsis.wire.headers import ETHERNET, headers_of
from asepsis.wire.packet import packet_at
from asepsis.wire.source import Source, open_source


class Bytes:
    """A source that gives a few bytes at a time, as a pipe may."""

    def __init__(self, data: bytes, piece: int = 7) -> None:
        self._data, self._piece, self._at = data, piece, 0

    def readinto(self, target: memoryview) -> int:
        part = self._data[self._at : self._at + min(self._piece, len(target))]
        target[: len(part)] = part
        self._at += len(part)
        return len(part)

    def position(self) -> int:
        return self._at

    def close(self) -> None:
        pass


def source(data: bytes) -> Source:
    return Bytes(data)


def pcap(*frames: bytes, order: str = "<") -> bytes:
    head = struct.pack(order + "IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    return head + b"".join(struct.pack(order + "IIII", 1, 2, len(one), len(one) + 5) + one for one in frames)


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    body += bytes(-len(body) % 4)
    length = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + length + body + length


def pcapng(*frames: bytes, order: str = "<") -> bytes:
    made = block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)
    made += block(1, struct.pack(order + "HHI", 1, 0, 0), order)
    for one in frames:
        made += block(5, b"statistics!!", order)  # between packets, and none
        made += block(6, struct.pack(order + "IIIII", 0, 1, 2, len(one), len(one) + 5) + one, order)
    return made


@pytest.mark.parametrize("made", [pcap, pcapng])
@pytest.mark.parametrize("order", ["<", ">"])
def test_packets_are_found_by_their_number_in_every_format(made: object, order: str) -> None:
    assert callable(made)
    capture = made(b"first", b"second frame", b"third", order=order)
    for number, data in ((1, b"first"), (2, b"second frame"), (3, b"third")):
        found = packet_at(source(capture), number)
        assert found is not None
        assert (found.number, found.data, found.length, found.link_type) == (number, data, len(data) + 5, 1)
    assert packet_at(source(capture), 4) is None


def test_simple_and_obsolete_packet_blocks_count_as_the_kernels_count_them() -> None:
    made = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)) + block(1, struct.pack("<HHI", 101, 0, 4))
    made += block(3, struct.pack("<I", 9) + b"abcd")  # the interface's limit is 4
    made += block(2, struct.pack("<HHIIII", 0, 0, 1, 2, 3, 3) + b"xyz")
    one, two = packet_at(source(made), 1), packet_at(source(made), 2)
    assert one is not None
    assert (one.data, one.length, one.link_type) == (b"abcd", 9, 101)
    assert two is not None
    assert two.data == b"xyz"


@pytest.mark.parametrize("made", [pcap, pcapng])
def test_a_capture_cut_anywhere_gives_no_packet_or_the_right_one(made: object) -> None:
    assert callable(made)
    capture = made(b"first", b"second frame")
    for length in range(len(capture)):
        if length < 4:
            with pytest.raises(CaptureError, match="no pcap or pcapng"):
                packet_at(source(capture[:length]), 2)
            continue
        found = packet_at(source(capture[:length]), 2)
        assert found is None or found.data == b"second frame"


@given(some.binary(max_size=400), some.integers(min_value=1, max_value=5))
def test_noise_behind_a_header_is_a_value_and_no_exception(noise: bytes, number: int) -> None:
    for capture in (pcap(b"first") + noise, pcapng(b"first") + noise):
        first = packet_at(source(capture), 1)
        assert first is not None
        packet_at(source(capture), number)


def test_no_more_is_walked_than_was_allowed() -> None:
    capture = pcap(*[bytes(1000)] * 50)
    with pytest.raises(CaptureError) as raised:
        packet_at(source(capture), 50, most_bytes=10_000)
    assert raised.value.code == "packet-too-far"


def test_what_is_no_capture_is_said() -> None:
    with pytest.raises(CaptureError, match="no pcap or pcapng"):
        packet_at(source(b"%PDF-1.7 something"), 1)


def test_the_recorded_hospital_has_as_many_packets_as_its_manifest_says() -> None:
    shown = recording()
    (count,) = (one["packets"] for one in shown.manifest["captures"] if one["file"] == Path(shown.benign).name)
    for number, is_there in ((count, True), (count + 1, False)):
        opened, _ = open_source(Path(shown.benign))
        try:
            assert (packet_at(opened, number) is not None) == is_there
        finally:
            opened.close()


ETHERNET_HEAD = bytes.fromhex("004e351baa1c0003b1d00cc3")
IPV4_TCP = bytes.fromhex("08004500002a14944000400600000a2814790a28020dd5721a05049b73d7625cf9cb5018 1c843e3d0000")


def test_headers_end_where_the_payload_begins() -> None:
    frame = ETHERNET_HEAD + IPV4_TCP + b"hi"
    headers = headers_of(frame, ETHERNET)
    assert [layer.name for layer in headers.layers] == ["Ethernet", "IPv4", "TCP", "Payload"]
    assert frame[headers.payload :] == b"hi"
    facts = {name: text for layer in headers.layers for name, text in layer.facts}
    assert (facts["From port"], facts["To port"], facts["Flags"]) == ("54642", "6661", "ACK PSH")


def test_tags_are_followed_to_what_they_carry() -> None:
    frame = ETHERNET_HEAD + bytes.fromhex("81000007") + IPV4_TCP + b"hi"
    headers = headers_of(frame, ETHERNET)
    assert [layer.name for layer in headers.layers][:3] == ["Ethernet", "VLAN tag", "IPv4"]
    assert frame[headers.payload :] == b"hi"


def test_what_is_not_understood_is_payload_and_never_header() -> None:
    assert headers_of(b"CANARY", 147).payload == 0
    assert headers_of(ETHERNET_HEAD + b"\x88\xb5CANARY", ETHERNET).payload == 14
    later = bytearray(ETHERNET_HEAD + IPV4_TCP + b"CANARY")
    later[20:22] = b"\x00\x10"  # a later fragment has no TCP header: its first bytes are payload
    assert headers_of(bytes(later), ETHERNET).payload == 34


@given(some.binary(max_size=120), some.sampled_from([1, 101, 113, 105]))
def test_layers_cover_every_byte_once_whatever_comes(data: bytes, link: int) -> None:
    headers = headers_of(data, link)
    at = 0
    for layer in headers.layers:
        assert layer.begin == at
        at = layer.end
    assert at == len(data)
    assert 0 <= headers.payload <= len(data)
