"""DICOM's own question whether somebody is there: associate, C-ECHO, release (PS3.8 9.3, PS3.7 9.1.5)."""

from __future__ import annotations

import struct
from typing import Final

from asepsis.kernel.text import showable

VERIFICATION: Final = b"1.2.840.10008.1.1"
_APPLICATION_CONTEXT: Final = b"1.2.840.10008.3.1.1.1"
_IMPLICIT_LITTLE_ENDIAN: Final = b"1.2.840.10008.1.2"
# Under PEN-less UUID arc 2.25 (X.667): the implementation that asks, the same for every copy of this program.
_IMPLEMENTATION: Final = b"2.25.236014829507104268393671290845116934"
CALLING: Final = b"ASEPSIS"
CALLED: Final = b"ANY-SCP"
PDU_LIMIT_BYTES: Final = 16_384
"""An answer to this question has some 200 bytes; PS3.8 D.1.1 gives the limit that we announce."""
ITEMS_LIMIT: Final = 64


def associate_request() -> bytes:
    """A-ASSOCIATE-RQ (PS3.8 9.3.2) with one presentation context."""
    context = b"\x01\0\0\0" + _item(0x30, VERIFICATION) + _item(0x40, _IMPLICIT_LITTLE_ENDIAN)
    user = _item(0x51, struct.pack(">I", PDU_LIMIT_BYTES)) + _item(0x52, _IMPLEMENTATION)
    body = struct.pack(">HH16s16s32x", 1, 0, CALLED.ljust(16), CALLING.ljust(16))
    body += _item(0x10, _APPLICATION_CONTEXT) + _item(0x20, context) + _item(0x50, user)
    return _pdu(0x01, body)


def echo_request() -> bytes:
    """P-DATA-TF (PS3.8 9.3.5) with C-ECHO-RQ (PS3.7 9.3.5.1), Implicit VR Little Endian."""
    elements = (
        _element(0x0002, VERIFICATION + b"\0")  # affected SOP class, padded to an even length
        + _element(0x0100, struct.pack("<H", 0x0030))  # C-ECHO-RQ
        + _element(0x0110, struct.pack("<H", 1))  # message id
        + _element(0x0800, struct.pack("<H", 0x0101))  # no data set follows
    )
    command = _element(0x0000, struct.pack("<I", len(elements))) + elements
    value = b"\x01\x03" + command  # context 1; a command, and its last fragment
    return _pdu(0x04, struct.pack(">I", len(value)) + value)


def release_request() -> bytes:
    """A-RELEASE-RQ (PS3.8 9.3.6)."""
    return _pdu(0x05, b"\0\0\0\0")


def pdu_size(head: bytes) -> int | None:
    """How long a PDU is, with its head of six bytes; None for what is none that we would read."""
    if len(head) < 6 or head[0] not in range(1, 8):
        return None
    size = int(struct.unpack(">I", head[2:6])[0])
    return 6 + size if size <= PDU_LIMIT_BYTES else None


def read_associate_answer(pdu: bytes) -> dict[str, str] | None:
    """What A-ASSOCIATE-AC or -RJ says (PS3.8 9.3.3, 9.3.4); None for anything else."""
    if pdu[:1] == b"\x03":
        return {"association": "rejected", "reason": str(pdu[9]) if len(pdu) > 9 else ""}
    if pdu[:1] == b"\x07":
        return {"association": "aborted"}
    if pdu[:1] != b"\x02" or len(pdu) < 74:
        return None
    found = {"association": "accepted"}
    for kind, body in _items(pdu[74:]):
        if kind == 0x50:
            for sub, text in _items(body):
                name = {0x52: "implementation", 0x55: "implementation_version"}.get(sub)
                if name is not None:
                    found[name] = showable(text[:64].decode("ascii", "replace").strip("\0 "))
        elif kind == 0x21 and len(body) >= 4 and body[2] != 0:
            found["association"] = "accepted without verification"
    return found


def is_echo_success(pdu: bytes) -> bool:
    """Whether a P-DATA-TF is C-ECHO-RSP with status 0000H (PS3.7 9.3.5.2, C.1)."""
    return pdu[:1] == b"\x04" and _element(0x0100, b"\x30\x80") in pdu and _element(0x0900, b"\0\0") in pdu


def _pdu(kind: int, body: bytes) -> bytes:
    return struct.pack(">BxI", kind, len(body)) + body


def _item(kind: int, body: bytes) -> bytes:
    return struct.pack(">BxH", kind, len(body)) + body


def _element(number: int, body: bytes) -> bytes:
    return struct.pack("<HHI", 0, number, len(body)) + body


def _items(content: bytes) -> list[tuple[int, bytes]]:
    """Items that follow each other (PS3.8 9.3.2); a damaged end is left out."""
    found: list[tuple[int, bytes]] = []
    at = 0
    while at + 4 <= len(content) and len(found) < ITEMS_LIMIT:
        kind, size = content[at], int.from_bytes(content[at + 2 : at + 4], "big")
        if at + 4 + size > len(content):
            break
        found.append((kind, content[at + 4 : at + 4 + size]))
        at += 4 + size
    return found
