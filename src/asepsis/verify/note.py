"""Reads signed notes with checkpoints (c2sp.org/signed-note, tlog-checkpoint, tlog-cosignature) and keys."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from hashlib import sha256

from asepsis.verify.ed25519 import is_signed

LOG = 1
WITNESS = 4
_NOTE_LIMIT = 64 * 1024


class Unreadable(ValueError):  # noqa: N818  # it says what the text is
    """A text is not what it should be."""


@dataclass(frozen=True)
class Key:
    """A public key: ``name+id+key``."""

    name: str
    kind: int
    """``LOG`` or ``WITNESS``."""
    public_key: bytes
    id: bytes


@dataclass(frozen=True)
class Note:
    """A checkpoint with what is signed and by whom it says to be signed."""

    origin: str
    size: int
    root: bytes
    body: bytes
    signatures: tuple[tuple[str, bytes, bytes], ...]
    """Name, id of the key, signature."""


def read_key(text: str) -> Key:
    """The key of ``name+id+key``.

    Raises:
        Unreadable: It is none.
    """
    parts = text.strip().split("+", 2)
    if len(parts) != 3:
        raise Unreadable("a key is name+id+key")
    name, id_, encoded = parts
    decoded = from_base64(encoded)
    if len(decoded) != 33 or decoded[0] not in (LOG, WITNESS):
        raise Unreadable("the key is no Ed25519 key of a log or of a witness")
    expected = sha256(name.encode() + b"\n" + decoded).digest()[:4]
    if expected.hex() != id_:
        raise Unreadable("the key does not fit its id: it was copied wrongly")
    return Key(name=name, kind=decoded[0], public_key=decoded[1:], id=expected)


def read_note(text: str) -> Note:
    """The checkpoint of a note; its signatures are not checked yet.

    Raises:
        Unreadable: It is none.
    """
    if len(text) > _NOTE_LIMIT:
        raise Unreadable("the checkpoint is too long")
    at = text.rfind("\n\n")
    body, below = text[: at + 1], text[at + 2 :]
    lines = body.split("\n")
    if at < 0 or len(lines) < 4 or not below.endswith("\n"):
        raise Unreadable("this is no signed checkpoint")
    origin, size, root = lines[0], lines[1], from_base64(lines[2])
    if not origin or not size.isdecimal() or str(int(size)) != size or len(root) != 32:
        raise Unreadable("this is no signed checkpoint")
    signatures = []
    for line in below[:-1].split("\n"):
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        decoded = from_base64(encoded)
        if dash != "—" or not name or len(decoded) < 5:
            raise Unreadable("a signature below the checkpoint cannot be read")
        signatures.append((name, decoded[:4], decoded[4:]))
    return Note(origin=origin, size=int(size), root=root, body=body.encode(), signatures=tuple(signatures))


def signed_by(note: Note, key: Key) -> bool:
    """Whether this key signed it. A signature under its name that is wrong spoils all."""
    mine = [signature for name, id_, signature in note.signatures if (name, id_) == (key.name, key.id)]
    return bool(mine) and all(_right(note, key, signature) for signature in mine)


def _right(note: Note, key: Key, signature: bytes) -> bool:
    if key.kind == LOG:
        return is_signed(key.public_key, signature, note.body)
    time = int.from_bytes(signature[:8], "big")
    return is_signed(key.public_key, signature[8:], b"cosignature/v1\ntime %d\n" % time + note.body)


def from_base64(text: str) -> bytes:
    """What this Base64 says, in its one spelling: bits that no byte uses are zero (RFC 4648 section 3.5).

    Raises:
        Unreadable: It is no Base64, or another spelling of it.
    """
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unreadable("what should be Base64 is not") from error
    if base64.b64encode(found).decode() != text:
        raise Unreadable("this Base64 has bits that no byte uses")
    return found
