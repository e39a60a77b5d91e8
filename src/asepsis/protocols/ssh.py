"""SSH: both directions' bytes in, identification, key exchange offers and what was agreed out.

RFC 4253 4.2 (identification), 6 (binary packets), 7 (key exchange). Reading ends with SSH_MSG_NEWKEYS, after which
everything is encrypted. A key exchange offer looks the same from both sides; which side serves is told by markers
in the offer or by the messages of the exchange that follow, and until then the offers wait.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from hashlib import md5
from typing import Any, ClassVar, Final

from asepsis.kernel.value import value
from asepsis.protocols.framing import Held
from asepsis.protocols.masking import printable
from asepsis.protocols.message import Dissector, Malformed, Result

PROTOCOL: Final = "ssh"

# RFC 4253 4.2: 255 bytes with the line end; a server may say something before it.
LINE_LIMIT_BYTES = 255
LINES_BEFORE_IDENTIFICATION = 32
# RFC 4253 6.1: 35,000 bytes must be borne; no packet before NEWKEYS needs more.
PACKET_LIMIT_BYTES = 35_000
# An exchange before NEWKEYS takes two to four packets a side; debug messages may stand between.
PACKETS_LIMIT = 16
# OpenSSH offers 12 algorithms of a kind; some libraries 60.
ALGORITHMS_LIMIT = 128
# The same software makes the same offer every time: a few hundred offers of about 1.5 KiB in a hospital.
REMEMBERED_OFFERS = 512
REMEMBERED_OFFER_BYTES = 4096

_KEXINIT = 20
_NEWKEYS = 21
# RFC 4253 8, RFC 4419 5, RFC 5656 7.1: the numbers 30, 32 and 34 of all exchange methods are sent by the client.
_FROM_CLIENT = (30, 32, 34)
_FROM_SERVER = (31, 33)

# RFC 8308 2.1 and OpenSSH's strict key exchange: each side announces itself by its own word.
_CLIENT_WORDS = frozenset((b"ext-info-c", b"kex-strict-c", b"kex-strict-c-v00@openssh.com"))
_SERVER_WORDS = frozenset((b"ext-info-s", b"kex-strict-s", b"kex-strict-s-v00@openssh.com"))
# Ciphers with their own integrity check: the MAC that is negotiated beside them is not used (RFC 5647 5.1).
_AUTHENTICATED = re.compile(r"gcm|poly1305", re.IGNORECASE)

_IDENTIFICATION = re.compile(rb"SSH-([0-9.]{1,8})-([^\s]*)[ \t]*(.*)")
_TEXT = re.compile(rb"[\t\r\n\x1b\x20-\xff]*")


@value
class SshIdentification:
    """RFC 4253 4.2: what software each side is, sent in clear before anything else."""

    PROTOCOL: ClassVar[str] = PROTOCOL
    kind: ClassVar[str] = "identification"
    sender_is_server: ClassVar[bool | None] = None
    protocol_version: str
    software: str
    comments: str

    def facts(self) -> dict[str, Any]:
        """Version of the protocol, software, comments."""
        facts = {"protocol_version": self.protocol_version, "software": self.software, "comments": self.comments}
        return {name: text for name, text in facts.items() if text}


@value
class SshOffer:
    """RFC 4253 7.1: the algorithms one side offers (SSH_MSG_KEXINIT), in its order of preference."""

    PROTOCOL: ClassVar[str] = PROTOCOL
    kind: ClassVar[str] = "KEXINIT"
    sender_is_server: bool | None
    algorithms: tuple[tuple[str, ...], ...]
    """Ten lists in the order of RFC 4253 7.1: key exchange, host key, then encryption, MAC, compression and language,
    each to the server and to the client."""
    hassh: str
    """Fingerprint of a client; empty for a server."""
    hassh_server: str
    """Fingerprint of a server; empty for a client. Both are there when the role is unknown."""

    def facts(self) -> dict[str, Any]:
        """The lists and the fingerprint; the direction to the client only where it differs."""
        kex, host_key, *pairs = self.algorithms
        facts: dict[str, Any] = {"kex": kex, "host_key": host_key}
        for place, name in enumerate(("encryption", "mac", "compression")):
            facts[name], to_client = pairs[2 * place], pairs[2 * place + 1]
            if to_client != facts[name]:
                facts[f"{name}_to_client"] = to_client
        facts |= {"hassh": self.hassh, "hassh_server": self.hassh_server}
        return {name: list(fact) if isinstance(fact, tuple) else fact for name, fact in facts.items() if fact}


@value
class SshAgreement:
    """RFC 4253 7.1: what both offers lead to."""

    PROTOCOL: ClassVar[str] = PROTOCOL
    kind: ClassVar[str] = "agreement"
    sender_is_server: ClassVar[bool | None] = None
    chosen: tuple[tuple[str, str], ...]
    """Pairs such as ``("kex", "curve25519-sha256")``; what could not be agreed on is missing."""

    def facts(self) -> dict[str, Any]:
        """The algorithm of each kind; the direction to the client only where it differs."""
        facts = dict(self.chosen)
        return {
            name: algorithm
            for name, algorithm in facts.items()
            if not name.endswith("_to_client") or facts.get(name.removesuffix("_to_client")) != algorithm
        }


_Offer = tuple[tuple[tuple[str, ...], ...], str, str, bool | None]


class _Side(Held):
    """One direction; lines and packets are held that are not whole."""

    __slots__ = ("done", "identified", "is_server", "lines", "offer", "packets", "quiet")

    def __init__(self) -> None:
        super().__init__()
        self.done = False
        self.identified = False
        self.quiet = False  # after a gap: what does not fit is no fault
        self.lines = 0
        self.packets = 0
        self.offer: _Offer | None = None
        self.is_server: bool | None = None


class SshStream:
    """Reads one conversation; see ``protocols.message.Stream``."""

    __slots__ = ("_sides", "_waiting")

    def __init__(self) -> None:
        self._sides = (_Side(), _Side())
        self._waiting: list[_Side] = []

    def feed(self, sender: int, data: bytes, *, gap: bool = False) -> Sequence[Result]:
        """Takes the next bytes of one direction; see ``protocols.message.Stream.feed``."""
        side = self._sides[sender]
        if gap:
            # Packets have no mark to find them by again; only a conversation that was not seen yet can still begin.
            side.forget()
            side.quiet = True
            if side.identified or side.lines:
                side.done = True
        if side.done:
            return ()
        if not side.identified and b"\n" in data:
            side.needed = 0  # a line ends before it is as long as it may be
        data = side.join(data)
        results: list[Result] = []
        at = 0
        while at < len(data) and not side.done:
            step = self._packet(side, data, at, results) if side.identified else self._line(side, data, at, results)
            if at + step > len(data):
                side.keep(data, at, step)
                break
            at += step
        return results

    def close(self) -> Sequence[Result]:
        """Offers whose side never became known."""
        results: list[Result] = []
        self._emit(results)
        for side in self._sides:
            side.done = True
            side.pending.clear()
        return results

    @staticmethod
    def _fail(side: _Side, where: str, why: str, results: list[Result]) -> int:
        if not side.quiet:
            results.append(Malformed(protocol=PROTOCOL, where=where, why=why))
        side.done = True
        return 1

    def _line(self, side: _Side, data: bytes, at: int, results: list[Result]) -> int:
        """Reads a line; gives how many bytes it takes, more than there are when it is not whole."""
        end = data.find(b"\n", at)
        line = data[at : end if end >= 0 else len(data)]
        is_identification = line.startswith(b"SSH-")
        # Of a line that is not whole only the first byte is judged, so that pieces of any size give the same.
        judged = line[: LINE_LIMIT_BYTES if end >= 0 or len(line) > LINE_LIMIT_BYTES else 1]
        if not is_identification and not _TEXT.fullmatch(judged):
            return self._fail(side, "identification", "it is no text", results)
        if len(line) > LINE_LIMIT_BYTES:
            return self._fail(side, "identification", f"a line is longer than {LINE_LIMIT_BYTES} bytes", results)
        if end < 0:
            return LINE_LIMIT_BYTES + 1
        side.lines += 1
        if is_identification and (found := _read_identification(line)):
            side.identified = True
            results.append(found)
            # RFC 4253 5.1: 1.99 is a server of version 2 that also speaks version 1, whose packets are others.
            side.done = not found.protocol_version.startswith(("2.", "1.99"))
        elif side.lines > LINES_BEFORE_IDENTIFICATION or is_identification:
            return self._fail(side, "identification", "there is none", results)
        return len(line) + 1

    def _packet(self, side: _Side, data: bytes, at: int, results: list[Result]) -> int:
        """Reads a binary packet; gives how many bytes it takes, more than there are when it is not whole."""
        if len(data) - at < 4:
            return 4
        length = int.from_bytes(data[at : at + 4], "big")
        if not 2 <= length <= PACKET_LIMIT_BYTES:
            return self._fail(side, "packet_length", "it is impossible before the keys are exchanged", results)
        if len(data) - at < 4 + length:
            return 4 + length
        side.packets += 1
        padding = data[at + 4]
        if padding >= length:
            return self._fail(side, "padding_length", "it is longer than the packet", results)
        payload = data[at + 5 : at + 4 + length - padding]
        kind = payload[0] if payload else 0
        if kind == _KEXINIT and side.offer is None:
            offer = _read_offer(payload[17:]) if len(payload) <= REMEMBERED_OFFER_BYTES else _offer(payload[17:])
            if offer is None:
                return self._fail(side, "SSH_MSG_KEXINIT", "its lists do not fill the message", results)
            side.offer = offer
            self._waiting.append(side)
            self._learn(side, offer[3], results)
        elif kind in _FROM_CLIENT:
            self._learn(side, False, results)
        elif kind in _FROM_SERVER:
            self._learn(side, True, results)
        if kind == _NEWKEYS or side.packets > PACKETS_LIMIT:
            side.done = True
        return 4 + length

    def _learn(self, side: _Side, is_server: bool | None, results: list[Result]) -> None:
        if is_server is not None and side.is_server is None:
            other = self._sides[1] if side is self._sides[0] else self._sides[0]
            side.is_server = is_server
            other.is_server = not is_server
        if side.is_server is not None:
            self._emit(results)

    def _emit(self, results: list[Result]) -> None:
        """Gives the offers that wait and, after the second, the agreement."""
        if not self._waiting:
            return
        for side in self._waiting:
            assert side.offer is not None
            algorithms, hassh, hassh_server, _ = side.offer
            results.append(
                SshOffer(
                    sender_is_server=side.is_server,
                    algorithms=algorithms,
                    hassh="" if side.is_server else hassh,
                    hassh_server="" if side.is_server is False else hassh_server,
                )
            )
        self._waiting.clear()
        one, two = self._sides
        if one.offer and two.offer and one.is_server is not None:
            client, server = (two, one) if one.is_server else (one, two)
            assert client.offer is not None
            assert server.offer is not None
            results.append(SshAgreement(chosen=_agree(client.offer[0], server.offer[0])))


@lru_cache(maxsize=REMEMBERED_OFFERS)
def _read_identification(line: bytes) -> SshIdentification | None:
    found = _IDENTIFICATION.match(line)
    if found is None:
        return None
    version, software, comments = found.groups()
    return SshIdentification(
        protocol_version=printable(version), software=printable(software), comments=printable(comments.rstrip())
    )


def _offer(lists: bytes) -> _Offer | None:
    """Reads SSH_MSG_KEXINIT after its cookie: algorithms, HASSH, HASSHServer, and the role if a word tells it."""
    found: list[bytes] = []
    at = 0
    for _ in range(10):
        size = int.from_bytes(lists[at : at + 4], "big")
        at += 4 + size
        if at > len(lists):
            return None
        found.append(lists[at - size : at])
    words = set(found[0].split(b","))
    is_client, is_server = bool(words & _CLIENT_WORDS), bool(words & _SERVER_WORDS)
    algorithms = tuple(
        tuple(printable(name) for name in listed.split(b",")[:ALGORITHMS_LIMIT] if name) for listed in found
    )
    # HASSH (Salesforce, BSD 3-Clause): MD5 of key exchange, encryption, MAC and compression as they stand, of the
    # direction in which the side sends. A name, no protection.
    hassh, hassh_server = (
        md5(b";".join((found[0], found[2 + way], found[4 + way], found[6 + way])), usedforsecurity=False).hexdigest()
        for way in (0, 1)
    )
    return algorithms, hassh, hassh_server, is_server if is_client != is_server else None


_read_offer = lru_cache(maxsize=REMEMBERED_OFFERS)(_offer)


def _agree(client: tuple[tuple[str, ...], ...], server: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, str], ...]:
    # RFC 4253 7.1: the first of the client's list that the server's list has too.
    names = (
        *("kex", "host_key", "encryption", "encryption_to_client"),
        *("mac", "mac_to_client", "compression", "compression_to_client"),
    )
    chosen: dict[str, str] = {}
    for name, wanted, has in zip(names, client, server, strict=False):
        for algorithm in wanted:
            if algorithm in has:
                chosen[name] = algorithm
                break
    for way in ("", "_to_client"):
        if _AUTHENTICATED.search(chosen.get("encryption" + way, "")):
            chosen.pop("mac" + way, None)
    return tuple(chosen.items())


DISSECTOR: Final = Dissector(protocol=PROTOCOL, open=SshStream)
