"""NetBIOS datagrams: computers announce their names, versions and services."""

from __future__ import annotations

from asepsis.protocols.message import Malformed
from asepsis.protocols.nbdgm import NetbiosDatagram, read
from tests.protocols.conformance import CANARY, MALFORMED, Vector
from tests.protocols.test_nbns import encoded


def mailslot(name: bytes, frame: bytes) -> bytes:
    """[MS-CIFS] 2.2.4.33.1: SMB_COM_TRANSACTION with three setup words, the name, then the data."""
    named = name + b"\0"
    offset = 32 + 1 + 34 + 2 + len(named)
    words = (
        *(0, len(frame), 0, 0, 0, 0),  # total and maximal counts, setup count with padding, flags
        *(0, 0, 0, 0, 0),  # timeout, reserved, parameters
        *(len(frame), offset, 3, 1, 1, 2),  # data, setup count, opcode, priority, class
    )
    counted = b"".join(word.to_bytes(2, "little") for word in words)
    smb = b"\xffSMB\x25" + bytes(27) + b"\x11" + counted
    return smb + (len(named) + len(frame)).to_bytes(2, "little") + named + frame


def datagram(destination: bytes, data: bytes, kind: int = 0x11) -> bytes:
    """RFC 1002 4.4.2."""
    body = encoded("WARD3PC", 0) + destination + data
    return bytes((kind, 0x0A)) + b"\x12\x34\xc0\0\x02\x07\0\x8a" + len(body).to_bytes(2, "big") + b"\0\0" + body


def announcement(command: int, name: bytes, comment: bytes, version: bytes = b"\x06\x01", types: int = 0x9203) -> bytes:
    """[MS-BRWS] 2.2.1."""
    return (
        bytes((command, 0)) + b"\x80\xfc\x0a\x00" + name.ljust(16, b"\0") + version + types.to_bytes(4, "little")
        + b"\x0f\x01\x55\xaa" + comment + b"\0"
    )  # fmt: skip


GROUP = encoded("WARD", 0x1D)
HOST = datagram(GROUP, mailslot(b"\\MAILSLOT\\BROWSE", announcement(1, b"WARD3PC", b"front desk")))
DOMAIN = datagram(GROUP, mailslot(b"\\MAILSLOT\\BROWSE", announcement(0x0C, b"WARD", b"ARCHIVE")))
ELECTION = datagram(GROUP, mailslot(b"\\MAILSLOT\\BROWSE", b"\x08" + bytes(20)))
# [MS-ADTS] 6.3.5: a mailslot ping names the user.
LOGON = datagram(GROUP, mailslot(b"\\MAILSLOT\\NET\\NETLOGON", b"\x12\0" + CANARY.encode("utf-16-le") + bytes(8)))
QUERY = bytes((0x14, 0)) + b"\x12\x34\xc0\0\x02\x07\0\x8a" + encoded("ARCHIVE", 0x20)

VECTORS = [
    Vector(name="host", provenance="[MS-BRWS] 2.2.1", data=HOST, kinds=("HostAnnouncement",)),
    Vector(name="domain", provenance="[MS-BRWS] 2.2.3", data=DOMAIN, kinds=("DomainAnnouncement",)),
    Vector(name="election", provenance="[MS-BRWS] 2.2.3", data=ELECTION, kinds=("RequestElection",)),
    Vector(name="logon", provenance="[MS-ADTS] 6.3.5", data=LOGON, kinds=("DIRECT GROUP",)),
    Vector(name="query", provenance="RFC 1002 4.4.4", data=QUERY, kinds=("QUERY REQUEST",)),
    Vector(name="no names", provenance="RFC 1002 4.4.2", data=HOST[:14] + bytes(70), kinds=(MALFORMED,)),
]


def only(payload: bytes) -> NetbiosDatagram:
    (message,) = read(payload)
    assert isinstance(message, NetbiosDatagram)
    return message


def test_a_computer_announces_its_version_and_services() -> None:
    assert only(HOST).facts() == {
        "source_ip": "192.0.2.7",
        "source": "WARD3PC<00>",
        "destination": "WARD<1d>",
        "mailslot": "\\MAILSLOT\\BROWSE",
        "computer": "WARD3PC",
        "os_version": "6.1",
        "server_types": ("workstation", "server", "print server", "NT workstation", "NT server"),
        "comment": "front desk",
    }


def test_a_domain_is_announced_with_its_master() -> None:
    message = only(DOMAIN)
    assert (message.domain, message.computer, message.os_version) == ("WARD", "ARCHIVE", "")


def test_of_a_logon_only_the_mailslot_is_kept() -> None:
    assert only(LOGON).mailslot == "\\MAILSLOT\\NET\\NETLOGON"


def test_the_id_changes_nothing() -> None:
    assert read(HOST) == read(HOST[:2] + b"\xff\xff" + HOST[4:])


def test_another_type_is_malformed() -> None:
    (malformed,) = read(b"\x20" + HOST[1:])
    assert malformed == Malformed(protocol="nbdgm", where="MSG_TYPE", why="0x20 is not assigned")
