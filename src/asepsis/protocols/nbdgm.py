"""NetBIOS datagrams (RFC 1002 4.4) and the browser protocol in them ([MS-BRWS]): computers announce what they are.

In: one UDP payload of port 138. Out: one ``NetbiosDatagram``: who calls itself how, and of an announcement the
version of the system, what it serves and its domain's master. Neighbours: ``nbns``, ``netbios_names``.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, ClassVar, Final

from asepsis.kernel.value import value
from asepsis.protocols.fields import facts_of, ip, text
from asepsis.protocols.masking import masked, printable
from asepsis.protocols.message import Dissector, Malformed, Result
from asepsis.protocols.netbios_names import read_encoded

# RFC 1002 4.4.1: type, flags, id, source address and port, length, offset.
_HEADER_LENGTH_BYTES = 14
# A computer announces itself every twelve minutes; 1,024 datagrams of at most 576 bytes stay under 4 MiB.
REMEMBERED_DATAGRAMS = 1024
REMEMBERED_LENGTH_BYTES = 576

# RFC 1002 4.4.1.
_KINDS: Final = {
    0x10: "DIRECT UNIQUE",
    0x11: "DIRECT GROUP",
    0x12: "BROADCAST",
    0x13: "ERROR",
    0x14: "QUERY REQUEST",
    0x15: "POSITIVE QUERY RESPONSE",
    0x16: "NEGATIVE QUERY RESPONSE",
}
_WITH_NAMES: Final = (0x10, 0x11, 0x12)
# [MS-BRWS] 2.2: the frames of the browser protocol.
_FRAMES: Final = {
    0x01: "HostAnnouncement",
    0x02: "AnnouncementRequest",
    0x08: "RequestElection",
    0x09: "GetBackupListRequest",
    0x0A: "GetBackupListResponse",
    0x0B: "BecomeBackup",
    0x0C: "DomainAnnouncement",
    0x0D: "MasterAnnouncement",
    0x0E: "ResetStateRequest",
    0x0F: "LocalMasterAnnouncement",
}
_ANNOUNCEMENTS: Final = (0x01, 0x0C, 0x0F)
_DOMAIN_ANNOUNCEMENT = 0x0C
# [MS-BRWS] 2.2.1: what stands before the comment.
_ANNOUNCEMENT_LENGTH_BYTES = 32
# [MS-RAP] 2.5.5.1 and [MS-SRVS] 2.2.2.7: bits of the server type that tell something of the machine.
_SERVER_TYPES: Final = (
    (0x00000001, "workstation"),
    (0x00000002, "server"),
    (0x00000004, "SQL server"),
    (0x00000008, "domain controller"),
    (0x00000010, "backup domain controller"),
    (0x00000020, "time source"),
    (0x00000080, "Novell server"),
    (0x00000200, "print server"),
    (0x00000400, "dial-in server"),
    (0x00000800, "Unix server"),
    (0x00001000, "NT workstation"),
    (0x00002000, "Windows for Workgroups"),
    (0x00008000, "NT server"),
    (0x00040000, "master browser"),
    (0x00080000, "domain master browser"),
    (0x00400000, "Windows 95"),
    (0x02000000, "terminal server"),
)

# [MS-CIFS] 2.2.3.1 and 2.2.4.33.1: SMB_COM_TRANSACTION; where its words stand, from the first byte of the SMB header.
_TRANSACTION = b"\xffSMB\x25"
_DATA_COUNT_AT = 55
_DATA_OFFSET_AT = 57
_MAILSLOT_AT = 69
_BROWSE: Final = ("\\MAILSLOT\\BROWSE", "\\MAILSLOT\\LANMAN")
# [MS-MAIL] 2.2: names of mailslots are short.
MAILSLOT_LIMIT_BYTES = 64


@value
class NetbiosDatagram:
    """One datagram. Texts are empty where nothing is said."""

    PROTOCOL: ClassVar[str] = "nbdgm"
    kind: str
    """The frame of the browser protocol (``HostAnnouncement``), else the type of the datagram (``DIRECT GROUP``)."""
    source_ip: str
    source: str = ""
    """``WARD3<00>``: who sends."""
    destination: str = ""
    mailslot: str = ""
    """``\\MAILSLOT\\BROWSE`` for the browser protocol, ``\\MAILSLOT\\NET\\NETLOGON`` for domain logons."""
    computer: str = ""
    """Who is announced."""
    domain: str = ""
    """Which domain or workgroup is announced; ``computer`` is its master browser then."""
    os_version: str = ""
    """``6.1``: major and minor version as the announcement has them."""
    server_types: tuple[str, ...] = ()
    comment: str = ""
    """The description that somebody gave the computer, without what may name a person."""

    @property
    def sender_is_server(self) -> bool | None:
        """Datagrams have no servers."""
        return None

    def facts(self) -> dict[str, Any]:
        """All that is said, but the kind."""
        return _facts(self)


_facts: Final = facts_of(NetbiosDatagram, without=("kind",))


def read(payload: bytes) -> Sequence[Result]:
    """Reads one datagram."""
    # The datagram's id differs in each.
    content = payload[:2] + payload[4:]
    return _remembered(content) if len(payload) <= REMEMBERED_LENGTH_BYTES else _read(content)


def _malformed(where: str, why: str) -> tuple[Result, ...]:
    return (Malformed(protocol="nbdgm", where=where, why=why),)


def _read(content: bytes) -> tuple[Result, ...]:
    """``content``: the datagram without its id, so that all offsets of RFC 1002 are 2 smaller."""
    kind = _KINDS.get(content[0]) if content else None
    if kind is None:
        return _malformed("MSG_TYPE", f"{content[0]:#04x} is not assigned" if content else "an empty datagram")
    if len(content) < _HEADER_LENGTH_BYTES - 4:
        return _malformed("header", f"{len(content) + 2} bytes of {_HEADER_LENGTH_BYTES - 2}")
    source_ip = ip(content[2:6])
    if content[0] not in _WITH_NAMES:
        return (NetbiosDatagram(kind=kind, source_ip=source_ip),)
    source = read_encoded(content, _HEADER_LENGTH_BYTES - 2)
    destination = read_encoded(content, source[1]) if source is not None else None
    if source is None or destination is None:
        return _malformed("SOURCE_NAME" if source is None else "DESTINATION_NAME", "it is no NetBIOS name")
    said: dict[str, Any] = {}
    found = _read_mailslot(content[destination[1] :], said)
    return (
        NetbiosDatagram(
            kind=found or kind, source_ip=source_ip, source=str(source[0]), destination=str(destination[0]), **said
        ),
    )


_remembered = lru_cache(maxsize=REMEMBERED_DATAGRAMS)(_read)


def _read_mailslot(smb: bytes, said: dict[str, Any]) -> str:
    """Adds what a message to a mailslot says; returns the frame of the browser protocol, or an empty text."""
    if not smb.startswith(_TRANSACTION) or len(smb) <= _MAILSLOT_AT:
        return ""
    name = smb[_MAILSLOT_AT : _MAILSLOT_AT + MAILSLOT_LIMIT_BYTES]
    if not name.upper().startswith(b"\\MAILSLOT\\"):
        return ""
    said["mailslot"] = printable(name.partition(b"\0")[0]).upper()
    offset = smb[_DATA_OFFSET_AT] | smb[_DATA_OFFSET_AT + 1] << 8
    count = smb[_DATA_COUNT_AT] | smb[_DATA_COUNT_AT + 1] << 8
    frame = smb[offset : offset + count]
    if said["mailslot"] not in _BROWSE or not frame:
        return ""
    kind = _FRAMES.get(frame[0], "")
    if frame[0] in _ANNOUNCEMENTS and len(frame) >= _ANNOUNCEMENT_LENGTH_BYTES:
        _read_announcement(frame, said)
    return kind


def _read_announcement(frame: bytes, said: dict[str, Any]) -> None:
    # [MS-BRWS] 2.2.1, 2.2.3, 2.2.10: command, update count, periodicity, name, version, server type, browser version,
    # signature, comment. A domain's announcement has the domain as its name and its master as the comment.
    name = text(frame[6:22].partition(b"\0")[0])
    comment = frame[_ANNOUNCEMENT_LENGTH_BYTES:].partition(b"\0")[0]
    if frame[0] == _DOMAIN_ANNOUNCEMENT:
        said["domain"], said["computer"] = name, text(comment)
        return
    bits = int.from_bytes(frame[24:28], "little")
    said["computer"] = name
    said["os_version"] = f"{frame[22]}.{frame[23]}"
    said["server_types"] = tuple(word for bit, word in _SERVER_TYPES if bits & bit)
    said["comment"] = masked(comment)


DISSECTOR = Dissector(protocol="nbdgm", datagram=read)
