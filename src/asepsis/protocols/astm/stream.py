"""Bytes of a conversation -> records: frames of ASTM E1381 (CLSI LIS01-A2), or records without frames.

A frame is ``STX, number, text, ETX or ETB, checksum, CR, LF`` (LIS01 6.3); a transmission is begun by ENQ and ended
by EOT. Forgiven, because it is seen: no checksum, no frame number, several records in one frame, LF for CR.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from asepsis.protocols.astm.messages import LisMessage
from asepsis.protocols.astm.records import Collected, begin, read_biomerieux, read_print_out
from asepsis.protocols.message import Malformed, Result

# A record that is held; results have some 100 bytes, histograms some 10 KiB. What is longer is no header, order or
# result, and its rest passes by.
RECORD_LIMIT = 64 * 1024
# A sender whose headers make no sense this often does not speak LIS02.
MALFORMED_LIMIT = 8

_STX, _ETX, _EOT, _ENQ, _ETB, _GS = 0x02, 0x03, 0x04, 0x05, 0x17, 0x1D
# STX, ETX, EOT, ENQ, ACK, NAK, ETB; and GS, which ends bioMérieux's records.
_CONTROLS: Final = re.compile(rb"[\x02-\x06\x15\x17\x1d]")
_RECORD_ENDS: Final = re.compile(rb"[\r\n]")
_HEADERS: Final = b"H"
_OWN: Final = b"\x1emt"


class _Side:
    """One direction: what of a record, a frame and a message was seen."""

    __slots__ = ("framed", "fresh", "inside", "lost", "malformed", "message", "passing", "record", "sum", "trailer")

    def __init__(self) -> None:
        self.framed = False
        self.inside = False  # between STX and ETX or ETB
        self.fresh = False  # the frame's number is still to come
        self.sum = 0
        self.trailer: bytes | None = None  # what came of the checksum; None where none is awaited
        self.record = bytearray()
        self.passing = False  # the rest of a record over the limit passes by
        self.lost = False  # inside a record whose beginning is missing
        self.message: Collected | None = None
        self.malformed = 0


class AstmStream:
    """A ``Stream`` of messages of analysers. Holds of each side one record of ``RECORD_LIMIT`` and its test codes."""

    __slots__ = ("_sides",)

    def __init__(self) -> None:
        self._sides = (_Side(), _Side())

    def feed(self, sender: int, data: bytes, *, gap: bool = False) -> Sequence[Result]:
        """Gives the messages that ended now."""
        side = self._sides[sender]
        out: list[Result] = []
        if gap:
            self._abandon(side, out)
            side.inside = False
            side.trailer = None
            side.lost = True
        if side.malformed >= MALFORMED_LIMIT:
            return out
        at = 0
        for control in _CONTROLS.finditer(data):
            start = control.start()
            if start > at:
                self._text(side, data[at:start], out)
            self._control(side, data[start], out)
            at = start + 1
        if at < len(data):
            self._text(side, data[at:] if at else data, out)
        return out

    def close(self) -> Sequence[Result]:
        """The messages whose end was not seen, as far as they came."""
        out: list[Result] = []
        for side in self._sides:
            self._abandon(side, out)
        return out

    def _control(self, side: _Side, control: int, out: list[Result]) -> None:
        if control == _STX:
            side.framed = side.inside = side.fresh = True
            side.sum = 0
            side.trailer = None
        elif control in (_ETX, _ETB):
            if side.inside:
                side.inside = False
                side.sum += control
                side.trailer = b""
                if control == _ETX:
                    self._end_record(side, out)
        elif control == _GS:
            if side.record.startswith(_OWN):
                self._end_record(side, out)
                side.lost = side.inside  # a checksum follows, which is no record
        elif control in (_ENQ, _EOT):
            self._abandon(side, out)
            side.inside = side.lost = False

    def _text(self, side: _Side, chunk: bytes, out: list[Result]) -> None:
        if side.framed and not side.inside:
            self._take_checksum(side, chunk)
            return
        if side.inside:
            side.sum += sum(chunk)
            if side.fresh:
                side.fresh = False
                if 0x30 <= chunk[0] <= 0x39:
                    chunk = chunk[1:]
                # A frame begins with a record, or goes on with one that the frame before left open.
                if side.lost and chunk[:1].isalpha() and not chunk[1:2].isalnum():
                    side.lost = False
        at = 0
        for end in _RECORD_ENDS.finditer(chunk):
            self._hold(side, chunk[at : end.start()])
            self._end_record(side, out)
            at = end.end()
        self._hold(side, chunk[at:])

    @staticmethod
    def _take_checksum(side: _Side, chunk: bytes) -> None:
        """Two hexadecimal digits: the sum from the frame's number to its end, modulo 256 (LIS01 6.3.3)."""
        if side.trailer is None:
            return
        side.trailer += chunk[: 2 - len(side.trailer)]
        if len(side.trailer) < 2 and chunk[-1:] not in (b"\r", b"\n"):
            return
        digits, side.trailer = side.trailer, None
        if digits[:1] not in (b"\r", b"\n") and digits.upper() != b"%02X" % (side.sum & 0xFF) and side.message:
            side.message.bad_checksums += 1

    @staticmethod
    def _hold(side: _Side, chunk: bytes) -> None:
        if side.lost or side.passing:
            return
        room = RECORD_LIMIT - len(side.record)
        side.record += chunk[:room]
        side.passing = len(chunk) > room

    def _end_record(self, side: _Side, out: list[Result]) -> None:
        record = bytes(side.record)
        side.record.clear()
        side.passing = side.lost = False
        if len(record) < 2:
            return
        if record[:3] == _OWN:
            out.append(read_biomerieux(record))
        elif record[:1] == _HEADERS and not record[1:2].isalnum():
            self._abandon(side, out)
            begun = begin(record)
            if isinstance(begun, Malformed):
                side.malformed += 1
                out.append(begun)
            else:
                side.message = begun
                side.malformed = 0
        elif side.message is not None:
            if side.message.add(record):
                out.append(side.message.message(complete=True))
                side.message = None
        elif record[0] <= 0x39 and (printed := read_print_out(record)) is not None:
            out.append(printed)

    def _abandon(self, side: _Side, out: list[Result]) -> None:
        """A message is over without its terminator."""
        side.record.clear()
        side.passing = False
        if side.message is not None:
            found: LisMessage = side.message.message(complete=False)
            out.append(found)
            side.message = None
