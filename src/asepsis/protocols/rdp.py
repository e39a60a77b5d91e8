"""RDP ([MS-RDPBCGR]): how a remote desktop is asked for and protected, and which machine asks.

In: TCP conversations. Out: ``RdpConnection`` for the two sides of the X.224 connection, ``RdpClient`` where the
client's settings come in clear, and the messages of ``tls`` once the conversation turns to it. The cookie's value is
a person's name and is never kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final

from asepsis.kernel.value import value
from asepsis.protocols.fields import facts_of
from asepsis.protocols.masking import printable_text
from asepsis.protocols.message import Dissector, Malformed, Result
from asepsis.protocols.tls import TlsStream

PROTOCOL: Final = "rdp"

# The client's settings are some 500 bytes; what is longer is no Connect-Initial.
PDU_LIMIT_BYTES = 8 * 1024
# Settings are some eight blocks.
BLOCKS_LIMIT = 16
# 2.2.1.3.2: fifteen signs and a NUL of UTF-16.
CLIENT_NAME_BYTES = 32

# 2.2.1.1.1 requestedProtocols and 2.2.1.2.1 selectedProtocol
_PROTOCOLS: Final = ((1, "TLS"), (2, "CredSSP"), (4, "RDSTLS"), (8, "CredSSP early"), (16, "RDSAAD"))
# 2.2.1.2.2 failureCode
_FAILURES: Final = {
    1: "SSL_REQUIRED_BY_SERVER",
    2: "SSL_NOT_ALLOWED_BY_SERVER",
    3: "SSL_CERT_NOT_ON_SERVER",
    4: "INCONSISTENT_FLAGS",
    5: "HYBRID_REQUIRED_BY_SERVER",
    6: "SSL_WITH_USER_AUTH_REQUIRED_BY_SERVER",
}


@value
class RdpConnection:
    """A connection request or confirm (2.2.1.1, 2.2.1.2)."""

    PROTOCOL: ClassVar[str] = PROTOCOL
    kind: str
    """``Connection Request`` or ``Connection Confirm``."""
    security: tuple[str, ...] = ()
    """What the client offers or the server chose; ``RDP`` is the old one, without TLS."""
    user: bool = False
    """A cookie names who wants to sign in; who it is, is not kept."""
    failure: str = ""
    restricted_admin: bool = False

    @property
    def sender_is_server(self) -> bool:
        """Only a server confirms."""
        return self.kind == "Connection Confirm"

    def facts(self) -> dict[str, Any]:
        """Security offered or chosen, whether somebody is named, why it failed."""
        return {name: list(fact) if isinstance(fact, tuple) else fact for name, fact in _connection(self).items()}


@value
class RdpClient:
    """The client's core data (2.2.1.3.2), in clear where the old security is used."""

    PROTOCOL: ClassVar[str] = PROTOCOL
    kind: ClassVar[str] = "Connect-Initial"
    sender_is_server: ClassVar[bool | None] = False
    client_name: str
    build: int
    version: str
    keyboard_layout: str

    def facts(self) -> dict[str, Any]:
        """The client's name, its build, version and keyboard."""
        return _client(self)


_connection: Final = facts_of(RdpConnection, without=("kind",))
_client: Final = facts_of(RdpClient)


class _Side:
    __slots__ = ("done", "pending")

    def __init__(self) -> None:
        self.pending = bytearray()
        self.done = False


class RdpStream:
    """Reads one conversation; see ``protocols.message.Stream``."""

    __slots__ = ("_sides", "_tls")

    def __init__(self) -> None:
        self._sides = (_Side(), _Side())
        self._tls: TlsStream | None = None

    def feed(self, sender: int, data: bytes, *, gap: bool = False) -> Sequence[Result]:
        """Takes the next bytes of one direction."""
        if self._tls is not None:
            return self._tls.feed(sender, data, gap=gap)
        side = self._sides[sender]
        if gap:
            side.pending.clear()
            side.done = True  # what is said in clear stands at the very beginning
        if side.done:
            return ()
        side.pending += data
        results: list[Result] = []
        while not side.done and len(side.pending) >= 4:
            before = len(side.pending)
            results += self._take(sender, side)
            if self._tls is not None or len(side.pending) == before:
                break
        return results

    def close(self) -> Sequence[Result]:
        """Nothing: what is not whole says nothing."""
        if self._tls is not None:
            self._tls.close()
        return ()

    def _take(self, sender: int, side: _Side) -> Sequence[Result]:
        pending = side.pending
        if pending[0] in (20, 21, 22, 23) and pending[1] == 3:
            return self._turn(sender, side)
        length = int.from_bytes(pending[2:4], "big")
        if pending[0] != 3 or length < 7 or length > PDU_LIMIT_BYTES:
            side.done = True
            pending.clear()
            # Fast-path output (2.2.9.1.2) follows the sign-in and has another head.
            return ()
        if len(pending) < length:
            return ()
        pdu = bytes(pending[:length])
        del pending[:length]
        kind = pdu[5]
        if kind in (0xE0, 0xD0):
            return (_read_connection(pdu, kind),)
        if kind == 0xF0 and pdu[7:9] == b"\x7f\x65":
            side.done = True
            pending.clear()
            return (_read_client(pdu),)
        if kind == 0xF0 and pdu[7:9] == b"\x7f\x66":
            side.done = True
            pending.clear()
        return ()

    def _turn(self, sender: int, side: _Side) -> Sequence[Result]:
        """Goes on as TLS (5.4.5.1): the certificate names the server."""
        self._tls = TlsStream()
        rest = bytes(side.pending)
        for one in self._sides:
            one.pending.clear()
        return self._tls.feed(sender, rest)


def _read_connection(pdu: bytes, kind: int) -> Result:
    # TPKT 4, X.224 length, code, references, class: 7; then cookie or token up to CR LF, then the negotiation.
    rest = pdu[11:]
    if pdu[4] + 5 != len(pdu):
        return Malformed(protocol=PROTOCOL, where="X.224", why="its length is not that of the packet")
    user = False
    if kind == 0xE0 and rest[:1] in (b"C", b"t", b"M"):
        cookie, _, rest = rest.partition(b"\r\n")
        user = cookie.lower().startswith(b"cookie: mstshash=")
    name = "Connection Request" if kind == 0xE0 else "Connection Confirm"
    if len(rest) < 8:
        return RdpConnection(kind=name, security=("RDP",), user=user)
    code, flags, number = rest[0], rest[1], int.from_bytes(rest[4:8], "little")
    if code == 3 and kind == 0xD0:
        return RdpConnection(kind=name, failure=_FAILURES.get(number, str(number)))
    if code != (1 if kind == 0xE0 else 2):
        return Malformed(protocol=PROTOCOL, where="negotiation", why=f"type {code} in a {name}")
    security = tuple(word for bit, word in _PROTOCOLS if number & bit)
    return RdpConnection(
        kind=name, security=security or ("RDP",), user=user, restricted_admin=kind == 0xE0 and bool(flags & 1)
    )


def _read_client(pdu: bytes) -> Result:
    # 2.2.1.3: behind the key "Duca" (T.124 8.7) comes a length of one or two bytes, then blocks of type and length.
    at = pdu.find(b"Duca")
    if at < 0:
        return Malformed(protocol=PROTOCOL, where="Connect-Initial", why="it has no H.221 key of a client")
    at += 5 + (pdu[at + 4 : at + 5] >= b"\x80")
    for _ in range(BLOCKS_LIMIT):
        if at + 4 > len(pdu):
            break
        kind, length = int.from_bytes(pdu[at : at + 2], "little"), int.from_bytes(pdu[at + 2 : at + 4], "little")
        if kind == 0xC001:
            block = pdu[at + 4 : at + length]
            if len(block) < 20 + CLIENT_NAME_BYTES:
                break
            version = int.from_bytes(block[0:4], "little")
            name = block[20 : 20 + CLIENT_NAME_BYTES].decode("utf-16-le", "replace").partition("\0")[0]
            return RdpClient(
                client_name=printable_text(name),
                build=int.from_bytes(block[16:20], "little"),
                version=f"{version >> 16}.{version & 0xFFFF}",
                keyboard_layout=f"{int.from_bytes(block[12:16], 'little'):#06x}",
            )
        at += max(length, 4)
    return Malformed(protocol=PROTOCOL, where="Connect-Initial", why="it has no core data of the client")


DISSECTOR: Final = Dissector(protocol=PROTOCOL, open=RdpStream, carries=frozenset(("tls",)))
