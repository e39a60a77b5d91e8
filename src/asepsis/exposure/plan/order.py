"""The order of work on one product, and the most that any order could reach.

Actions interact: with the firewall rule in place a weakness counts for less, and the last open door counts for more
than the first. So no single action is ranked, but sets of them (*bundles*): from what is done already, the bundle that
removes most risk an hour comes next. Ratios of such a chain never rise: if a later bundle had a higher one, both
together would have had a higher one than the first, and would have been chosen. Where there are too many sets to try,
bundles that would break this rule are put together.

Work on one product changes no device of another, so the best for a number of hours is a choice of one set of actions a
product: a multiple-choice knapsack. Its fractional optimum, which no plan exceeds, is read off the concave hulls of
(hours, risk removed) of all sets (Sinha and Zoltners, The Multiple-Choice Knapsack Problem, 1979).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import accumulate, combinations, pairwise
from typing import Final

from asepsis.exposure.plan.worth import Worth
from asepsis.kernel.value import value

# All sets of seven actions are 128; beyond that, bundles of one and two and of all that is left are tried.
EXHAUSTIVE_ACTIONS: Final = 7
Point = tuple[Fraction, Fraction]
"""Hours and points of risk removed."""


@value
class Bundle:
    """Actions that are worth doing together, when those of the bundles before are done."""

    actions: tuple[str, ...]
    """The one that removes most an hour first."""
    hours: Fraction
    removed: Fraction

    @property
    def per_hour(self) -> Fraction:
        """Points of risk for an hour."""
        return self.removed / self.hours


def chain(worth: Worth, hours: Mapping[str, Fraction]) -> tuple[Bundle, ...]:
    """The bundles of one product in their order; actions that remove nothing are in none.

    Args:
        worth: Of the product's devices.
        hours: Of each action on all devices that it can be done to.
    """
    bundles: list[Bundle] = []
    done: frozenset[str] = frozenset()
    while True:
        best: tuple[Fraction, Fraction, tuple[str, ...], frozenset[str], Fraction] | None = None
        for more in _sets(sorted(hours.keys() - done)):
            cost = sum((hours[name] for name in more), Fraction())
            gain = worth.removed(done | more) - worth.removed(done)
            # Of equals the shorter work, then the alphabet: the same facts give the same plan.
            rank = (-gain / cost, cost, tuple(sorted(more)), more, gain)
            if gain > 0 and (best is None or rank[:3] < best[:3]):
                best = rank
        if best is None:
            return tuple(bundles)
        _, cost, _, more, gain = best
        found = Bundle(actions=_inside(worth, hours, done, more), hours=cost, removed=gain)
        done |= more
        # Where not all sets were tried, what comes next may be worth more an hour: then both belong together.
        while bundles and bundles[-1].per_hour < found.per_hour:
            before = bundles.pop()
            found = Bundle(
                actions=before.actions + found.actions,
                hours=before.hours + found.hours,
                removed=before.removed + found.removed,
            )
        bundles.append(found)


def _sets(names: Sequence[str]) -> list[frozenset[str]]:
    if len(names) <= EXHAUSTIVE_ACTIONS:
        return [frozenset(one) for size in range(1, len(names) + 1) for one in combinations(names, size)]
    few = [frozenset(one) for size in (1, 2) for one in combinations(names, size)]
    return [*few, frozenset(names)]


def _inside(worth: Worth, hours: Mapping[str, Fraction], done: frozenset[str], more: frozenset[str]) -> tuple[str, ...]:
    """The actions of a bundle, each time the one that removes most an hour after those before it."""
    order: list[str] = []
    while len(order) < len(more):
        so_far = done | set(order)
        rest = sorted(more - set(order))
        order.append(max(rest, key=lambda name: (worth.removed(so_far | {name}) / hours[name], -rest.index(name))))
    return tuple(order)


def hull(worth: Worth, hours: Mapping[str, Fraction]) -> tuple[Point, ...]:
    """The concave hull of (hours, risk removed) over all sets of actions, from nothing done.

    Where there are too many sets to try, one point that none of them exceeds: all that can be removed, for the hours
    of the shortest piece of work. (A better fact never raises the score, so no set removes more than all together.)
    """
    names = sorted(hours)
    if not names:
        return ((Fraction(), Fraction()),)
    if len(names) > EXHAUSTIVE_ACTIONS:
        return (Fraction(), Fraction()), (min(hours.values()), worth.removed(frozenset(names)))
    points = {(Fraction(), Fraction())}
    for actions in _sets(names):
        points.add((sum((hours[name] for name in actions), Fraction()), worth.removed(actions)))
    upper: list[Point] = []
    for point in sorted(points, key=lambda one: (one[0], -one[1])):
        if upper and point[1] <= upper[-1][1]:
            continue
        while len(upper) >= 2 and _slope(upper[-2], upper[-1]) <= _slope(upper[-1], point):
            upper.pop()
        upper.append(point)
    return tuple(upper)


def _slope(one: Point, other: Point) -> Fraction:
    return (other[1] - one[1]) / (other[0] - one[0])


class Ceiling:
    """The most risk that any plan removes in some hours, over all products."""

    def __init__(self, hulls: Sequence[Sequence[Point]]) -> None:
        steps = [(end[0] - start[0], end[1] - start[1]) for one in hulls for start, end in pairwise(one)]
        self._steps = sorted(steps, key=lambda step: -step[1] / step[0])
        # Asked once a bundle, of which a hospital group has thousands: totals are kept, not added up each time.
        self._hours = list(accumulate((step[0] for step in self._steps), initial=Fraction()))
        self._gains = list(accumulate((step[1] for step in self._steps), initial=Fraction()))

    def at(self, hours: Fraction) -> Fraction:
        """The fractional optimum of so many hours."""
        place = bisect_right(self._hours, hours) - 1
        if place == len(self._steps):
            return self._gains[-1]
        length, gain = self._steps[place]
        return self._gains[place] + gain * (hours - self._hours[place]) / length
