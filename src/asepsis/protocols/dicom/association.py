"""The bodies of A-ASSOCIATE-RQ and -AC PDUs -> an association's facts (PS3.8 9.3.2 and 9.3.3, PS3.7 annex D)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from struct import Struct

from asepsis.protocols.dicom.messages import Association, PresentationContext, RoleSelection, UserInformation
from asepsis.protocols.dicom.text import short_text

FIXED_FIELDS = 68  # protocol version, reserved, two AE titles, 32 reserved bytes (PS3.8 table 9-11)
# Presentation context ids are the odd numbers of one byte (PS3.8 9.3.2.2).
CONTEXTS_LIMIT = 128
# Devices propose the same contexts with the same user information each time they connect: reading them is
# remembered. Bodies over this size are rare and are not, so that what is remembered stays under 8 MiB.
REMEMBERED_SIZE = 1024
REMEMBERED = 4096

_ITEM = Struct(">BxH")
_UINT16_PAIR = Struct(">HH")


def read_association(kind: str, body: bytes, asked: Mapping[int, str], *, cut: bool = False) -> tuple[Association, str]:
    """Reads the body of an A-ASSOCIATE-RQ or -AC, at least ``FIXED_FIELDS`` long.

    Args:
        kind: ``A-ASSOCIATE-RQ`` or ``A-ASSOCIATE-AC``.
        body: The PDU without its six bytes of header.
        asked: Abstract syntaxes of the request by context id: an answer does not repeat them.
        cut: The end of the body is missing: that is no fault of the sender.

    Returns:
        The association as far as it could be read, and what is wrong with it, or "".
    """
    contexts: list[PresentationContext] = []
    user = UserInformation()
    why = ""
    pos, end = FIXED_FIELDS, len(body)
    while pos < end:
        if end - pos < 4:
            why = "an item's header is cut"
            break
        item, length = _ITEM.unpack_from(body, pos)
        stop = pos + 4 + length
        if stop > end:
            why = "an item runs beyond the PDU"
            break
        if item == 0x20 or item == 0x21:  # PS3.8 9.3.2.2, 9.3.3.2
            if length < 4 or len(contexts) == CONTEXTS_LIMIT:
                why = f"more than {CONTEXTS_LIMIT} presentation contexts" if length >= 4 else "a context item is cut"
                break
            abstract_syntax = asked.get(body[pos + 4], "") if item == 0x21 else ""
            read = _remembered_context if length <= REMEMBERED_SIZE else _context
            context, wrong = read(body[pos:stop], abstract_syntax)
            contexts.append(context)
            why = why or wrong
        elif item == 0x50:  # PS3.8 9.3.2.3
            information = body[pos + 4 : stop]
            # A user's name or passcode (sub-item 58H) is not to be remembered, not even as a key.
            remember = length <= REMEMBERED_SIZE and b"\x58\x00" not in information
            user, wrong = (_remembered_user if remember else _user)(information)
            why = why or wrong
        # The application context (10H) has one registered value; other item types are to be ignored (PS3.8 9.3.1).
        pos = stop
    association = Association(
        kind=kind,
        called_ae=short_text(body[4:20]),
        calling_ae=short_text(body[20:36]),
        contexts=tuple(contexts),
        user=user,
        complete=not (why or cut),
    )
    return association, "" if cut else why


def _context(item: bytes, abstract_syntax: str) -> tuple[PresentationContext, str]:
    """A presentation context item, of a request or an answer, and what is wrong with it."""
    own_abstract_syntax, transfer_syntaxes, why = _syntaxes(item[8:])
    context = PresentationContext(
        id=item[4],
        abstract_syntax=own_abstract_syntax or abstract_syntax,
        transfer_syntaxes=transfer_syntaxes,
        result=item[6] if item[0] == 0x21 else None,
    )
    return context, why


_remembered_context = lru_cache(maxsize=REMEMBERED)(_context)


def _syntaxes(sub_items: bytes) -> tuple[str, tuple[str, ...], str]:
    """Sub-items of a presentation context -> abstract syntax, transfer syntaxes, what is wrong."""
    abstract_syntax = ""
    transfer_syntaxes: list[str] = []
    pos, end = 0, len(sub_items)
    while pos < end:
        if end - pos < 4:
            return abstract_syntax, tuple(transfer_syntaxes), "a syntax sub-item is cut"
        item, length = _ITEM.unpack_from(sub_items, pos)
        pos += 4
        if pos + length > end:
            return abstract_syntax, tuple(transfer_syntaxes), "a syntax sub-item runs beyond its presentation context"
        if item == 0x40:
            transfer_syntaxes.append(short_text(sub_items[pos : pos + length]))
        elif item == 0x30:
            abstract_syntax = short_text(sub_items[pos : pos + length])
        pos += length
    return abstract_syntax, tuple(transfer_syntaxes), ""


def _user(information: bytes) -> tuple[UserInformation, str]:
    """Sub-items of the user information item (PS3.7 D.3.3) -> what they say, what is wrong."""
    texts = {0x52: "", 0x55: ""}
    max_pdu_bytes: int | None = None
    window: tuple[int, int] | None = None
    roles: list[RoleSelection] = []
    extended: list[str] = []
    identity: int | None = None
    answered = False
    why = ""
    pos, end = 0, len(information)
    while pos < end:
        if end - pos < 4:
            why = "a user information sub-item is cut"
            break
        item, length = _ITEM.unpack_from(information, pos)
        pos += 4
        if pos + length > end:
            why = "a user information sub-item runs beyond its item"
            break
        field = information[pos : pos + length]
        pos += length
        if item in texts:  # D.3.3.2: implementation class UID (52H), implementation version name (55H)
            texts[item] = short_text(field)
        elif item == 0x51 and length >= 4:  # PS3.8 D.1: maximum length
            max_pdu_bytes = int.from_bytes(field[:4])
        elif item == 0x53 and length >= 4:  # D.3.3.3: asynchronous operations window
            window = _UINT16_PAIR.unpack_from(field)
        elif item == 0x54:  # D.3.3.4: role selection
            uid, rest = _leading_uid(field)
            if len(rest) >= 2:
                roles.append(RoleSelection(sop_class=uid, scu=rest[0] == 1, scp=rest[1] == 1))
        elif item == 0x56 or item == 0x57:  # D.3.3.5, D.3.3.6: (common) extended negotiation
            extended.append(_leading_uid(field)[0])
        elif item == 0x58 and length >= 1:  # D.3.3.7: user identity; only its type is kept
            identity = field[0]
        elif item == 0x59:
            answered = True
    information_read = UserInformation(
        implementation_class_uid=texts[0x52],
        implementation_version=texts[0x55],
        max_pdu_bytes=max_pdu_bytes,
        operations_window=window,
        roles=tuple(roles),
        extended_negotiation=tuple(uid for uid in dict.fromkeys(extended) if uid),
        identity=identity,
        identity_answered=answered,
    )
    return information_read, why


_remembered_user = lru_cache(maxsize=REMEMBERED)(_user)


def _leading_uid(field: bytes) -> tuple[str, bytes]:
    """A UID with its two bytes of length before it, and what follows; an overlong one gives "" and nothing."""
    length = int.from_bytes(field[:2])
    if 2 + length > len(field):
        return "", b""
    return short_text(field[2 : 2 + length]), field[2 + length :]
