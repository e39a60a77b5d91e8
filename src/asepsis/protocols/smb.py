"""SMB over TCP, with or without NetBIOS: both directions' bytes in, negotiation, sign-in and shares opened out.

RFC 1002 4.3 (the NetBIOS session service on port 139), MS-SMB2 2.1 (the same four bytes before a message on port
445). ``smb1`` and ``smb2`` read the few commands that tell who is there; reads and writes are stepped over.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from asepsis.protocols import smb1, smb2
from asepsis.protocols.framing import Held
from asepsis.protocols.masking import printable
from asepsis.protocols.message import Dissector, Malformed, Result
from asepsis.protocols.smb_messages import PROTOCOL, NetbiosSession, SmbEncrypted, SmbNegotiate

# A sign-in carries a Kerberos ticket of up to 64 KiB at most; negotiation and shares a few hundred bytes.
MESSAGE_LIMIT_BYTES = 128 * 1024
# What says which command it is: four bytes of session header and sixteen of message.
_PEEK_BYTES = 20

# RFC 1002 4.3.1
_MESSAGE = 0x00
_SESSION_REQUEST = 0x81
_SESSION_TYPES = frozenset((_MESSAGE, _SESSION_REQUEST, 0x82, 0x83, 0x84, 0x85))
# A session request holds two names of 34 bytes; a scope makes them longer, up to 255 bytes each.
SESSION_REQUEST_LIMIT_BYTES = 512

_SMB1 = b"\xffSMB"
_SMB2 = b"\xfeSMB"
_ENCRYPTED = b"\xfdSMB"
_COMPRESSED = b"\xfcSMB"
_MARKS = frozenset((_SMB1, _SMB2, _ENCRYPTED, _COMPRESSED))
_HEADER = re.compile(rb"\x00[\x00-\xff]{3}[\xfc-\xff]SMB")

_SMB1_COMMANDS = frozenset((smb1.NEGOTIATE, smb1.SESSION_SETUP, smb1.TREE_CONNECT))
_SMB2_COMMANDS = frozenset((smb2.NEGOTIATE, smb2.SESSION_SETUP, smb2.TREE_CONNECT))


class _Side(Held):
    """One direction; what passes by is a message that says nothing."""

    __slots__ = ("lost",)

    def __init__(self) -> None:
        super().__init__()
        self.lost = False  # the next header has to be searched for


class SmbStream:
    """Reads one conversation; see ``protocols.message.Stream``."""

    __slots__ = ("_encrypted", "_offered", "_sides")

    def __init__(self) -> None:
        self._sides = (_Side(), _Side())
        self._offered: tuple[str, ...] = ()
        self._encrypted = False

    def feed(self, sender: int, data: bytes, *, gap: bool = False) -> Sequence[Result]:
        """Takes the next bytes of one direction; see ``protocols.message.Stream.feed``."""
        side = self._sides[sender]
        if gap:
            side.forget()
            side.lost = True
        data = side.join(data)
        results: list[Result] = []
        at = 0
        size = len(data)
        while at < size:
            if side.skip:
                at += side.pass_by(size - at)
                continue
            if side.lost:
                found = _HEADER.search(data, at)
                if found is None:
                    # A header that began may be whole with the next bytes.
                    side.keep(data, max(at, size - 7), 8)
                    break
                at = found.start()
                side.lost = False
            needed = self._read(side, data, at, size, results)
            if at + needed > size:
                side.keep(data, at, needed)
                break
            at += needed
        return results

    def close(self) -> Sequence[Result]:
        """Nothing: half a message says nothing that is sure."""
        for side in self._sides:
            side.pending.clear()
        return ()

    def _read(self, side: _Side, data: bytes, at: int, size: int, results: list[Result]) -> int:
        """Reads what begins at ``at``; gives the bytes that it takes, more than there are when it is not whole."""
        kind = data[at]
        if kind not in _SESSION_TYPES:
            return self._lose(side, "session header", f"there is no type 0x{kind:02X}", results)
        if size - at < 4:
            return 4
        # RFC 1002 4.3.1 has 17 bits of length, MS-SMB2 2.1 has 24; the other seven are zero in the former.
        whole = 4 + int.from_bytes(data[at + 1 : at + 4], "big")
        if kind != _MESSAGE:
            if whole > SESSION_REQUEST_LIMIT_BYTES:
                return self._lose(side, "session header", "the length is impossible for its type", results)
            if kind == _SESSION_REQUEST and at + whole <= size:
                results.append(_session_request(data[at + 4 : at + whole]))
            return whole
        if whole < 12:
            return self._lose(side, "session header", "the message is too short for SMB", results)
        if size - at < 8:
            return 8
        mark = data[at + 4 : at + 8]
        if mark not in _MARKS:
            return self._lose(side, "message", "it does not begin as SMB does", results)
        if mark in (_ENCRYPTED, _COMPRESSED):
            if mark == _ENCRYPTED and not self._encrypted:
                self._encrypted = True
                results.append(SmbEncrypted())
            side.skip = whole
            return 0
        peek = min(_PEEK_BYTES, whole)
        if size - at < peek:
            return peek
        is_wanted = (
            data[at + 8] in _SMB1_COMMANDS
            if mark == _SMB1
            else whole >= _PEEK_BYTES and data[at + 16] in _SMB2_COMMANDS and not data[at + 17]
        )
        if not is_wanted:
            side.skip = whole
            return 0
        if whole > MESSAGE_LIMIT_BYTES:
            results.append(Malformed(protocol=PROTOCOL, where="message", why=f"over {MESSAGE_LIMIT_BYTES} bytes"))
            side.skip = whole
            return 0
        if at + whole <= size:
            message = data[at + 4 : at + whole]
            found = smb1.read_smb1(message, self._offered) if mark == _SMB1 else smb2.read_smb2(message)
            for result in found:
                if isinstance(result, SmbNegotiate) and not result.sender_is_server:
                    self._offered = result.dialects
            results += found
        return whole

    @staticmethod
    def _lose(side: _Side, where: str, why: str, results: list[Result]) -> int:
        results.append(Malformed(protocol=PROTOCOL, where=where, why=why))
        side.lost = True
        return 1


def _session_request(names: bytes) -> Result:
    # RFC 1001 14.1: sixteen bytes as 32 letters from A, each half a byte; the sixteenth tells the service.
    called, end = _netbios_name(names, 0)
    calling, _ = _netbios_name(names, end)
    return NetbiosSession(called=called, calling=calling)


def _netbios_name(names: bytes, at: int) -> tuple[str, int]:
    letters = names[at + 1 : at + 33]
    end = names.find(b"\0", at + 1)
    end = end + 1 if end >= 0 else len(names)
    if names[at : at + 1] != b" " or len(letters) != 32 or not all(0x41 <= letter <= 0x50 for letter in letters):
        return "", end
    name = bytes((high - 0x41) << 4 | (low - 0x41) for high, low in zip(letters[::2], letters[1::2], strict=True))
    return f"{printable(name[:15].rstrip(b' '))}<{name[15]:02X}>", end


DISSECTOR: Final = Dissector(protocol=PROTOCOL, open=SmbStream)
