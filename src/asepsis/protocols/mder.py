"""The medical device encoding rules (MDER, IEEE 11073-20601 annex F): big-endian integers, strings and lists by length.

Personal health devices and bedside monitors of the same family of standards write in them. In: bytes. Out: fields;
``MalformedError`` where a length runs over the end.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from asepsis.protocols.fields import MalformedError

# Attributes of one object that are read; the richest objects of a bedside monitor have some forty.
ATTRIBUTES_LIMIT = 128

_U16: Final = struct.Struct(">H")
_U32: Final = struct.Struct(">I")
_PAIR: Final = struct.Struct(">HH")


class Cursor:
    """Reads a stretch of bytes from its beginning to its end.

    Args:
        data: The bytes.
        at: Where to begin.
        end: Where to stop; the end of the bytes where it lies beyond.
        where: What is being read, for ``MalformedError``.
    """

    __slots__ = ("at", "data", "end", "where")

    def __init__(self, data: bytes, *, at: int = 0, end: int | None = None, where: str) -> None:
        self.data = data
        self.at = at
        self.end = len(data) if end is None else min(end, len(data))
        self.where = where

    @property
    def left(self) -> int:
        """How many bytes are still to come."""
        return self.end - self.at

    def skip(self, count: int) -> int:
        """Steps over some bytes; gives where they begin."""
        at = self.at
        if count > self.end - at:
            raise MalformedError(self.where, f"{count} bytes are needed and {self.end - at} left")
        self.at = at + count
        return at

    def u8(self) -> int:
        """INT-U8."""
        return self.data[self.skip(1)]

    def u16(self) -> int:
        """INT-U16, OID-Type, HANDLE."""
        at = self.skip(2)
        found: int = _U16.unpack_from(self.data, at)[0]
        return found

    def u32(self) -> int:
        """INT-U32, BITS-32, RelativeTime."""
        at = self.skip(4)
        found: int = _U32.unpack_from(self.data, at)[0]
        return found

    def take(self, count: int) -> bytes:
        """Some bytes."""
        at = self.skip(count)
        return self.data[at : self.at]

    def octets(self) -> bytes:
        """OCTET STRING or ANY: two bytes of length, then the content."""
        return self.take(self.u16())

    def inside(self, where: str) -> Cursor:
        """A cursor over an OCTET STRING or ANY, which is stepped over here."""
        length = self.u16()
        at = self.skip(length)
        return Cursor(self.data, at=at, end=at + length, where=where)

    def listed(self, where: str) -> tuple[int, Cursor]:
        """A SEQUENCE OF: the count of its elements, and a cursor over them; the list is stepped over here."""
        count = self.u16()
        return count, self.inside(where)

    def attributes(self, where: str) -> Iterator[tuple[int, Cursor]]:
        """An AttributeList: identifier and value of each attribute, at most ``ATTRIBUTES_LIMIT``."""
        count, inside = self.listed(where)
        for _ in range(min(count, ATTRIBUTES_LIMIT)):
            at = inside.skip(4)
            identifier, length = _PAIR.unpack_from(inside.data, at)
            value = inside.skip(length)
            yield identifier, Cursor(inside.data, at=value, end=value + length, where=where)
