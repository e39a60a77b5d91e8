"""A stream of bytes in a box that only a passphrase or a key file opens, and that shows every change.

The form: a head, then chunks of 64 KiB, each sealed with AES-256-GCM (NIST SP 800-38D). The nonce of a chunk counts it
and says whether it is the last, so that chunks can be neither moved nor left out nor cut off (the STREAM construction:
Hoang, Reyhanitabar, Rogaway, Vizar, "Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", 2015).
"""

from __future__ import annotations

import hmac
import io
import secrets
import struct
from typing import IO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from asepsis.kernel.errors import AsepsisError
from asepsis.kernel.value import value

MAGIC: Final = b"ASEPSIS BOX 1\n"
CHUNK_BYTES: Final = 64 * 1024
TAG_BYTES: Final = 16
SALT_BYTES: Final = 16
CHECK_BYTES: Final = 16
PREFIX_BYTES: Final = 7
_HEAD: Final = struct.Struct(f">{len(MAGIC)}sBB{SALT_BYTES}s{PREFIX_BYTES}s{CHECK_BYTES}s")
_PASSPHRASE, _KEY_FILE = 1, 2
# RFC 7914: N = 2**17, r = 8, p = 1 take 128 MiB and about half a second, which is what OWASP asks of a passphrase.
SCRYPT_LOG_N: Final = 17
# The head is not trusted before it is checked: no more memory than 1 GiB is taken for its sake.
SCRYPT_LOG_N_MOST: Final = 20
_SCRYPT_R: Final = 8
_SCRYPT_P: Final = 1
# NIST SP 800-63B-4 asks for 15 signs where nothing else protects.
PASSPHRASE_SHORTEST: Final = 15
KEY_FILE_SHORTEST: Final = 32
KEY_FILE_LIMIT: Final = 64 * 1024


class BoxError(AsepsisError):
    """A box that cannot be made or opened."""


@value
class BoxKey:
    """What opens a box."""

    secret: bytes
    is_key_file: bool = False


def passphrase(text: str) -> BoxKey:
    """A passphrase as the key of a box.

    Raises:
        BoxError: It is shorter than 15 signs.
    """
    if len(text) < PASSPHRASE_SHORTEST:
        raise BoxError(
            f"the passphrase has fewer than {PASSPHRASE_SHORTEST} signs",
            code="box-passphrase",
            hint="Take several words. Whoever has the file can guess as often as they like.",
        )
    return BoxKey(secret=text.encode("utf-8", "surrogateescape"))


def key_file(content: bytes) -> BoxKey:
    """The content of a file of random bytes as the key of a box.

    Raises:
        BoxError: It is too short to be unguessable, or too long to be a key.
    """
    if not KEY_FILE_SHORTEST <= len(content) <= KEY_FILE_LIMIT:
        raise BoxError(
            f"a key file has from {KEY_FILE_SHORTEST} to {KEY_FILE_LIMIT} bytes",
            code="box-key-file",
            hint="Make one: head -c 32 /dev/urandom > backup.key",
        )
    return BoxKey(secret=content, is_key_file=True)


class BoxWriter(io.RawIOBase):
    """Seals what is written to it. ``finish`` makes it whole; without that it cannot be opened."""

    def __init__(self, target: IO[bytes], key: BoxKey, *, log_n: int = SCRYPT_LOG_N) -> None:
        self._target = target
        self._buffer = bytearray()
        self._count = 0
        self._finished = False
        salt, self._prefix = secrets.token_bytes(SALT_BYTES), secrets.token_bytes(PREFIX_BYTES)
        kind = _KEY_FILE if key.is_key_file else _PASSPHRASE
        chunk_key, check = _keys(key, salt, log_n)
        self._head = _HEAD.pack(MAGIC, kind, log_n, salt, self._prefix, check)
        self._cipher = AESGCM(chunk_key)
        target.write(self._head)

    def writable(self) -> bool:
        """True."""
        return True

    def write(self, content: object, /) -> int:
        """Takes bytes."""
        view = memoryview(content)  # type: ignore[arg-type]  # io's own signature names a private type
        self._buffer += view
        # One chunk is always held back, since only the end says which is the last.
        while len(self._buffer) > CHUNK_BYTES:
            self._seal(bytes(self._buffer[:CHUNK_BYTES]), last=False)
            del self._buffer[:CHUNK_BYTES]
        return len(view)

    def finish(self) -> None:
        """Writes the last chunk."""
        if not self._finished:
            self._finished = True
            self._seal(bytes(self._buffer), last=True)
            self._buffer.clear()

    def _seal(self, chunk: bytes, *, last: bool) -> None:
        self._target.write(self._cipher.encrypt(_nonce(self._prefix, self._count, last), chunk, self._head))
        self._count += 1


class BoxReader(io.RawIOBase):
    """Opens a box as it is read; nothing is given out that was not checked.

    Raises:
        BoxError: From the constructor, when it is no box, or not of this key; from ``read``, when it was changed.
    """

    def __init__(self, source: IO[bytes], key: BoxKey) -> None:
        self._source = source
        self._count = 0
        self._ended = False
        self._clear = memoryview(b"")
        self._head = source.read(_HEAD.size)
        if len(self._head) != _HEAD.size or not self._head.startswith(MAGIC):
            raise BoxError(
                "this is no backup of Asepsis", code="box-kind", hint="Name a file that asepsis backup made."
            )
        _, kind, log_n, salt, self._prefix, check = _HEAD.unpack(self._head)
        if kind != (_KEY_FILE if key.is_key_file else _PASSPHRASE):
            wanted = "a key file" if kind == _KEY_FILE else "a passphrase"
            raise BoxError(f"it was made with {wanted}", code="box-key", hint=f"Give {wanted}.")
        if log_n > SCRYPT_LOG_N_MOST:
            raise damaged()
        chunk_key, expected = _keys(key, salt, log_n)
        if not hmac.compare_digest(check, expected):
            raise BoxError(
                "the passphrase or key is not the one that it was made with",
                code="box-key",
                hint="Try again; without the right one nobody can read it.",
            )
        self._cipher = AESGCM(chunk_key)
        self._ahead = source.read(CHUNK_BYTES + TAG_BYTES)

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: object, /) -> int:
        """Fills ``buffer`` with what was sealed; 0 at the end."""
        if not self._clear and not self._ended:
            self._open()
        view = memoryview(buffer)  # type: ignore[arg-type]  # io's own signature names a private type
        count = min(len(view), len(self._clear))
        view[:count] = self._clear[:count]
        self._clear = self._clear[count:]
        return count

    def _open(self) -> None:
        sealed, self._ahead = self._ahead, self._source.read(CHUNK_BYTES + TAG_BYTES)
        last = not self._ahead
        try:
            clear = self._cipher.decrypt(_nonce(self._prefix, self._count, last), sealed, self._head)
        except InvalidTag as error:
            raise damaged() from error
        self._count += 1
        self._ended = last
        self._clear = memoryview(clear)


def damaged() -> BoxError:
    """What is said of a box that was changed or cut off."""
    return BoxError(
        "the backup is damaged: a part of it was changed, or is missing",
        code="box-damaged",
        hint="Take another backup. Nothing of this one was used.",
    )


def _nonce(prefix: bytes, count: int, last: bool) -> bytes:
    return prefix + struct.pack(">IB", count, last)


def _keys(key: BoxKey, salt: bytes, log_n: int) -> tuple[bytes, bytes]:
    """The key of the chunks, and a value that tells a wrong key from a damaged box."""
    if key.is_key_file:
        base = key.secret
    else:
        base = Scrypt(salt=salt, length=32, n=1 << log_n, r=_SCRYPT_R, p=_SCRYPT_P).derive(key.secret)
    derived = HKDF(hashes.SHA256(), 32 + CHECK_BYTES, salt=salt, info=b"asepsis box 1").derive(base)
    return derived[:32], derived[32:]
