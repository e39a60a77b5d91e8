"""How a protocol's observer states what a message says, and of whom."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Any, NamedTuple

from asepsis.devices.address import Reach, reach
from asepsis.devices.clue import Attribute, Claim, Endpoint
from asepsis.knowledge.table import Match, find
from asepsis.knowledge.vendors import known_vendor, vendor
from asepsis.protocols.message import Sighting

# Names, models and versions on screens; longer ones are descriptions, which the tables have read by then.
TEXT_LIMIT = 96
# One message that names more things than this is told in part.
STATEMENTS_LIMIT = 64

# How far one protocol alone is believed. Anybody on a network can say anything, so nothing reaches 1.
STATED = 0.75
"""Said to a partner that asked, as part of the work: equipment attributes of an image, SNMP system group, LLDP."""
ANNOUNCED = 0.55
"""Announced to everybody, which costs an impostor nothing: mDNS, SSDP, DHCP host names."""
REPORTED = 0.4
"""Said by another device: a title by which it calls its partner."""
SERVED = 0.35
"""Said of another by whoever serves or calls it. Anybody can do that, so it shows only beside what that other does."""
HINTED = 0.25
"""Fits, and fits many others too."""


Key = tuple[Endpoint, str, str, str]
"""Endpoint, attribute, value, protocol: what makes two clues one."""


def clean(text: str) -> str:
    """Text fit for a screen: no control signs, single blanks, at most ``TEXT_LIMIT`` signs."""
    if text.isprintable() and "  " not in text:
        return text.strip()[:TEXT_LIMIT]
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text[: 4 * TEXT_LIMIT]).split())[
        :TEXT_LIMIT
    ]


# What programs write where a name, a serial number or a model belongs and is not known.
_EMPTY_WORDS = frozenset(
    ("none", "null", "unknown", "n/a", "na", "not specified", "default string", "to be filled by o.e.m.", "0")
)
_LONGEST_EMPTY_WORD = max(map(len, _EMPTY_WORDS))


class Say:
    """Collects what one message says. The subject is the sender unless a method says otherwise.

    Args:
        sighting: The message with where it was seen.
        endpoint: Makes an endpoint of a hardware and a network address, or None where they name no single device.
    """

    __slots__ = ("_endpoint", "_protocol", "_sighting", "_speaker", "statements", "ties")

    def __init__(self, sighting: Sighting, endpoint: Callable[[str, str], Endpoint | None]) -> None:
        self._sighting = sighting
        self._endpoint = endpoint
        self._speaker = endpoint(sighting.source_mac, sighting.source_ip)
        self._protocol = sighting.message.PROTOCOL
        self.statements: list[tuple[Key, float]] = []
        self.ties: list[tuple[Endpoint, int]] = []
        """Endpoints whose hardware address owns their network address, and the ``Claim`` flags that say so."""

    @property
    def sender(self) -> tuple[str, str]:
        """Hardware and network address of the sender."""
        return self._sighting.source_mac, self._sighting.source_ip

    @property
    def time_ns(self) -> int:
        """When it was said."""
        return self._sighting.time_ns

    @property
    def speaker(self) -> Endpoint | None:
        """The sender, where its addresses name a single device."""
        return self._speaker

    def that(self, attribute: Attribute, value: str, weight: float) -> bool:
        """The sender has this attribute; False when the value says nothing."""
        return self._state(self._speaker, attribute, clean(value), weight)

    def of_receiver(self, attribute: Attribute, value: str, weight: float) -> None:
        """The receiver has this attribute, as far as somebody who calls it is believed; nothing of a group."""
        receiver = self._endpoint(self._sighting.destination_mac, self._sighting.destination_ip)
        # Of a group address (or none) only a hardware address would be left, and that may be the next router's.
        if receiver is not None and receiver.ip:
            self._state(receiver, attribute, clean(value), min(weight, SERVED))

    def transacts(self, what: str) -> None:
        """The sender does this with the receiver; nothing where the receiver is a group or unknown."""
        receiver = self._endpoint(self._sighting.destination_mac, self._sighting.destination_ip)
        if receiver is not None and receiver.ip:
            self._state(self._speaker, Attribute.TRANSACTION, f"{what} {receiver.ip}", STATED)

    def of(self, mac: str, ip: str, attribute: Attribute, value: str, weight: float) -> None:
        """Some endpoint has this attribute."""
        self._state(self._endpoint(mac, ip), attribute, clean(value), weight)

    def _state(self, subject: Endpoint | None, attribute: Attribute, value: str, weight: float) -> bool:
        if subject is None or len(self.statements) >= STATEMENTS_LIMIT:
            return False
        if not value or (len(value) <= _LONGEST_EMPTY_WORD and value.lower() in _EMPTY_WORDS):
            return False
        self.statements.append(((subject, attribute, value, self._protocol), weight))
        return True

    def made_by(self, text: str, weight: float) -> None:
        """The sender was made by the maker that ``text`` names, under its one name."""
        maker = vendor(text)
        if maker is not None:
            self.that(Attribute.VENDOR, maker.name, weight)

    def of_maker(self, mac: str, ip: str, text: str, weight: float) -> None:
        """Some endpoint was made by the maker that ``text`` names."""
        maker = vendor(text)
        if maker is not None:
            self.of(mac, ip, Attribute.VENDOR, maker.name, weight)

    def known_maker(self, text: str, weight: float) -> None:
        """The sender was made by the maker that ``text`` begins with, if that is one that we know."""
        maker = known_vendor(text)
        if maker is not None:
            self.that(Attribute.VENDOR, maker.name, weight)

    def known(self, table: str, text: str, factor: float = 1.0) -> Match | None:
        """All that follows from a row of a table of knowledge that fits ``text``."""
        return self._known(self._speaker, table, text, factor)

    def known_of(self, mac: str, ip: str, table: str, text: str, factor: float = 1.0) -> Match | None:
        """The same of another endpoint."""
        return self._known(self._endpoint(mac, ip), table, text, factor)

    def _known(self, subject: Endpoint | None, table: str, text: str, factor: float) -> Match | None:
        match = find(table, text) if text else None
        if match is not None:
            for attribute, value, weight in facts_of(match):
                self._state(subject, attribute, value, round(weight * factor, 3))
        return match

    def named(self, text: str, weight: float) -> None:
        """The sender calls itself so; what the name shows of maker and system is told too."""
        name = host_name(text)
        if name:
            self.that(Attribute.NAME, name, weight)
            self.known("hostnames", name)
            self.known("products", name, 0.6)

    def tied(self, mac: str, ip: str, claim: Claim) -> None:
        """A hardware address owns a network address, by this claim."""
        endpoint = self._endpoint(mac, ip)
        if endpoint is not None and endpoint.mac and Reach.LINK <= reach(endpoint.ip) <= Reach.PUBLIC:
            self.ties.append((endpoint, int(claim)))


@lru_cache(maxsize=1 << 12)
def facts_of(match: Match) -> tuple[tuple[Attribute, str, float], ...]:
    """(attribute, value, weight) of everything that a fitting row says."""
    fact, version = match
    facts = []
    for attribute in (Attribute.CATEGORY, Attribute.ROLE, Attribute.VENDOR, Attribute.MODEL):
        value = getattr(fact, attribute)
        if value:
            facts.append((attribute, value, fact.weight))
    if fact.os:
        facts.append(
            (Attribute.OS, f"{fact.os} {version}" if fact.version == "os" and version else fact.os, fact.weight)
        )
    if version and fact.version == "firmware":
        facts.append((Attribute.FIRMWARE, clean(version), fact.weight))
    return tuple(facts)


def host_name(text: str) -> str:
    """A device's name out of a host or domain name: without ``.local`` and the final dot; empty for an address."""
    name = clean(text).rstrip(".")
    if name.lower().endswith(".local"):
        name = name[:-6]
    if len(name) > 63:
        name = name.split(".", 1)[0][:63]
    digits = name.replace(":", "").replace("-", "").replace(".", "")
    # An address where a name belongs names nobody.
    if (
        not digits
        or digits.isdecimal()
        or (len(digits) == 12 and all(sign in "0123456789abcdefABCDEF" for sign in digits))
    ):
        return ""
    return name


class Reader(NamedTuple):
    """How one class of message is read for clues."""

    project: Callable[[Any], Hashable]
    """The part of a message that clues are made of; equal parts from one endpoint are read once. None: no clue."""
    explain: Callable[[Any, Say], None]
    """States what the message says."""
    partner: bool = False
    """The receiver is spoken of too, so it belongs to what makes two sightings equal."""
    repeated: bool = False
    """The protocol's module gives the same object for the same bytes, so that an object is projected once."""
    receiver: Reader | None = None
    """What the message says of its receiver, where that is the same whoever says it."""
