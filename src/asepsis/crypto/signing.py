"""Ed25519 keys (RFC 8032): made once, kept in a file that only its owner may read, used to sign and to verify."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from asepsis.kernel.errors import AsepsisError

# Nobody but the owner reads a key; whoever can write the file can replace the key.
KEY_FILE_MODE: Final = 0o600
# A PEM file of an Ed25519 key has 119 bytes; more than this is another file.
KEY_FILE_LIMIT_BYTES: Final = 4096
PUBLIC_KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64


class KeyFileError(AsepsisError):
    """A key file cannot be used."""


class SigningKey:
    """A private Ed25519 key."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public_bytes: bytes = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        """The public half, 32 bytes."""

    @classmethod
    def generate(cls) -> SigningKey:
        """A new key from the system's randomness."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_seed(cls, seed: bytes) -> SigningKey:
        """The key of a seed of 32 bytes (RFC 8032 5.1.5)."""
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    def sign(self, message: bytes) -> bytes:
        """The signature, 64 bytes."""
        return self._key.sign(message)

    def pem(self) -> bytes:
        """The private key as unencrypted PKCS #8."""
        return self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def verify(public_bytes: bytes, signature: bytes, message: bytes) -> bool:
    """Whether ``signature`` over ``message`` was made by the private half of ``public_bytes``."""
    try:
        Ed25519PublicKey.from_public_bytes(public_bytes).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def signing_key_file(path: Path) -> SigningKey:
    """Reads the key of a file, or makes the file with a new key where there is none.

    Raises:
        KeyFileError: It holds no Ed25519 key, others may read it, or it cannot be read or made.
    """
    return _signing_key(path, secret_file(path, lambda: SigningKey.generate().pem()))


def _signing_key(path: Path, content: bytes) -> SigningKey:
    try:
        key = load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyFileError(
            f"{path} holds no private key that can be read",
            code="key-damaged",
            hint="Restore it from a backup. A new key would not be the one that others know.",
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError(f"{path} holds no Ed25519 key", code="key-kind", hint="Restore the file from a backup.")
    return SigningKey(key)


def secret_file(path: Path, make: Callable[[], bytes]) -> bytes:
    """The content of a file that only its owner may read; made by ``make`` where it does not exist.

    Two processes that make it at the same time end up with the same content.

    Raises:
        KeyFileError: Others may read it, it is too large to be a key, or it cannot be read or made.
    """
    try:
        if not path.exists():
            _make_secret(path, make())
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(KEY_FILE_LIMIT_BYTES + 1)
    except OSError as error:
        raise KeyFileError(
            f"the key {path} cannot be used: {error.strerror}",
            code="key-unusable",
            hint="Its owner must be the account that runs Asepsis.",
        ) from error
    if mode & 0o077:
        raise KeyFileError(
            f"others may read or write the key {path}",
            code="key-exposed",
            hint=f"If nobody did: chmod 600 {path}",
        )
    if len(content) > KEY_FILE_LIMIT_BYTES:
        raise KeyFileError(f"{path} is too large to be a key", code="key-damaged", hint="Restore it from a backup.")
    return content


def _make_secret(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, KEY_FILE_MODE)
    try:
        try:
            os.write(descriptor, content)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        # A link fails where the name is taken, so that the key of whoever was first stays.
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        temporary.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
