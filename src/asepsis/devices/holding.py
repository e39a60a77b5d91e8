"""Who held a network address when: leases move, and a conversation belongs to whoever held its address then."""

from __future__ import annotations

from collections.abc import Iterable
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

    Where two overlap, the surer one holds during the overlap; among equals the one that began later, because a new
    holder comes after the old one.
    """
    holdings = list(holdings)
    if len(holdings) == 1:
        return holdings
    ordered = sorted(set(holdings), key=lambda holding: (holding.first_ns, holding.last_ns, holding.node))
    result: list[Holding] = []
    for holding in ordered:
        before = result[-1] if result else None
        if before is None or holding.first_ns > before.last_ns:
            _append(result, holding)
        elif before.node == holding.node:
            result[-1] = _joined(before, holding)
        elif (holding.surety, not holding.random) >= (before.surety, not before.random):
            if holding.first_ns == before.first_ns:
                result.pop()  # the surer one from the first moment on
            _append(result, holding)
            if before.last_ns > holding.last_ns:
                # The earlier holder was there before and after: it takes the address back.
                _append(result, before._replace(first_ns=holding.last_ns + 1))
        elif holding.last_ns > before.last_ns:
            _append(result, holding._replace(first_ns=before.last_ns + 1))
    return result


def _append(result: list[Holding], holding: Holding) -> None:
    if result and result[-1].node == holding.node:
        result[-1] = _joined(result[-1], holding)
    else:
        result.append(holding)


def _joined(before: Holding, after: Holding) -> Holding:
    return before._replace(last_ns=max(before.last_ns, after.last_ns), surety=max(before.surety, after.surety))
