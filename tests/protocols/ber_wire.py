"""Writes BER (ITU-T X.690) for tests."""

from __future__ import annotations


def ber(tag: int, *contents: bytes) -> bytes:
    """One element; its length in the shortest form."""
    body = b"".join(contents)
    if len(body) < 128:
        return bytes((tag, len(body))) + body
    size = (len(body).bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + len(body).to_bytes(size, "big") + body


def number(value: int, tag: int = 2) -> bytes:
    """An INTEGER, or an ENUMERATED with tag 10."""
    return ber(tag, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def octets(text: bytes, tag: int = 4) -> bytes:
    """An OCTET STRING."""
    return ber(tag, text)


def sequence(*members: bytes) -> bytes:
    """A SEQUENCE."""
    return ber(0x30, *members)


def tagged(at: int, *contents: bytes) -> bytes:
    """A field with an explicit context tag."""
    return ber(0xA0 | at, *contents)
