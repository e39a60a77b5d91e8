"""What a device says of another machine as if it were that machine: passed on, replayed, or made up.

An image or a result names the machine that made it, and whoever sends it speaks in that machine's name: a router of
images, a relay that changes results on the way, an office computer that stores a forged image. Where two send messages
with one serial number, and the hardware of one of them bears the registered prefix of the maker that the messages name,
the identity is that one's; the other borrowed it, and what both say weakens to less than an answer. Where neither or
both bear the prefix, nothing decides, and both stay contested (``twins``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from asepsis.devices.clue import Attribute, Clue
from asepsis.devices.holding import Node
from asepsis.devices.kinship import is_serial
from asepsis.devices.twins import PASSED_ON
from asepsis.knowledge.hardware import registered_vendor
from asepsis.knowledge.vendors import vendor

# What is left of a borrowed claim: it stays among the evidence, and is under the threshold of an answer.
BORROWED = 0.25
# The machine, not what it does: who sends another's images sends images.
_IDENTITY = frozenset(
    (
        *(Attribute.CATEGORY, Attribute.VENDOR, Attribute.MODEL, Attribute.FIRMWARE),
        *(Attribute.SERIAL, Attribute.UDI, Attribute.NAME),
    )
)
# Bearers of one serial number that are compared; what more of them send is no machine's own number.
BEARERS_LIMIT = 8


def without_borrowed(
    by_root: Mapping[Node, list[Clue]], groups: Mapping[Node, Sequence[Node]]
) -> dict[Node, list[Clue]]:
    """The devices that borrow another's identity, with their clues weighed anew; empty for most sites.

    Args:
        by_root: Each device's node to its clues.
        groups: Each device's node to all of its nodes.
    """
    bearers: dict[str, dict[Node, None]] = defaultdict(dict)
    for root, clues in by_root.items():
        for clue in clues:
            if clue.attribute == Attribute.SERIAL and clue.protocol in PASSED_ON and is_serial(clue.value):
                bearers[clue.value.casefold()][root] = None
    borrowed: dict[Node, set[tuple[str, str]]] = defaultdict(set)
    for sharing in bearers.values():
        if not 1 < len(sharing) <= BEARERS_LIMIT:
            continue
        passed_on = {root: _passed_on(by_root[root]) for root in sharing}
        owners = {root: _own_makers(groups.get(root, ()), passed_on[root]) for root in sharing}
        for owner, makers in owners.items():
            for other in sharing:
                if makers and not makers & owners[other] and any(node[0] == "mac" for node in groups.get(other, ())):
                    borrowed[other] |= passed_on[owner] & passed_on[other]
    return {
        root: [weighed for clue in by_root[root] if (weighed := _weighed(clue, claims)) is not None]
        for root, claims in borrowed.items()
    }


def _passed_on(clues: Iterable[Clue]) -> set[tuple[str, str]]:
    return {
        (str(clue.attribute), clue.value.casefold())
        for clue in clues
        if clue.protocol in PASSED_ON and clue.attribute in _IDENTITY
    }


def _own_makers(nodes: Iterable[Node], claims: set[tuple[str, str]]) -> set[str]:
    """The makers that the messages name and whose registered prefix the hardware bears."""
    found = set()
    for kind, address in nodes:
        registered = registered_vendor(address) if kind == "mac" else ""
        maker = vendor(registered) if registered else None
        if maker is not None and (str(Attribute.VENDOR), maker.name.casefold()) in claims:
            found.add(maker.name)
    return found


def _weighed(clue: Clue, claims: set[tuple[str, str]]) -> Clue | None:
    if clue.protocol not in PASSED_ON or (str(clue.attribute), clue.value.casefold()) not in claims:
        return clue
    if clue.attribute == Attribute.CATEGORY:
        return None  # a weak exact word would make of a wide one (a medical device) what it is not
    return clue._replace(weight=round(clue.weight * BORROWED, 3))
