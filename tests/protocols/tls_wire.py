"""Writes the messages of TLS for tests, field by field after RFC 8446 and RFC 5246."""

from __future__ import annotations

import struct
from collections.abc import Sequence

GREASE = 0x2A2A


def u16(*values: int) -> bytes:
    return struct.pack(f">{len(values)}H", *values)


def u24(value: int) -> bytes:
    return value.to_bytes(3, "big")


def extension(kind: int, body: bytes = b"") -> bytes:
    """RFC 8446 4.2."""
    return u16(kind, len(body)) + body


def server_name(name: bytes, *, kind: int = 0) -> bytes:
    """RFC 6066 3."""
    return extension(0, u16(len(name) + 3) + bytes((kind,)) + u16(len(name)) + name)


def alpn(*protocols: bytes) -> bytes:
    """RFC 7301 3.1."""
    listed = b"".join(bytes((len(protocol),)) + protocol for protocol in protocols)
    return extension(16, u16(len(listed)) + listed)


def supported_versions(*versions: int) -> bytes:
    """RFC 8446 4.2.1, of a client."""
    return extension(43, bytes((2 * len(versions),)) + u16(*versions))


def signature_algorithms(*algorithms: int) -> bytes:
    """RFC 8446 4.2.3."""
    return extension(13, u16(2 * len(algorithms), *algorithms))


def client_hello(
    ciphers: Sequence[int], extensions: Sequence[bytes] | None, *, version: int = 0x0303, session: bytes = b""
) -> bytes:
    """RFC 8446 4.1.2, with its handshake header; without extensions at all for None."""
    body = u16(version) + bytes(32) + bytes((len(session),)) + session + u16(2 * len(ciphers), *ciphers) + b"\x01\x00"
    if extensions is not None:
        joined = b"".join(extensions)
        body += u16(len(joined)) + joined
    return handshake(1, body)


def server_hello(
    cipher: int, extensions: Sequence[bytes] | None, *, version: int = 0x0303, random: bytes = bytes(32)
) -> bytes:
    """RFC 8446 4.1.3, with its handshake header."""
    body = u16(version) + random + b"\x00" + u16(cipher) + b"\x00"
    if extensions is not None:
        joined = b"".join(extensions)
        body += u16(len(joined)) + joined
    return handshake(2, body)


def certificate(*chain: bytes) -> bytes:
    """RFC 5246 7.4.2."""
    listed = b"".join(u24(len(der)) + der for der in chain)
    return handshake(11, u24(len(listed)) + listed)


def handshake(kind: int, body: bytes) -> bytes:
    """RFC 8446 4."""
    return bytes((kind,)) + u24(len(body)) + body


def record(kind: int, body: bytes, *, version: int = 0x0303) -> bytes:
    """RFC 8446 5.1."""
    return bytes((kind,)) + u16(version, len(body)) + body


def records(kind: int, body: bytes, size: int) -> bytes:
    """``body`` over several records of ``size`` bytes."""
    return b"".join(record(kind, body[at : at + size]) for at in range(0, len(body), size))
