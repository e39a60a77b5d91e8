"""How a protocol's observer states what a message says, and of whom."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

from asepsis.devices.address import Reach, is_group, reach
from asepsis.devices.clue import Attribute, Claim
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
HINTED = 0.25
"""Fits, and fits many others too."""


class Statement(NamedTuple):
    """One attribute of one endpoint."""

    mac: str
    ip: str
    attribute: str
    value: str
    weight: float


def clean(text: str) -> str:
    """Text fit for a screen: no control signs, single blanks, at most ``TEXT_LIMIT`` signs."""
    if text.isprintable() and "  " not in text:
        return text.strip()[:TEXT_LIMIT]
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text[: 4 * TEXT_LIMIT]).split())[
        :TEXT_LIMIT
    ]


# What programs write where a name, a serial number or a model belongs and is not known.
_EMPTY_WORDS = frozenset(
    ("", "none", "null", "unknown", "n/a", "na", "not specified", "default string", "to be filled by o.e.m.", "0")
)


class Say:
    """Collects what one message says. The subject is the sender unless a method says otherwise."""

    __slots__ = ("_ip", "_mac", "_other_ip", "_other_mac", "statements", "ties")

    def __init__(self, sighting: Sighting) -> None:
        self._mac, self._ip = sighting.source_mac, sighting.source_ip
        self._other_mac, self._other_ip = sighting.destination_mac, sighting.destination_ip
        self.statements: list[Statement] = []
        self.ties: list[tuple[str, str, Claim]] = []

    def that(self, attribute: Attribute, value: str, weight: float) -> None:
        """The sender has this attribute."""
        self.of(self._mac, self._ip, attribute, value, weight)

    def of_receiver(self, attribute: Attribute, value: str, weight: float) -> None:
        """The receiver has this attribute; nothing where the receiver is a group."""
        if self._other_ip and reach(self._other_ip) is Reach.GROUP:
            return
        mac = "" if is_group(self._other_mac) else self._other_mac
        self.of(mac, self._other_ip, attribute, value, weight)

    def of(self, mac: str, ip: str, attribute: Attribute, value: str, weight: float) -> None:
        """Some endpoint has this attribute."""
        value = clean(value)
        if value.lower() in _EMPTY_WORDS or not (mac or ip) or len(self.statements) >= STATEMENTS_LIMIT:
            return
        self.statements.append(Statement(mac, ip, attribute, value, round(weight, 3)))

    def made_by(self, text: str, weight: float) -> None:
        """The sender was made by the maker that ``text`` names, under its one name."""
        maker = vendor(text)
        if maker is not None:
            self.that(Attribute.VENDOR, maker.name, weight)

    def known_maker(self, text: str, weight: float) -> None:
        """The sender was made by the maker that ``text`` begins with, if that is one that we know."""
        maker = known_vendor(text)
        if maker is not None:
            self.that(Attribute.VENDOR, maker.name, weight)

    def known(self, table: str, text: str, factor: float = 1.0) -> Match | None:
        """All that follows from a row of a table of knowledge that fits ``text``."""
        return self.known_of(self._mac, self._ip, table, text, factor)

    def known_of(self, mac: str, ip: str, table: str, text: str, factor: float = 1.0) -> Match | None:
        """The same of another endpoint."""
        match = find(table, text) if text else None
        if match is not None:
            for attribute, value, weight in facts_of(match):
                self.of(mac, ip, attribute, value, weight * factor)
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
        if mac and ip and not is_group(mac) and Reach.LINK <= reach(ip) <= Reach.PUBLIC:
            self.ties.append((mac, ip, claim))

    @property
    def sender(self) -> tuple[str, str]:
        """Hardware and network address of the sender."""
        return self._mac, self._ip


def facts_of(match: Match) -> list[tuple[Attribute, str, float]]:
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
        facts.append((Attribute.FIRMWARE, version, fact.weight))
    return facts


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
