"""Fields that many binary protocols share: addresses and short texts out of bytes, and facts out of members.

A function of a field takes exactly the field's bytes; none raises on any content.
"""

from __future__ import annotations

from typing import Any

from asepsis.kernel.address import ip_text, mac_text
from asepsis.protocols.masking import printable


def text(octets: bytes) -> str:
    """Printable text without the NULs and blanks that many devices pad with; bounded as ``masking.printable`` is."""
    return printable(octets.strip(b"\0 \t\r\n"))


def text_or_hex(octets: bytes) -> str:
    """Text where all of it is printable, else hexadecimal digits, two a byte; 64 bytes at most."""
    stripped = octets[:64].strip(b"\0 \t\r\n")
    if stripped.isascii() and stripped.decode("ascii").isprintable():
        return stripped.decode("ascii")
    return octets[:64].hex()


def mac(octets: bytes) -> str:
    """Six bytes as text; an empty text for any other length and for all zeros."""
    number = int.from_bytes(octets, "big")
    return mac_text(number) if len(octets) == 6 and number else ""


def ip(octets: bytes) -> str:
    """An IPv4 or IPv6 address by its length, 4 or 16; an empty text for any other length and for all zeros."""
    if len(octets) == 4:
        number = int.from_bytes(octets, "big")
        return ip_text(4, 0, number) if number else ""
    if len(octets) == 16:
        high, low = int.from_bytes(octets[:8], "big"), int.from_bytes(octets[8:], "big")
        return ip_text(6, high, low) if high or low else ""
    return ""


def members(message_class: type) -> tuple[str, ...]:
    """The names of the members of a ``@value`` class, in the order of their definition."""
    names: tuple[str, ...] = vars(message_class)["__slots__"]
    return names


def present(message: object, names: tuple[str, ...]) -> dict[str, Any]:
    """Those members that say something, as ``Message.facts`` wants them: not zero, not false, not empty."""
    return {name: member for name in names if (member := getattr(message, name))}
