"""What a set of actions on one product takes away: the same score as everywhere, computed from the changed facts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Final

from asepsis.exposure.risk.actions import Action, applicable
from asepsis.exposure.risk.factors import FACTORS
from asepsis.exposure.risk.facts import Facts
from asepsis.exposure.risk.score import HARM_WEIGHTS, LIKELIHOOD_WEIGHTS

# Devices of one product differ little; of more sorts than this an even choice stands for all of them when the order is
# sought. What is promised is computed for every device.
SHAPES_LIMIT: Final = 16
_PATCH: Final = "patch"
# As in ``risk.score``: factors are whole millionths, weights whole hundredths.
_GRAIN: Final = 1_000_000
_LIKELY: Final = tuple((name, int(weight * 100)) for name, weight in LIKELIHOOD_WEIGHTS.items())
_HARMFUL: Final = tuple((name, int(weight * 100)) for name, weight in HARM_WEIGHTS.items())

# What each factor is computed from, in full: devices that differ in nothing else share its number. Threats stand by
# where they lie in memory: they are many and never change there.
_RESTS_ON: Final[Mapping[str, Callable[[Facts], Hashable]]] = {
    "exposure": lambda facts: (
        facts.managed_from_internet,
        facts.contacts_internet,
        facts.networks,
        facts.partners,
    ),
    "weaknesses": lambda facts: (facts.weaknesses, facts.reported_weaknesses),
    "vulnerabilities": lambda facts: (id(facts.threats), id(facts.reported), facts.advisories_read),
    "no_controls": lambda facts: (facts.controls, facts.controls_told),
    "function": lambda facts: (facts.category, facts.classified),
    "device_class": lambda facts: (facts.category, facts.classified),
    "patients": lambda facts: facts.patients,
    "impact": lambda facts: (
        facts.category,
        facts.weaknesses,
        facts.reported_weaknesses,
        id(facts.threats),
        id(facts.reported),
    ),
    "data": lambda facts: facts.patient_messages,
}


class Worth:
    """Scores of the devices of one product, whatever set of actions is done."""

    def __init__(self, facts: Sequence[Facts]) -> None:
        """``facts`` of all its devices."""
        self._shapes: dict[Facts, _Shape] = {}
        self._factors: dict[tuple[str, Hashable], int] = {}
        self.by_device: dict[str, _Shape] = {}
        counted: Counter[int] = Counter()
        for one in facts:
            plain = replace(one, device="")
            shape = self._shapes.get(plain)
            if shape is None:
                shape = self._shapes[plain] = _Shape(plain, len(self._shapes), self._factors)
            self.by_device[one.device] = shape
            counted[shape.number] += 1
        self._counted = counted
        shapes = sorted(self._shapes.values(), key=lambda one: (one.score(frozenset()), one.number))
        self.is_whole = len(shapes) <= SHAPES_LIMIT
        self._chosen = shapes
        self._scale = Fraction(1)
        if not self.is_whole:
            last = len(shapes) - 1
            self._chosen = [shapes[place * last // (SHAPES_LIMIT - 1)] for place in range(SHAPES_LIMIT)]
            self._scale = Fraction(counted.total(), sum(counted[one.number] for one in self._chosen))
        self._removed: dict[frozenset[str], Fraction] = {}

    def applying(self) -> dict[str, int]:
        """Action to the number of devices that it can be done to."""
        found: Counter[str] = Counter()
        for shape in self._shapes.values():
            for name in shape.actions:
                found[name] += self._counted[shape.number]
        return dict(sorted(found.items()))

    def removed(self, actions: frozenset[str]) -> Fraction:
        """Points of risk that all of them together take away from all devices."""
        known = self._removed.get(actions)
        if known is None:
            nothing: frozenset[str] = frozenset()
            points = sum(
                (one.points(nothing) - one.points(actions)) * self._counted[one.number] for one in self._chosen
            )
            known = self._removed[actions] = self._scale * Fraction(points, _POINT)
        return known

    def forget(self) -> None:
        """Gives back what only the search for the order needs."""
        for shape in self._shapes.values():
            shape.forget()
        self._removed.clear()

    def risk(self) -> Fraction:
        """Points of all devices as they are."""
        nothing: frozenset[str] = frozenset()
        points = sum(one.points(nothing) * self._counted[one.number] for one in self._shapes.values())
        return Fraction(points, _POINT)


_POINT: Final = 100 * _GRAIN * _GRAIN
"""What one point of risk is in the whole numbers that shapes reckon in."""


class _Shape:
    """Devices with the same facts but for their names."""

    def __init__(self, facts: Facts, number: int, factors: dict[tuple[str, Hashable], int]) -> None:
        self.number = number
        """From 0, in the order of the devices."""
        self.actions: Mapping[str, Action] = {action.id: action for action in applicable(facts)}
        self._factors = factors
        self._changed: dict[frozenset[str], Facts] = {frozenset(): facts}
        if _PATCH in self.actions:
            # Every set with the patch begins here, because factors are remembered by where threats lie.
            self._changed[frozenset((_PATCH,))] = self.actions[_PATCH].change(facts)
        self._points: dict[frozenset[str], int] = {}

    def changed(self, applying: frozenset[str]) -> Facts:
        """The facts when these of ``actions`` are done; their order does not matter."""
        known = self._changed.get(applying)
        if known is None:
            # From the set with one action less, which was most likely asked for before.
            last = max(applying - {_PATCH})
            known = self._changed[applying] = self.actions[last].change(self.changed(applying - {last}))
        return known

    def forget(self) -> None:
        """Gives the facts of all sets back; scores stay."""
        self._changed = {one: facts for one, facts in self._changed.items() if one <= {_PATCH}}

    def score(self, actions: frozenset[str]) -> Fraction:
        """``assess(facts).score`` when they are done."""
        return Fraction(self.points(actions), _POINT)

    def points(self, actions: frozenset[str]) -> int:
        """The score in units of 1 / ``_POINT``."""
        applying = frozenset(name for name in actions if name in self.actions)
        known = self._points.get(applying)
        if known is None:
            facts = self.changed(applying)
            known = self._points[applying] = self._sum(_LIKELY, facts) * self._sum(_HARMFUL, facts)
        return known

    def _sum(self, weights: tuple[tuple[str, int], ...], facts: Facts) -> int:
        total = 0
        for name, weight in weights:
            key = (name, _RESTS_ON[name](facts))
            factor = self._factors.get(key)
            if factor is None:
                factor = self._factors[key] = round(FACTORS[name](facts).middle * _GRAIN)
            total += weight * factor
        return total
