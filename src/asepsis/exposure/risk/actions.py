"""What lowers a device's risk: each action changes the facts, and the same score is computed from what is left.

Advice is the cheapest set of actions that brings the device into a lower tier; hours are our own estimates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from typing import Any, Final

from asepsis.exposure.risk.facts import Control, Facts, Threat
from asepsis.exposure.risk.score import TIER_FROM, Tier, score_of, tier_of
from asepsis.exposure.weaknesses.kinds import KINDS
from asepsis.kernel.value import value

# Sets of up to this many actions are tried all; nobody plans more for one device at once, and fifteen actions have 575
# such sets. Beyond that the best single action is added again and again.
TRIED_TOGETHER: Final = 3
ACTIONS_LIMIT: Final = 15
_PATCH_HOURS, _RESTRICT_HOURS, _WATCH_HOURS = 4.0, 3.0, 1.0


@value
class Action:
    """Something to do to one device."""

    id: str
    words: str
    hours: float
    change: Callable[[Facts], Facts]
    """The facts when it is done."""


@value
class Advice:
    """Actions, and what they lead to."""

    actions: tuple[Action, ...]
    hours: float
    score: Fraction
    tier: Tier
    """Of the device when all of them are done."""
    changes_tier: bool

    def document(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "actions": [{"id": one.id, "what": one.words, "hours": one.hours} for one in self.actions],
            "hours": self.hours,
            "score": float(self.score),
            "tier": str(self.tier),
            "changes_tier": self.changes_tier,
        }


def applicable(facts: Facts) -> tuple[Action, ...]:
    """What can be done about a device, in a fixed order: its weaknesses by name, then the rest."""
    actions = [_MENDS[name] for name in sorted(facts.weaknesses) if name in _MENDS]
    if any(threat.has_fix for threat in facts.threats):
        actions.append(_PATCH)
    if Control.ALLOW_LIST not in facts.controls and Control.ISOLATED not in facts.controls:
        actions.append(_RESTRICT)
    if Control.WATCHED not in facts.controls:
        actions.append(_WATCH)
    return tuple(actions)


def possible(facts: Facts) -> tuple[Action, ...]:
    """What can be done about a device, the most effective for an hour first, at most ``ACTIONS_LIMIT``."""
    actions = applicable(facts)
    score = score_of(facts)
    gain = {one.id: (score - score_of(one.change(facts))) / Fraction(one.hours) for one in actions}
    return tuple(sorted(actions, key=lambda one: (-gain[one.id], one.id))[:ACTIONS_LIMIT])


def advise(facts: Facts) -> Advice | None:
    """The cheapest actions that bring the device into a lower tier.

    Returns:
        Of two that cost the same, the one that leaves the lower score; where no set changes the tier, the best three;
        None where nothing helps or nothing has to be done.
    """
    score = score_of(facts)
    before = tier_of(score)
    if before is Tier.LOW:
        return None
    actions = possible(facts)
    # No action raises a score: what all of them together do not change, none of them changes.
    if tier_of(_score_after(facts, actions)) is not before:
        found = _cheapest(facts, actions, before)
        if found is not None:
            return found
        for size in range(TRIED_TOGETHER + 1, len(actions) + 1):
            advice = _done(facts, actions[:size], before)
            if advice.changes_tier:
                return advice
    best = _done(facts, actions[:TRIED_TOGETHER], before)
    return best if best.score < score else None


def _cheapest(facts: Facts, actions: tuple[Action, ...], before: Tier) -> Advice | None:
    """Of the sets of up to ``TRIED_TOGETHER`` that change the tier that of the fewest hours, then the lowest score."""
    sets = [chosen for size in range(1, TRIED_TOGETHER + 1) for chosen in combinations(actions, size)]
    found: Advice | None = None
    # Sorting keeps the order of sets of equal hours, so that of two that do the same the smaller comes first.
    for chosen in sorted(sets, key=_hours):
        if found is not None and _hours(chosen) > found.hours:
            break
        advice = _done(facts, chosen, before)
        if advice.changes_tier and (found is None or advice.score < found.score):
            found = advice
    return found


def _hours(actions: tuple[Action, ...]) -> float:
    return sum(action.hours for action in actions)


def _score_after(facts: Facts, actions: tuple[Action, ...]) -> Fraction:
    for action in actions:
        facts = action.change(facts)
    return score_of(facts)


def _done(facts: Facts, actions: tuple[Action, ...], before: Tier) -> Advice:
    score = _score_after(facts, actions)
    tier = tier_of(score)
    return Advice(
        actions=actions,
        hours=_hours(actions),
        score=score,
        tier=tier,
        changes_tier=_place(tier) > _place(before),
    )


def _place(tier: Tier) -> int:
    return [*(one for _, one in TIER_FROM), Tier.LOW].index(tier)


def _mend(name: str) -> Action:
    kind = KINDS[name]

    def change(facts: Facts) -> Facts:
        changed = replace(facts, weaknesses=facts.weaknesses - {name})
        if name == "management-from-internet":
            return replace(changed, managed_from_internet=False)
        return replace(changed, contacts_internet=False) if name == "internet-contact" else changed

    return Action(id=name, words=kind.action, hours=kind.hours, change=change)


def _patched(facts: Facts) -> Facts:
    return replace(facts, threats=tuple(threat for threat in facts.threats if not _mended(threat)))


def _mended(threat: Threat) -> bool:
    return threat.has_fix


def _restricted(facts: Facts) -> Facts:
    return replace(
        facts,
        controls=facts.controls | {Control.ALLOW_LIST},
        managed_from_internet=False,
        contacts_internet=False,
        weaknesses=facts.weaknesses - {"management-from-internet", "internet-contact"},
    )


def _watched(facts: Facts) -> Facts:
    return replace(facts, controls=facts.controls | {Control.WATCHED})


_MENDS: Final = {name: _mend(name) for name in KINDS}
_PATCH: Final = Action(
    id="patch",
    words="Install the vendor's version in which the vulnerabilities are mended.",
    hours=_PATCH_HOURS,
    change=_patched,
)
_RESTRICT: Final = Action(
    id="restrict",
    words="Allow only its known partners by firewall, and nothing of the internet.",
    hours=_RESTRICT_HOURS,
    change=_restricted,
)
_WATCH: Final = Action(
    id="watch",
    words="Have its traffic watched, with somebody named who answers.",
    hours=_WATCH_HOURS,
    change=_watched,
)
