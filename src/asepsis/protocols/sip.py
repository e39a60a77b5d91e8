"""SIP (RFC 3261): which telephones and exchanges there are, and where telephones register.

In: UDP payloads and TCP conversations. Out: one ``Sip`` a message. Numbers and names of people stand in most fields:
only those are read that speak of the device, and of addresses only the host.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, ClassVar, Final

from asepsis.kernel.value import value
from asepsis.protocols.fields import facts_of
from asepsis.protocols.masking import TEXT_LIMIT, printable
from asepsis.protocols.message import Dissector, Malformed, Result
from asepsis.protocols.text_stream import TextStream, is_status, may_begin, read_head, split

PROTOCOL: Final = "sip"

# A telephone registers every minute in the same words but for numbers that count; what differs is cut out before.
REMEMBERED_MESSAGES = 2048

# RFC 3261 7.1 and the extensions of the IANA registry.
_METHODS: Final = frozenset(
    b"INVITE ACK OPTIONS BYE CANCEL REGISTER PRACK SUBSCRIBE NOTIFY PUBLISH INFO REFER MESSAGE UPDATE".split()
)
# RFC 3261 7.3.3 and 20: short forms of the fields that are read.
_SHORT: Final = {b"i": b"call-id", b"m": b"contact", b"l": b"content-length", b"c": b"content-type", b"v": b"via"}
# RFC 3261 25.1: the host behind what names a person, up to a port or a parameter.
_HOST: Final = re.compile(rb"sips?:(?:[^@>;\s]*@)?(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z.-]{1,255})")
_SENT_BY: Final = re.compile(
    rb"SIP\s*/\s*2\.0\s*/\s*(\w{2,8})\s+(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z.-]{1,255})", re.IGNORECASE
)
# RFC 5626 4.1: telephones make this UUID of their hardware address (RFC 4122 4.1.6: the last twelve digits).
_INSTANCE: Final = re.compile(rb"\+sip\.instance\s*=\s*\"<urn:uuid:[0-9a-f-]{24}([0-9a-f]{12})>\"", re.IGNORECASE)


@value
class Sip:
    """A request or a response."""

    PROTOCOL: ClassVar[str] = PROTOCOL
    kind: str
    """The method, or the status code of a response: ``REGISTER``, ``200``."""
    sender_is_server: bool | None
    """None: either side calls the other. Only a request to register comes from a client for certain."""
    method: str = ""
    """Of a response: the method that it answers."""
    user_agent: str = ""
    server: str = ""
    registrar: str = ""
    """Where a telephone registers: the host that the request is for."""
    sent_by: str = ""
    """The host in the first Via: the sender's own address as it knows it, behind a proxy another's."""
    transport: str = ""
    forwarded: bool = False
    """A request that has passed an exchange: what it says of its sender is said of another."""
    instance: str = ""
    """Hardware address or other twelve digits of the instance that the sender gives for itself."""
    organization: str = ""
    realm: str = ""
    """What a server calls the realm that it asks a password for."""
    authentication: str = ""
    """The scheme with which the sender signs in, or which the server wants: ``Digest``."""

    def facts(self) -> dict[str, Any]:
        """All that is said, but kind and side."""
        return _facts(self)


_facts: Final = facts_of(Sip, without=("kind", "sender_is_server"))


def begins(octets: bytes) -> bool:
    """Whether bytes may begin a message, as far as they go."""
    return may_begin(octets, b"SIP/2.0 ", _METHODS)


def read(payload: bytes) -> Sequence[Result]:
    """Reads one datagram."""
    stripped = payload.strip(b"\r\n\0 ")
    if len(stripped) < 4:
        return ()  # a keep-alive (RFC 5626 4.4), which some fill with zeros
    if not begins(payload[:32]):
        return (Malformed(protocol=PROTOCOL, where="start line", why="neither a method nor a status"),)
    return read_message(*split(payload))


def read_message(head: bytes, _: bytes) -> Sequence[Result]:
    """Reads a head; bodies describe calls and are left alone."""
    start, fields = read_head(head)
    for short, name in _SHORT.items():
        if short in fields:
            fields.setdefault(name, fields[short])
    get = fields.get
    words = start.split(b" ", 2)
    if len(words) < 3:
        return (Malformed(protocol=PROTOCOL, where="start line", why="it has less than three parts"),)
    is_response = words[0] == b"SIP/2.0"
    if is_response and not is_status(words[1]):
        return (Malformed(protocol=PROTOCOL, where="Status-Code", why="not three digits"),)
    if not is_response and (words[0] not in _METHODS or not words[2].startswith(b"SIP/")):
        return (Malformed(protocol=PROTOCOL, where="Request-Line", why="neither its method nor its version is SIP's"),)
    registrar = b""
    if words[0] == b"REGISTER" and (host := _HOST.match(words[1][:TEXT_LIMIT])):
        registrar = host[1]
    sent_by = None if is_response else _SENT_BY.match(get(b"via", b"")[:TEXT_LIMIT])
    # Each exchange on the way puts a Via of its own before the others (RFC 3261 16.6).
    lower = head.lower()
    forwarded = not is_response and lower.count(b"\r\nvia") + lower.count(b"\r\nv:") > 1
    instance = None if is_response else _INSTANCE.search(get(b"contact", b"")[: 2 * TEXT_LIMIT])
    challenge = get(b"www-authenticate") or get(b"proxy-authenticate") or b""
    answer = get(b"authorization") or get(b"proxy-authorization") or b""
    return (
        _message(
            words[1] if is_response else words[0],
            get(b"cseq", b"")[:32].rpartition(b" ")[2] if is_response else b"",
            get(b"user-agent", b"")[:TEXT_LIMIT],
            get(b"server", b"")[:TEXT_LIMIT],
            registrar,
            sent_by[2] if sent_by else b"",
            sent_by[1].upper() if sent_by else b"",
            instance[1].lower() if instance else b"",
            get(b"organization", b"")[:TEXT_LIMIT],
            _realm(challenge[: 2 * TEXT_LIMIT]),
            (challenge if is_response else answer).split(b" ", 1)[0][:16],
            forwarded=forwarded,
        ),
    )


def _realm(challenge: bytes) -> bytes:
    found = re.search(rb'realm\s*=\s*"([^"]{0,128})"', challenge, re.IGNORECASE)
    # Some exchanges write an address of somebody there.
    return b"" if found is None or b"@" in found[1] else found[1]


@lru_cache(maxsize=REMEMBERED_MESSAGES)
def _message(  # what a message is remembered by
    kind: bytes,
    method: bytes,
    user_agent: bytes,
    server: bytes,
    registrar: bytes,
    sent_by: bytes,
    transport: bytes,
    instance: bytes,
    organization: bytes,
    realm: bytes,
    authentication: bytes,
    *,
    forwarded: bool,
) -> Sip:
    is_response = kind.isdigit()
    return Sip(
        kind=printable(kind),
        # Only the side that telephones register with answers a REGISTER.
        sender_is_server=True if method == b"REGISTER" else False if kind == b"REGISTER" else None,
        method=printable(method) if is_response and method in _METHODS else "",
        user_agent=_product(user_agent),
        server=_product(server),
        registrar=printable(registrar),
        sent_by=printable(sent_by),
        transport=printable(transport),
        forwarded=forwarded,
        instance=printable(instance),
        organization=printable(organization),
        realm=printable(realm),
        authentication=printable(authentication) if authentication.isalpha() else "",
    )


def _product(octets: bytes) -> str:
    # An address of somebody has no place in a product's name; where one stands, it ends there.
    return printable(re.split(rb"\S*@|sips?:|tel:", octets, maxsplit=1)[0].strip())


def open_stream() -> TextStream:
    """A conversation over TCP."""
    return TextStream(PROTOCOL, begins=begins, read=read_message, lengths=(b"content-length", b"l"))


DISSECTOR: Final = Dissector(protocol=PROTOCOL, open=open_stream, datagram=read)
