"""Neighbour discovery for IPv6 (RFC 4861, RFC 4862): who has which address, who routes, which prefixes a link has.

In: one ICMPv6 message of type 133 to 137, which came with a hop limit of 255. Out: one ``Neighbour``. Neighbours:
``arp`` says the same for IPv4; ``devices`` ties hardware addresses to network addresses by what is claimed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, ClassVar, Final

from asepsis.kernel.value import value
from asepsis.protocols.fields import facts_of, ip, mac, wire_name
from asepsis.protocols.message import Dissector, Malformed, Result

# Options of one message: a router with many prefixes sends some ten.
OPTIONS_LIMIT = 64
# Prefixes, servers, domains: more of a kind say nothing new.
LIST_LIMIT = 16
# Hosts ask for the same neighbours all day. 8,192 messages of at most 256 bytes, with what was read, stay under 8 MiB.
REMEMBERED_MESSAGES = 8192
REMEMBERED_LENGTH_BYTES = 256

# RFC 4861 4: the kind, and how many bytes stand before the options.
_KINDS: Final = {
    133: ("ROUTER SOLICITATION", 8),
    134: ("ROUTER ADVERTISEMENT", 16),
    135: ("NEIGHBOUR SOLICITATION", 24),
    136: ("NEIGHBOUR ADVERTISEMENT", 24),
    137: ("REDIRECT", 40),
}
# RFC 4191 2.1: two bits of a signed number; the fourth value is reserved and read as medium.
_PREFERENCES: Final = ("medium", "high", "medium", "low")


@value
class Neighbour:
    """One message of neighbour discovery. Texts are empty and numbers 0 where nothing is said."""

    PROTOCOL: ClassVar[str] = "nd"
    kind: str
    """``ROUTER ADVERTISEMENT`` and the like, in the words of RFC 4861."""
    target_ip: str = ""
    """Whose hardware address is asked for or told; the better next hop of a redirect."""
    destination_ip: str = ""
    """Of a redirect: what is better reached through the target."""
    source_mac: str = ""
    """Source link-layer address option: the sender's."""
    target_mac: str = ""
    """Target link-layer address option: that of ``target_ip``."""
    is_router: bool = False
    """R flag of an advertisement: the sender forwards packets."""
    is_solicited: bool = False
    is_override: bool = False
    hop_limit: int = 0
    """Which hop limit a router recommends."""
    lifetime_seconds: int = 0
    """How long the router is a default router; 0 says that it is none."""
    preference: str = ""
    """``high``, ``medium`` or ``low`` (RFC 4191)."""
    managed: bool = False
    """M flag: addresses come by DHCPv6."""
    other: bool = False
    """O flag: other configuration comes by DHCPv6."""
    prefixes: tuple[str, ...] = ()
    """``2001:db8::/64``; with `` on-link`` and `` autonomous`` as the flags say."""
    routes: tuple[str, ...] = ()
    """Route information (RFC 4191 2.3)."""
    mtu_bytes: int = 0
    dns_servers: tuple[str, ...] = ()
    """RFC 8106 5.1."""
    domains: tuple[str, ...] = ()
    """Search list (RFC 8106 5.2)."""

    @property
    def sender_is_server(self) -> bool | None:
        """Neighbour discovery has no servers."""
        return None

    def facts(self) -> dict[str, Any]:
        """All that is said, but the kind."""
        return _facts(self)


_facts: Final = facts_of(Neighbour, without=("kind",))


def read(payload: bytes) -> Sequence[Result]:
    """Reads one message; what is understood before a malformed option is kept."""
    # The checksum differs with the receiver.
    message = payload[:1] + payload[4:]
    return _remembered(message) if len(message) <= REMEMBERED_LENGTH_BYTES else _read(message)


def _read(message: bytes) -> tuple[Result, ...]:
    """``message``: without code and checksum, so that all offsets of RFC 4861 are 3 smaller."""
    kind, length = _KINDS.get(message[0], ("", 0)) if message else ("", 0)
    if not kind:
        return (_malformed("type", f"{message[0]} is none of neighbour discovery" if message else "an empty message"),)
    if len(message) + 3 < length:
        return (_malformed("message", f"{len(message) + 3} bytes of {length}"),)
    found: dict[str, Any] = {"kind": kind}
    match message[0]:
        case 134:
            # RFC 4861 4.2, RFC 4191 2.2
            flags = message[2]
            found["hop_limit"] = message[1]
            found["managed"], found["other"] = bool(flags & 0x80), bool(flags & 0x40)
            found["preference"] = _PREFERENCES[flags >> 3 & 3]
            found["lifetime_seconds"] = message[3] << 8 | message[4]
        case 135:
            found["target_ip"] = ip(message[5:21])
        case 136:
            flags = message[1]
            found["is_router"], found["is_solicited"] = bool(flags & 0x80), bool(flags & 0x40)
            found["is_override"] = bool(flags & 0x20)
            found["target_ip"] = ip(message[5:21])
        case 137:
            found["target_ip"], found["destination_ip"] = ip(message[5:21]), ip(message[21:37])
    target = message[5:6]
    if message[0] >= 135 and (not found["target_ip"] or target == b"\xff"):
        # RFC 4861 7.1.1, 7.1.2 and 8.1: a target is one interface's address.
        return (_malformed("target address", "unspecified or multicast"),)
    malformed = _read_options(message, length - 3, found)
    said: dict[str, Any] = {name: tuple(fact) if isinstance(fact, list) else fact for name, fact in found.items()}
    neighbour = Neighbour(**said)
    return (neighbour, malformed) if malformed else (neighbour,)


_remembered = lru_cache(maxsize=REMEMBERED_MESSAGES)(_read)


def _malformed(where: str, why: str) -> Malformed:
    return Malformed(protocol="nd", where=where, why=why)


def _read_options(message: bytes, at: int, found: dict[str, Any]) -> Malformed | None:
    for _ in range(OPTIONS_LIMIT):
        if at == len(message):
            return None
        length = message[at + 1] * 8 if at + 1 < len(message) else 0
        if not length:
            # RFC 4861 4.6: such a message is discarded. What stood before is kept, as evidence of who sent it.
            return _malformed("option", "a length of zero" if at + 1 < len(message) else "no room for a length")
        option = message[at : at + length]
        if len(option) < length:
            return _malformed(f"option {option[0]}", f"{length} bytes said, {len(option)} left")
        _read_option(option, found)
        at += length
    return None


def _read_option(option: bytes, found: dict[str, Any]) -> None:
    """Adds what an option says; one that is too short for its sort, or of another sort, says nothing."""
    match option[0]:
        case 1:
            found["source_mac"] = mac(option[2:8])
        case 2:
            found["target_mac"] = mac(option[2:8])
        case 3 if len(option) >= 32:  # RFC 4861 4.6.2
            flags = (" on-link" if option[3] & 0x80 else "") + (" autonomous" if option[3] & 0x40 else "")
            _add(found, "prefixes", f"{_prefix(option[16:32], option[2])}{flags}")
        case 5 if len(option) >= 8:
            found["mtu_bytes"] = int.from_bytes(option[4:8], "big")
        case 24 if len(option) <= 24:  # RFC 4191 2.3: 0, 8 or 16 bytes of the prefix
            _add(found, "routes", _prefix(option[8:24].ljust(16, b"\0"), option[2]))
        case 25:
            for start in range(8, min(len(option) - 15, 8 + 16 * LIST_LIMIT), 16):
                _add(found, "dns_servers", ip(option[start : start + 16]))
        case 31:
            at = 8
            for _ in range(LIST_LIMIT):
                name = wire_name(option[at:])
                if not name:
                    break
                _add(found, "domains", name)
                at = option.find(0, at) + 1
                if not at:
                    break


def _prefix(address: bytes, length: int) -> str:
    return f"{ip(address) or '::'}/{length}"


def _add(found: dict[str, Any], name: str, said: str) -> None:
    listed = found.setdefault(name, [])
    if said and said not in listed and len(listed) < LIST_LIMIT:
        listed.append(said)


DISSECTOR = Dissector(protocol="nd", datagram=read)
