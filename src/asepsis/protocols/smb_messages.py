"""Messages of SMB in all its versions; ``smb1`` and ``smb2`` read them, ``smb`` finds them in a conversation."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from asepsis.kernel.value import value
from asepsis.protocols.masking import masked_text, printable_text
from asepsis.protocols.ntlm import Ntlm

PROTOCOL: Final = "smb"

# MS-ERREF 2.3.1: the answer to the first half of a sign-in; no failure.
MORE_PROCESSING_REQUIRED: Final = 0xC000_0016

SIGNING_OFF: Final = "off"
SIGNING_ENABLED: Final = "enabled"
SIGNING_REQUIRED: Final = "required"


def guid_text(data: bytes) -> str:
    """Sixteen bytes as MS-DTYP 2.3.4 writes them; empty for sixteen zeros."""
    if len(data) != 16 or not any(data):
        return ""
    parts = (data[3::-1], data[5:3:-1], data[7:5:-1], data[8:10], data[10:])
    return "-".join(part.hex() for part in parts)


def share_text(path: str) -> str:
    """``\\\\server\\share`` with the name of the share masked; that of the server is a machine's."""
    server, separator, share = path.rpartition("\\")
    return printable_text(server + separator) + masked_text(share)


@value
class SmbNegotiate:
    """MS-CIFS 2.2.4.52, MS-SMB2 2.2.3 and 2.2.4: dialects offered, or the one chosen."""

    PROTOCOL: ClassVar[str] = PROTOCOL
    sender_is_server: bool
    version: int
    """1 for SMB1 and 2 for SMB2 and 3; a client that offers both begins in the form of 1."""
    dialects: tuple[str, ...]
    signing: str
    """``off``, ``enabled``, ``required``; empty where the form has no such field."""
    guid: str
    """Of the sender. A server keeps it; it says which machine answers."""
    names: tuple[tuple[str, str], ...]
    """Domain and server that an old server names, such as ``("domain", "RADIOLOGY")``."""
    passwords_in_clear: bool
    """The server asks for plain passwords."""

    @property
    def kind(self) -> str:
        """``NEGOTIATE request`` or ``NEGOTIATE response``."""
        return "NEGOTIATE response" if self.sender_is_server else "NEGOTIATE request"

    def facts(self) -> dict[str, Any]:
        """Version, dialects, signing, GUID, names."""
        facts: dict[str, Any] = {"version": self.version, **dict(self.names)}
        if self.dialects:
            facts["dialects"] = list(self.dialects)
        if self.signing:
            facts["signing"] = self.signing
        if self.guid:
            facts["guid"] = self.guid
        if self.passwords_in_clear:
            facts["passwords_in_clear"] = True
        return facts


@value
class SmbSession:
    """MS-CIFS 2.2.4.53, MS-SMB2 2.2.5 and 2.2.6: somebody signs in. Who it is, is not kept."""

    PROTOCOL: ClassVar[str] = PROTOCOL
    sender_is_server: bool
    version: int
    status: int
    """NTSTATUS of a failure, such as 0xC000006D (logon failure); 0 in a request and while it goes on."""
    names: tuple[tuple[str, str], ...]
    """``os`` and ``lan_manager`` of the sender in SMB1, and ``domain``."""
    user: bool
    """A user is named."""
    guest: bool
    password_in_clear: bool
    ntlm: Ntlm | None

    @property
    def kind(self) -> str:
        """``SESSION_SETUP request`` or ``SESSION_SETUP response``."""
        return "SESSION_SETUP response" if self.sender_is_server else "SESSION_SETUP request"

    def facts(self) -> dict[str, Any]:
        """Names of the sender's system, what NTLM says, whether a user is named, guest, failure."""
        facts: dict[str, Any] = {"version": self.version, **dict(self.names)}
        if self.status:
            facts["status"] = f"0x{self.status:08X}"
        for name in ("user", "guest", "password_in_clear"):
            if getattr(self, name):
                facts[name] = True
        if self.ntlm is not None:
            facts["ntlm"] = self.ntlm.facts()
        return facts


@value
class SmbTree:
    """MS-CIFS 2.2.4.55, MS-SMB2 2.2.9 and 2.2.10: a share is opened. Names of files are never read."""

    PROTOCOL: ClassVar[str] = PROTOCOL
    sender_is_server: bool
    version: int
    share: str
    """Server, and share masked: ``\\\\\\\\PACS-1\\\\images``; empty in a response of SMB2."""
    service: str
    """``disk``, ``pipe`` or ``printer``; SMB1's own word for it there."""

    @property
    def kind(self) -> str:
        """``TREE_CONNECT request`` or ``TREE_CONNECT response``."""
        return "TREE_CONNECT response" if self.sender_is_server else "TREE_CONNECT request"

    def facts(self) -> dict[str, Any]:
        """Share and service."""
        facts: dict[str, Any] = {"version": self.version}
        if self.share:
            facts["share"] = self.share
        if self.service:
            facts["service"] = self.service
        return facts


@value
class SmbEncrypted:
    """MS-SMB2 2.2.41: from here on one side speaks encrypted; nothing more is read."""

    PROTOCOL: ClassVar[str] = PROTOCOL
    kind: ClassVar[str] = "TRANSFORM_HEADER"
    sender_is_server: ClassVar[bool | None] = None

    def facts(self) -> dict[str, Any]:
        """Nothing more than that it was sent."""
        return {}


@value
class NetbiosSession:
    """RFC 1002 4.3.2: a client calls a server by its NetBIOS name and gives its own."""

    PROTOCOL: ClassVar[str] = PROTOCOL
    kind: ClassVar[str] = "NetBIOS session request"
    sender_is_server: ClassVar[bool | None] = False
    called: str
    calling: str

    def facts(self) -> dict[str, Any]:
        """Both names with the suffix that tells the service: ``PACS-1<20>``."""
        facts = {"called": self.called, "calling": self.calling}
        return {name: text for name, text in facts.items() if text}
