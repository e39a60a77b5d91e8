"""Fields that many binary protocols share: addresses and short texts out of bytes, and facts out of members.

A function of a field takes exactly the field's bytes; none raises on any content.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final

from asepsis.kernel.address import ip_text, mac_text
from asepsis.protocols.masking import TEXT_LIMIT, printable

# Some ten thousand addresses and names are at a site at a time; 2**14 short fields are about 3 MiB. A field is cut
# to its limit before it is remembered.
REMEMBERED_FIELDS = 1 << 14
# Identifiers longer than this are cut: 64 bytes are 128 hexadecimal digits.
IDENTIFIER_LIMIT_BYTES = 64
# RFC 1035 2.3.4: a domain name has at most 255 octets.
NAME_LIMIT_BYTES = 255

_PADDING: Final = b"\0 \t\r\n"


class MalformedError(Exception):
    """Ends the reading of a message from within; the module's entry turns it into ``Malformed``.

    Args:
        where: The field or structure, in the standard's words.
        why: What is wrong with it.
    """

    def __init__(self, where: str, why: str) -> None:
        super().__init__(where, why)
        self.where = where
        self.why = why


def text(octets: bytes) -> str:
    """Printable text without the NULs and blanks that many devices pad with; bounded as ``masking.printable`` is."""
    return printable(octets[:TEXT_LIMIT].strip(_PADDING))


def text_or_hex(octets: bytes) -> str:
    """Printable ASCII as it is, without padding; anything else in hexadecimal digits."""
    return _text_or_hex(octets[:IDENTIFIER_LIMIT_BYTES])


@lru_cache(maxsize=REMEMBERED_FIELDS)
def _text_or_hex(octets: bytes) -> str:
    stripped = octets.strip(_PADDING)
    if stripped.isascii():
        decoded = stripped.decode("ascii")
        if decoded.isprintable():
            return decoded
    return octets.hex()


def mac(octets: bytes) -> str:
    """Six bytes as text; an empty text for any other length and for all zeros."""
    return _mac(octets) if len(octets) == 6 else ""


@lru_cache(maxsize=REMEMBERED_FIELDS)
def _mac(octets: bytes) -> str:
    return mac_text(int.from_bytes(octets, "big")) if any(octets) else ""


def ip(octets: bytes) -> str:
    """An IPv4 or IPv6 address by its length, 4 or 16; an empty text for any other length and for all zeros."""
    return _ip(octets) if len(octets) in (4, 16) else ""


@lru_cache(maxsize=REMEMBERED_FIELDS)
def _ip(octets: bytes) -> str:
    if not any(octets):
        return ""
    if len(octets) == 4:
        return ip_text(4, 0, int.from_bytes(octets, "big"))
    return ip_text(6, int.from_bytes(octets[:8], "big"), int.from_bytes(octets[8:], "big"))


def wire_name(octets: bytes) -> str:
    """A domain name in wire format without compression (RFC 1035 3.1), as far as it is whole."""
    labels, at = [], 0
    while at < len(octets) and 0 < octets[at] < 64 and at < NAME_LIMIT_BYTES:
        labels.append(octets[at + 1 : at + 1 + octets[at]])
        at += 1 + octets[at]
    return text(b".".join(labels))


def facts_of(message_class: type, *, without: Collection[str] = ()) -> Callable[[object], dict[str, Any]]:
    """Makes the ``facts`` of a ``@value`` class with two members or more.

    The function that comes back takes a message and gives the members that say something (not zero, not false,
    not empty) by name, but those named in ``without``.
    """
    slots: tuple[str, ...] = vars(message_class)["__slots__"]
    names = [name for name in slots if name not in without]
    members = attrgetter(*names)

    def facts(message: object) -> dict[str, Any]:
        return {name: member for name, member in zip(names, members(message), strict=True) if member}

    return facts
