"""Formats: every kind of capture file gives the same packets, and damage stops only itself."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from asepsis.wire.errors import CaptureError
from asepsis.wire.source import open_source
from tests.wire import frames
from tests.wire.reading import read

FRAMES = [frames.ethernet(frames.ipv4(frames.udp(bytes(n)), protocol=17)) for n in (10, 20, 30)]
TIME_NS = 1_700_000_000_123_456_789


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("nanoseconds", [False, True])
def test_both_byte_orders_and_resolutions_give_the_same_packets(order: str, nanoseconds: bool) -> None:
    capture = frames.pcap([(TIME_NS, FRAMES[0]), FRAMES[1]], order=order, nanoseconds=nanoseconds)
    reading = read(capture)
    assert (reading.account.packets, reading.account.decoded) == (2, 2)
    assert reading.account.link_types == ["ETHERNET"]
    assert reading.conversations["start_ns"][0] == (TIME_NS if nanoseconds else TIME_NS // 1000 * 1000)


def test_bytes_are_original_frame_lengths_even_of_snapped_packets() -> None:
    reading = read(frames.pcap(FRAMES, snap=45))
    assert reading.account.bytes == sum(map(len, FRAMES))
    assert reading.conversations["bytes_to_server"].sum() + reading.conversations["bytes_to_client"].sum() == sum(
        map(len, FRAMES)
    )


@pytest.mark.parametrize("order", ["<", ">"])
def test_pcapng_reads_enhanced_simple_and_obsolete_blocks_of_several_interfaces(order: str) -> None:
    raw = frames.ipv4(frames.udp(b"x" * 9), protocol=17)
    obsolete = struct.pack(order + "HHIIII", 0, 0, 0, 7_000_000, len(FRAMES[1]), len(FRAMES[1])) + FRAMES[1]
    capture = (
        frames.section(order)
        + frames.interface(1, order=order)
        + frames.interface(101, options=frames.option(9, b"\x09", order), order=order)
        + frames.enhanced(FRAMES[0], 1_700_000_000_000_000, 0, order)
        + frames.enhanced(raw, TIME_NS, 1, order)
        + frames.block(2, obsolete, order)
        + frames.block(3, struct.pack(order + "I", len(FRAMES[2])) + FRAMES[2], order)
        + frames.block(5, bytes(20), order)  # interface statistics: no packet
    )
    reading = read(capture)
    assert (reading.account.packets, reading.account.decoded) == (4, 4)
    assert reading.account.link_types == ["ETHERNET", "RAW"]
    assert not reading.account.truncated


@pytest.mark.parametrize(
    ("resolution", "ticks"),
    [
        (b"\x06", TIME_NS // 1000),
        (b"\x09", TIME_NS),
        (b"\x03", TIME_NS // 1_000_000),
        (b"\x00", TIME_NS // 1_000_000_000),
        (b"\x8a", TIME_NS // 1_000_000_000 * 1024),  # 2^-10 s
        (b"\xa0", TIME_NS * 2**32 // 1_000_000_000),  # 2^-32 s, as NTP counts
        (b"\x0a", TIME_NS * 10),
    ],
)
def test_pcapng_time_resolutions(resolution: bytes, ticks: int) -> None:
    capture = (
        frames.section() + frames.interface(options=frames.option(9, resolution)) + frames.enhanced(FRAMES[0], ticks)
    )
    start = int(read(capture).conversations["start_ns"][0])
    assert abs(start - TIME_NS) < {b"\x06": 1000, b"\x03": 10**6}.get(
        resolution, 10**9 if resolution in b"\x00\x8a" else 2
    )


def test_pcapng_time_offset_is_added() -> None:
    options = frames.option(9, b"\x09") + frames.option(14, struct.pack("<q", 1_000_000_000))
    capture = frames.section() + frames.interface(options=options) + frames.enhanced(FRAMES[0], 5)
    assert read(capture).conversations["start_ns"][0] == 1_000_000_000 * 10**9 + 5


def test_a_second_section_in_the_other_byte_order_is_read() -> None:
    capture = b"".join(
        frames.section(order) + frames.interface(order=order) + frames.enhanced(FRAMES[0], 10**15, 0, order)
        for order in "<><"
    )
    assert read(capture).account.decoded == 3


def test_a_packet_of_an_interface_that_was_never_described_is_counted_under_that_name() -> None:
    capture = frames.section() + frames.interface() + frames.enhanced(FRAMES[0], 0, number=4)
    account = read(capture).account
    assert account.undecoded == {"packet of an undescribed interface": 1}
    assert account.packets == 1


@pytest.mark.parametrize("link", [220, 300, 8])
def test_other_link_types_are_counted_under_their_names(link: int) -> None:
    account = read(frames.pcap(FRAMES, link=link)).account
    assert account.decoded == 0
    assert sum(account.undecoded.values()) == 3
    assert account.link_types[0] in next(iter(account.undecoded))


@pytest.mark.parametrize("compress", [gzip.compress, zstandard.compress], ids=["gzip", "zstd"])
def test_compressed_captures_give_the_same_packets(tmp_path: Path, compress: object) -> None:
    path = tmp_path / "ward.pcap.x"
    path.write_bytes(compress(frames.pcap(FRAMES * 2000)))  # type: ignore[operator] # either function
    account = read(path).account
    assert (account.packets, account.truncated, account.error) == (6000, False, None)


def test_gzip_members_and_zstd_frames_one_after_the_other_are_one_capture(tmp_path: Path) -> None:
    capture = frames.pcap(FRAMES)
    for name, compress in (("a.gz", gzip.compress), ("a.zst", zstandard.compress)):
        path = tmp_path / name
        path.write_bytes(compress(capture[:50]) + compress(capture[50:]))
        assert read(path).account.packets == 3


@pytest.mark.parametrize("compress", [gzip.compress, zstandard.compress], ids=["gzip", "zstd"])
def test_a_damaged_compressed_capture_keeps_what_came_before_and_says_so(tmp_path: Path, compress: object) -> None:
    import random

    noise = random.Random(3)
    many = [frames.ethernet(frames.ipv4(frames.udp(noise.randbytes(900)), protocol=17)) for _ in range(3000)]
    whole = compress(frames.pcap(many))  # type: ignore[operator] # either function
    path = tmp_path / "cut.pcap.x"
    path.write_bytes(whole[: len(whole) // 2])
    account = read(path).account
    assert 0 < account.packets < 3000
    assert account.error or account.truncated


def test_every_cut_of_a_capture_is_reported_and_loses_only_the_cut_packet() -> None:
    capture = frames.pcap(FRAMES[:2])
    for cut in range(len(capture)):
        account = read(capture[:cut]).account
        boundary = cut in (24, 24 + 16 + len(FRAMES[0]))
        assert account.truncated == (cut >= 4 and not boundary), cut
        assert account.packets == (0 if cut < 40 + len(FRAMES[0]) else 1)


def test_an_empty_file_and_no_capture_at_all_are_reported() -> None:
    assert read(b"").account.error == "the file is empty"
    assert read(b"hello, this is a text file and no capture").account.error == "this is no pcap or pcapng capture"
    assert read(frames.pcap([])).account.error is None


def test_an_impossible_record_length_stops_the_file_and_keeps_what_came_before() -> None:
    capture = frames.pcap(FRAMES) + struct.pack("<IIII", 0, 0, 0x7FFFFFFF, 0x7FFFFFFF) + bytes(100)
    account = read(capture).account
    assert account.packets == 3
    assert account.error is not None
    assert "packet 3" in account.error


def test_a_packet_larger_than_the_block_is_read_whole() -> None:
    big = frames.ethernet(frames.ipv4(frames.udp(bytes(1000)), protocol=17)) + bytes(200_000)
    assert read(frames.pcap([big, FRAMES[0]], snap=262_144)).account.packets == 2


def test_errors_of_opening_name_the_path_and_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CaptureError) as missing:
        open_source(tmp_path / "nothing.pcap")
    assert "nothing.pcap" in missing.value.message
    assert missing.value.hint
    with pytest.raises(CaptureError):
        open_source(tmp_path)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400), st.integers(0, 3))
def test_any_bytes_behind_a_magic_end_well(data: bytes, choice: int) -> None:
    head = (frames.pcap([]), frames.pcap([], order=">"), frames.section() + frames.interface(), frames.section(">"))
    account = read(head[choice] + data).account
    assert account.packets == account.decoded + sum(account.undecoded.values())
