"""Basic Encoding Rules (ITU-T X.690) as far as SNMP, LDAP and Kerberos use them: tags of one byte, definite lengths.

Raises ``MalformedError`` within the package only.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from asepsis.protocols.fields import MalformedError

INTEGER, OCTET_STRING, NULL, OBJECT_IDENTIFIER, SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30

# RFC 2578 3.5: at most 128 arcs of at most 32 bits, five bytes each.
OBJECT_IDENTIFIER_LIMIT_BYTES = 128 * 5
ARCS_LIMIT = 128
# A length of more bytes than these would not fit a datagram many times over.
LENGTH_OF_LENGTH_LIMIT = 4
# SNMP's largest number is a Counter64: eight bytes and a sign.
INTEGER_LIMIT_BYTES = 9
# A site polls some hundred objects of each of some hundred tables; 4,096 short identifiers are about 1 MiB.
REMEMBERED_IDENTIFIERS = 4096


def element(octets: bytes, at: int, end: int) -> tuple[int, int, int]:
    """Reads identifier and length of the element at an offset (X.690 8.1).

    Returns:
        Its tag, where its contents begin, and where they end.

    Raises:
        MalformedError: It runs over ``end``, or is of a form that SNMP does not have.
    """
    if at + 2 > end:
        raise MalformedError("BER element", "it runs over the end")
    tag, length = octets[at], octets[at + 1]
    at += 2
    if length >= 0x80:
        size = length & 0x7F
        if not 1 <= size <= LENGTH_OF_LENGTH_LIMIT or at + size > end:
            raise MalformedError("BER length", "indefinite, too long, or cut")
        length = int.from_bytes(octets[at : at + size], "big")
        at += size
    if at + length > end:
        raise MalformedError("BER element", f"{length} bytes said, {end - at} left")
    return tag, at, at + length


def expect(octets: bytes, at: int, end: int, tag: int, where: str) -> tuple[int, int]:
    """Reads an element that must have a tag; gives where its contents begin and end.

    Raises:
        MalformedError: It is another element, or none; ``where`` names what was expected.
    """
    # Nearly every element of SNMP is short and right: this is what reading it costs most.
    start = at + 2
    if start <= end and octets[at] == tag and octets[at + 1] < 0x80 and (stop := start + octets[at + 1]) <= end:
        return start, stop
    found, start, stop = element(octets, at, end)
    if found != tag:
        raise MalformedError(where, f"tag {found:#04x} instead of {tag:#04x}")
    return start, stop


def members(octets: bytes, at: int, end: int, *, limit: int) -> Iterator[tuple[int, int, int]]:
    """The elements that stand side by side in ``octets[at:end]``, at most ``limit``: tag, start and end of contents.

    Raises:
        MalformedError: One of them runs over the end.
    """
    for _ in range(limit):
        if at >= end:
            return
        tag, start, at = element(octets, at, end)
        yield tag, start, at


def integer(octets: bytes, at: int, end: int, where: str, *, signed: bool = True) -> tuple[int, int]:
    """Reads an INTEGER; gives it and the offset behind it.

    With ``signed=False``, for a field that is never negative, the top bit is part of the number: some agents leave
    out the zero byte that X.690 8.3 demands in front of it.

    Raises:
        MalformedError: It is none, or longer than any that SNMP has.
    """
    if at + 3 <= end and octets[at] == INTEGER and octets[at + 1] == 1 and octets[at + 2] < 0x80:
        return octets[at + 2], at + 3
    start, stop = expect(octets, at, end, INTEGER, where)
    if not 1 <= stop - start <= INTEGER_LIMIT_BYTES:
        raise MalformedError(where, f"an INTEGER of {stop - start} bytes")
    return int.from_bytes(octets[start:stop], "big", signed=signed), stop


def dotted(contents: bytes) -> str:
    """The text of an OBJECT IDENTIFIER's contents, ``1.3.6.1``; arcs beyond ``ARCS_LIMIT`` are left out."""
    return _dotted(contents[:OBJECT_IDENTIFIER_LIMIT_BYTES])


@lru_cache(maxsize=REMEMBERED_IDENTIFIERS)
def _dotted(contents: bytes) -> str:
    # X.690 8.19: the first subidentifier holds two arcs.
    arcs: list[int] = []
    arc = 0
    for octet in contents:
        # Arcs have at most 32 bits here (RFC 2578 3.5): what is longer wraps instead of growing without bound.
        arc = (arc << 7 | octet & 0x7F) & 0xFFFFFFFF
        if octet < 0x80:
            if not arcs:
                first = min(arc // 40, 2)
                arcs.append(first)
                arc -= 40 * first
            arcs.append(arc)
            arc = 0
        if len(arcs) >= ARCS_LIMIT:
            break
    return ".".join(map(str, arcs))


def contents_of(identifier: str) -> bytes:
    """The contents of an OBJECT IDENTIFIER out of its text: for tables of known objects."""
    first, second, *others = (int(arc) for arc in identifier.split("."))
    octets = bytearray()
    for arc in (first * 40 + second, *others):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(arc & 0x7F | 0x80)
        octets += bytes(reversed(groups))
    return bytes(octets)
