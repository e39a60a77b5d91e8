"""DHCP for IPv6 (RFC 8415): who asks, by which identifier, and which addresses it gets.

In: one UDP payload of ports 546 and 547. Out: one ``Dhcpv6``; a message that came through relays is unwrapped and
names them. A hardware address is found in the client's DUID, or as the relay saw it (RFC 6939).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, ClassVar, Final

from asepsis.kernel.value import value
from asepsis.protocols.duid import duid
from asepsis.protocols.fields import MalformedError, facts_of, ip, mac, text, text_or_hex, wire_name
from asepsis.protocols.message import Dissector, Malformed, Result

# RFC 8415 7.6: HOP_COUNT_LIMIT; more relays than these are a loop or an attack.
RELAYS_LIMIT = 8
# Options of one level; a message with all of them has some twenty.
OPTIONS_LIMIT = 128
# Addresses, servers, domains: more of a kind say nothing new.
LIST_LIMIT = 16
# A client repeats itself with another transaction id. 2,048 messages of at most 600 bytes stay under 8 MiB.
REMEMBERED_MESSAGES = 2048
REMEMBERED_LENGTH_BYTES = 600

# IANA "DHCPv6 Message Types".
_MESSAGE_TYPES: Final = {
    1: "SOLICIT",
    2: "ADVERTISE",
    3: "REQUEST",
    4: "CONFIRM",
    5: "RENEW",
    6: "REBIND",
    7: "REPLY",
    8: "RELEASE",
    9: "DECLINE",
    10: "RECONFIGURE",
    11: "INFORMATION-REQUEST",
    12: "RELAY-FORW",
    13: "RELAY-REPL",
    14: "LEASEQUERY",
    15: "LEASEQUERY-REPLY",
    16: "LEASEQUERY-DONE",
    17: "LEASEQUERY-DATA",
    18: "RECONFIGURE-REQUEST",
    19: "RECONFIGURE-REPLY",
    20: "DHCPV4-QUERY",
    21: "DHCPV4-RESPONSE",
}
_RELAY_TYPES = (12, 13)
_FROM_SERVER = frozenset((2, 7, 10, 13, 15, 16, 17, 19, 21))
_RELAY_MESSAGE = 9
# RFC 8415 21.13.
_STATUS: Final = {
    0: "Success",
    1: "UnspecFail",
    2: "NoAddrsAvail",
    3: "NoBinding",
    4: "NotOnLink",
    5: "UseMulticast",
    6: "NoPrefixAvail",
}
_ETHERNET = 1


@value
class Dhcpv6:
    """One DHCPv6 message. What it does not say is empty or 0."""

    PROTOCOL: ClassVar[str] = "dhcpv6"
    message_type: str
    """``SOLICIT``, ``REPLY``, ...: the innermost, when relays wrapped it."""
    is_from_server: bool
    client_duid: str = ""
    """In hexadecimal digits."""
    client_duid_form: str = ""
    """``LLT``, ``EN``, ``LL``, ``UUID``: see ``duid``."""
    client_mac: str = ""
    """The Ethernet address inside the client's DUID: of some interface of the client."""
    client_enterprise: int = 0
    """The enterprise number inside the client's DUID."""
    client_link_address: str = ""
    """Option 79 (RFC 6939): the client's hardware address as its relay saw it."""
    server_duid: str = ""
    server_mac: str = ""
    addresses: tuple[str, ...] = ()
    """Addresses inside IA_NA and IA_TA: asked for by a client, given by a server."""
    prefixes: tuple[str, ...] = ()
    """Prefixes inside IA_PD, as ``ADDRESS/LENGTH``."""
    fqdn: str = ""
    """Option 39 (RFC 4704)."""
    vendor_class: str = ""
    """Option 16, its first part."""
    vendor_enterprise: int = 0
    """The enterprise number of option 16 or else 17."""
    user_class: str = ""
    """Option 15, its first part."""
    parameter_list: tuple[int, ...] = ()
    """Option 6: the options that the client asks for, in its order."""
    option_order: tuple[int, ...] = ()
    dns_servers: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    ntp_servers: tuple[str, ...] = ()
    architecture: int = 0
    """Option 61 (RFC 5970): code of the processor architecture of a client that boots from the network."""
    boot_url: str = ""
    mud_url: str = ""
    """Option 112 (RFC 8520 10)."""
    status: str = ""
    """Status code of the message (RFC 8415 21.13)."""
    relay_peers: tuple[str, ...] = ()
    """peer-address of each relay, the outermost first."""
    relay_links: tuple[str, ...] = ()
    """link-address of each relay that says one."""
    relay_interface: str = ""
    """Option 18: the port of the relay, in its own words."""
    relay_remote: str = ""
    """Option 37 (RFC 4649), without the enterprise number."""

    @property
    def kind(self) -> str:
        """The message type."""
        return self.message_type

    @property
    def sender_is_server(self) -> bool | None:
        """What only servers send comes from a server; a relay forwards what it was given."""
        return self.is_from_server

    def facts(self) -> dict[str, Any]:
        """All that is said, but the type, which is the kind."""
        return _facts(self)


_facts: Final = facts_of(Dhcpv6, without=("message_type", "is_from_server"))


def read(payload: bytes) -> Sequence[Result]:
    """Reads one message; what is understood before a malformed option is kept."""
    if len(payload) <= REMEMBERED_LENGTH_BYTES:
        if payload and payload[0] not in _RELAY_TYPES:
            # The transaction id (bytes 1 to 3) differs in every message and says nothing.
            payload = payload[:1] + b"\0\0\0" + payload[4:] if len(payload) >= 4 else payload
        return _remembered(payload)
    return _read(payload)


def _read(payload: bytes) -> tuple[Result, ...]:
    said: dict[str, Any] = {}
    malformed = None
    try:
        _read_message(payload, said, relays=0)
    except MalformedError as error:
        malformed = Malformed(protocol="dhcpv6", where=error.where, why=error.why)
    if "message_type" not in said:
        return (malformed,) if malformed else ()
    members: dict[str, Any] = {name: tuple(fact) if isinstance(fact, list) else fact for name, fact in said.items()}
    message = Dhcpv6(**members)
    return (message, malformed) if malformed else (message,)


_remembered = lru_cache(maxsize=REMEMBERED_MESSAGES)(_read)


def _read_message(payload: bytes, said: dict[str, Any], *, relays: int) -> None:
    if len(payload) < 4:
        raise MalformedError("header", f"{len(payload)} bytes are too few")
    message_type = payload[0]
    name = _MESSAGE_TYPES.get(message_type)
    if name is None:
        raise MalformedError("msg-type", f"{message_type} is not assigned")
    at = 4
    if message_type in _RELAY_TYPES:
        # RFC 8415 9: hop count, link-address, peer-address.
        at = 34
        if len(payload) < at:
            raise MalformedError("relay header", f"{len(payload)} bytes are too few")
        if relays == RELAYS_LIMIT:
            raise MalformedError("relay message", f"more than {RELAYS_LIMIT} relays")
        _append(said, "relay_links", ip(payload[2:18]))
        _append(said, "relay_peers", ip(payload[18:34]))
    said["message_type"] = name
    said["is_from_server"] = message_type in _FROM_SERVER
    inner = b""
    order = []
    for code, body in _options(payload, at, len(payload)):
        order.append(code)
        if code == _RELAY_MESSAGE and message_type in _RELAY_TYPES:
            inner = body
        elif code in _READERS:
            _READERS[code](body, said)
    if inner:
        _read_message(inner, said, relays=relays + 1)
    elif order:
        said["option_order"] = tuple(order)


def _options(payload: bytes, at: int, end: int) -> Iterator[tuple[int, bytes]]:
    # RFC 8415 21.1: code, length, data.
    for _ in range(OPTIONS_LIMIT):
        if at == end:
            return
        if at + 4 > end:
            raise MalformedError("option", f"{end - at} bytes of its header")
        code, length = payload[at] << 8 | payload[at + 1], payload[at + 2] << 8 | payload[at + 3]
        at += 4
        if at + length > end:
            raise MalformedError(f"option {code}", f"{length} bytes said, {end - at} left")
        yield code, payload[at : at + length]
        at += length


def _append(said: dict[str, Any], name: str, fact: str) -> None:
    facts = said.setdefault(name, [])
    if fact and len(facts) < LIST_LIMIT:
        facts.append(fact)


# A reader takes the body of an option and adds what it says. A body that is too short says nothing.


def _client_duid(body: bytes, said: dict[str, Any]) -> None:
    unique = duid(body)
    if unique is not None:
        said["client_duid"] = unique.identifier
        said["client_duid_form"] = unique.form
        said["client_mac"] = unique.mac
        said["client_enterprise"] = unique.enterprise


def _server_duid(body: bytes, said: dict[str, Any]) -> None:
    unique = duid(body)
    if unique is not None:
        said["server_duid"] = unique.identifier
        said["server_mac"] = unique.mac


def _identity_association(body: bytes, said: dict[str, Any]) -> None:
    # RFC 8415 21.4: IAID, T1, T2, options.
    _read_association(body, 12, said)


def _temporary_association(body: bytes, said: dict[str, Any]) -> None:
    # RFC 8415 21.5: IAID, options.
    _read_association(body, 4, said)


def _read_association(body: bytes, at: int, said: dict[str, Any]) -> None:
    if len(body) < at:
        return
    for code, option in _options(body, at, len(body)):
        if code == 5:  # RFC 8415 21.6: address, two lifetimes
            _append(said, "addresses", ip(option[:16]))
        elif code == 26 and len(option) >= 25:  # RFC 8415 21.22: two lifetimes, prefix length, prefix
            _append(said, "prefixes", f"{ip(option[9:25]) or '::'}/{option[8]}")
        elif code == 13 and "status" not in said:
            _status(option, said)


def _parameter_list(body: bytes, said: dict[str, Any]) -> None:
    codes = range(0, min(len(body) - 1, 2 * OPTIONS_LIMIT), 2)
    said["parameter_list"] = tuple([body[at] << 8 | body[at + 1] for at in codes])


def _status(body: bytes, said: dict[str, Any]) -> None:
    if len(body) >= 2:
        code = body[0] << 8 | body[1]
        said["status"] = _STATUS.get(code, f"code {code}")


def _first_part(body: bytes) -> str:
    """The first of several parts, each behind its length of two bytes."""
    return text(body[2 : 2 + (body[0] << 8 | body[1])]) if len(body) >= 2 else ""


def _user_class(body: bytes, said: dict[str, Any]) -> None:
    said["user_class"] = _first_part(body)


def _vendor_class(body: bytes, said: dict[str, Any]) -> None:
    # RFC 8415 21.16: enterprise number, then parts.
    if len(body) >= 4:
        said["vendor_enterprise"] = int.from_bytes(body[:4], "big")
        said["vendor_class"] = _first_part(body[4:])


def _vendor_options(body: bytes, said: dict[str, Any]) -> None:
    if len(body) >= 4:
        said.setdefault("vendor_enterprise", int.from_bytes(body[:4], "big"))


def _interface(body: bytes, said: dict[str, Any]) -> None:
    said["relay_interface"] = text_or_hex(body)


def _remote(body: bytes, said: dict[str, Any]) -> None:
    said["relay_remote"] = text_or_hex(body[4:])


def _dns_servers(body: bytes, said: dict[str, Any]) -> None:
    for at in range(0, min(len(body), 16 * LIST_LIMIT), 16):
        _append(said, "dns_servers", ip(body[at : at + 16]))


def _ntp_servers(body: bytes, said: dict[str, Any]) -> None:
    for at in range(0, min(len(body), 16 * LIST_LIMIT), 16):
        _append(said, "ntp_servers", ip(body[at : at + 16]))


def _domains(body: bytes, said: dict[str, Any]) -> None:
    at = 0
    for _ in range(LIST_LIMIT):
        name = wire_name(body[at:])
        if not name:
            return
        _append(said, "domains", name)
        while at < len(body) and body[at]:
            at += 1 + body[at]
        at += 1


def _fqdn(body: bytes, said: dict[str, Any]) -> None:
    # RFC 4704 4: flags, name in wire format.
    said["fqdn"] = wire_name(body[1:])


def _architecture(body: bytes, said: dict[str, Any]) -> None:
    if len(body) >= 2:
        said["architecture"] = body[0] << 8 | body[1]


def _boot_url(body: bytes, said: dict[str, Any]) -> None:
    said["boot_url"] = text(body)


def _mud_url(body: bytes, said: dict[str, Any]) -> None:
    said["mud_url"] = text(body)


def _link_address(body: bytes, said: dict[str, Any]) -> None:
    if len(body) == 8 and body[0] << 8 | body[1] == _ETHERNET:
        said["client_link_address"] = mac(body[2:])


_READERS: Final[dict[int, Callable[[bytes, dict[str, Any]], None]]] = {
    1: _client_duid,
    2: _server_duid,
    3: _identity_association,
    4: _temporary_association,
    6: _parameter_list,
    13: _status,
    15: _user_class,
    16: _vendor_class,
    17: _vendor_options,
    18: _interface,
    23: _dns_servers,
    24: _domains,
    25: _identity_association,
    31: _ntp_servers,
    37: _remote,
    39: _fqdn,
    59: _boot_url,
    61: _architecture,
    79: _link_address,
    112: _mud_url,
}

DISSECTOR = Dissector(protocol="dhcpv6", datagram=read)
