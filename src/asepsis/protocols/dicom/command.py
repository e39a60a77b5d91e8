"""A DIMSE command set's bytes -> a command (PS3.7 9.3, 10.3, annex E). Always implicit VR little endian (6.3.1)."""

from __future__ import annotations

from struct import Struct

from asepsis.protocols.dicom.messages import Command
from asepsis.protocols.dicom.text import short_text

NO_DATA_SET = 0x0101  # PS3.7 E.1, Command Data Set Type (0000,0800)

# PS3.7 E.1, Command Field (0000,0100).
COMMAND_FIELDS = {
    0x0001: "C-STORE-RQ",
    0x8001: "C-STORE-RSP",
    0x0010: "C-GET-RQ",
    0x8010: "C-GET-RSP",
    0x0020: "C-FIND-RQ",
    0x8020: "C-FIND-RSP",
    0x0021: "C-MOVE-RQ",
    0x8021: "C-MOVE-RSP",
    0x0030: "C-ECHO-RQ",
    0x8030: "C-ECHO-RSP",
    0x0100: "N-EVENT-REPORT-RQ",
    0x8100: "N-EVENT-REPORT-RSP",
    0x0110: "N-GET-RQ",
    0x8110: "N-GET-RSP",
    0x0120: "N-SET-RQ",
    0x8120: "N-SET-RSP",
    0x0130: "N-ACTION-RQ",
    0x8130: "N-ACTION-RSP",
    0x0140: "N-CREATE-RQ",
    0x8140: "N-CREATE-RSP",
    0x0150: "N-DELETE-RQ",
    0x8150: "N-DELETE-RSP",
    0x0FFF: "C-CANCEL-RQ",
}

# Requests that only the requestor of an association sends unless a rare role negotiation says otherwise: the sender
# of the request asks, the sender of the response serves. C-STORE and N-EVENT-REPORT go both ways (PS3.4 C.4.3, J.3).
_ASKING = ("C-ECHO-", "C-FIND-", "C-MOVE-", "C-GET-", "N-GET-", "N-SET-", "N-ACTION-", "N-CREATE-", "N-DELETE-")

_ELEMENT = Struct("<HHI")


def read_command(raw: bytes | bytearray) -> tuple[Command | None, str]:
    """Reads a whole command set.

    Returns:
        The command as far as it could be read, None where not even its kind is known; and what is wrong, or "".
    """
    values: dict[int, bytes] = {}
    why = ""
    pos, end = 0, len(raw)
    while pos < end:
        if end - pos < 8:
            why = "an element's header is cut"
            break
        group, element, length = _ELEMENT.unpack_from(raw, pos)
        pos += 8
        if group != 0:
            why = f"element ({group:04x},{element:04x}) is not of group 0000"
            break
        if pos + length > end:
            why = f"element (0000,{element:04x}) runs beyond the command set"
            break
        values[element] = bytes(raw[pos : pos + length])
        pos += length
    number = _number(values, 0x0100)
    if number is None:
        return None, why or "no Command Field (0000,0100)"
    kind = COMMAND_FIELDS.get(number)
    if kind is None:
        return None, why or f"unknown Command Field {number:04x}H"
    command = Command(
        kind=kind,
        message_id=_number(values, 0x0110),
        responding_to=_number(values, 0x0120),
        # Affected or Requested SOP Class UID: a message has one of them.
        sop_class=short_text(values.get(0x0002) or values.get(0x0003) or b""),
        has_data_set=_number(values, 0x0800) not in {None, NO_DATA_SET},
        status=_number(values, 0x0900),
        priority=_number(values, 0x0700),
        move_destination=short_text(values.get(0x0600, b"")),
        move_originator=short_text(values.get(0x1030, b"")),
        sub_operations=_sub_operations(values) if 0x1021 in values else None,
        type_id=_number(values, 0x1002 if 0x1002 in values else 0x1008),
    )
    return command, why


def asks_or_serves(kind: str) -> bool | None:
    """``sender_is_server`` of a command in a conversation whose association was not seen."""
    if kind.startswith(_ASKING):
        return kind.endswith("-RSP")
    return False if kind == "C-CANCEL-RQ" else None


def _number(values: dict[int, bytes], element: int) -> int | None:
    """A value of VR US."""
    raw = values.get(element)
    return raw[0] | raw[1] << 8 if raw is not None and len(raw) >= 2 else None


def _sub_operations(values: dict[int, bytes]) -> tuple[int, int, int, int]:
    """Remaining, completed, failed, warning (0000,1020-1023); the first is left out of a final response."""
    remaining, completed, failed, warning = (_number(values, element) or 0 for element in range(0x1020, 0x1024))
    return remaining, completed, failed, warning
