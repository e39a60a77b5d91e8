"""Bytes of a conversation -> APDUs of IEEE 11073-20601, with what the device's configuration said of its objects.

An APDU says its own length (20601 A.8); over TCP one follows the other without more.
"""

from __future__ import annotations

from collections.abc import Sequence

from asepsis.protocols.message import Malformed, Result
from asepsis.protocols.phd.messages import DataMessage
from asepsis.protocols.phd.nomenclature import APDUS
from asepsis.protocols.phd.reading import ELEMENTS_LIMIT, HEADER_LENGTH_BYTES, read

# The header and the first field, which all have.
FEWEST_BYTES = HEADER_LENGTH_BYTES + 2
# A sender whose bytes make no sense this often does not speak 20601.
MALFORMED_LIMIT = 8


class _Side:
    __slots__ = ("is_lost", "malformed", "pending")

    def __init__(self) -> None:
        self.pending = bytearray()  # at most one APDU: 65,539 bytes
        self.is_lost = False
        self.malformed = 0


class PhdStream:
    """A ``Stream`` of APDUs. Holds at most one APDU of each side, and ``ELEMENTS_LIMIT`` handles."""

    __slots__ = ("_measures", "_sides")

    def __init__(self) -> None:
        self._sides = (_Side(), _Side())
        self._measures: dict[int, str] = {}

    def feed(self, sender: int, data: bytes, *, gap: bool = False) -> Sequence[Result]:
        """Gives the messages that are complete now."""
        side = self._sides[sender]
        if gap:
            side.pending.clear()
            side.is_lost = True
        if side.malformed == MALFORMED_LIMIT or not data:
            return ()
        if side.is_lost:
            # An APDU mostly begins a segment: the only boundary that can be found again.
            if not may_begin(data):
                return ()
            side.is_lost = False
        if not side.pending and may_begin(data) and _length(data) == len(data):
            results = self._read(side, data)  # one whole APDU: how nearly all arrive
        else:
            results = self._take(side, data)
        return results

    def close(self) -> Sequence[Result]:
        """Part of an APDU says nothing that can be trusted."""
        return ()

    def _take(self, side: _Side, data: bytes) -> list[Result]:
        results: list[Result] = []
        pending = side.pending
        pending += data
        at = 0
        while len(pending) - at >= FEWEST_BYTES and side.malformed < MALFORMED_LIMIT:
            head = bytes(pending[at : at + FEWEST_BYTES])
            if not may_begin(head):
                results.append(Malformed(protocol="phd", where="APDU", why="choice and lengths contradict each other"))
                side.malformed += 1
                side.is_lost = True
                at = len(pending)
                break
            length = _length(head)
            if len(pending) - at < length:
                break
            results += self._read(side, bytes(pending[at : at + length]))
            at += length
        del pending[: at if side.malformed < MALFORMED_LIMIT else len(pending)]
        return results

    def _read(self, side: _Side, apdu: bytes) -> list[Result]:
        results = list(read(apdu, self._measures))
        first = results[0]
        side.malformed = side.malformed + 1 if isinstance(first, Malformed) else 0
        if isinstance(first, DataMessage) and first.objects:
            for one in first.objects:
                if one.type and (len(self._measures) < ELEMENTS_LIMIT or one.handle in self._measures):
                    self._measures[one.handle] = one.type
        return results


def _length(data: bytes) -> int:
    """The whole length of the APDU that begins here."""
    return HEADER_LENGTH_BYTES + (data[2] << 8 | data[3])


def may_begin(data: bytes) -> bool:
    """Whether bytes look like the beginning of an APDU."""
    if len(data) < FEWEST_BYTES or data[0] << 8 | data[1] not in APDUS:
        return False
    length = data[2] << 8 | data[3]
    if 0xE4 <= data[0] <= 0xE6:
        return length == 2
    return length >= 6 and (data[0] != 0xE7 or data[4] << 8 | data[5] == length - 2)
