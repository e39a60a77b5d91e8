"""Kerberos 5 (RFC 4120): machines that ask for tickets, for which services, with which encryption.

In: UDP payloads or TCP conversations of port 88. Out: one ``Kerberos`` a message. A principal that is a person is
never kept: only that there was one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final

from asepsis.kernel.value import value
from asepsis.protocols.ber import INTEGER, SEQUENCE, element, expect, integer, members
from asepsis.protocols.fields import MalformedError, facts_of, text
from asepsis.protocols.message import Dissector, Malformed, Result

PROTOCOL: Final = "kerberos"

# RFC 4120 5.4: a request's body has twelve fields, an error thirteen; none comes twice.
FIELDS_LIMIT = 16
# A client offers six to ten encryption types and names its one NetBIOS name.
LIST_LIMIT = 32
# Principals have one to three parts.
PARTS_LIMIT = 4
# A ticket of somebody in hundreds of groups has some 48 KB (MaxTokenSize), so a longer message is none.
MESSAGE_LIMIT_BYTES = 1 << 17
# Malformed messages of one direction after which it is given up.
MALFORMED_LIMIT = 4

_KINDS: Final = {0x6A: "AS-REQ", 0x6B: "AS-REP", 0x6C: "TGS-REQ", 0x6D: "TGS-REP", 0x7E: "KRB-ERROR"}

# The IANA registry of Kerberos encryption types.
_ENCRYPTION: Final = {
    1: "des-cbc-crc",
    2: "des-cbc-md4",
    3: "des-cbc-md5",
    16: "des3-cbc-sha1-kd",
    17: "aes128-cts-hmac-sha1-96",
    18: "aes256-cts-hmac-sha1-96",
    19: "aes128-cts-hmac-sha256-128",
    20: "aes256-cts-hmac-sha384-192",
    23: "rc4-hmac",
    24: "rc4-hmac-exp",
    25: "camellia128-cts-cmac",
    26: "camellia256-cts-cmac",
}
# RFC 4120 7.5.9, those that are met in practice.
_ERRORS: Final = {
    6: "KDC_ERR_C_PRINCIPAL_UNKNOWN",
    7: "KDC_ERR_S_PRINCIPAL_UNKNOWN",
    13: "KDC_ERR_BADOPTION",
    14: "KDC_ERR_ETYPE_NOSUPP",
    18: "KDC_ERR_CLIENT_REVOKED",
    23: "KDC_ERR_KEY_EXPIRED",
    24: "KDC_ERR_PREAUTH_FAILED",
    25: "KDC_ERR_PREAUTH_REQUIRED",
    29: "KDC_ERR_SVC_UNAVAILABLE",
    31: "KRB_AP_ERR_BAD_INTEGRITY",
    32: "KRB_AP_ERR_TKT_EXPIRED",
    37: "KRB_AP_ERR_SKEW",
    41: "KRB_AP_ERR_MODIFIED",
    52: "KRB_ERR_RESPONSE_TOO_BIG",
    68: "KDC_ERR_WRONG_REALM",
}
# The first part of names that services and machines have (MS-KILE 3.1.5.11, MIT's and Heimdal's own); what follows
# names a machine. A name of another form may be a person's ("alice/admin").
_SERVICES: Final = frozenset(
    (
        *("host", "cifs", "http", "ldap", "krbtgt", "dns", "rpcss", "termsrv", "wsman", "mssqlsvc", "nfs", "gc"),
        *("imap", "smtp", "smtpsvc", "pop", "ftp", "afpserver", "vnc", "restrictedkrbhost", "dhcp", "kadmin"),
        *("hyper-v replica service", "microsoft virtual console service", "exchangemdb", "exchangerfr", "exchangeab"),
        *("postgres", "hdfs", "kafka", "zookeeper", "dicom", "protectedstorage", "netlogon", "alerter", "print"),
        *("ipp", "sip"),
    )
)


@value
class Kerberos:
    """One message."""

    PROTOCOL: ClassVar[str] = PROTOCOL
    kind: str
    """``AS-REQ``, ``AS-REP``, ``TGS-REQ``, ``TGS-REP``, ``KRB-ERROR``."""
    realm: str = ""
    client: str = ""
    """The machine that asks, where its principal is one: ``PC-7$``, ``host/pc-7.example``."""
    person: bool = False
    """A principal that may be a person's was named; who it is, is not kept."""
    service: str = ""
    """What a ticket is for: ``cifs/server.example``."""
    workstation: str = ""
    """The NetBIOS name of the machine that asks (RFC 4120 7.5.3, type 20)."""
    encryption: tuple[str, ...] = ()
    """What a request offers, or what a reply's own part is encrypted with."""
    ticket_encryption: str = ""
    error: str = ""

    @property
    def sender_is_server(self) -> bool:
        """Only a key distribution centre replies."""
        return not self.kind.endswith("REQ")

    def facts(self) -> dict[str, Any]:
        """All that is said, but the kind."""
        return {name: list(fact) if isinstance(fact, tuple) else fact for name, fact in _facts(self).items()}


_facts: Final = facts_of(Kerberos, without=("kind",))


def read(payload: bytes) -> Sequence[Result]:
    """Reads one message."""
    try:
        return (_read(payload),)
    except MalformedError as error:
        return (Malformed(protocol=PROTOCOL, where=error.where, why=error.why),)


def _read(payload: bytes) -> Result:
    tag, at, end = element(payload, 0, len(payload))
    kind = _KINDS.get(tag)
    if kind is None:
        raise MalformedError("message", f"there is no application tag {tag:#04x}")
    found = _fields(payload, at, end, kind)
    if tag in (0x6A, 0x6C):
        return _request(payload, found, kind)
    if tag == 0x7E:
        return _error(payload, found)
    client, person = _client(payload, found.get(4))
    service, ticket = "", ""
    if 5 in found:
        inner = element(payload, *found[5])
        parts = _fields(payload, inner[1], inner[2], "ticket")
        service = _service(payload, parts.get(2))
        ticket = _encrypted_with(payload, parts.get(3))
    chosen = _encrypted_with(payload, found.get(6))
    return Kerberos(
        kind=kind,
        realm=_string(payload, found.get(3)),
        client=client,
        person=person,
        service=service,
        encryption=(chosen,) if chosen else (),
        ticket_encryption=ticket,
    )


def _request(payload: bytes, found: dict[int, tuple[int, int]], kind: str) -> Result:
    if 4 not in found:
        raise MalformedError(kind, "it has no req-body")
    body = _fields(payload, *found[4], "req-body")
    client, person = _client(payload, body.get(1))
    offered, workstation = [], ""
    if 8 in body:
        start, end = expect(payload, *body[8], SEQUENCE, "etype")
        for tag, at, stop in members(payload, start, end, limit=LIST_LIMIT):
            if tag == INTEGER:
                offered.append(_encryption(int.from_bytes(payload[at:stop][:8], "big", signed=True)))
    if 9 in body:
        start, end = expect(payload, *body[9], SEQUENCE, "addresses")
        for _, at, stop in members(payload, start, end, limit=LIST_LIMIT):
            one = _tagged(payload, at, stop)
            if 0 in one and 1 in one and integer(payload, *one[0], "addr-type")[0] == 20:
                _, name, behind = element(payload, *one[1])
                # Fifteen signs and the suffix that tells the service (RFC 1001 5.2).
                workstation = text(payload[name : min(behind, name + 15)])
    return Kerberos(
        kind=kind,
        realm=_string(payload, body.get(2)),
        client=client,
        person=person,
        service=_service(payload, body.get(3)),
        workstation=workstation,
        encryption=tuple(dict.fromkeys(offered)),
    )


def _error(payload: bytes, found: dict[int, tuple[int, int]]) -> Result:
    if 6 not in found:
        raise MalformedError("KRB-ERROR", "it has no error-code")
    code = integer(payload, *found[6], "error-code")[0]
    client, person = _client(payload, found.get(8))
    return Kerberos(
        kind="KRB-ERROR",
        realm=_string(payload, found.get(9)),
        client=client,
        person=person,
        service=_service(payload, found.get(10)),
        error=_ERRORS.get(code, str(code)),
    )


def _fields(octets: bytes, at: int, end: int, where: str) -> dict[int, tuple[int, int]]:
    """The fields of a SEQUENCE by the number of their context tag."""
    return _tagged(octets, *expect(octets, at, end, SEQUENCE, where))


def _tagged(octets: bytes, at: int, end: int) -> dict[int, tuple[int, int]]:
    return {
        tag & 0x1F: (start, stop)
        for tag, start, stop in members(octets, at, end, limit=FIELDS_LIMIT)
        if tag & 0xE0 == 0xA0
    }


def _string(octets: bytes, place: tuple[int, int] | None) -> str:
    if place is None:
        return ""
    _, start, end = element(octets, *place)
    return text(octets[start:end])


def _parts(octets: bytes, place: tuple[int, int] | None) -> list[str]:
    """The parts of a PrincipalName (RFC 4120 5.2.2)."""
    if place is None:
        return []
    found = _fields(octets, *place, "PrincipalName")
    if 1 not in found:
        return []
    start, end = expect(octets, *found[1], SEQUENCE, "name-string")
    return [text(octets[at:stop]) for _, at, stop in members(octets, start, end, limit=PARTS_LIMIT)]


def _client(octets: bytes, place: tuple[int, int] | None) -> tuple[str, bool]:
    parts = _parts(octets, place)
    name = _machine(parts)
    return name, bool(parts) and not name


def _service(octets: bytes, place: tuple[int, int] | None) -> str:
    return _machine(_parts(octets, place))


def _machine(parts: list[str]) -> str:
    """The name of a machine or of its service; empty where it may be a person's."""
    if len(parts) == 1:
        # A machine's account ends with a dollar sign; an enterprise name (type 10) has its realm behind it.
        account, _, realm = parts[0].partition("@")
        account = account.rpartition("\\")[2]
        machine = account.endswith("$") and len(account) > 1 and " " not in account
        service, _, host = account.partition("/")
        if not machine and not (host and service.lower() in _SERVICES):
            return ""
        return f"{account}@{realm}" if realm else account
    if len(parts) > 1 and (parts[0].lower() in _SERVICES or parts[0] == "WELLKNOWN"):
        return "/".join(parts)
    return ""


def _encrypted_with(octets: bytes, place: tuple[int, int] | None) -> str:
    if place is None:
        return ""
    found = _fields(octets, *place, "EncryptedData")
    return _encryption(integer(octets, *found[0], "etype")[0]) if 0 in found else ""


def _encryption(number: int) -> str:
    # Negative numbers are Microsoft's own; old Windows offers some beside rc4-hmac.
    return _ENCRYPTION.get(number, str(number))


class _Direction:
    __slots__ = ("lost", "malformed", "pending")

    def __init__(self) -> None:
        self.pending = bytearray()
        self.malformed = 0
        self.lost = False


class KerberosStream:
    """Kerberos over TCP (RFC 4120 7.2.2): four bytes of length before each message."""

    __slots__ = ("_directions",)

    def __init__(self) -> None:
        self._directions = (_Direction(), _Direction())

    def feed(self, sender: int, data: bytes, *, gap: bool = False) -> Sequence[Result]:
        """Gives the messages that are complete now; after a gap, waits for a segment that begins with one."""
        direction = self._directions[sender]
        if gap:
            direction.pending.clear()
            direction.lost = True
        if direction.malformed >= MALFORMED_LIMIT or not data:
            return ()
        if direction.lost:
            if len(data) < 5 or data[4] not in _KINDS:
                return ()
            direction.lost = False
        pending = direction.pending
        pending += data
        results: list[Result] = []
        at = 0
        while at + 4 <= len(pending):
            # RFC 5021 3: the highest bit announces extensions that nobody has.
            length = int.from_bytes(pending[at : at + 4], "big")
            if length > MESSAGE_LIMIT_BYTES:
                direction.malformed = MALFORMED_LIMIT
                pending.clear()
                results.append(Malformed(protocol=PROTOCOL, where="length", why=f"more than {MESSAGE_LIMIT_BYTES}"))
                return results
            if at + 4 + length > len(pending):
                break
            found = read(bytes(pending[at + 4 : at + 4 + length]))
            results += found
            at += 4 + length
            if isinstance(found[0], Malformed):
                direction.malformed += 1
                if direction.malformed >= MALFORMED_LIMIT:
                    at = len(pending)
        del pending[:at]
        return results

    def close(self) -> Sequence[Result]:
        """Part of a message says nothing that can be trusted."""
        return ()


DISSECTOR: Final = Dissector(protocol=PROTOCOL, open=KerberosStream, datagram=read)
