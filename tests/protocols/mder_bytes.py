"""Makes bytes by the medical device encoding rules (IEEE 11073-20601 annex F), independent of the reader."""

from __future__ import annotations

import struct


def u16(*numbers: int) -> bytes:
    return struct.pack(f">{len(numbers)}H", *numbers)


def u32(*numbers: int) -> bytes:
    return struct.pack(f">{len(numbers)}I", *numbers)


def octets(content: bytes) -> bytes:
    """OCTET STRING or ANY."""
    return u16(len(content)) + content


def listed(*elements: bytes) -> bytes:
    """SEQUENCE OF: count, length, elements."""
    return u16(len(elements)) + octets(b"".join(elements))


def attribute(identifier: int, content: bytes) -> bytes:
    """AVA-Type."""
    return u16(identifier) + octets(content)


def string(text: str) -> bytes:
    """An OCTET STRING of text, padded to an even length as the standards ask."""
    content = text.encode()
    return octets(content + b"\0" * (len(content) % 2))
