"""Who held a network address when: leases move, and a conversation belongs to whoever held its address then."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heappop, heappush
from itertools import pairwise
from typing import NamedTuple

Node = tuple[str, str]
"""``("mac", address)`` on the link, ``("ip", address)`` behind a router or without hardware addresses."""


class Holding(NamedTuple):
    """One node held one address from ``first_ns``; the next holding of the address ends it."""

    first_ns: int
    last_ns: int
    """Last time it was seen; in doubt it holds on until another holds the address."""
    surety: int
    """2 where a lease or an ARP claim says so, 1 where frames merely bore both addresses."""
    node: Node
    random: bool = False
    """A locally administered address: of two that overlap without a claim, the maker's own address is the surer."""


def timeline(holdings: Iterable[Holding]) -> list[Holding]:
    """Puts the stretches of one address in order: one holder at a time, neighbours of one node joined.

    Where several overlap, the surest one holds during the overlap; among equals the one that began latest, because a
    new holder comes after the old one. In between nobody else is known, so an address stays with its last holder.
    """
    ordered = sorted(set(holdings), key=lambda holding: (holding.first_ns, holding.last_ns, holding.node))
    if len(ordered) < 2:
        return ordered
    moments = sorted({one.first_ns for one in ordered} | {one.last_ns + 1 for one in ordered})
    result: list[Holding] = []
    waiting: list[tuple[tuple[int, bool, int, Node], Holding]] = []
    coming = 0
    for begins, ends in pairwise(moments):
        while coming < len(ordered) and ordered[coming].first_ns <= begins:
            holding = ordered[coming]
            heappush(waiting, ((-holding.surety, holding.random, -holding.first_ns, holding.node), holding))
            coming += 1
        while waiting and waiting[0][1].last_ns < begins:
            heappop(waiting)
        if not waiting:
            continue
        holder = waiting[0][1]
        if result and result[-1].node == holder.node:
            before = result[-1]
            result[-1] = before._replace(last_ns=ends - 1, surety=max(before.surety, holder.surety))
        else:
            result.append(holder._replace(first_ns=begins, last_ns=ends - 1))
    return result
