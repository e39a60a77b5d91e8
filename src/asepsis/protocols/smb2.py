"""SMB2 and SMB3 (MS-SMB2): one whole message in, what it negotiates, who signs in and which share is opened out."""

from __future__ import annotations

from struct import Struct
from typing import Final

from asepsis.protocols.message import Malformed, Result
from asepsis.protocols.ntlm import find_ntlm
from asepsis.protocols.smb_messages import (
    MORE_PROCESSING_REQUIRED,
    PROTOCOL,
    SIGNING_ENABLED,
    SIGNING_OFF,
    SIGNING_REQUIRED,
    SmbNegotiate,
    SmbSession,
    SmbTree,
    guid_text,
    share_text,
)

# MS-SMB2 2.2.1
HEADER_BYTES: Final = 64
# MS-SMB2 2.2.1.2
NEGOTIATE: Final = 0
SESSION_SETUP: Final = 1
TREE_CONNECT: Final = 3

# Dialects ever defined: six.
DIALECTS_LIMIT = 16
# \\server\share: a DNS name and a share of 80 signs.
SHARE_LIMIT_BYTES = 1024

_RESPONSE = 1  # Flags
_SIGNING_ENABLED = 1  # SecurityMode, MS-SMB2 2.2.3
_SIGNING_REQUIRED = 2
_GUEST = 1  # SessionFlags, MS-SMB2 2.2.6

_DIALECTS = {
    0x0202: "SMB 2.0.2",
    0x0210: "SMB 2.1",
    0x02FF: "SMB 2.???",
    0x0300: "SMB 3.0",
    0x0302: "SMB 3.0.2",
    0x0311: "SMB 3.1.1",
}
_SHARES = {1: "disk", 2: "pipe", 3: "printer"}  # MS-SMB2 2.2.10

_U16 = Struct("<H").unpack_from
_TWO_U16 = Struct("<HH").unpack_from
_U32 = Struct("<I").unpack_from


def read_smb2(data: bytes) -> list[Result]:
    """Reads a message from its ``\\xfeSMB``; of messages that are chained, the first."""
    if len(data) < HEADER_BYTES + 8:
        return [_malformed("header", "the message ends within it")]
    status: int = _U32(data, 8)[0]
    command = _U16(data, 12)[0]
    is_response = bool(_U32(data, 16)[0] & _RESPONSE)
    # MS-SMB2 2.2: each structure begins with its own size, and an error (size 9) may stand for any response.
    size = _U16(data, HEADER_BYTES)[0]
    if command == NEGOTIATE:
        if size == 36 and not is_response and len(data) >= HEADER_BYTES + 36:
            return [_negotiate_request(data)]
        if size == 65 and is_response and len(data) >= HEADER_BYTES + 64:
            return [_negotiate_response(data)]
    elif command == SESSION_SETUP:
        if size == 25 and not is_response and len(data) >= HEADER_BYTES + 24:
            return [_session(data, 12, 0, is_response=False)]
        if size == 9 and is_response:
            return [_session(data, 4, status if status != MORE_PROCESSING_REQUIRED else 0, is_response=True)]
    elif command == TREE_CONNECT:
        if size == 9 and not is_response:
            return [_tree_request(data)]
        if size == 16 and is_response:
            service = _SHARES.get(data[HEADER_BYTES + 2], "")
            return [SmbTree(sender_is_server=True, version=2, share="", service=service)]
    if is_response and size == 9 and status:
        return []
    return [_malformed("StructureSize", "it is not that of the command")]


def _malformed(where: str, why: str) -> Malformed:
    return Malformed(protocol=PROTOCOL, where=f"SMB2 {where}", why=why)


def _dialect(number: int) -> str:
    return _DIALECTS.get(number) or f"0x{number:04X}"


def _signing(mode: int) -> str:
    if mode & _SIGNING_REQUIRED:
        return SIGNING_REQUIRED
    return SIGNING_ENABLED if mode & _SIGNING_ENABLED else SIGNING_OFF


def _negotiate_request(data: bytes) -> Result:
    # MS-SMB2 2.2.3
    count, mode = _TWO_U16(data, HEADER_BYTES + 2)
    listed = data[HEADER_BYTES + 36 : HEADER_BYTES + 36 + 2 * min(count, DIALECTS_LIMIT)]
    return SmbNegotiate(
        sender_is_server=False,
        version=2,
        dialects=tuple(_dialect(_U16(listed, at)[0]) for at in range(0, len(listed) - 1, 2)),
        signing=_signing(mode),
        guid=guid_text(data[HEADER_BYTES + 12 : HEADER_BYTES + 28]),
        names=(),
        passwords_in_clear=False,
    )


def _negotiate_response(data: bytes) -> Result:
    # MS-SMB2 2.2.4
    mode, dialect = _TWO_U16(data, HEADER_BYTES + 2)
    return SmbNegotiate(
        sender_is_server=True,
        version=2,
        dialects=(_dialect(dialect),),
        signing=_signing(mode),
        guid=guid_text(data[HEADER_BYTES + 8 : HEADER_BYTES + 24]),
        names=(),
        passwords_in_clear=False,
    )


def _session(data: bytes, at: int, status: int, *, is_response: bool) -> Result:
    # MS-SMB2 2.2.5 and 2.2.6: offset from the header, and length, of the token.
    offset, length = _TWO_U16(data, HEADER_BYTES + at)
    ntlm = find_ntlm(data[offset : offset + length])
    return SmbSession(
        sender_is_server=is_response,
        version=2,
        status=status,
        names=(),
        user=ntlm is not None and ntlm.user,
        guest=is_response and bool(_U16(data, HEADER_BYTES + 2)[0] & _GUEST) and not status,
        password_in_clear=False,
        ntlm=ntlm,
    )


def _tree_request(data: bytes) -> Result:
    # MS-SMB2 2.2.9
    offset, length = _TWO_U16(data, HEADER_BYTES + 4)
    path = data[offset : offset + min(length, SHARE_LIMIT_BYTES)]
    return SmbTree(
        sender_is_server=False,
        version=2,
        share=share_text(path.decode("utf-16-le", "replace")),
        service="",
    )
