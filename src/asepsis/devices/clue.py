"""A clue: one thing that the traffic says about an endpoint, and where it was said."""

from __future__ import annotations

from enum import IntFlag, StrEnum
from typing import NamedTuple


class Attribute(StrEnum):
    """What a clue can be about.

    Two are not shown. ``IDENTIFIER`` says that two endpoints are one device. ``TRANSACTION`` says what a device sends
    whom (``hl7 ADT 10.0.0.7``): with those of its partners it tells which part it plays (see ``actors``).
    """

    # An enum hashes by name, in Python; these are parts of keys by the hundred thousand.
    __hash__ = str.__hash__

    CATEGORY = "category"
    VENDOR = "vendor"
    MODEL = "model"
    OS = "os"
    FIRMWARE = "firmware"
    SERIAL = "serial"
    UDI = "udi"
    ROLE = "role"
    NAME = "name"
    IDENTIFIER = "identifier"
    TRANSACTION = "transaction"


class Endpoint(NamedTuple):
    """Where a clue was seen: hardware and network address as they stood in the frame.

    Which of the two is the device is decided by ``identity`` when all is known: the hardware address where the
    device is on the link, the network address where a router stands between.
    """

    mac: str
    """Empty where the link has none, or where only the network address is known."""
    ip: str
    """Empty where only the hardware address is known."""


class Clue(NamedTuple):
    """All sightings of one statement about one endpoint by one protocol, told once."""

    endpoint: Endpoint
    attribute: str
    value: str
    protocol: str
    weight: float
    """How far one protocol alone can be believed in this, 0 to 1; see ``docs/reference/identification.md``."""
    sightings: int
    first_ns: int
    last_ns: int
    capture: str
    """Digest of the capture of the first sighting."""
    packet: int
    """Its packet, from 1."""

    def key(self) -> tuple[Endpoint, str, str, str]:
        """What makes two clues one."""
        return (self.endpoint, self.attribute, self.value, self.protocol)

    def joined(self, other: Clue) -> Clue:
        """Both together: the counts add up, the earliest sighting is the provenance, the greater weight holds."""
        early, late = sorted((self, other), key=lambda clue: (clue.first_ns, clue.capture, clue.packet))
        return early._replace(
            weight=max(early.weight, late.weight),
            sightings=early.sightings + late.sightings,
            last_ns=max(early.last_ns, late.last_ns),
        )


class Claim(IntFlag):
    """Who says that a hardware address owns a network address, beyond frames that bear both."""

    NOBODY = 0
    ARP = 1
    """The sender of an ARP packet about itself (RFC 826)."""
    LEASE = 2
    """A DHCP server confirmed the lease (RFC 2131)."""
    SELF = 4
    """The device says so in a message of its own: LLDP management address, mDNS address record."""
    NEIGHBOUR = 8
    """A message of neighbour discovery: what ARP is for IPv6 (RFC 4861)."""


class Tie(NamedTuple):
    """A hardware and a network address seen together during a stretch of time."""

    endpoint: Endpoint
    first_ns: int
    last_ns: int
    sent: int
    """Packets or conversations in which the endpoint itself spoke."""
    direct: int
    """Of those, how many came with a fresh TTL: no router stood between."""
    routed: int
    """Of those, how many came with a TTL that a router or two had lowered."""
    claims: int
    """``Claim`` flags."""
    capture: str
    packet: int

    def joined(self, other: Tie) -> Tie:
        """Both together."""
        early, late = sorted((self, other), key=lambda tie: (tie.first_ns, tie.capture, tie.packet))
        return early._replace(
            last_ns=max(early.last_ns, late.last_ns),
            sent=early.sent + late.sent,
            direct=early.direct + late.direct,
            routed=early.routed + late.routed,
            claims=early.claims | late.claims,
        )
