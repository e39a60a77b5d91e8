"""Devices that claim to be the same one: cloned identities, a name borne twice, two that share an address.

What belongs to one device only (its name, its serial number, its machine's identifier) is gathered over all devices of
a site. Where several claim the same, each loses confidence in it, and they are shown together as twins: whether one of
them lies, a disk was copied, or both are halves of a redundant pair, the traffic cannot tell.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any

from asepsis.devices.clue import Attribute, Clue
from asepsis.devices.confidence import THRESHOLD
from asepsis.devices.holding import Holding, Node
from asepsis.devices.kinship import is_serial
from asepsis.kernel.value import value
from asepsis.knowledge.hostnames import is_common

# More bearers of one name are a default that no row knows yet, and not twins.
BEARERS_LIMIT = 8
# Shown of one device; one that shares more pretends to be everybody.
TWINS_LIMIT = 8
# Rivals that are told of one claim, the strongest: of a name that a thousand bear, more say nothing more.
RIVALS_LIMIT = 8
# Messages that others pass on: what they say of a machine is a weaker claim than what a machine says of itself.
PASSED_ON = frozenset(("dicom", "hl7"))
# HL7 v2.9 2A.3.36: MSH-3 names an application, and pumps of one make run the same one.
APPLICATIONS = "hl7"
# Identifiers of one machine (see ``kinship``); chassis and addresses are shared by the ports of one device.
_MACHINES = ("duid ", "machine ", "smb ", "engine ")
ADDRESS = "address"
"""The attribute of a twin that claims a network address which another holds at the same time."""


@value
class Twin:
    """Something that belongs to one device and that others claim as well."""

    attribute: str
    value: str
    others: tuple[str, ...]
    """An address of each of the others: hardware where it is known, else network."""

    def document(self) -> dict[str, Any]:
        """The JSON member."""
        return {"attribute": self.attribute, "value": self.value, "others": list(self.others)}


class Claims:
    """Who claims what, over the devices of one site.

    Args:
        by_root: Each device's node to its clues.
    """

    def __init__(self, by_root: Mapping[Node, Iterable[Clue]]) -> None:
        claimed: dict[tuple[str, str], dict[Node, Clue]] = defaultdict(dict)
        for root, clues in by_root.items():
            passes_on = _passes_on(clues)
            for clue in clues:
                key = _key(clue)
                if key is None or (passes_on and clue.attribute == Attribute.SERIAL and clue.protocol in PASSED_ON):
                    continue
                known = claimed[key].get(root)
                if known is None or _strongest(clue) < _strongest(known):
                    claimed[key][root] = clue
        # The strongest first: so each bearer's rivals are at hand without sorting them anew.
        self._claimed = {
            key: dict(sorted(bearers.items(), key=lambda one: (_strongest(one[1]), one[0])))
            for key, bearers in claimed.items()
            if len(bearers) > 1
        }
        self._by_root: dict[Node, list[tuple[str, str]]] = defaultdict(list)
        for key, bearers in sorted(self._claimed.items()):
            for root in bearers:
                self._by_root[root].append(key)

    def rivals(self, root: Node, attribute: str, text: str) -> list[Clue]:
        """The strongest claim of each of ``RIVALS_LIMIT`` other devices to a value, the strongest first."""
        bearers = self._claimed.get((attribute, text.casefold()), {})
        own = bearers.get(root)
        others = (clue for bearer, clue in bearers.items() if bearer != root)
        if attribute == Attribute.SERIAL and own is not None and own.protocol not in PASSED_ON:
            # A router of images names the machines whose images it passes on; that takes nothing from them.
            others = (clue for clue in others if clue.protocol not in PASSED_ON)
        return list(islice(others, RIVALS_LIMIT))

    def twins(self, root: Node) -> Iterable[tuple[str, str, list[Node]]]:
        """(attribute, value, the other devices) of everything that the device shares with others."""
        for attribute, folded in self._by_root.get(root, ()):
            bearers = self._claimed[attribute, folded]
            own = bearers[root]
            if len(bearers) > BEARERS_LIMIT or own.weight < THRESHOLD:
                continue
            if attribute == Attribute.NAME and (is_common(own.value) or own.protocol == APPLICATIONS):
                continue
            others = [bearer for bearer, clue in bearers.items() if bearer != root and clue.weight >= THRESHOLD]
            if attribute == Attribute.NAME:
                others = [other for other in others if bearers[other].protocol != APPLICATIONS]
            if attribute == Attribute.SERIAL:
                others = [other for other in others if _alike(own, bearers[other])]
            if others:
                yield attribute, own.value, sorted(others)


def _alike(one: Clue, other: Clue) -> bool:
    """False where one says a serial number of itself and the other only in a message that may be another's."""
    return (one.protocol in PASSED_ON) == (other.protocol in PASSED_ON)


def _passes_on(clues: Iterable[Clue]) -> bool:
    """True for what names several machines in its images or results: an archive, a router, an engine."""
    serials = {clue.value for clue in clues if clue.attribute == Attribute.SERIAL and clue.protocol in PASSED_ON}
    return len(serials) > 1


def _key(clue: Clue) -> tuple[str, str] | None:
    match clue.attribute:
        case Attribute.NAME:
            return Attribute.NAME, clue.value.casefold()
        case Attribute.SERIAL if is_serial(clue.value):
            return Attribute.SERIAL, clue.value.casefold()
        case Attribute.IDENTIFIER if clue.value.startswith(_MACHINES):
            return Attribute.IDENTIFIER, clue.value.casefold()
    return None


def _strongest(clue: Clue) -> tuple[float, int, str, int, str, str]:
    return (-clue.weight, clue.first_ns, clue.capture, clue.packet, clue.protocol, clue.value)


def contested(holdings: Mapping[str, list[Holding]], root: Callable[[Node], Node]) -> dict[str, set[Node]]:
    """Network addresses that devices took from each other again and again, with the devices: not a lease that moved.

    Args:
        holdings: Address to who held it when, in order of time.
        root: Gives the node that stands for a node's device.
    """
    found: dict[str, set[Node]] = {}
    for ip, held in holdings.items():
        holders = [root(one.node) for one in held if one.surety > 1]
        turns = [node for place, node in enumerate(holders) if not place or holders[place - 1] != node]
        # A, B, A: the first one had not gone away.
        if len(turns) > len(set(turns)) > 1:
            found[ip] = set(turns)
    return found
