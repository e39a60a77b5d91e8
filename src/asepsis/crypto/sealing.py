"""Sealing with a key of one's own: AES-256-GCM (NIST SP 800-38D), a random nonce before each sealed text."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from asepsis.crypto.signing import KeyFileError, secret_file

KEY_BYTES: Final = 32
# SP 800-38D 8.3: with random nonces of 96 bits, one key seals at most 2**32 texts.
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
OVERHEAD_BYTES: Final = NONCE_BYTES + TAG_BYTES


class SealingKey:
    """A symmetric key that seals and opens."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, text: bytes, context: bytes) -> bytes:
        """Seals ``text``; it opens only with the same ``context``, which is not part of what is sealed."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, text, context)

    def open(self, sealed: bytes, context: bytes) -> bytes | None:
        """What was sealed, or None where the bytes, the context or the key are not those of the sealing."""
        if len(sealed) < OVERHEAD_BYTES:
            return None
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context)
        except InvalidTag:
            return None


def sealing_key_file(path: Path) -> SealingKey:
    """Reads the key of a file, or makes the file with a new key where there is none.

    Raises:
        KeyFileError: It holds no such key, others may read it, or it cannot be read or made.
    """
    content = secret_file(path, lambda: secrets.token_bytes(KEY_BYTES))
    if len(content) != KEY_BYTES:
        raise KeyFileError(
            f"{path} holds no key of {KEY_BYTES} bytes",
            code="key-damaged",
            hint="Restore it from a backup. What was sealed with it cannot be opened with another.",
        )
    return SealingKey(content)
