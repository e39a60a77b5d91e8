"""Frames whose first bytes say how long they are, in any pieces."""

from __future__ import annotations

import pytest

from asepsis.protocols.framing import Frames, Held

# Made by hand: each frame is a length that counts itself, then that many bytes less one. No frame begins with 0xFF.
WHOLE = b"\x03ab\x01\x05cdef"


def size_of(data: bytes, at: int) -> int:
    if len(data) - at < 1:
        return 0
    return -1 if data[at] == 0xFF else data[at]


def taken(frames: Frames, *pieces: bytes) -> list[bytes]:
    return [frame for piece in pieces for frame in frames.take(piece, size_of, gap=False)]


@pytest.mark.parametrize("step", range(1, len(WHOLE) + 1))
def test_frames_are_the_same_in_pieces_of_any_size(step: int) -> None:
    pieces = [WHOLE[at : at + step] for at in range(0, len(WHOLE), step)]
    assert taken(Frames(), *pieces) == [b"\x03ab", b"\x01", b"\x05cdef"]


def test_what_is_no_frame_loses_the_direction_until_a_gap() -> None:
    frames = Frames()
    assert taken(frames, b"\x01\xff\x01") == [b"\x01"]
    assert frames.is_lost
    assert taken(frames, WHOLE) == []
    assert frames.take(b"\x02a", size_of, gap=True) == [b"\x02a"]
    assert not frames.is_lost


def test_half_a_frame_before_a_gap_is_dropped() -> None:
    frames = Frames()
    assert taken(frames, b"\x09half") == []
    assert frames.take(b"\x02a", size_of, gap=True) == [b"\x02a"]


def test_what_is_held_is_put_together_once_it_is_enough() -> None:
    held = Held()
    held.keep(b"xab", 1, 4)
    assert held.join(b"c") == b""
    assert held.join(b"d") == b"abcd"
    assert held.join(b"e") == b"e"


def test_what_passes_by_is_counted_off() -> None:
    held = Held()
    held.skip = 5
    assert (held.pass_by(3), held.pass_by(3), held.pass_by(3)) == (3, 2, 0)
