"""How ISO/IEEE 11073's MDER writes values: big-endian numbers, lists with count and length, attributes."""

from __future__ import annotations

import struct


def u16(*numbers: int) -> bytes:
    """16-bit numbers."""
    return struct.pack(f">{len(numbers)}H", *numbers)


def u32(*numbers: int) -> bytes:
    """32-bit numbers."""
    return struct.pack(f">{len(numbers)}I", *numbers)


def octets(content: bytes) -> bytes:
    """Content behind its length."""
    return u16(len(content)) + content


def text(words: str) -> bytes:
    """A string of even length, ended by NUL."""
    content = words.encode() + b"\0"
    return octets(content + b"\0" * (len(content) % 2))


def listed(*entries: bytes) -> bytes:
    """A list: how many, how long, the entries."""
    return u16(len(entries)) + octets(b"".join(entries))


def attribute(identifier: int, content: bytes) -> bytes:
    """One attribute: number, length, value."""
    return u16(identifier) + octets(content)
