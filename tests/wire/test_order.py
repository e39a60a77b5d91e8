"""TCP bytes reach a protocol in order: loss, overlap, retransmission, wrap-around, a start in mid-stream."""

from __future__ import annotations

import random
import struct
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asepsis.wire.reorder import HELD_BYTES, Direction, Reorder
from tests.wire import frames
from tests.wire.reading import Reading, read

# An MLLP stream is followed for as long as it lasts, so that every byte must come out.
STREAM = b"\x0bMSH|^~\\&|LAB|WARD|HIS|HOSPITAL|20260101||ORU^R01|1|P|2.5\r" + bytes(range(32, 127)) * 40 + b"\x1c\r"


def gaps(reading: Reading) -> int:
    return sum(gap for _, _, gap in reading.pieces)


def cut(data: bytes, places: list[int]) -> list[tuple[int, int, bytes]]:
    bounds = [0, *sorted({place % len(data) for place in places} - {0}), len(data)]
    return [(0, a, data[a:b]) for a, b in pairwise(bounds)]


def test_segments_in_order_come_out_as_they_are() -> None:
    reading = read(frames.pcap(frames.conversation_frames(cut(STREAM, [700, 1400, 2100]))))
    assert reading.bytes_of(0) == STREAM
    assert gaps(reading) == 0


def test_sequence_numbers_wrap_around() -> None:
    # The helper's client begins 256 bytes before the wrap.
    reading = read(frames.pcap(frames.conversation_frames(cut(STREAM, list(range(100, 3000, 100))))))
    assert reading.bytes_of(0) == STREAM


def test_a_retransmission_is_dropped_and_an_overlap_trimmed() -> None:
    segments = cut(STREAM, [1000, 2000])
    overlap = (0, 500, STREAM[500:1500])
    reading = read(frames.pcap(frames.conversation_frames([segments[0], segments[0], overlap, *segments[1:]])))
    assert reading.bytes_of(0) == STREAM


def test_the_first_segment_may_come_last() -> None:
    segments = cut(STREAM, [1000, 2000])
    reading = read(frames.pcap(frames.conversation_frames(segments[1:] + segments[:1])))
    assert reading.bytes_of(0) == STREAM
    assert gaps(reading) == 0


def test_a_lost_segment_becomes_a_gap_and_the_rest_goes_on() -> None:
    segments = cut(STREAM, [1000, 2000])
    reading = read(frames.pcap(frames.conversation_frames([segments[0], segments[2]])))
    assert reading.bytes_of(0) == STREAM[:1000] + STREAM[2000:]
    assert gaps(reading) == 1


def test_after_disorder_the_kernels_take_the_conversation_back() -> None:
    from tests.wire.reading import engine_with

    segments = cut(STREAM, [1000, 2000])
    engine = engine_with()
    pieces = []
    late = frames.conversation_frames([(0, len(STREAM) + n, b"x") for n in range(10)], syn=False)
    first = frames.conversation_frames([segments[0], segments[2], segments[1]])
    reading = read(frames.pcap(first + late), engine)
    pieces = reading.pieces
    assert b"".join(data for _, data, _ in pieces) == STREAM + b"x" * 10
    assert not engine._reorders


def test_a_capture_that_begins_in_mid_stream_finds_the_next_message() -> None:
    middle = b"of a message that began before the capture"
    segments = [(0, 0, middle), (0, len(middle), STREAM)]
    reading = read(frames.pcap(frames.conversation_frames(segments, syn=False)))
    assert STREAM in reading.bytes_of(0)


@settings(max_examples=120, deadline=None)
@given(
    st.lists(st.integers(1, len(STREAM)), max_size=30),
    st.lists(st.integers(1, 400), max_size=12),
    st.integers(0, 2**32),
)
def test_any_cut_shuffle_and_repetition_gives_the_stream(places: list[int], answers: list[int], seed: int) -> None:
    """Against the plainest model: the bytes of both directions as they were sent."""
    shuffle = random.Random(seed)
    segments = cut(STREAM, places)
    repeated = [*segments, *shuffle.sample(segments, len(segments) // 3)]
    # A window's worth of disorder: each segment is moved by a few places.
    order = sorted(range(len(repeated)), key=lambda place: place + shuffle.uniform(0, 4))
    answer, back = b"", []
    for size in answers:
        part = bytes([65 + size % 26]) * size
        back.append((1, len(answer), part))
        answer += part
    mixed = [repeated[place] for place in order]
    for segment in back:
        mixed.insert(shuffle.randrange(len(mixed) + 1), segment)
    # The answers keep their own order.
    replies = iter(back)
    mixed = [next(replies) if segment[0] else segment for segment in mixed]
    reading = read(frames.pcap(frames.conversation_frames(mixed)))
    assert reading.bytes_of(0) == STREAM
    # What the other side said before the conversation was known to be HL7 is not kept.
    assert answer.endswith(reading.bytes_of(1))


@settings(max_examples=200, deadline=None)
@given(st.binary(min_size=1, max_size=300), st.lists(st.integers(1, 300), max_size=12), st.randoms())
def test_reordering_alone_gives_the_stream_from_any_start(
    data: bytes, places: list[int], shuffle: random.Random
) -> None:
    start = 0xFFFFFFFF - 40
    segments = cut(data, places)
    shuffle.shuffle(segments)
    reorder = Reorder((start, None))
    out = [piece for _, at, part in segments for piece in reorder.push(0, (start + at) & 0xFFFFFFFF, part)]
    assert b"".join(piece for piece, _ in out) == data
    assert reorder.in_order
    assert not any(gap for _, gap in out)


def test_what_waits_is_bounded() -> None:
    direction = Direction(0)
    out = []
    for n in range(1, 2000):
        out += direction.push(n * 1460, bytes(1460), n)
        assert direction.held_bytes <= HELD_BYTES + 1460
    assert out[0][1], "the hole was given up and marked"


def pdu(kind: int, body: bytes) -> bytes:
    return struct.pack(">BBI", kind, 0, len(body)) + body


def pdv(control: int, data: bytes) -> bytes:
    return pdu(4, struct.pack(">IBB", len(data) + 2, 1, control) + data)


ASSOCIATE = pdu(1, struct.pack(">HH16s16s32x", 1, 0, b"PACS".ljust(16), b"CT1".ljust(16)) + bytes(30))
COMMAND = pdv(3, b"command" * 20)


@pytest.mark.parametrize("size", [1460, 700, 97, 16000])
def test_pixels_of_dicom_stay_behind_and_the_next_header_follows_a_gap(size: int) -> None:
    bulk = [pdv(0, bytes([n]) * 16370) for n in range(1, 6)]
    last = pdv(2, b"z" * 9000)
    release = pdu(5, bytes(4))
    stream = ASSOCIATE + COMMAND + b"".join(bulk) + last + COMMAND + release
    segments = [(0, at, stream[at : at + size]) for at in range(0, len(stream), size)]
    reading = read(frames.pcap(frames.conversation_frames(segments)))
    assert reading.applications() == {14}
    out = reading.bytes_of(0)
    assert out.startswith(ASSOCIATE + COMMAND + bulk[0][:4096])
    assert out.endswith(COMMAND + release)
    assert len(out) < len(stream) // 3
    after = [data for _, data, gap in reading.pieces if gap]
    assert after, "what was left out is marked"
    assert all(data[0] in (4, 5) and data[1] == 0 for data in after), "a gap ends at the header of a PDU"


def test_encrypted_records_stay_behind() -> None:
    hello = struct.pack(">BHH", 22, 0x301, 80) + b"\x01\x00\x00\x4c" + bytes(76)
    secret = struct.pack(">BHH", 23, 0x303, 1000) + bytes(1000)
    stream = hello + secret * 20
    for size in (60, 1460):
        segments = [(0, at, stream[at : at + size]) for at in range(0, len(stream), size)]
        reading = read(frames.pcap(frames.conversation_frames(segments)))
        assert reading.bytes_of(0) == hello


def test_what_follows_a_change_of_keys_stays_behind() -> None:
    hello = struct.pack(">BHH", 22, 0x301, 80) + b"\x01\x00\x00\x4c" + bytes(76)
    change = struct.pack(">BHHB", 20, 0x303, 1, 1)
    segments = [(0, 0, hello), (0, len(hello), change + bytes(40)), (0, len(hello) + 46, bytes(500))]
    assert read(frames.pcap(frames.conversation_frames(segments))).bytes_of(0) == hello
    banner = b"SSH-2.0-OpenSSH_9.2p1\r\n"
    new_keys = struct.pack(">IBB", 12, 10, 21) + bytes(10)
    segments = [(0, 0, banner), (0, len(banner), new_keys), (0, len(banner) + 16, bytes(500))]
    assert read(frames.pcap(frames.conversation_frames(segments))).bytes_of(0) == banner + new_keys


def test_every_head_of_a_kept_alive_http_connection_is_handed_on() -> None:
    head = b"GET /one HTTP/1.1\r\nHost: a\r\n\r\n"
    body = b"B" * 1400
    segments, at = [], 0
    for n in range(6):
        for part in (head.replace(b"one", b"%03d" % n), *[body] * 20):
            segments.append((0, at, part))
            at += len(part)
    out = read(frames.pcap(frames.conversation_frames(segments))).bytes_of(0)
    assert all(b"GET /%03d" % n in out for n in range(6))
    assert len(out) < 6 * 8192
