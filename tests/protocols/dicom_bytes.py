"""Makes the bytes of DICOM's PDUs, commands and data sets by hand, section by section."""

from __future__ import annotations

import struct
from collections.abc import Iterable

VERIFICATION = "1.2.840.10008.1.1"
CT_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
STUDY_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
WORKLIST_FIND = "1.2.840.10008.5.1.4.31"
IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"
NO_DATA_SET = 0x0101


# --- PS3.8 9.3: PDUs ---


def pdu(kind: int, body: bytes) -> bytes:
    """PS3.8 9.3.1: type, reserved, length."""
    return struct.pack(">BBI", kind, 0, len(body)) + body


def item(kind: int, body: bytes) -> bytes:
    """PS3.8 9.3.1: an item of an association PDU."""
    return struct.pack(">BBH", kind, 0, len(body)) + body


def proposed(context: int, abstract: str, *transfers: str) -> bytes:
    """PS3.8 9.3.2.2: a presentation context of a request."""
    syntaxes = item(0x30, abstract.encode()) + b"".join(item(0x40, uid.encode()) for uid in transfers)
    return item(0x20, bytes((context, 0, 0, 0)) + syntaxes)


def answered(context: int, result: int, transfer: str) -> bytes:
    """PS3.8 9.3.3.2: a presentation context of an answer."""
    return item(0x21, bytes((context, 0, result, 0)) + item(0x40, transfer.encode()))


def user_information(uid: str, version: str, *more: bytes, max_pdu: int = 16384) -> bytes:
    """PS3.8 D.1 and PS3.7 D.3.3.2."""
    length = item(0x51, struct.pack(">I", max_pdu))
    return item(0x50, length + item(0x52, uid.encode()) + item(0x55, version.encode()) + b"".join(more))


def role(uid: str, *, scu: bool, scp: bool) -> bytes:
    """PS3.7 D.3.3.4."""
    return item(0x54, struct.pack(">H", len(uid)) + uid.encode() + bytes((scu, scp)))


def window(invoked: int, performed: int) -> bytes:
    """PS3.7 D.3.3.3."""
    return item(0x53, struct.pack(">HH", invoked, performed))


def extended(uid: str, information: bytes) -> bytes:
    """PS3.7 D.3.3.5."""
    return item(0x56, struct.pack(">H", len(uid)) + uid.encode() + information)


def identity(kind: int, primary: bytes, secondary: bytes = b"") -> bytes:
    """PS3.7 D.3.3.7.1."""
    fields = struct.pack(">H", len(primary)) + primary + struct.pack(">H", len(secondary)) + secondary
    return item(0x58, bytes((kind, 1)) + fields)


def associate(kind: int, called: str, calling: str, *items: bytes) -> bytes:
    """PS3.8 9.3.2 and 9.3.3: A-ASSOCIATE-RQ (1) or -AC (2)."""
    fixed = b"\0\1\0\0" + called.ljust(16).encode() + calling.ljust(16).encode() + bytes(32)
    return pdu(kind, fixed + item(0x10, b"1.2.840.10008.3.1.1.1") + b"".join(items))


RELEASE_RQ = pdu(5, bytes(4))
RELEASE_RP = pdu(6, bytes(4))


def fragment(context: int, control: int, data: bytes) -> bytes:
    """PS3.8 9.3.5.1 and E.2: a presentation data value; bit 0 of control: a command, bit 1: the last fragment."""
    return struct.pack(">IBB", len(data) + 2, context, control) + data


def p_data(*fragments: bytes) -> bytes:
    """PS3.8 9.3.5: a P-DATA-TF PDU."""
    return pdu(4, b"".join(fragments))


# --- PS3.7 6.3: command sets ---


def command(*elements: tuple[int, bytes | int | str]) -> bytes:
    """PS3.7 6.3.1: a command set, with its group length before it."""
    body = b""
    for element, value in elements:
        if isinstance(value, int):
            value = struct.pack("<H", value)
        elif isinstance(value, str):
            value = value.encode() + b"\0" * (len(value) % 2)
        body += struct.pack("<HHI", 0, element, len(value)) + value
    return struct.pack("<HHII", 0, 0, 4, len(body)) + body


def request(field: int, sop_class: str, message_id: int, *more: tuple[int, bytes | int | str], data: bool) -> bytes:
    """PS3.7 9.3: a request."""
    head = ((0x0002, sop_class), (0x0100, field), (0x0110, message_id))
    return command(*head, *more, (0x0800, 1 if data else NO_DATA_SET))


def response(
    field: int, sop_class: str, message_id: int, status: int, *more: tuple[int, bytes | int | str], data: bool = False
) -> bytes:
    """PS3.7 9.3: a response."""
    head = ((0x0002, sop_class), (0x0100, field | 0x8000), (0x0120, message_id))
    return command(*head, (0x0800, 1 if data else NO_DATA_SET), (0x0900, status), *more)


# --- PS3.5 7: data sets ---

LONG_VRS = {"OB", "OW", "SQ", "UN", "UT", "UC"}
UNDEFINED = 0xFFFFFFFF


def element(tag: int, vr: str, value: bytes | str, *, form: str = EXPLICIT, length: int | None = None) -> bytes:
    """PS3.5 7.1: a data element in one of the three encodings."""
    if isinstance(value, str):
        value = value.encode()
    if len(value) % 2:
        value += b"\0" if vr in {"UI", "OB", "UN"} else b" "
    length = len(value) if length is None else length
    order = ">" if form == BIG_ENDIAN else "<"
    head = struct.pack(order + "HH", tag >> 16, tag & 0xFFFF)
    if form == IMPLICIT:
        return head + struct.pack("<I", length) + value
    if vr in LONG_VRS:
        return head + vr.encode() + struct.pack(order + "HI", 0, length) + value
    return head + vr.encode() + struct.pack(order + "H", length) + value


def sequence(tag: int, items: Iterable[bytes], *, form: str = EXPLICIT, defined: bool = True, vr: str = "SQ") -> bytes:
    """PS3.5 7.5: a sequence and its items, of known or undefined length."""
    order = ">" if form == BIG_ENDIAN else "<"

    def mark(number: int, length: int) -> bytes:
        return struct.pack(order + "HHI", 0xFFFE, number, length)

    if defined:
        body = b"".join(mark(0xE000, len(one)) + one for one in items)
        return element(tag, vr, body, form=form)
    body = b"".join(mark(0xE000, UNDEFINED) + one + mark(0xE00D, 0) for one in items) + mark(0xE0DD, 0)
    return element(tag, vr, body, form=form, length=UNDEFINED)


def equipment(form: str = EXPLICIT, *, patient: str = "", more: bytes = b"") -> bytes:
    """The beginning of a CT image: groups 0008, 0010 and 0018 (PS3.3 C.7.5.1, C.7.1.1)."""

    def one(tag: int, vr: str, value: str | bytes) -> bytes:
        return element(tag, vr, value, form=form)

    return b"".join(
        (
            one(0x00080005, "CS", "ISO_IR 100"),
            one(0x00080016, "UI", CT_STORAGE),
            one(0x00080018, "UI", "1.2.3.4.5"),
            one(0x00080060, "CS", "CT"),
            one(0x00080070, "LO", "Example Médical".encode("iso8859-1")),
            one(0x00080080, "LO", "General Hospital"),
            one(0x00080090, "PN", patient and f"{patient}^DOCTOR"),
            one(0x00081010, "SH", "CT01"),
            one(0x00081030, "LO", patient),
            one(0x00081090, "LO", "Scanner 300"),
            more,
            one(0x00100010, "PN", patient and f"{patient}^JANE"),
            one(0x00100020, "LO", patient and f"{patient}77"),
            one(0x00100030, "DA", patient and "19700101"),
            one(0x00181000, "LO", "SN4711"),
            one(0x00181020, "LO", "syngo 1.0\\VA20"),
        )
    )
