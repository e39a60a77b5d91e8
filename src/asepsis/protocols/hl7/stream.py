"""MLLP (HL7 v2.9 appendix C.4; HL7 Minimal Lower Layer Protocol, release 1): bytes of a conversation -> blocks.

A block is ``VT message FS CR``. Forgiven, because it is seen: a missing CR, bytes between blocks, several blocks in
one segment, a block that begins before the last one ended, and messages without any blocks, one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence

from asepsis.protocols.hl7.reading import HEADERS, read_block
from asepsis.protocols.message import Malformed, Result

START, END = b"\x0b", b"\x1c"
# The beginning of a block that is held and read. Messages have some kB; those with documents inside OBX-5 have MB,
# and what matters of them stands before.
BLOCK_LIMIT = 256 * 1024

_BARE_STARTS = frozenset(name.encode() for name in HEADERS)
_NAME_SIZE = 3
_NEXT_BARE = b"\rMSH"


class _Side:
    """One direction: nothing, or a block that has begun and not ended."""

    __slots__ = ("bare", "block", "fresh", "inside", "passing", "searched")

    def __init__(self) -> None:
        self.block = bytearray()
        self.begin()

    def begin(self) -> None:
        """Nothing was seen yet, or bytes were lost."""
        self.block.clear()
        self.fresh = True  # a message without a block may begin here
        self.inside = False
        self.bare = False  # inside a message without a block
        self.passing = False  # the rest of a block over the limit passes by
        self.searched = 0  # so far a bare block was searched for the next message


class Hl7Stream:
    """A ``Stream`` of HL7 v2 messages in MLLP blocks. Holds at most two blocks of ``BLOCK_LIMIT`` bytes."""

    def __init__(self) -> None:
        self._sides = (_Side(), _Side())

    def feed(self, sender: int, data: bytes, *, gap: bool = False) -> Sequence[Result]:
        """Takes the next bytes of one direction; see ``asepsis.protocols.message.Stream``."""
        side = self._sides[sender]
        if data[-2:] == b"\x1c\r" and data[:1] == START and not (side.inside or side.block or gap):
            block = data[1:-2]
            if END not in block and START not in block:  # one whole block: how nearly all arrive
                side.fresh = False
                return read_block(block, complete=True)
        out: list[Result] = []
        if gap:
            self._lose(side, out)
        if side.fresh:
            data = bytes(side.block) + data
            side.block.clear()
            if len(data) < _NAME_SIZE and any(name.startswith(data) for name in _BARE_STARTS):
                side.block += data
                return out
            side.fresh = False
            side.inside = side.bare = data[:_NAME_SIZE] in _BARE_STARTS
        self._read(side, data, out)
        return out

    def close(self) -> Sequence[Result]:
        """The messages whose end was not seen, as far as they came."""
        out: list[Result] = []
        for side in self._sides:
            self._lose(side, out)
        return out

    def _read(self, side: _Side, data: bytes, out: list[Result]) -> None:
        pos, end = 0, len(data)
        while pos < end:
            if not side.inside:
                pos = data.find(START, pos) + 1
                if not pos:
                    return
                side.inside = True
            # An end, or the start of the next block, whichever comes first.
            stop = data.find(END, pos)
            if stop < 0:
                stop = end
            again = data.find(START, pos, stop)
            if again >= 0:
                stop = again
            (self._take_bare if side.bare else self._take)(side, data[pos:stop], out)
            if stop == end:
                return
            if side.inside:
                self._finish(side, out, ended=again < 0 or side.bare)
            pos = stop if again >= 0 else stop + 1

    def _take(self, side: _Side, data: bytes, out: list[Result]) -> None:
        """More of a block."""
        if side.passing:
            return
        room = BLOCK_LIMIT - len(side.block)
        side.block += data[:room]
        if len(data) > room:
            self._tell_too_long(side, out)
            side.passing = True

    def _take_bare(self, side: _Side, data: bytes, out: list[Result]) -> None:
        """More of messages without a block: one is over where the next begins."""
        pos = 0
        while pos < len(data):
            room = BLOCK_LIMIT - len(side.block)
            side.block += data[pos : pos + room]
            pos += room
            while (place := side.block.find(_NEXT_BARE, side.searched)) >= 0:
                out.extend(read_block(bytes(side.block[:place]), complete=True))
                del side.block[: place + 1]
                side.searched = 0
            side.searched = max(len(side.block) - len(_NEXT_BARE) + 1, 0)
            if len(side.block) == BLOCK_LIMIT:
                self._tell_too_long(side, out)
                side.inside = side.bare = False
                return

    def _tell_too_long(self, side: _Side, out: list[Result]) -> None:
        out.extend(read_block(bytes(side.block), complete=False))
        out.append(Malformed(protocol="hl7", where="MLLP block", why=f"longer than {BLOCK_LIMIT} bytes"))
        side.block.clear()
        side.searched = 0

    def _finish(self, side: _Side, out: list[Result], *, ended: bool) -> None:
        """A block is over: by its end, or because the next one begins."""
        if not side.passing:
            out.extend(read_block(bytes(side.block), complete=ended))
            if not ended:
                out.append(Malformed(protocol="hl7", where="MLLP block", why="another block begins before its end"))
        side.begin()
        side.fresh = False

    def _lose(self, side: _Side, out: list[Result]) -> None:
        """Bytes are missing: tells what is certain of a block that has begun, which is all but its last segment."""
        if side.inside and not side.passing:
            out.extend(read_block(bytes(side.block), complete=False))
        side.begin()
