"""QUIC (RFC 9000, RFC 9369, the drafts from 22 on): both sides' datagrams in, hellos and versions out.

Initial packets are opened with their published keys (``crypto.quic``); the TLS hellos in their CRYPTO frames are read
by ``tls_hello``. Google's older QUIC (Q0xx, T05x) has other hellos: it is named, not read.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, ClassVar, Final

from asepsis.crypto.quic import DRAFT_OF_VERSION_2, MVFST, VERSION_2, open_initial, salt_of
from asepsis.kernel.value import value
from asepsis.protocols.fields import facts_of
from asepsis.protocols.masking import printable
from asepsis.protocols.message import Dissector, Malformed, Result
from asepsis.protocols.tls_hello import ClientHello, ServerHello, read_client_hello, read_server_hello

PROTOCOL: Final = "quic"

# A datagram holds one Initial packet, perhaps two, and packets of other types behind them (RFC 9000 12.2).
PACKETS_LIMIT = 8
# Some browsers cut their hello into dozens of frames on purpose; a packet of 1,200 bytes has no room for many more.
FRAMES_LIMIT = 512
# The largest hellos, with post-quantum keys and tickets, are under 20 KB.
HELLO_LIMIT_BYTES = 32 * 1024
FRAGMENTS_LIMIT = 512
# RFC 9000 17.2: connection ids of version 1 have at most 20 bytes.
CONNECTION_ID_LIMIT_BYTES = 20
# Attempts to open Initial packets of one side: a hello takes three, a lossy path some more.
ATTEMPTS_LIMIT = 24
VERSIONS_LIMIT = 32

_TRANSPORT_PARAMETERS = (57, 0xFFA5)  # RFC 9001 8.2; the drafts before it
_USER_AGENT = 0x3129  # a transport parameter of Google's; browsers wrote it until 2021, apps still do

# RFC 9000 17.2 and, for version 2, RFC 9369 3.2.
_TYPES: Final = ("Initial", "0-RTT", "Handshake", "Retry")
_TYPES_OF_VERSION_2: Final = ("Retry", "Initial", "0-RTT", "Handshake")

# RFC 9000 19: frames that an Initial packet may hold.
_PADDING, _PING, _ACK, _ACK_ECN, _CRYPTO, _CLOSE = 0, 1, 2, 3, 6, 0x1C


@value
class QuicHello:
    """The TLS hello of one side, or the first sign of a side whose hello cannot be read."""

    PROTOCOL: ClassVar[str] = PROTOCOL
    kind: str
    """``ClientHello``, ``ServerHello``; ``Initial`` where only the version could be read."""
    sender_is_server: bool | None
    version: str
    """Of QUIC: ``1``, ``2``, ``draft 29``, ``Q043``."""
    server_name: str = ""
    alpn: tuple[str, ...] = ()
    tls_versions: tuple[str, ...] = ()
    ja4: str = ""
    encrypted_client_hello: bool = False
    user_agent: str = ""
    """What the client's software calls itself in its transport parameters, where it does."""
    cipher_suite: str = ""
    """What the server chose."""
    ja3s: str = ""

    def facts(self) -> dict[str, Any]:
        """All that was said, but kind and side."""
        return {name: list(fact) if isinstance(fact, tuple) else fact for name, fact in _hello_facts(self).items()}


@value
class QuicVersions:
    """A Version Negotiation packet (RFC 9000 17.2.1) or a Retry: what a server says before any hello."""

    PROTOCOL: ClassVar[str] = PROTOCOL
    sender_is_server: ClassVar[bool | None] = True
    kind: str
    """``VersionNegotiation`` or ``Retry``."""
    versions: tuple[str, ...]

    def facts(self) -> dict[str, Any]:
        """The versions, without those that only keep clients tolerant."""
        return {"versions": list(self.versions)} if self.versions else {}


_hello_facts: Final = facts_of(QuicHello, without=("kind", "sender_is_server"))


@lru_cache(maxsize=256)
def version_name(number: int) -> str:
    """``1``, ``2``, ``draft 29``, ``mvfst 27``, ``Q043``; others as ``0xABCDEF01``."""
    if number == 1:
        return "1"
    if number in (VERSION_2, DRAFT_OF_VERSION_2):
        return "2" if number == VERSION_2 else "2 draft"
    if number >> 8 == 0xFF0000:
        return f"draft {number & 0xFF}"
    if number in MVFST:
        return f"mvfst {MVFST[number]}" if number != 0xFACEB00E else "mvfst"
    octets = number.to_bytes(4, "big")
    return octets.decode() if octets[0] in b"QT" and octets[1:].isdigit() else f"0x{number:08X}"


def _integer(data: bytes, at: int) -> tuple[int, int]:
    # RFC 9000 16: the two highest bits say how long the integer is. IndexError where nothing is.
    size = 1 << (data[at] >> 6)
    if at + size > len(data):
        raise IndexError
    return int.from_bytes(data[at : at + size], "big") & (1 << 8 * size - 2) - 1, at + size


class _Crypto:
    """Puts the CRYPTO frames of one side in order (RFC 9000 19.6)."""

    __slots__ = ("_held", "fragments")

    def __init__(self) -> None:
        self.fragments: dict[int, bytes] = {}
        self._held = 0

    def add(self, offset: int, octets: bytes) -> bool:
        """Keeps one frame; False when it is more than any hello has."""
        known = self.fragments.get(offset)
        if known is not None:
            if len(octets) <= len(known):
                return True
            self._held -= len(known)
        self._held += len(octets)
        self.fragments[offset] = octets
        return self._held <= HELLO_LIMIT_BYTES and len(self.fragments) <= FRAGMENTS_LIMIT

    def hello(self) -> bytes | None:
        """The whole first handshake message, when all of it is here."""
        if 0 not in self.fragments:
            return None
        whole = bytearray()
        for offset, octets in sorted(self.fragments.items()):
            if offset > len(whole):
                break
            whole += octets[len(whole) - offset :]
        if len(whole) < 4 or len(whole) < 4 + int.from_bytes(whole[1:4], "big"):
            return None
        return bytes(whole[: 4 + int.from_bytes(whole[1:4], "big")])


class _Side:
    __slots__ = ("attempts", "crypto", "done", "named")

    def __init__(self) -> None:
        self.crypto = _Crypto()
        self.done = False
        self.named = False
        self.attempts = 0


class QuicStream:
    """Reads one UDP conversation; each piece is one datagram. See ``protocols.message.Stream``."""

    __slots__ = ("_client", "_connection_id", "_sides")

    def __init__(self) -> None:
        self._sides = (_Side(), _Side())
        self._client: int | None = None
        self._connection_id = b""
        """The client's first, from which both sides' keys follow."""

    def feed(self, sender: int, data: bytes, *, gap: bool = False) -> Sequence[Result]:
        """Takes one datagram; a datagram lost before it changes nothing."""
        side = self._sides[sender]
        if side.done or len(data) < 7:
            return ()
        if not data[0] & 0x80:
            return self._named_only(side, data)
        results: list[Result] = []
        at = 0
        try:
            for _ in range(PACKETS_LIMIT):
                if side.done or at >= len(data) or not data[at] & 0x80:
                    break
                at = self._packet(sender, side, data, at, results)
        except IndexError:
            # What is cut or no QUIC at all is passed over: only packets that their keys open say anything. What
            # stands at the beginning of a datagram with a version that we know ought to be whole.
            if at == 0 and salt_of(int.from_bytes(data[1:5], "big")) is not None:
                results.append(Malformed(protocol=PROTOCOL, where="long header", why="a field reaches beyond the end"))
        return results

    def close(self) -> Sequence[Result]:
        """Nothing: a hello that is not whole has no fingerprint."""
        for side in self._sides:
            side.done = True
            side.crypto.fragments.clear()
        return ()

    def _named_only(self, side: _Side, data: bytes) -> Sequence[Result]:
        # Google QUIC up to Q043: public flags with VERSION (1) and an 8-byte connection id (8), then the version.
        if data[0] & 9 == 9 and data[9:10] == b"Q" and data[10:13].isdigit() and not side.named:
            side.named = side.done = True
            return (QuicHello(kind="Initial", sender_is_server=None, version=printable(data[9:13])),)
        return ()

    def _packet(self, sender: int, side: _Side, data: bytes, at: int, results: list[Result]) -> int:
        """Reads the packet at ``at``; gives where the next one begins. IndexError where it is cut."""
        start = at
        version = int.from_bytes(data[at + 1 : at + 5], "big")
        at += 5
        to_length = data[at]
        to = data[at + 1 : at + 1 + to_length]
        at += 1 + to_length
        at += 1 + data[at]  # source connection id
        if version == 0:
            self._sides[sender].named = True
            self._client = 1 - sender
            offered = [int.from_bytes(data[at + 4 * i : at + 4 * i + 4], "big") for i in range(VERSIONS_LIMIT)]
            # RFC 9000 6.3: versions of the form 0x?a?a?a?a are reserved to keep clients tolerant.
            names = tuple(version_name(one) for one in offered if one and one & 0x0F0F0F0F != 0x0A0A0A0A)
            results.append(QuicVersions(kind="VersionNegotiation", versions=names))
            return len(data)
        if salt_of(version) is None:
            if not side.named:
                side.named = True
                results.append(QuicHello(kind="Initial", sender_is_server=None, version=version_name(version)))
            return len(data)
        if to_length > CONNECTION_ID_LIMIT_BYTES:
            raise IndexError
        types = _TYPES_OF_VERSION_2 if version in (VERSION_2, DRAFT_OF_VERSION_2) else _TYPES
        kind = types[data[start] >> 4 & 3]
        if kind == "Retry":
            # RFC 9001 5.2: the client's next Initial goes to an id that the server chose, and so do the keys.
            self._client = 1 - sender
            self._connection_id = b""
            results.append(QuicVersions(kind="Retry", versions=(version_name(version),)))
            return len(data)
        if kind == "Initial":
            length, at = _integer(data, at)
            at += length  # the token
        length, at = _integer(data, at)
        if at + length > len(data):
            raise IndexError
        end = at + length
        if kind == "Initial" and side.attempts < ATTEMPTS_LIMIT:
            side.attempts += 1
            self._initial(sender, side, data[start:end], at - start, version, to, results)
        return end

    def _initial(
        self, sender: int, side: _Side, packet: bytes, number_at: int, version: int, to: bytes, results: list[Result]
    ) -> None:
        frames = None
        if self._client != 1 - sender:
            # The id may have changed since the first packet, and a capture may have begun behind a Retry.
            for connection_id in dict.fromkeys((self._connection_id or to, to)):
                frames = open_initial(packet, number_at, version=version, connection_id=connection_id, of_server=False)
                if frames is not None:
                    self._client, self._connection_id = sender, connection_id
                    break
        elif self._connection_id:
            frames = open_initial(packet, number_at, version=version, connection_id=self._connection_id, of_server=True)
        if frames is not None:
            self._frames(sender, side, frames, version, results)
        elif not side.named and self._client is None:
            side.named = True
            results.append(QuicHello(kind="Initial", sender_is_server=None, version=version_name(version)))

    def _frames(self, sender: int, side: _Side, frames: bytes, version: int, results: list[Result]) -> None:
        at = 0
        crypto = side.crypto
        for _ in range(FRAMES_LIMIT):
            if at < len(frames) and frames[at] == _PADDING:
                at = len(frames) - len(frames[at:].lstrip(b"\0"))
            if at >= len(frames):
                break
            kind = frames[at]
            at += 1
            if kind == _CRYPTO:
                offset, at = _integer(frames, at)
                length, at = _integer(frames, at)
                if at + length > len(frames) or not crypto.add(offset, frames[at : at + length]):
                    self._finish(side, Malformed(protocol=PROTOCOL, where="CRYPTO", why="more than a hello"), results)
                    return
                at += length
            elif kind in (_ACK, _ACK_ECN):
                at = _behind_ack(frames, at, ecn=kind == _ACK_ECN)
            elif kind == _CLOSE:
                break
            elif kind != _PING:
                malformed = Malformed(protocol=PROTOCOL, where="frame", why=f"type {kind:#04x} in an Initial packet")
                self._finish(side, malformed, results)
                return
        hello = crypto.hello()
        if hello is not None:
            self._finish(side, _read_hello(hello, version, from_client=self._client == sender), results)

    def _finish(self, side: _Side, result: Result, results: list[Result]) -> None:
        side.done = True
        side.crypto.fragments.clear()
        results.append(result)


def _behind_ack(frames: bytes, at: int, *, ecn: bool) -> int:
    # RFC 9000 19.3: largest, delay, count of ranges, first range; two integers a range; three counts of ECN.
    _, at = _integer(frames, at)
    _, at = _integer(frames, at)
    ranges, at = _integer(frames, at)
    for _ in range(min(1 + 2 * ranges + 3 * ecn, len(frames))):
        _, at = _integer(frames, at)
    return at


def _read_hello(hello: bytes, version: int, *, from_client: bool) -> Result:
    read: ClientHello | ServerHello | Malformed
    if from_client and hello[0] == 1:
        read = read_client_hello(hello, 4, len(hello))
    elif not from_client and hello[0] == 2:
        read = read_server_hello(hello, 4, len(hello))
    else:
        return Malformed(protocol=PROTOCOL, where="handshake", why=f"type {hello[0]} where a hello belongs")
    match read:
        case ClientHello():
            return QuicHello(
                kind="ClientHello",
                sender_is_server=False,
                version=version_name(version),
                server_name=read.server_name,
                alpn=read.alpn,
                tls_versions=read.versions,
                # JA4 says q instead of t for a hello that came in QUIC.
                ja4=f"q{read.ja4[1:]}",
                encrypted_client_hello=read.encrypted_client_hello,
                user_agent=_user_agent(hello),
            )
        case ServerHello():
            return QuicHello(
                kind=read.kind,
                sender_is_server=True,
                version=version_name(version),
                tls_versions=(read.version,),
                cipher_suite=read.cipher_suite,
                ja3s=read.ja3s,
            )
        case Malformed():
            return Malformed(protocol=PROTOCOL, where=read.where, why=read.why)


def _user_agent(hello: bytes) -> str:
    """Google's transport parameter of a ClientHello whose lengths were found right."""
    at = 4 + 34
    at += 1 + hello[at]
    at += 2 + int.from_bytes(hello[at : at + 2], "big")
    at += 1 + hello[at]
    at += 2
    while at + 4 <= len(hello):
        kind, size = int.from_bytes(hello[at : at + 2], "big"), int.from_bytes(hello[at + 2 : at + 4], "big")
        if kind in _TRANSPORT_PARAMETERS:
            return _parameter(hello[at + 4 : at + 4 + size], _USER_AGENT)
        at += 4 + size
    return ""


def _parameter(parameters: bytes, wanted: int) -> str:
    # RFC 9000 18: identifier, length, value. The drafts before 27 had another form, which gives nothing here.
    at = 0
    try:
        while at < len(parameters):
            identifier, at = _integer(parameters, at)
            length, at = _integer(parameters, at)
            if identifier == wanted:
                return printable(parameters[at : at + length])
            at += length
    except IndexError:
        pass
    return ""


DISSECTOR: Final = Dissector(protocol=PROTOCOL, open=QuicStream, whole_datagrams=True)
