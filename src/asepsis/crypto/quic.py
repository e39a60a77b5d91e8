"""QUIC's Initial protection (RFC 9001 5.2, RFC 9369 3.3): a packet and its connection id in, its frames out.

The keys follow from a published salt and from an id that the packet itself carries: this hides nothing from anybody
on the path, it keeps middleboxes from depending on what they see. Nothing else of QUIC can be read from outside.
"""

from __future__ import annotations

import hmac
from functools import lru_cache
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

# RFC 9001 5.4.2: the sample begins four bytes behind the start of the packet number, and has sixteen.
_SAMPLE_AT = 4
_SAMPLE_BYTES = 16
_TAG_BYTES = 16
# The keys of a conversation are asked for with each of its three or four Initial packets; 256 are 200 KB.
REMEMBERED_KEYS = 256

_DRAFT_22 = bytes.fromhex("7fbcdb0e7c66bbe9193a96cd21519ebd7a02644a")
_DRAFT_23 = bytes.fromhex("c3eef712c72ebb5a11a7d2432bb46365bef9f502")
_DRAFT_29 = bytes.fromhex("afbfec289993d24c9e9786f19c6111e04390a899")
_VERSION_1 = bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a")
_DRAFT_OF_VERSION_2 = bytes.fromhex("a707c203a59b47184a1d62ca570406ea7ae3e5d3")
_VERSION_2 = bytes.fromhex("0dede3def700a6db819381be6e269dcbf9bd2ed9")

VERSION_2 = 0x6B3343CF
DRAFT_OF_VERSION_2 = 0x709A50C4
# Facebook's mvfst: version 22 and 27 of the drafts under numbers of its own.
MVFST = {0xFACEB001: 22, 0xFACEB002: 27, 0xFACEB00E: 27}


@lru_cache(maxsize=64)
def salt_of(version: int) -> bytes | None:
    """The published salt of a version of QUIC, or None where it is not known."""
    if version == 1:
        return _VERSION_1
    if version == VERSION_2:
        return _VERSION_2
    if version == DRAFT_OF_VERSION_2:
        return _DRAFT_OF_VERSION_2
    draft = MVFST.get(version, version & 0xFF if version >> 8 == 0xFF0000 else 0)
    if not 22 <= draft <= 34:
        return None
    return _DRAFT_22 if draft == 22 else _DRAFT_23 if draft < 29 else _DRAFT_29 if draft < 33 else _VERSION_1


class _Keys(NamedTuple):
    packets: AESGCM
    initial_vector: int
    header: Cipher[ECB]


def _expand(secret: bytes, label: bytes, length: int) -> bytes:
    # HKDF-Expand-Label (RFC 8446 7.1) of at most one block of SHA-256, so that one HMAC is all of it (RFC 5869 2.3).
    full = b"tls13 " + label
    return hmac.digest(secret, length.to_bytes(2, "big") + bytes((len(full),)) + full + b"\0\1", "sha256")[:length]


@lru_cache(maxsize=REMEMBERED_KEYS)
def _keys(version: int, connection_id: bytes, *, of_server: bool) -> _Keys | None:
    salt = salt_of(version)
    if salt is None:
        return None
    initial = hmac.digest(salt, connection_id, "sha256")
    secret = _expand(initial, b"server in" if of_server else b"client in", 32)
    # RFC 9369 3.3.2: version 2 has labels of its own.
    word = b"quicv2 " if version in (VERSION_2, DRAFT_OF_VERSION_2) else b"quic "
    return _Keys(
        packets=AESGCM(_expand(secret, word + b"key", 16)),
        initial_vector=int.from_bytes(_expand(secret, word + b"iv", 12), "big"),
        # RFC 9001 5.4.3 masks headers with single AES blocks; this is no use of ECB for data.
        header=Cipher(AES(_expand(secret, word + b"hp", 16)), ECB()),  # noqa: S305  # the standard demands it
    )


def open_initial(packet: bytes, number_at: int, *, version: int, connection_id: bytes, of_server: bool) -> bytes | None:
    """Removes the protection of one Initial packet.

    Args:
        packet: The packet from its first byte to the end of its Length, nothing behind.
        number_at: Where the protected packet number begins.
        version: The version in its header.
        connection_id: The destination connection id of the client's first Initial packet, at most 20 bytes.
        of_server: The server sent it.

    Returns:
        Its frames; None when the keys do not open it.
    """
    keys = _keys(version, connection_id, of_server=of_server)
    sample = packet[number_at + _SAMPLE_AT : number_at + _SAMPLE_AT + _SAMPLE_BYTES]
    if keys is None or len(sample) < _SAMPLE_BYTES:
        return None
    mask = keys.header.encryptor().update(sample)
    first = packet[0] ^ mask[0] & 0x0F
    body = number_at + 1 + (first & 3)
    if len(packet) - body < _TAG_BYTES:
        return None
    number = int.from_bytes(packet[number_at:body], "big") ^ int.from_bytes(mask[1 : 1 + body - number_at], "big")
    head = bytes((first,)) + packet[1:number_at] + number.to_bytes(body - number_at, "big")
    # RFC 9000 A.3: the first packets' numbers are small, so that their lowest bytes are all of them.
    nonce = (keys.initial_vector ^ number).to_bytes(12, "big")
    try:
        return keys.packets.decrypt(nonce, packet[body:], head)
    except InvalidTag:
        return None
