"""Puts the disordered segments of one TCP conversation back in order. Pure Python: disorder is rare.

The kernels pass segments through untouched once one of them came too early. Here they wait until the hole
before them is filled, or until so much waits that the hole is taken for a loss of the capture.
"""

from __future__ import annotations

from bisect import insort

# A sender's window in flight behind one lost segment is some 64 KiB on a ward's network; with this much waiting
# the missing bytes were not captured and will not come.
HELD_BYTES = 128 * 1024
HELD_SEGMENTS = 96

_HALF = 0x80000000
_MASK = 0xFFFFFFFF


class Direction:
    """The bytes of one direction: what is next, and what waits."""

    __slots__ = ("following", "held", "held_bytes")

    def __init__(self, following: int | None) -> None:
        self.following = following
        """Next sequence number in order, or None before the first segment."""
        self.held: list[tuple[int, int, bytes]] = []
        """(distance from an anchor, arrival, data) in stream order; see ``push``."""
        self.held_bytes = 0

    def push(self, sequence: int, data: bytes, arrival: int) -> list[tuple[bytes, bool]]:
        """Takes a segment; returns the bytes that are now in order, each with "bytes before it are missing"."""
        if self.following is None:
            self.following = sequence
        ahead = (sequence - self.following) & _MASK
        if ahead >= _HALF:
            behind = _MASK + 1 - ahead
            if behind >= len(data):
                return []
            data = data[behind:]
            ahead = 0
        if ahead == 0:
            out = [(data, False)]
            self._advance(len(data))
            self._take_ready(out)
            return out
        insort(self.held, (ahead, arrival, data))
        self.held_bytes += len(data)
        if self.held_bytes > HELD_BYTES or len(self.held) > HELD_SEGMENTS:
            return self.skip_hole()
        return []

    def _advance(self, count: int) -> None:
        """Moves on by ``count`` bytes; what waits comes so much nearer."""
        assert self.following is not None
        self.following = (self.following + count) & _MASK
        if self.held and count:
            self.held = [(distance - count, arrival, data) for distance, arrival, data in self.held]

    def _take_ready(self, out: list[tuple[bytes, bool]], *, gap: bool = False) -> None:
        """Appends the held bytes that have become in order."""
        while self.held and self.held[0][0] <= 0:
            distance, _, data = self.held.pop(0)
            self.held_bytes -= len(data)
            if -distance >= len(data):
                continue
            data = data[-distance:]
            out.append((data, gap))
            gap = False
            self._advance(len(data))

    def skip_hole(self) -> list[tuple[bytes, bool]]:
        """Gives the hole up: what waits behind it goes on, marked as after a gap."""
        out: list[tuple[bytes, bool]] = []
        if self.held:
            self._advance(self.held[0][0])
            self._take_ready(out, gap=True)
        return out


class Reorder:
    """Both directions of a disordered conversation; index 0 and 1 are senders as in ``PAYLOADS``."""

    __slots__ = ("arrivals", "directions")

    def __init__(self, following: tuple[int | None, int | None]) -> None:
        self.directions = (Direction(following[0]), Direction(following[1]))
        self.arrivals = 0

    def push(self, sender: int, sequence: int, data: bytes) -> list[tuple[bytes, bool]]:
        """Takes a segment of ``sender``; returns what is in order now, with its gap marks."""
        self.arrivals += 1
        return self.directions[sender].push(sequence, data, self.arrivals)

    @property
    def in_order(self) -> bool:
        """True when nothing waits, so that the kernels may take the conversation back."""
        return not self.directions[0].held and not self.directions[1].held

    def flush(self) -> list[tuple[int, bytes, bool]]:
        """The conversation is over: gives up every hole; returns (sender, data, gap)."""
        out = []
        for sender, direction in enumerate(self.directions):
            while direction.held:
                out += [(sender, data, gap) for data, gap in direction.skip_hole()]
        return out
