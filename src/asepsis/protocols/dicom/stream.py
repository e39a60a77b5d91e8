"""The two directions of a DICOM conversation -> its messages: the PDUs of PS3.8 9.3, reassembled into DIMSE messages.

Bulk is never held: of a data set at most its first ``DATA_SET_LIMIT`` bytes, of a conversation at most
2 * (``ASSOCIATE_LIMIT`` + ``COMMAND_LIMIT`` + ``DATA_SET_LIMIT``) bytes and what was agreed on.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum

from asepsis.protocols.dicom.association import FIXED_FIELDS, read_association
from asepsis.protocols.dicom.command import asks_or_serves, read_command
from asepsis.protocols.dicom.data_set import DATA_SET_LIMIT, Purpose, begins_data_set, read_data_set
from asepsis.protocols.dicom.messages import (
    Abort,
    Command,
    DataSet,
    DimseMessage,
    Rejection,
    Release,
)
from asepsis.protocols.message import Malformed, Result

# 128 contexts with 60 transfer syntaxes each stay under this.
ASSOCIATE_LIMIT = 256 * 1024
# The longest commands carry a list of attribute tags (N-GET): some hundred of four bytes.
COMMAND_LIMIT = 16 * 1024
# P-DATA-TF PDUs of some MiB are seen; the field would allow 4 GiB, which only a damaged length says.
PDU_LIMIT = 256 * 1024 * 1024
# Operations whose pending responses are counted at the same time; devices negotiate a handful (PS3.7 D.3.3.3).
OPERATIONS_LIMIT = 64
# Patient attributes that are noted over all pending responses: group 0010 has fewer in practice.
PATIENT_ATTRIBUTES_LIMIT = 64

RQ, AC, RJ, DATA, RELEASE_RQ, RELEASE_RP, ABORT = range(1, 8)
_HEADER_SIZE = 6
_PDV_HEADER_SIZE = 6
_FIXED_SIZE = 4  # body of A-ASSOCIATE-RJ, A-RELEASE-RQ, A-RELEASE-RP and A-ABORT

# What a PDU begins with, for the search after a loss: stricter than the standard demands of a receiver, because
# image data is full of small numbers. Type 4 must hold a PDV of an odd context with a known control header.
_PDU_BEGINNING = re.compile(
    rb"[\x01\x02]\x00\x00[\x00-\x03]..[\x00-\x01][\x01-\xff]\x00\x00"
    rb"|[\x03\x05-\x07]\x00\x00\x00\x00\x04\x00\x00[\x00-\x02]\x00"
    rb"|\x04\x00[\x00-\x0f]...[\x00-\x0f]...[\x01\x03\x05\x07\x09\x0b\x0d\x0f\x11-\xff][\x00-\x03]",
    re.DOTALL,
)
_BEGINNING_SIZE = 12


class _At(Enum):
    """Where the reading of one direction stands."""

    SEARCH = "no PDU header was where it should be"
    HEADER = "a PDU header comes"
    BODY = "within a PDU other than P-DATA-TF"
    PDV_HEADER = "a PDV header comes"
    FRAGMENT = "within a PDV"
    SKIP = "within a PDU that is of no use"


class _Operation:
    """Pending responses of one operation, told as one."""

    __slots__ = ("command", "patient", "responses", "transfer")

    def __init__(self, command: Command) -> None:
        self.command = command
        self.responses = 0
        self.patient: dict[str, None] = {}
        self.transfer: tuple[str, str] | None = None


class _Side:
    """One direction."""

    __slots__ = (
        "at",
        "body",
        "command",
        "command_set",
        "context",
        "control",
        "data",
        "follows",
        "held",
        "kind",
        "left",
        "operations",
        "passing",
        "pdv_left",
        "sure",
    )

    def __init__(self) -> None:
        self.at = _At.HEADER
        self.held = b""  # an unfinished header, fewer than _BEGINNING_SIZE bytes
        self.follows = False  # a PDU was read right before
        self.sure = False  # this is DICOM, in step: what does not fit is malformed, not a wrong place to begin
        self.kind = 0  # type of the PDU that is being read
        self.left = 0  # bytes of it that are still to come
        self.body = bytearray()
        self.pdv_left = 0
        self.context = 0
        self.control = 0
        self.command_set: bytearray | None = bytearray()  # None: too long, its rest is dropped
        self.command: Command | None = None  # read, and its data set is awaited
        self.data: bytearray | None = None  # the beginning of a data set
        self.passing = False  # the rest of a data set passes by: its beginning was told
        self.operations: dict[int, _Operation] = {}


class DicomStream:
    """A ``Stream`` of DICOM. Bytes may be missing anywhere; after a gap the next PDU is looked for."""

    def __init__(self) -> None:
        self._sides = (_Side(), _Side())
        self._contexts: dict[int, tuple[str, str]] = {}  # context id -> abstract syntax, transfer syntax ("" unknown)
        self._requestor: int | None = None
        # What one side's release or abort ended of the other's: told with the other's next bytes, or at the close,
        # so that nobody takes it for a message of the side that released.
        self._late: tuple[list[Result], list[Result]] = ([], [])

    def feed(self, sender: int, data: bytes, *, gap: bool = False) -> Sequence[Result]:
        """Takes the next bytes of one direction; see ``asepsis.protocols.message.Stream``."""
        out: list[Result] = self._told_late(sender) if self._late[sender] else []
        side = self._sides[sender]
        if gap:
            self._lose(sender, side, out)
        if side.held:
            data = side.held + data
            side.held = b""
        self._read(sender, side, data, out)
        return out

    def close(self) -> Sequence[Result]:
        """What is still pending: a cut association, a command without its data set, responses without the last."""
        out: list[Result] = []
        for sender, side in enumerate(self._sides):
            self._lose(sender, side, out)
        for sender, side in enumerate(self._sides):
            out += self._told_late(sender)
            self._tell_operations(sender, side, out)
        return out

    def _told_late(self, sender: int) -> list[Result]:
        late = list(self._late[sender])
        self._late[sender].clear()
        return late

    def _lose(self, sender: int, side: _Side, out: list[Result]) -> None:
        """Bytes are missing: tells what is certain already and starts anew."""
        if side.at is _At.BODY and side.kind in {RQ, AC} and len(side.body) >= FIXED_FIELDS:
            self._associate(sender, side.kind, bytes(side.body), out, cut=True)
        side.body = bytearray()
        self._end_data_set(sender, side, out, complete=False)
        side.command_set = bytearray()
        side.held = b""
        side.at = _At.HEADER
        side.passing = side.follows = side.sure = False

    def _read(self, sender: int, side: _Side, data: bytes, out: list[Result]) -> None:
        pos, end = 0, len(data)
        while True:
            match side.at:
                case _At.FRAGMENT:
                    taken = min(side.pdv_left, end - pos)
                    self._fragment(sender, side, data, pos, pos + taken, out)
                    pos += taken
                    if side.pdv_left:
                        return
                    side.at = _At.PDV_HEADER if side.left else _At.HEADER
                case _At.HEADER:
                    if end - pos < _HEADER_SIZE:
                        side.held = data[pos:]
                        return
                    if self._header(side, data, pos, out):
                        pos += _HEADER_SIZE
                case _At.PDV_HEADER:
                    if end - pos < min(_PDV_HEADER_SIZE, side.left):
                        side.held = data[pos:]
                        return
                    pos += self._pdv_header(side, data, pos, out)
                case _At.BODY:
                    taken = min(side.left, end - pos)
                    side.left -= taken
                    if side.left or side.body:
                        side.body += data[pos : pos + taken]
                        if side.left:
                            return
                        body, side.body = bytes(side.body), bytearray()
                    else:
                        body = data[pos : pos + taken]
                    pos += taken
                    side.at = _At.HEADER
                    self._control_pdu(sender, side, body, out)
                case _At.SKIP:
                    taken = min(side.left, end - pos)
                    side.left -= taken
                    pos += taken
                    if side.left:
                        return
                    side.at = _At.HEADER
                case _At.SEARCH:
                    found = _PDU_BEGINNING.search(data, pos)
                    if found is None:
                        side.held = data[max(pos, end - _BEGINNING_SIZE + 1) :]
                        return
                    pos = found.start()
                    pos += _HEADER_SIZE if self._header(side, data, pos, out) else 1

    def _header(self, side: _Side, data: bytes, pos: int, out: list[Result]) -> bool:
        """Reads a PDU header (PS3.8 9.3.1).

        The reserved byte is not tested, as the standard demands, but where the place of the header is a guess.

        Returns:
            Whether it is one; if not, the search begins with its bytes.
        """
        kind = data[pos]
        length = int.from_bytes(data[pos + 2 : pos + 6])
        side.kind, side.left = kind, length
        if kind == DATA:
            fits = _PDV_HEADER_SIZE <= length <= PDU_LIMIT
            side.at = _At.PDV_HEADER
        else:
            fits = FIXED_FIELDS <= length <= ASSOCIATE_LIMIT if kind in {RQ, AC} else length == _FIXED_SIZE
            side.at = _At.BODY
        if RQ <= kind <= ABORT and fits and (side.follows or data[pos + 1] == 0):
            side.sure = side.sure or side.follows
            side.follows = True
            return True
        if side.sure:
            known = RQ <= kind <= ABORT
            why = f"length {length} of a PDU of type {kind}" if known else f"unknown PDU type {kind}"
            out.append(Malformed(protocol="dicom", where="PDU header", why=why))
        side.follows = side.sure = False
        side.at = _At.SEARCH
        return False

    def _pdv_header(self, side: _Side, data: bytes, pos: int, out: list[Result]) -> int:
        """Reads the header of a presentation data value (PS3.8 9.3.5.1, E.2); returns how many bytes it used."""
        length = int.from_bytes(data[pos : pos + 4]) if side.left >= _PDV_HEADER_SIZE else 0
        if length < 2 or length + 4 > side.left:
            if side.sure:
                why = f"a PDV of {length} bytes in {side.left} bytes of P-DATA-TF"
                out.append(Malformed(protocol="dicom", where="presentation data value", why=why))
                side.at = _At.SKIP
            else:
                side.follows = False
                side.at = _At.SEARCH
            return 0
        side.context, side.control = data[pos + 4], data[pos + 5]
        side.pdv_left = length - 2
        side.left -= length + 4
        side.at = _At.FRAGMENT
        return _PDV_HEADER_SIZE

    def _fragment(self, sender: int, side: _Side, data: bytes, start: int, stop: int, out: list[Result]) -> None:
        """Takes bytes of a PDV; acts on its end."""
        side.pdv_left -= stop - start
        ended = not side.pdv_left
        last = bool(side.control & 2)
        if side.control & 1:
            if side.data is not None:  # the rest of the data set before did not come
                self._end_data_set(sender, side, out, complete=False)
            side.passing = False
            if side.command_set is not None:
                side.command_set += data[start:stop]
                if len(side.command_set) > COMMAND_LIMIT:
                    self._malformed(side, "command set", f"longer than {COMMAND_LIMIT} bytes", out)
                    side.command_set = None
            if ended and last:
                if side.command_set is not None:
                    self._command(sender, side, bytes(side.command_set), out)
                side.command_set = bytearray()
            return
        if not side.passing:
            if side.data is None:
                side.data = bytearray()
            room = DATA_SET_LIMIT - len(side.data)
            side.data += data[start : min(stop, start + room)]
            whole = ended and last and stop - start <= room
            if whole or len(side.data) == DATA_SET_LIMIT:
                self._end_data_set(sender, side, out, complete=whole)
                side.passing = True
        if ended and last:
            side.passing = False

    def _malformed(self, side: _Side, where: str, why: str, out: list[Result]) -> None:
        """Says what is malformed, unless this may just be the wrong place to have begun."""
        if side.sure:
            out.append(Malformed(protocol="dicom", where=where, why=why))

    def _command(self, sender: int, side: _Side, raw: bytes, out: list[Result]) -> None:
        command, why = read_command(raw)
        if why:
            self._malformed(side, "command set", why, out)
        if command is None:
            return
        side.sure = True
        if command.has_data_set:
            side.command = command
            side.data = bytearray()
        else:
            self._tell(sender, side, command, None, out)

    def _end_data_set(self, sender: int, side: _Side, out: list[Result], *, complete: bool) -> None:
        """Tells the message whose data set ended, or of which nothing more is wanted or will come."""
        command, side.command = side.command, None
        data, side.data = side.data, None
        if data is None:
            return
        abstract_syntax, transfer_syntax = self._contexts.get(side.context, ("", ""))
        if command is None:
            # A data set whose command was not seen: read only where its beginning is certain.
            if not begins_data_set(data):
                return
            command = Command(kind="P-DATA-TF", sop_class=abstract_syntax)
        data_set: DataSet | None = None
        if data:
            purpose = _purpose(command.kind)
            data_set, why = read_data_set(bytes(data), transfer_syntax, purpose, complete=complete)
            if why:
                self._malformed(side, f"data set of {command.kind}", why, out)
        self._tell(sender, side, command, data_set, out)

    def _tell(self, sender: int, side: _Side, command: Command, data_set: DataSet | None, out: list[Result]) -> None:
        """Tells a message, or counts it where it is a pending response (PS3.7 9.1.2.1, 9.1.3.1, 9.1.4.1)."""
        if command.responding_to is None or not command.kind.startswith(("C-FIND", "C-GET", "C-MOVE")):
            out.append(self._message(sender, command, data_set, 0))
            return
        operation = side.operations.get(command.responding_to)
        pending = command.status in {0xFF00, 0xFF01}
        if operation is None:
            if not pending:
                out.append(self._message(sender, command, data_set, 0))
                return
            if len(side.operations) == OPERATIONS_LIMIT:
                self._tell_operation(sender, side.operations.pop(next(iter(side.operations))), out)
            operation = side.operations[command.responding_to] = _Operation(command)
        operation.command = command
        if data_set is not None:
            operation.transfer = operation.transfer or (data_set.transfer_syntax, data_set.encoding)
            for name in data_set.patient:
                if len(operation.patient) < PATIENT_ATTRIBUTES_LIMIT:
                    operation.patient[name] = None
        if pending:
            operation.responses += 1
        else:
            del side.operations[command.responding_to]
            self._tell_operation(sender, operation, out)

    def _tell_operation(self, sender: int, operation: _Operation, out: list[Result]) -> None:
        data_set = None
        if operation.transfer is not None:
            transfer_syntax, encoding = operation.transfer
            data_set = DataSet(transfer_syntax=transfer_syntax, encoding=encoding, patient=tuple(operation.patient))
        out.append(self._message(sender, operation.command, data_set, operation.responses))

    def _tell_operations(self, sender: int, side: _Side, out: list[Result]) -> None:
        for operation in side.operations.values():
            self._tell_operation(sender, operation, out)
        side.operations.clear()

    def _message(self, sender: int, command: Command, data_set: DataSet | None, responses: int) -> DimseMessage:
        known = self._requestor is not None
        return DimseMessage(
            command=command,
            data_set=data_set,
            pending_responses=responses,
            sender_is_server=sender != self._requestor if known else asks_or_serves(command.kind),
        )

    def _control_pdu(self, sender: int, side: _Side, body: bytes, out: list[Result]) -> None:
        """Acts on a whole PDU other than P-DATA-TF."""
        if side.kind in {RQ, AC}:
            self._associate(sender, side.kind, body, out, cut=False)
            return
        serves = None if self._requestor is None else sender != self._requestor
        if side.kind == RJ:
            self._requestor = 1 - sender
            out.append(Rejection(result=body[1], source=body[2], reason=body[3]))
            return
        for other, its in enumerate(self._sides):
            told = out if other == sender else self._late[other]
            self._end_data_set(other, its, told, complete=False)
            self._tell_operations(other, its, told)
        if side.kind == ABORT:
            out.append(Abort(source=body[2], reason=body[3], sender_is_server=serves))
        else:
            kind = "A-RELEASE-RQ" if side.kind == RELEASE_RQ else "A-RELEASE-RP"
            out.append(Release(kind=kind, sender_is_server=serves))

    def _associate(self, sender: int, kind: int, body: bytes, out: list[Result], *, cut: bool) -> None:
        name = "A-ASSOCIATE-RQ" if kind == RQ else "A-ASSOCIATE-AC"
        asked = {} if kind == RQ else {i: abstract for i, (abstract, _) in self._contexts.items()}
        association, why = read_association(name, body, asked, cut=cut)
        if kind == RQ:
            self._requestor = sender
            self._contexts = {}
        else:
            self._requestor = 1 - sender
        for c in association.contexts:
            # Until the answer is seen, a context with one transfer syntax can only mean that one.
            agreed = len(c.transfer_syntaxes) == 1 and not c.result
            self._contexts[c.id] = (c.abstract_syntax, c.transfer_syntaxes[0] if agreed else "")
        out.append(association)
        if why:
            out.append(Malformed(protocol="dicom", where=name, why=why))
        elif not cut:
            self._sides[sender].sure = True


def _purpose(kind: str) -> Purpose:
    """What the data set of a command is read for."""
    if kind in {"C-FIND-RQ", "C-GET-RQ", "C-MOVE-RQ"}:
        return Purpose.QUERY
    return Purpose.ANSWER if kind == "C-FIND-RSP" else Purpose.OBJECT
