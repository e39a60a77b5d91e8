"""Signed notes and checkpoints, as C2SP specifies them: c2sp.org/signed-note, tlog-checkpoint, tlog-cosignature.

A checkpoint says: the log of this origin has so many entries, and this is the root of their tree. The log signs it;
a witness that saw the log only grow countersigns it.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from hashlib import sha256
from typing import Final

from asepsis.crypto.signing import PUBLIC_KEY_BYTES, SIGNATURE_BYTES, SigningKey, verify
from asepsis.kernel.value import value
from asepsis.ledger.merkle import HASH_BYTES

# signed-note: verifiers bound the size of a note, and accept at least 16 signatures.
NOTE_LIMIT_BYTES: Final = 16 * 1024
SIGNATURES_LIMIT: Final = 32
KEY_ID_BYTES: Final = 4
# signed-note: types of signatures.
ED25519: Final = 0x01
COSIGNATURE: Final = 0x04
_TIMESTAMP_BYTES: Final = 8
_DASH: Final = "— "


@value
class Verifier:
    """A public key with its name and the type of signatures it makes."""

    name: str
    kind: int
    """``ED25519`` of a log or ``COSIGNATURE`` of a witness."""
    public_bytes: bytes

    @property
    def key_id(self) -> bytes:
        """Four bytes by which a signature line names the key."""
        return sha256(self.name.encode() + b"\n" + bytes((self.kind,)) + self.public_bytes).digest()[:KEY_ID_BYTES]

    def text(self) -> str:
        """``name+id+key``: what a person copies to where checkpoints are checked (signed-note, "verifier keys")."""
        return f"{self.name}+{self.key_id.hex()}+{b64encode(bytes((self.kind,)) + self.public_bytes).decode()}"


def read_verifier(text: str) -> Verifier | None:
    """The key of ``name+id+key``, or None where the text is none."""
    name, _, rest = text.strip().partition("+")
    key_id, _, encoded = rest.partition("+")
    key = from_base64(encoded)
    if not is_name(name) or key is None or len(key) != 1 + PUBLIC_KEY_BYTES or key[0] not in (ED25519, COSIGNATURE):
        return None
    verifier = Verifier(name=name, kind=key[0], public_bytes=key[1:])
    return verifier if verifier.key_id.hex() == key_id else None


def is_name(name: str) -> bool:
    """Whether a text may name a key or a log: not empty, no space, no plus, nothing that cannot be printed."""
    return bool(name) and len(name) <= 255 and name.isprintable() and " " not in name and "+" not in name


@value
class Signature:
    """A line below a note."""

    name: str
    key_id: bytes
    signature: bytes

    def line(self) -> str:
        """As it stands in the note."""
        return f"{_DASH}{self.name} {b64encode(self.key_id + self.signature).decode()}\n"


@value
class Checkpoint:
    """What a log says of itself at one size."""

    origin: str
    size: int
    root: bytes
    signatures: tuple[Signature, ...] = ()
    extension: str = ""
    """Further lines of the body, each with its newline."""

    def body(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n{self.extension}"

    def text(self) -> str:
        """The whole note."""
        return self.body() + "\n" + "".join(signature.line() for signature in self.signatures)

    def is_signed_by(self, verifier: Verifier) -> bool:
        """Whether a signature of this key stands below it and is right; a wrong one spoils the others (signed-note)."""
        mine = [one for one in self.signatures if (one.name, one.key_id) == (verifier.name, verifier.key_id)]
        return bool(mine) and all(_is_right(self.body(), one.signature, verifier) for one in mine)

    def with_signatures(self, more: tuple[Signature, ...]) -> Checkpoint:
        """With further lines below it."""
        return Checkpoint(
            origin=self.origin,
            size=self.size,
            root=self.root,
            signatures=self.signatures + more,
            extension=self.extension,
        )


def _is_right(body: str, signature: bytes, verifier: Verifier) -> bool:
    if verifier.kind == ED25519:
        return verify(verifier.public_bytes, signature, body.encode())
    if len(signature) != _TIMESTAMP_BYTES + SIGNATURE_BYTES:
        return False
    seconds = int.from_bytes(signature[:_TIMESTAMP_BYTES], "big")
    return verify(verifier.public_bytes, signature[_TIMESTAMP_BYTES:], _cosigned(body, seconds))


def _cosigned(body: str, seconds: int) -> bytes:
    # tlog-cosignature: the first line keeps this signature apart from that of a log.
    return f"cosignature/v1\ntime {seconds}\n{body}".encode()


def sign(origin: str, size: int, root: bytes, key: SigningKey) -> Checkpoint:
    """A checkpoint with the signature of its log, whose key bears the name of the log."""
    checkpoint = Checkpoint(origin=origin, size=size, root=root)
    verifier = Verifier(name=origin, kind=ED25519, public_bytes=key.public_bytes)
    signature = key.sign(checkpoint.body().encode())
    return checkpoint.with_signatures((Signature(name=origin, key_id=verifier.key_id, signature=signature),))


def cosign(checkpoint: Checkpoint, name: str, key: SigningKey, now_seconds: int) -> Signature:
    """The signature of a witness, which says when it was made."""
    verifier = Verifier(name=name, kind=COSIGNATURE, public_bytes=key.public_bytes)
    signature = key.sign(_cosigned(checkpoint.body(), now_seconds))
    stamp = now_seconds.to_bytes(_TIMESTAMP_BYTES, "big")
    return Signature(name=name, key_id=verifier.key_id, signature=stamp + signature)


def cosigned_at(checkpoint: Checkpoint, verifier: Verifier) -> int | None:
    """When a witness countersigned, in seconds since 1970, or None where it did not."""
    if verifier.kind != COSIGNATURE or not checkpoint.is_signed_by(verifier):
        return None
    return max(
        int.from_bytes(one.signature[:_TIMESTAMP_BYTES], "big")
        for one in checkpoint.signatures
        if (one.name, one.key_id) == (verifier.name, verifier.key_id)
    )


def read_checkpoint(text: str) -> Checkpoint | None:
    """The checkpoint of a note, unverified, or None where the text is none."""
    if len(text) > NOTE_LIMIT_BYTES or any(ord(sign_) < 0x20 and sign_ != "\n" for sign_ in text):
        return None
    body, blank, below = text.rpartition("\n\n")
    lines = body.split("\n")
    if not blank or len(lines) < 3 or not all(lines):
        return None
    size = read_size(lines[1])
    root = from_base64(lines[2])
    signatures = read_signatures(below)
    if size is None or root is None or len(root) != HASH_BYTES or signatures is None:
        return None
    extension = "".join(f"{line}\n" for line in lines[3:])
    return Checkpoint(origin=lines[0], size=size, root=root, signatures=signatures, extension=extension)


def read_signatures(text: str) -> tuple[Signature, ...] | None:
    """The signature lines below a note, or None where there are none or one is none."""
    if not text.endswith("\n"):
        return None
    lines = text[:-1].split("\n")
    if len(lines) > SIGNATURES_LIMIT:
        return None
    signatures = []
    for line in lines:
        name, _, encoded = line.removeprefix(_DASH).partition(" ")
        decoded = from_base64(encoded)
        if not line.startswith(_DASH) or not is_name(name) or decoded is None or len(decoded) <= KEY_ID_BYTES:
            return None
        signatures.append(Signature(name=name, key_id=decoded[:KEY_ID_BYTES], signature=decoded[KEY_ID_BYTES:]))
    return tuple(signatures)


def read_size(text: str) -> int | None:
    """A decimal number without leading zeroes, or None; 2**63 is more than any tree has."""
    if not text.isascii() or not text.isdigit() or len(text) > 19 or (text[0] == "0" and text != "0"):
        return None
    return int(text)


def from_base64(text: str) -> bytes | None:
    """What this Base64 says, in its one spelling (bits that no byte uses are zero: RFC 4648 section 3.5), or None."""
    try:
        found = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return found if b64encode(found).decode() == text else None
