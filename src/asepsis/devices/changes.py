"""Changes of identity: what a device was said to be until one moment, and something else from a later one on.

Derived from the clues and holdings alone, so that it does not matter how many captures were read at once. What is said
at the same time by two is a conflict and no change; what is said more exactly than before is no change either.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from asepsis.devices.address import Reach, reach
from asepsis.devices.agreement import contradicts
from asepsis.devices.clue import Attribute, Clue
from asepsis.devices.confidence import THRESHOLD
from asepsis.kernel.value import value

WATCHED = frozenset(
    (
        *(Attribute.CATEGORY, Attribute.VENDOR, Attribute.MODEL, Attribute.OS, Attribute.FIRMWARE),
        *(Attribute.SERIAL, Attribute.UDI),
    )
)
"""Attributes whose change is an event. Names and roles come and go."""
ADDRESS = "address"
# Of one device; one that changes more often is several behind one address, and the latest changes say so.
CHANGES_LIMIT = 64


@value
class IdentityChange:
    """Something about a device became something else."""

    attribute: str
    """One of ``WATCHED``, or ``address``."""
    before: str
    """The earlier value; of an address that another device held before, that device's place or id after ``held by``."""
    after: str
    at_ns: int
    """When the new value was first seen."""
    protocol: str
    capture: str
    """Digest of the capture that shows it; empty for addresses."""
    packet: int


def attribute_changes(clues: Iterable[Clue]) -> list[IdentityChange]:
    """The changes that the clues of one device show, in time.

    A value is a change from an earlier one when all that contradicts it had been said for the last time before: a
    device that says both has two programs, or a twin.
    """
    by_attribute: dict[str, list[Clue]] = defaultdict(list)
    for clue in clues:
        if clue.attribute in WATCHED and clue.weight >= THRESHOLD:
            by_attribute[clue.attribute].append(clue)
    found: dict[tuple[str, str, str], IdentityChange] = {}
    for attribute, said in by_attribute.items():
        if len(said) < 2:
            continue
        spans = _spans(said)
        for text, (clue, _) in spans.items():
            rivals = [
                (last, other)
                for other, (_, last) in spans.items()
                if other != text and spans[other][0].first_ns < clue.first_ns and contradicts(attribute, other, text)
            ]
            if rivals and max(rivals)[0] < clue.first_ns:
                before = max(rivals)[1]
                found[attribute, before, text] = IdentityChange(
                    attribute=attribute,
                    before=before,
                    after=text,
                    at_ns=clue.first_ns,
                    protocol=clue.protocol,
                    capture=clue.capture,
                    packet=clue.packet,
                )
    return sorted(found.values(), key=lambda one: (one.at_ns, one.attribute, one.after))[-CHANGES_LIMIT:]


def _spans(clues: Sequence[Clue]) -> dict[str, tuple[Clue, int]]:
    """Each value with its first clue and when it was said last, by whatever protocol."""
    spans: dict[str, tuple[Clue, int]] = {}
    for clue in sorted(clues, key=lambda one: (one.first_ns, one.protocol, one.value)):
        known = spans.get(clue.value)
        spans[clue.value] = (clue, clue.last_ns) if known is None else (known[0], max(known[1], clue.last_ns))
    return spans


def address_changes(
    holdings: Mapping[str, Sequence[tuple[int, int, int]]], ids: Sequence[str]
) -> dict[int, list[IdentityChange]]:
    """Place of a device to the changes of its ties to IPv4 addresses, in time.

    Two things are changes: an address that another device held before, and another address in the place of one that is
    no longer used. Addresses used side by side (a router's) are none.

    Args:
        holdings: Address to (first_ns, last_ns, place of the device), in order of time.
        ids: The device's id, by its place.
    """
    changes: dict[int, list[IdentityChange]] = defaultdict(list)
    own: dict[int, list[tuple[int, int, str]]] = defaultdict(list)
    for ip, held in holdings.items():
        if ":" in ip or reach(ip) not in (Reach.PRIVATE, Reach.PUBLIC):
            continue
        for number, (first_ns, last_ns, place) in enumerate(held):
            own[place].append((first_ns, last_ns, ip))
            if number and held[number - 1][2] != place:
                changes[place].append(_address(f"held by {ids[held[number - 1][2]]}", ip, first_ns))
    for place, spans in own.items():
        spans.sort()
        latest_ns, latest = spans[0][1], spans[0][2]
        for first_ns, last_ns, ip in spans[1:]:
            if ip != latest and first_ns > latest_ns:
                changes[place].append(_address(latest, ip, first_ns))
            if last_ns >= latest_ns:
                latest_ns, latest = last_ns, ip
    return {place: sorted(own_changes, key=_by_time)[-CHANGES_LIMIT:] for place, own_changes in changes.items()}


def _by_time(change: IdentityChange) -> tuple[int, str, str]:
    return (change.at_ns, change.before, change.after)


def _address(before: str, after: str, at_ns: int) -> IdentityChange:
    return IdentityChange(
        attribute=ADDRESS, before=before, after=after, at_ns=at_ns, protocol="ip", capture="", packet=0
    )
