"""LDAP (RFC 4511) and its ping over UDP (MS-ADTS 6.3): domains, domain controllers, and how clients sign in.

In: TCP conversations and UDP payloads. Out: one ``Ldap`` a message. What a directory is asked about people is not
read: of searches only those for the root entry, of entries only the root's and the answer to a ping. No distinguished
name of a user and no password is kept, only that a password came in clear.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, ClassVar, Final

from asepsis.kernel.value import value
from asepsis.protocols.ber import SEQUENCE, element, expect, integer, members
from asepsis.protocols.fields import MalformedError, text
from asepsis.protocols.masking import MASK
from asepsis.protocols.message import Dissector, Malformed, Result
from asepsis.protocols.ntlm import Ntlm, find_ntlm
from asepsis.protocols.tls import TlsStream

PROTOCOL: Final = "ldap"

# Longer messages are lists of groups and photographs: they are stepped over.
MESSAGE_LIMIT_BYTES = 64 * 1024
# A root entry has some thirty attributes with, at most, some forty values each (controls and capabilities).
ATTRIBUTES_LIMIT = 64
# A ping asks with four conditions (MS-ADTS 6.3.3).
CONDITIONS_LIMIT = 16
# RFC 1035 2.3.4 and 3.1: labels of a name, and how often one may lead on to another place.
LABELS_LIMIT = 32
POINTERS_LIMIT = 8
# A SASL token of a sign-in has some KB; NTLM's is under one.
TOKEN_LIMIT_BYTES = 16 * 1024
# RFC 4422 3.1.
MECHANISM_LIMIT_BYTES = 20
MALFORMED_LIMIT = 4

_KINDS: Final = {
    0x60: "bindRequest",
    0x61: "bindResponse",
    0x42: "unbindRequest",
    0x63: "searchRequest",
    0x64: "searchResEntry",
    0x65: "searchResDone",
    0x66: "modifyRequest",
    0x67: "modifyResponse",
    0x68: "addRequest",
    0x69: "addResponse",
    0x4A: "delRequest",
    0x6B: "delResponse",
    0x6C: "modDNRequest",
    0x6D: "modDNResponse",
    0x6E: "compareRequest",
    0x6F: "compareResponse",
    0x50: "abandonRequest",
    0x73: "searchResRef",
    0x77: "extendedReq",
    0x78: "extendedResp",
    0x79: "intermediateResponse",
}
_FROM_SERVERS: Final = frozenset((0x61, 0x64, 0x65, 0x67, 0x69, 0x6B, 0x6D, 0x6F, 0x73, 0x78, 0x79))
# RFC 4511 A, those that are met at sign-in.
_RESULTS: Final = {
    0: "success",
    7: "authMethodNotSupported",
    8: "strongerAuthRequired",
    14: "saslBindInProgress",
    48: "inappropriateAuthentication",
    49: "invalidCredentials",
    53: "unwillingToPerform",
}
_START_TLS: Final = b"1.3.6.1.4.1.1466.20037"  # RFC 4511 4.14
_HANDSHAKE: Final = 22  # RFC 8446 5.1; no LDAP message begins so
_NAMING_LIMIT_BYTES = 256

# Attributes of the root entry (RFC 4512 5.1, MS-ADTS 3.1.1.3.2) that speak of the server itself -> our word.
_ROOT: Final = {
    b"dnshostname": "dns_host",
    b"servername": "server",
    b"defaultnamingcontext": "naming_context",
    b"rootdomainnamingcontext": "forest_naming_context",
    b"ldapservicename": "ldap_service",
    b"domainfunctionality": "domain_level",
    b"forestfunctionality": "forest_level",
    b"domaincontrollerfunctionality": "controller_level",
    b"vendorname": "vendor",
    b"vendorversion": "version",
}
# MS-ADTS 6.1.4.2 to 6.1.4.4: the number stands for the oldest Windows Server that may take part.
_LEVELS: Final = {
    "0": "Windows 2000 Server",
    "2": "Windows Server 2003",
    "3": "Windows Server 2008",
    "4": "Windows Server 2008 R2",
    "5": "Windows Server 2012",
    "6": "Windows Server 2012 R2",
    "7": "Windows Server 2016",
    "10": "Windows Server 2025",
}
# MS-ADTS 6.3.1.9: names of a NETLOGON_SAM_LOGON_RESPONSE_EX in order; the sixth is an account's and is not kept.
_PING_NAMES: Final = (
    "forest",
    "dns_domain",
    "dns_host",
    "netbios_domain",
    "netbios_computer",
    "",
    "site",
    "client_site",
)
_PING_ANSWERS: Final = frozenset((23, 25))
_PING_CONDITIONS: Final = {b"host": "workstation", b"dnsdomain": "dns_domain"}


@value
class Ldap:
    """One message."""

    PROTOCOL: ClassVar[str] = PROTOCOL
    kind: str
    """The operation, in the standard's words: ``bindRequest``."""
    sender_is_server: bool
    mechanism: str = ""
    """How a bind signs in: ``anonymous``, ``simple``, ``GSS-SPNEGO``, ``GSSAPI`` ..."""
    password: bool = False
    """A password stood there in clear."""
    start_tls: bool = False
    root: bool = False
    """The root entry is asked for or given: what the server says of itself."""
    ping: bool = False
    """A domain controller is looked for, or answers that it is one."""
    result: str = ""
    names: tuple[tuple[str, str], ...] = ()
    """Of machines and domains: ``("dns_host", "dc1.hospital.example")``."""
    ntlm: Ntlm | None = None

    def facts(self) -> dict[str, Any]:
        """All that is said, but kind and side."""
        facts: dict[str, Any] = {}
        for name in ("mechanism", "password", "start_tls", "root", "ping", "result"):
            if member := getattr(self, name):
                facts[name] = member
        facts |= self.names
        if self.ntlm is not None:
            facts["ntlm"] = self.ntlm.facts()
        return facts


@lru_cache(maxsize=64)
def _plain(tag: int) -> Ldap:
    """A message of which only the kind is told: the same object each time."""
    return Ldap(kind=_KINDS[tag], sender_is_server=tag in _FROM_SERVERS)


def read(payload: bytes) -> Sequence[Result]:
    """Reads the messages of one datagram: a search's entry and its end come together."""
    results: list[Result] = []
    try:
        for tag, start, end in members(payload, 0, len(payload), limit=4):
            if tag != SEQUENCE:
                raise MalformedError("LDAPMessage", f"tag {tag:#04x} instead of a SEQUENCE")
            results.append(_read(payload, start, end))
    except MalformedError as error:
        results.append(Malformed(protocol=PROTOCOL, where=error.where, why=error.why))
    return results or (Malformed(protocol=PROTOCOL, where="LDAPMessage", why="no bytes"),)


def _read(octets: bytes, at: int, end: int) -> Result:
    """Reads the contents of one LDAPMessage (RFC 4511 4.1.1)."""
    _, at = integer(octets, at, end, "messageID")
    tag, start, stop = element(octets, at, end)
    if tag not in _KINDS:
        raise MalformedError("protocolOp", f"there is no operation {tag:#04x}")
    reader = _READERS.get(tag)
    return _plain(tag) if reader is None else reader(octets, start, stop)


def _bind(octets: bytes, at: int, end: int) -> Ldap:
    # RFC 4511 4.2: version, name, and simple [0] or sasl [3].
    _, at = integer(octets, at, end, "version")
    _, name, at = element(octets, at, end)
    named = at > name
    tag, start, stop = element(octets, at, end)
    mechanism, ntlm, password = "", None, False
    if tag == 0x80:
        password = stop > start
        mechanism = "simple" if password or named else "anonymous"
    elif tag == 0xA3:
        _, first, behind = element(octets, start, stop)
        mechanism = _mechanism(octets[first:behind])
        ntlm = find_ntlm(octets[behind : min(stop, behind + TOKEN_LIMIT_BYTES)])
        # RFC 4616: PLAIN is a password too; CRAM and DIGEST are not.
        password = mechanism.upper() == "PLAIN"
    elif tag in (0x89, 0x8A, 0x8B):
        mechanism = "sicily"  # MS-ADTS 5.1.1.1.3
        ntlm = find_ntlm(octets[start : min(stop, start + TOKEN_LIMIT_BYTES)])
    return Ldap(kind="bindRequest", sender_is_server=False, mechanism=mechanism, password=password, ntlm=ntlm)


def _mechanism(octets: bytes) -> str:
    # RFC 4422 3.1: what is longer, or has other signs, is no mechanism and may be a secret.
    word = octets.replace(b"-", b"").replace(b"_", b"")
    return text(octets) if len(octets) <= MECHANISM_LIMIT_BYTES and word.isalnum() else MASK


def _bind_response(octets: bytes, at: int, end: int) -> Ldap:
    _, start, stop = element(octets, at, end)
    code = int.from_bytes(octets[start : min(stop, start + 4)], "big")
    return Ldap(
        kind="bindResponse",
        sender_is_server=True,
        result=_RESULTS.get(code, str(code)),
        # The server's half of NTLM stands in its SASL credentials, and names it.
        ntlm=find_ntlm(octets[stop : min(end, stop + TOKEN_LIMIT_BYTES)]),
    )


def _search(octets: bytes, at: int, end: int) -> Ldap:
    # RFC 4511 4.5.1: base, scope, aliases, size, time, typesOnly, filter, attributes.
    _, start, at = element(octets, at, end)
    scope_tag, scope, behind = element(octets, at, end)
    if (at > start and octets[start:at]) or scope_tag != 0x0A or octets[scope:behind] != b"\0":
        return _plain(0x63)
    at = behind
    for _ in range(4):
        _, _, at = element(octets, at, end)
    tag, first, stop = element(octets, at, end)
    names: list[tuple[str, str]] = []
    ping = False
    if tag == 0xA0:  # and
        for inner, begin, behind in members(octets, first, stop, limit=CONDITIONS_LIMIT):
            if inner != 0xA3:  # equalityMatch
                continue
            _, a, b = element(octets, begin, behind)
            word = octets[a:b][:_NAMING_LIMIT_BYTES].lower()
            ping = ping or word == b"ntver"
            if word in _PING_CONDITIONS:
                _, c, d = element(octets, b, behind)
                names.append((_PING_CONDITIONS[word], text(octets[c:d]).rstrip(".")))
    return Ldap(
        kind="searchRequest",
        sender_is_server=False,
        root=True,
        ping=ping,
        names=_distinct(names) if ping else (),
    )


def _entry(octets: bytes, at: int, end: int) -> Ldap:
    # RFC 4511 4.5.2: objectName, then type and values of each attribute. Only the root has no name.
    _, start, at = element(octets, at, end)
    if at > start:
        return _plain(0x64)
    start, stop = expect(octets, at, end, SEQUENCE, "attributes")
    names: list[tuple[str, str]] = []
    ping = False
    for _, first, behind in members(octets, start, stop, limit=ATTRIBUTES_LIMIT):
        _, a, b = element(octets, first, behind)
        word = octets[a:b][:_NAMING_LIMIT_BYTES].lower()
        if word != b"netlogon" and word not in _ROOT:
            continue
        _, c, d = element(octets, b, behind)
        if c == d:
            continue
        _, e, f = element(octets, c, d)
        if word == b"netlogon":
            answered = _ping(octets[e:f])
            ping = ping or bool(answered)
            names += answered
        else:
            names.append((_ROOT[word], _root_value(_ROOT[word], octets[e:f])))
    return Ldap(kind="searchResEntry", sender_is_server=True, root=True, ping=ping, names=_distinct(names))


def _distinct(names: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple({name: said for name, said in reversed(names) if said}.items())[::-1]


def _root_value(name: str, octets: bytes) -> str:
    said = text(octets)
    if name == "server":
        # CN=DC1,CN=Servers,CN=Site,... : the first part is the server.
        return said.partition(",")[0].partition("=")[2]
    if name == "ldap_service":
        # domain:dc1$@REALM
        return said.rpartition(":")[2]
    return _LEVELS.get(said, said) if name.endswith("_level") else said


def _ping(octets: bytes) -> list[tuple[str, str]]:
    """The names in a NETLOGON_SAM_LOGON_RESPONSE_EX (MS-ADTS 6.3.1.9)."""
    if len(octets) < 24 or int.from_bytes(octets[:2], "little") not in _PING_ANSWERS:
        return []
    names = []
    at = 24  # operation, padding, flags, the domain's GUID
    for word in _PING_NAMES:
        name, at = _compressed(octets, at)
        if at < 0:
            break
        if word and name:
            names.append((word, name))
    return names


def _compressed(octets: bytes, at: int) -> tuple[str, int]:
    """A name as RFC 1035 4.1.4 compresses it, and where the next begins; -1 where it is cut."""
    labels: list[bytes] = []
    behind = -1
    pointers = 0
    while len(labels) < LABELS_LIMIT:
        if at >= len(octets):
            return "", -1
        size = octets[at]
        if size == 0:
            at += 1
            break
        if size & 0xC0 == 0xC0:
            pointers += 1
            if at + 1 >= len(octets) or pointers > POINTERS_LIMIT:
                return "", -1
            if behind < 0:
                behind = at + 2
            at = (size & 0x3F) << 8 | octets[at + 1]
            continue
        labels.append(octets[at + 1 : at + 1 + size])
        at += 1 + size
    return text(b".".join(labels)), at if behind < 0 else behind


def _extended(octets: bytes, at: int, end: int) -> Ldap:
    _, start, stop = element(octets, at, end)
    return (
        Ldap(kind="extendedReq", sender_is_server=False, start_tls=True)
        if octets[start:stop] == _START_TLS
        else _plain(0x77)
    )


_READERS: Final[dict[int, Callable[[bytes, int, int], Ldap]]] = {
    0x60: _bind,
    0x61: _bind_response,
    0x63: _search,
    0x64: _entry,
    0x77: _extended,
}


class _Direction:
    __slots__ = ("lost", "malformed", "pending", "skip")

    def __init__(self) -> None:
        self.pending = bytearray()
        self.malformed = 0
        self.lost = False
        self.skip = 0


class LdapStream:
    """LDAP over TCP, until it is sealed: messages one behind the other, then perhaps TLS (RFC 4511 4.14)."""

    __slots__ = ("_directions", "_sealed", "_starts_tls", "_tls")

    def __init__(self) -> None:
        self._directions = (_Direction(), _Direction())
        self._sealed = False
        self._starts_tls = False
        self._tls: TlsStream | None = None

    def feed(self, sender: int, data: bytes, *, gap: bool = False) -> Sequence[Result]:
        """Gives the messages that are complete now; after a gap, waits for a segment that begins with one."""
        if self._tls is not None:
            return self._tls.feed(sender, data, gap=gap)
        direction = self._directions[sender]
        if gap:
            direction.pending.clear()
            direction.skip = 0
            direction.lost = True
        if direction.malformed >= MALFORMED_LIMIT or not data:
            return ()
        if direction.lost:
            if data[0] != SEQUENCE:
                return ()
            direction.lost = False
        pending = direction.pending
        pending += data
        results: list[Result] = []
        at = 0
        while at < len(pending) and direction.malformed < MALFORMED_LIMIT:
            if direction.skip:
                step = min(direction.skip, len(pending) - at)
                direction.skip -= step
                at += step
                continue
            if self._starts_tls and pending[at] == _HANDSHAKE:
                self._tls = TlsStream()
                results += self._tls.feed(sender, bytes(pending[at:]))
                for one in self._directions:
                    one.pending.clear()
                return results
            length = _length(pending, at)
            if length == 0:
                break
            if length < 0:
                self._fail(direction, results)
                break
            if length > MESSAGE_LIMIT_BYTES:
                direction.skip = length
                continue
            if at + length > len(pending):
                break
            found = read(bytes(pending[at : at + length]))
            results += found
            at += length
            for result in found:
                if isinstance(result, Malformed):
                    direction.malformed += 1
                elif isinstance(result, Ldap) and (result.result == "success" or result.start_tls):
                    # After a sign-in with SASL or StartTLS the next bytes may be sealed: that is no fault.
                    self._sealed = True
                    self._starts_tls = self._starts_tls or result.start_tls
        del pending[: at if direction.malformed < MALFORMED_LIMIT else len(pending)]
        return results

    def _fail(self, direction: _Direction, results: list[Result]) -> None:
        direction.malformed = MALFORMED_LIMIT
        if not self._sealed:
            results.append(Malformed(protocol=PROTOCOL, where="LDAPMessage", why="it does not begin with a SEQUENCE"))

    def close(self) -> Sequence[Result]:
        """Part of a message says nothing that can be trusted."""
        return () if self._tls is None else self._tls.close()


def _length(octets: bytearray, at: int) -> int:
    """How long the message at ``at`` is with its head; 0 where that is not known yet, -1 where it is none."""
    if octets[at] != SEQUENCE:
        return -1
    if at + 2 > len(octets):
        return 0
    first = octets[at + 1]
    if first < 0x80:
        return 2 + first
    size = first & 0x7F
    if not 1 <= size <= 4:
        return -1
    if at + 2 + size > len(octets):
        return 0
    return 2 + size + int.from_bytes(octets[at + 2 : at + 2 + size], "big")


DISSECTOR: Final = Dissector(protocol=PROTOCOL, open=LdapStream, datagram=read, carries=frozenset(("tls",)))
