"""Clues that follow from others: the maker of a network card, what forwarding and passing on say about a device."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from asepsis.devices.actors import Actors
from asepsis.devices.address import is_random, virtual_router
from asepsis.devices.clue import Attribute, Clue, Endpoint
from asepsis.devices.computers import computer
from asepsis.devices.holding import Node
from asepsis.devices.identity import Identity
from asepsis.knowledge.hardware import registered_vendor
from asepsis.knowledge.vendors import COMPONENT, PLATFORM, known_vendor, vendor
from asepsis.knowledge.vocabulary import WIDER, Category, Role

VENDOR_PREFIX = "vendor prefix"
"""The protocol of evidence that the registered prefix of a hardware address gives."""
# The maker of the network interface made the device, unless it makes chips or computers for others.
_VENDOR_WEIGHTS = {COMPONENT: 0.2, PLATFORM: 0.45}
_VENDOR_WEIGHT = 0.6
# A maker that no row knows is as often one of modules or boards: of three such among the labelled devices two were
# (bench/CONFIDENCE.md before November 2026).
_UNKNOWN_WEIGHT = 0.45
# A maker of nothing but medical products makes medical devices, and their accessories and servers.
_MEDICAL_WEIGHT = 0.45
# A maker of hardly anything but printers makes printers.
_MAKES_WEIGHT = 0.45
# A scanner makes images of one kind, a combined one of two; what sends more kinds passes on those of others.
_KINDS_OF_AN_ARCHIVE = 2
_HL7_SENDERS = frozenset((Role.HL7_SENDER.value, Role.HL7_RESULT_SENDER.value))


def inferred(
    root: Node, nodes: Sequence[Node], clues: Iterable[Clue], identity: Identity, actors: Actors
) -> list[Clue]:
    """What follows from a device's addresses and from what else is known of it."""
    found = actors.clues(root)
    clues = list(clues)
    for node in nodes:
        if node[0] == "mac":
            _hardware(node, identity, found)
    makers = [clue.value for clue in found if clue.protocol == VENDOR_PREFIX and clue.attribute == Attribute.VENDOR]
    found += computer(clues, makers, forwards=any(node[1] in identity.routers for node in nodes))
    roles: dict[str, Clue] = {}
    kinds: dict[str, Clue] = {}
    for clue in clues:
        if clue.attribute == Attribute.ROLE and clue.weight >= 0.5:
            roles.setdefault(clue.value, clue)
        elif _is_kind_of_image(clue):
            kinds.setdefault(clue.value, clue)
    sends = next((roles[role] for role in sorted(_HL7_SENDERS & roles.keys())), None)
    receives = roles.get(Role.HL7_RECEIVER)
    passes_on = actors.exchanges(root)
    # A pump is sent orders and sends results: it passes nothing on. Where what it receives was not read, what sends
    # results may be such an instrument; of what sends anything else, most are engines.
    unread = passes_on is None
    if sends is not None and receives is not None and (Role.HL7_RESULT_SENDER not in roles if unread else passes_on):
        found.append(_like(sends, Attribute.ROLE, Role.HL7_ENGINE, 0.6))
        if unread:
            found.append(_like(sends, Attribute.CATEGORY, Category.INTERFACE_ENGINE, 0.45))
    archive, queries, receiver = (
        roles.get(role) for role in (Role.DICOM_ARCHIVE, Role.DICOM_VIEWER, Role.DICOM_RECEIVER)
    )
    if queries is not None and receiver is not None and archive is None:
        # It asks archives for images and takes them, and answers nobody's queries: somebody looks at them there.
        found.append(_like(queries, Attribute.CATEGORY, Category.IMAGING_WORKSTATION, 0.6, protocol="inference"))
    if archive is not None and len(kinds) >= _KINDS_OF_AN_ARCHIVE:
        found.append(_like(archive, Attribute.CATEGORY, Category.PACS, 0.9, protocol="inference"))
    return found


def _is_kind_of_image(clue: Clue) -> bool:
    if clue.attribute != Attribute.CATEGORY or clue.protocol != "dicom" or clue.weight < 0.4:
        return False
    return Category.IMAGING_MODALITY in WIDER.get(Category(clue.value), ())


def _hardware(node: Node, identity: Identity, found: list[Clue]) -> None:
    mac = node[1]
    first_ns, last_ns = identity.seen[node]
    capture, packet = identity.first_sighting(node)

    def say(attribute: Attribute, text: str, protocol: str, weight: float) -> None:
        endpoint = Endpoint(mac, "")
        found.append(Clue(endpoint, attribute, text, protocol, weight, 1, first_ns, last_ns, capture, packet))

    redundancy = virtual_router(mac)
    if redundancy:
        say(Attribute.ROLE, Role.ROUTER, redundancy.lower(), 0.8)
        say(Attribute.CATEGORY, Category.ROUTER, redundancy.lower(), 0.7)
        return
    if mac in identity.routers:
        say(Attribute.ROLE, Role.ROUTER, "ip", 0.6)
        # A plug that lets a telephone through while it is set up forwards too; the way to the internet is a router.
        say(Attribute.CATEGORY, Category.ROUTER, "ip", 0.5 if mac in identity.carriers else 0.35)
    if is_random(mac):
        return  # a chosen address has no maker
    registered = registered_vendor(mac)
    maker = vendor(registered) if registered else None
    if maker is None:
        return
    weight = _UNKNOWN_WEIGHT if known_vendor(registered) is None else _VENDOR_WEIGHTS.get(maker.kind, _VENDOR_WEIGHT)
    say(Attribute.VENDOR, maker.name, VENDOR_PREFIX, weight)
    if maker.makes:
        say(Attribute.CATEGORY, maker.makes, VENDOR_PREFIX, _MAKES_WEIGHT)
    elif maker.kind == "medical":
        say(Attribute.CATEGORY, Category.MEDICAL_DEVICE, VENDOR_PREFIX, _MEDICAL_WEIGHT)


def _like(clue: Clue, attribute: Attribute, text: str, weight: float, protocol: str = "") -> Clue:
    """A clue that stands on the provenance of another."""
    return clue._replace(attribute=attribute, value=text, weight=weight, protocol=protocol or clue.protocol)
