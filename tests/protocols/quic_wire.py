"""Writes QUIC packets for tests, after RFC 9000 17.2 and RFC 9001 5, with HKDF as its own library has it."""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

VERSION_1_SALT = bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a")  # RFC 9001 5.2
VERSION_2_SALT = bytes.fromhex("0dede3def700a6db819381be6e269dcbf9bd2ed9")  # RFC 9369 3.3.1
VERSION_2 = 0x6B3343CF


def expand(secret: bytes, label: bytes, length: int) -> bytes:
    """HKDF-Expand-Label (RFC 8446 7.1)."""
    full = b"tls13 " + label
    info = length.to_bytes(2, "big") + bytes((len(full),)) + full + b"\0"
    return HKDFExpand(SHA256(), length, info).derive(secret)


def keys(version: int, connection_id: bytes, *, server: bool) -> tuple[bytes, bytes, bytes]:
    """Key, initial vector and header protection key."""
    extract = HMAC(VERSION_2_SALT if version == VERSION_2 else VERSION_1_SALT, SHA256())
    extract.update(connection_id)
    secret = expand(extract.finalize(), b"server in" if server else b"client in", 32)
    word = b"quicv2 " if version == VERSION_2 else b"quic "
    return expand(secret, word + b"key", 16), expand(secret, word + b"iv", 12), expand(secret, word + b"hp", 16)


def integer(number: int) -> bytes:
    """RFC 9000 16, in two or four bytes."""
    return (number | 0x4000).to_bytes(2, "big") if number < 0x4000 else (number | 0x8000_0000).to_bytes(4, "big")


def crypto(offset: int, octets: bytes) -> bytes:
    """RFC 9000 19.6."""
    return b"\x06" + integer(offset) + integer(len(octets)) + octets


def long_header(first: int, version: int, to: bytes, source: bytes) -> bytes:
    """RFC 9000 17.2."""
    return bytes((first,)) + version.to_bytes(4, "big") + bytes((len(to),)) + to + bytes((len(source),)) + source


def initial(
    frames: bytes,
    *,
    original: bytes,
    to: bytes | None = None,
    number: int = 0,
    version: int = 1,
    server: bool = False,
    source: bytes = b"\x55\x66",
) -> bytes:
    """A protected Initial packet (RFC 9000 17.2.2); ``original`` is the client's first destination id."""
    key, vector, header_key = keys(version, original, server=server)
    first = (0xD0 if version == VERSION_2 else 0xC0) | 1
    head = long_header(first, version, original if to is None else to, source) + b"\0"
    frames += bytes(max(0, 4 - len(frames)))
    head += integer(2 + len(frames) + 16) + number.to_bytes(2, "big")
    nonce = (int.from_bytes(vector, "big") ^ number).to_bytes(12, "big")
    sealed = AESGCM(key).encrypt(nonce, frames, head)
    mask = Cipher(AES(header_key), ECB()).encryptor().update(sealed[2:18])
    start = len(head) - 2
    return (
        bytes((head[0] ^ mask[0] & 15,))
        + head[1:start]
        + bytes((head[start] ^ mask[1], head[start + 1] ^ mask[2]))
        + sealed
    )
