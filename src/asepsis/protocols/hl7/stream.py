"""MLLP (HL7 v2.9 appendix C.4; HL7 Minimal Lower Layer Protocol, release 1): bytes of a conversation -> blocks.

A block is ``VT message FS CR``. Forgiven, because it is seen: a missing CR, bytes between blocks, several blocks in
one segment, a block that begins before the last one ended.
"""

from __future__ import annotations

from collections.abc import Sequence

from asepsis.protocols.hl7.reading import read_block
from asepsis.protocols.message import Malformed, Result

START, END = b"\x0b", b"\x1c"
# The beginning of a block that is held and read. Messages have some kB; those with documents inside OBX-5 have MB,
# and what matters of them stands before.
BLOCK_LIMIT = 256 * 1024


class _Side:
    """One direction: nothing, or a block that has begun and not ended."""

    __slots__ = ("block", "inside", "passing")

    def __init__(self) -> None:
        self.inside = False
        self.passing = False  # the rest of a block over the limit passes by
        self.block = bytearray()


class Hl7Stream:
    """A ``Stream`` of HL7 v2 messages in MLLP blocks. Holds at most two blocks of ``BLOCK_LIMIT`` bytes."""

    def __init__(self) -> None:
        self._sides = (_Side(), _Side())

    def feed(self, sender: int, data: bytes, *, gap: bool = False) -> Sequence[Result]:
        """Takes the next bytes of one direction; see ``asepsis.protocols.message.Stream``."""
        side = self._sides[sender]
        if data[-2:] == b"\x1c\r" and data[:1] == START and not (side.inside or gap):
            block = data[1:-2]
            if END not in block and START not in block:  # one whole block: how nearly all arrive
                return read_block(block, complete=True)
        out: list[Result] = []
        if gap:
            self._lose(side, out)
        pos, end = 0, len(data)
        while pos < end:
            if not side.inside:
                pos = data.find(START, pos) + 1
                if not pos:
                    break
                side.inside = True
            # An end, or the start of the next block, whichever comes first.
            stop = data.find(END, pos)
            if stop < 0:
                stop = end
            again = data.find(START, pos, stop)
            if again >= 0:
                stop = again
            self._take(side, data[pos:stop], out)
            if stop == end:
                break
            self._finish(side, out, ended=again < 0)
            pos = stop if again >= 0 else stop + 1
        return out

    def close(self) -> Sequence[Result]:
        """The messages whose end was not seen, as far as they came."""
        out: list[Result] = []
        for side in self._sides:
            self._lose(side, out)
        return out

    def _take(self, side: _Side, data: bytes, out: list[Result]) -> None:
        if side.passing:
            return
        room = BLOCK_LIMIT - len(side.block)
        side.block += data[:room]
        if len(data) > room:
            out.extend(read_block(bytes(side.block), complete=False))
            why = f"longer than {BLOCK_LIMIT} bytes"
            out.append(Malformed(protocol="hl7", where="MLLP block", why=why))
            side.block = bytearray()
            side.passing = True

    def _finish(self, side: _Side, out: list[Result], *, ended: bool) -> None:
        """A block is over: by its end, or because the next one begins."""
        if not side.passing:
            block, side.block = bytes(side.block), bytearray()
            out.extend(read_block(block, complete=ended))
            if not ended:
                out.append(Malformed(protocol="hl7", where="MLLP block", why="another block begins before its end"))
        side.inside = side.passing = False

    def _lose(self, side: _Side, out: list[Result]) -> None:
        """Bytes are missing: tells what is certain of a block that has begun, which is all but its last segment."""
        if side.inside and not side.passing:
            out.extend(read_block(bytes(side.block), complete=False))
        side.block = bytearray()
        side.inside = side.passing = False
