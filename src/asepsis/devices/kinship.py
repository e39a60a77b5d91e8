"""Nodes that are one device: several interfaces, several addresses, random addresses that change.

Only what a device can hardly share with another ties nodes together, and anything that speaks against it prevents it:
makers that differ, names that differ, two random addresses in use at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

from asepsis.devices.address import embedded_mac, is_random
from asepsis.devices.clue import Attribute, Clue, Endpoint
from asepsis.devices.holding import Node
from asepsis.knowledge.hardware import registered_vendor
from asepsis.knowledge.vendors import COMPONENT, PLATFORM, vendor

# Interfaces of one device: a switch has an address for each port, everything else few.
PORTS_LIMIT = 128
INTERFACES_LIMIT = 8
# Shorter serial numbers (and those of one sign, such as 00000000) stand for none.
SHORTEST_SERIAL = 5
# A serial number counts where the device says it of itself; images and HL7 messages speak of other machines too.
_OWN_SERIALS = frozenset(("lldp", "snmp", "mdns", "ssdp", "http"))
# First word of an identifier -> how it ties.
_HARDWARE = frozenset(("chassis",))
_STABLE = frozenset(("duid", "machine", "smb", "engine", "serial"))
_ADDRESS = "address "
_WEAK = frozenset(("lease", "mdns", "client-id"))


class Kinship:
    """Union of nodes, by identifiers."""

    def __init__(
        self,
        seen: dict[Node, list[int]],
        clues: Iterable[Clue],
        node_of: Callable[[Endpoint, int, int], Node | None],
    ) -> None:
        self._parent: dict[Node, Node] = {}
        self._seen = seen
        self._names: dict[Node, set[str]] = defaultdict(set)
        bearers: dict[str, dict[Node, None]] = defaultdict(dict)
        makers: dict[Node, set[str]] = defaultdict(set)
        serials: list[tuple[Node, str]] = []
        addressed: list[tuple[Node, Node]] = []
        for clue in clues:
            if clue.attribute not in (Attribute.IDENTIFIER, Attribute.NAME, Attribute.SERIAL, Attribute.VENDOR):
                continue
            node = node_of(clue.endpoint, clue.first_ns, clue.last_ns)
            if node is None or node not in seen:
                continue
            if clue.attribute == Attribute.IDENTIFIER:
                bearers[clue.value][node] = None
            elif clue.attribute == Attribute.NAME:
                if clue.protocol != "dicom":  # application titles: several may live on one computer
                    self._names[node].add(clue.value.split(".", 1)[0].casefold())
            elif clue.attribute == Attribute.VENDOR:
                makers[node].add(clue.value)
            elif clue.protocol in _OWN_SERIALS and is_serial(clue.value):
                serials.append((node, clue.value))
            if clue.attribute == Attribute.IDENTIFIER and clue.value.startswith(_ADDRESS):
                # LLDP's management address (IEEE 802.1AB-2016 8.5.9) may be that of another port of the device.
                address = Endpoint("", clue.value.removeprefix(_ADDRESS))
                other = node_of(address, clue.first_ns, clue.last_ns)
                if other is not None and other in seen:
                    addressed.append((node, other))
        for node, serial in serials:
            # Serial numbers are unique to a maker; without a stated maker they are not used.
            for maker in sorted(makers[node]):
                bearers[f"serial {maker} {serial.casefold()}"][node] = None
        self._join_embedded()
        for node, other in sorted(addressed):
            if not (_is_random(node) or _is_random(other)) and _one_maker(node, other):
                self._unite(node, other)
        for identifier in sorted(bearers):
            self._join(identifier, list(bearers[identifier]))

    def root(self, node: Node) -> Node:
        """The node that stands for the device of ``node``."""
        parent = self._parent
        while node in parent:
            above = parent[node]
            if above in parent:
                parent[node] = parent[above]
            node = above
        return node

    def _unite(self, one: Node, other: Node) -> None:
        first, second = sorted((self.root(one), self.root(other)), key=_rank)
        if first != second:
            self._parent[second] = first
            self._names[first] |= self._names[second]

    def _join_embedded(self) -> None:
        for node in list(self._seen):
            if node[0] == "ip":
                inside = ("mac", embedded_mac(node[1]))
                if inside[1] and inside in self._seen:
                    self._unite(inside, node)

    def _join(self, identifier: str, nodes: list[Node]) -> None:
        sort, _, rest = identifier.partition(" ")
        if sort in _HARDWARE:
            chassis: Node = ("mac", rest)
            members = [*nodes, chassis] if chassis in self._seen and chassis not in nodes else nodes
            if len(members) <= PORTS_LIMIT:
                # Anybody may name another's address as its chassis; the ports of one switch are of one maker.
                bearer = chassis if chassis in members else members[0]
                for node in members:
                    if node == bearer or _one_maker(node, bearer):
                        self._unite(bearer, node)
            return
        if not 2 <= len(nodes) <= INTERFACES_LIMIT:
            return
        nodes = sorted(nodes, key=lambda node: (self._seen[node][0], node))
        for index, node in enumerate(nodes):
            for other in nodes[index + 1 :]:
                if self._may_join(sort, node, other):
                    self._unite(node, other)

    def _may_join(self, sort: str, one: Node, other: Node) -> bool:
        names, others = self._names.get(self.root(one)), self._names.get(self.root(other))
        if names and others and names.isdisjoint(others):
            return False  # cloned disks share identifiers, and are named apart
        randoms = _is_random(one) + _is_random(other)
        apart = self._apart(one, other)
        if sort in _WEAK:
            # A name and a fingerprint may be copied or common: they only follow a random address to the next one.
            return randoms == 2 and apart
        if sort not in _STABLE:
            return False
        if randoms:
            return apart or randoms == 2
        # A module's maker and a maker of devices may both be in one device. Two that are there at once may also be a
        # device and a computer that copies what it says: they stay apart and are shown as twins.
        return _makers_agree(one, other) and (apart or _as_particular(one, other))

    def _apart(self, one: Node, other: Node) -> bool:
        """True when one was last seen before the other was first seen: one device may have changed its address."""
        (first, last), (other_first, other_last) = self._seen[one], self._seen[other]
        return max(first, other_first) > min(last, other_last)


def _rank(node: Node) -> tuple[int, int, Node]:
    """Universal hardware addresses stand for a device before random ones, and those before network addresses."""
    return (node[0] != "mac", _is_random(node), node)


def _is_random(node: Node) -> bool:
    return node[0] == "mac" and is_random(node[1])


def is_serial(text: str) -> bool:
    """True for what may be one machine's own number; short ones and those of one sign stand for none."""
    return len(text) >= SHORTEST_SERIAL and len(set(text)) > 2


def _one_maker(one: Node, other: Node) -> bool:
    """True for two addresses out of one maker's stock, or out of one program's choice (a bridge's own ports)."""
    if one[1][3:8] == other[1][3:8] and (_is_random(one) or _is_random(other)):
        return True
    name = registered_vendor(one[1])
    return bool(name) and name == registered_vendor(other[1])


def _as_particular(one: Node, other: Node) -> bool:
    """False when one address names the maker of a device and the other only that of a chip or a computer."""
    return _is_particular(one) == _is_particular(other)


def _is_particular(node: Node) -> bool:
    name = registered_vendor(node[1]) if node[0] == "mac" else ""
    maker = vendor(name) if name else None
    return maker is not None and maker.kind not in (COMPONENT, PLATFORM)


def _makers_agree(one: Node, other: Node) -> bool:
    """False when two registered makers differ and neither merely makes chips or computers for others."""
    makers = []
    for node in (one, other):
        name = registered_vendor(node[1]) if node[0] == "mac" else ""
        maker = vendor(name) if name else None
        if maker is None or maker.kind in (COMPONENT, PLATFORM):
            return True
        makers.append(maker.name)
    return makers[0] == makers[1]
