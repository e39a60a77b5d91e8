"""Keeps the ids of devices stable from run to run, as evidence grows: pure decisions, no store.

A device is recognised by its keys (``fold.Folded.keys``): hardware addresses, serial numbers, UDIs, and network
addresses for what has nothing better. When two earlier devices turn out to be one, the older id stays and the other
leads to it; when one turns out to be two, the id stays with the one that keeps most of the keys.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from asepsis.kernel.value import value


class Earlier(NamedTuple):
    """A device of an earlier run."""

    keys: frozenset[str]
    first_seen_ns: int


class Change(StrEnum):
    """Why an id leads to another."""

    MERGED = "merged"
    """The device turned out to be the same as another."""
    SPLIT = "split"
    """Part of the device turned out to be another, which got an id of its own."""


class Redirect(NamedTuple):
    """From an earlier id to another device."""

    old: str
    new: str
    change: Change


@value
class Assignment:
    """Ids for folded devices."""

    ids: tuple[str, ...]
    """In the order of the devices."""
    redirects: tuple[Redirect, ...]


# A hardware address weighs more than any number of network addresses, which move.
_KEY_WEIGHTS = {"mac": 1000, "serial": 1000, "udi": 1000, "ip": 1}


def assign(keys: Sequence[Sequence[str]], earlier: Mapping[str, Earlier], new_id: Callable[[], str]) -> Assignment:
    """Gives each device the id that it had, or a new one.

    Args:
        keys: Of each device that was folded.
        earlier: Id to what the device was known by before.
        new_id: Makes an id that nobody has.
    """
    bearers: dict[str, list[str]] = {}
    for device_id, device in earlier.items():
        for key in device.keys:
            bearers.setdefault(key, []).append(device_id)
    shared: dict[tuple[str, int], int] = {}
    for place, own in enumerate(keys):
        for key in dict.fromkeys(own):
            for device_id in bearers.get(key, ()):
                shared[device_id, place] = shared.get((device_id, place), 0) + _KEY_WEIGHTS.get(key.split(" ", 1)[0], 1)
    # The greatest overlap first; among equals the older device, so that the order of folding does not matter.
    ranked = sorted(
        shared.items(),
        key=lambda one: (-one[1], earlier[one[0][0]].first_seen_ns, one[0][0], tuple(keys[one[0][1]])),
    )
    ids: dict[int, str] = {}
    taken: dict[str, int] = {}
    for (device_id, place), _ in ranked:
        if device_id not in taken and place not in ids:
            ids[place] = device_id
            taken[device_id] = place
    for place in range(len(keys)):
        if place not in ids:
            ids[place] = new_id()
    redirects: dict[tuple[str, str], Redirect] = {}
    for (device_id, place), _ in ranked:
        holder = ids[place]
        if device_id == holder:
            continue
        if device_id not in taken:
            # All that it was known by is another's: the strongest overlap comes first and decides.
            taken[device_id] = place
            redirects[device_id, holder] = Redirect(device_id, holder, Change.MERGED)
        elif holder not in earlier and not _only_addresses(keys[place]):
            redirects.setdefault((device_id, holder), Redirect(device_id, holder, Change.SPLIT))
    return Assignment(ids=tuple(ids[place] for place in range(len(keys))), redirects=tuple(redirects.values()))


def _only_addresses(keys: Sequence[str]) -> bool:
    return all(key.startswith("ip ") for key in keys)
