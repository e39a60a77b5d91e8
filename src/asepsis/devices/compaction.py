"""Keeps the ties of a long watch few: stretches of time between which nobody else bore the address become one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from asepsis.devices.clue import Endpoint, Tie

# Stretches kept of two addresses that alternate with others, such as a host and the router that forwards it: enough to
# follow a lease for two months of daily changes, and bounded for years.
STRETCHES_LIMIT = 64


def compacted(ties: Iterable[Tie]) -> list[Tie]:
    """The same ties, joined where nothing is lost by it (and the oldest where there are too many)."""
    by_address: dict[str, list[Tie]] = defaultdict(list)
    for tie in ties:
        endpoint = tie.endpoint
        # Hardware addresses alone contend with nobody.
        by_address[endpoint.ip or endpoint.mac].append(tie)
    result: list[Tie] = []
    for group in by_address.values():
        if len(group) > 1:
            group.sort(key=lambda tie: (tie.first_ns, tie.last_ns, tie.endpoint, tie.capture, tie.packet))
        result.extend(_bounded(_joined_neighbours(group)))
    return result


def _joined_neighbours(ties: list[Tie]) -> list[Tie]:
    joined: list[Tie] = []
    for tie in ties:
        if joined and joined[-1].endpoint == tie.endpoint:
            joined[-1] = joined[-1].joined(tie)
        else:
            joined.append(tie)
    return joined


def _bounded(ties: list[Tie]) -> list[Tie]:
    if len(ties) <= STRETCHES_LIMIT:
        return ties
    counts: dict[Endpoint, int] = defaultdict(int)
    for tie in ties:
        counts[tie.endpoint] += 1
    old: dict[Endpoint, Tie] = {}
    kept: list[Tie] = []
    for tie in ties:
        endpoint = tie.endpoint
        if counts[endpoint] <= STRETCHES_LIMIT:
            kept.append(tie)
            continue
        counts[endpoint] -= 1
        old[endpoint] = old[endpoint].joined(tie) if endpoint in old else tie
    return sorted([*old.values(), *kept], key=lambda tie: (tie.first_ns, tie.endpoint))
