"""The plan of a fleet: work on every product in bundles, merged by risk removed an hour."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from asepsis.exposure.plan.hours import Hours, work_of
from asepsis.exposure.plan.order import Bundle, Ceiling, Point, chain, hull
from asepsis.exposure.plan.subject import Product, Subject
from asepsis.exposure.plan.words import explain, is_life_sustaining, remedies_for, whose
from asepsis.exposure.plan.work import Item, Kind, Promise, item_id
from asepsis.exposure.plan.worth import Worth
from asepsis.exposure.risk.score import Tier, tier_of
from asepsis.kernel.value import value

ACCEPT: Final = "accept"
_PRESSING: Final = frozenset((Tier.CRITICAL, Tier.HIGH))


@value
class Plan:
    """What to do, in order."""

    items: tuple[Item, ...]
    risk: Fraction
    """Points of all devices together before anything is done."""
    share: Fraction
    """Of the most that any plan could remove in the same hours, what this one removes at the end of each bundle, at
    the worst of them: 1 where no plan is better anywhere."""
    is_proved: bool
    """Whether the share is proved: false where a product has so many sorts of devices that a choice stood for them."""

    @property
    def removed(self) -> Fraction:
        """Points when all of it is done."""
        return sum((item.removed for item in self.items), Fraction())

    @property
    def hours(self) -> Fraction:
        """Of all of it."""
        return sum((item.hours for item in self.items), Fraction())

    def within(self, hours: Fraction) -> tuple[Item, ...]:
        """The first pieces of work that fit into so many hours, in order, without leaving one out."""
        fitting: list[Item] = []
        for item in self.items:
            hours -= item.hours
            if hours < 0:
                break
            fitting.append(item)
        return tuple(fitting)

    def weeks(self, hours_a_week: Fraction) -> tuple[int, ...]:
        """The week, from 1, in which each piece of work ends, for a team that has so many hours a week."""
        ends, total = [], Fraction()
        for item in self.items:
            total += item.hours
            ends.append(max(1, -int(-total // hours_a_week)))
        return tuple(ends)

    def document(self, hours_a_week: Fraction, items: Sequence[Item] | None = None) -> dict[str, Any]:
        """The JSON document of ``asepsis plan --json``; of some items only where ``items`` says so."""
        shown = self.items if items is None else items
        week = {item.id: end for item, end in zip(self.items, self.weeks(hours_a_week), strict=True)}
        return {
            "risk": float(self.risk),
            "removed": float(self.removed),
            "hours": float(self.hours),
            "hours_a_week": float(hours_a_week),
            "share_of_best": float(self.share),
            "share_is_proved": self.is_proved,
            "items": [{**item.document(), "week": week[item.id]} for item in shown],
        }


def groups(subjects: Iterable[Subject]) -> dict[Product, list[Subject]]:
    """The devices of each product, by id; products in the order of their words."""
    found: dict[Product, list[Subject]] = defaultdict(list)
    for subject in sorted(subjects, key=lambda one: one.id):
        found[subject.product].append(subject)
    return dict(sorted(found.items()))


def plan_of(subjects: Iterable[Subject], hours: Hours | None = None, *, left: frozenset[str] = frozenset()) -> Plan:
    """The plan of a fleet. The same facts give the same plan.

    Args:
        subjects: All devices.
        hours: The hospital's own hours; those of the table where there are none.
        left: Ids of pieces of work that are not to be done, because their risk was accepted.
    """
    table = (hours or Hours()).by_action()
    bundles: list[tuple[Fraction, Product, int, Bundle]] = []
    hulls: list[tuple[Point, ...]] = []
    grouped = groups(subjects)
    worths: dict[Product, Worth] = {}
    is_proved = True
    for product, members in grouped.items():
        worth = worths[product] = Worth([one.facts for one in members])
        is_proved &= worth.is_whole
        costs = {
            action: table[action][0] + count * table[action][1]
            for action, count in worth.applying().items()
            if item_id(product, action) not in left
        }
        found = chain(worth, costs)
        bundles += [(-bundle.per_hour, product, place, bundle) for place, bundle in enumerate(found)]
        hulls.append(hull(worth, costs))
        worth.forget()
    bundles.sort(key=lambda one: one[:3])
    items: list[Item] = []
    done: dict[Product, list[str]] = defaultdict(list)
    for number, (_, product, _, bundle) in enumerate(bundles, 1):
        for action in bundle.actions:
            items.append(_item(grouped[product], worths[product], done[product], action, number, bundle, table))
            done[product].append(action)
    share = _share([one[3] for one in bundles], Ceiling(hulls))
    number = len(bundles)
    for product, members in grouped.items():
        if item_id(product, ACCEPT) not in left:
            number += 1
            items += _remaining(members, worths[product], done[product], number, table)
    risk = sum((worth.risk() for worth in worths.values()), Fraction())
    return Plan(items=tuple(items), risk=risk, share=share, is_proved=is_proved)


def _item(
    members: Sequence[Subject],
    worth: Worth,
    done: Sequence[str],
    action: str,
    number: int,
    bundle: Bundle,
    table: Mapping[str, tuple[Fraction, Fraction]],
) -> Item:
    product = members[0].product
    before, after = frozenset(done), frozenset((*done, action))
    promises = []
    for member in members:
        shape = worth.by_device[member.id]
        if action in shape.actions:
            promises.append(Promise(device=member.id, before=shape.score(before), after=shape.score(after)))
    setup, each = table[action]
    told = [remedy for member in members for remedy in member.remedies]
    kind = Kind(work_of(action).kind)
    return Item(
        id=item_id(product, action),
        action=action,
        kind=kind,
        product=product,
        title=work_of(action).title,
        who=whose(action, product),
        hours=setup + len(promises) * each,
        bundle=number,
        per_hour=bundle.per_hour,
        promises=tuple(promises),
        words=explain(action, product, promises),
        remedies=remedies_for(kind, told),
        sustains_life=is_life_sustaining(product),
    )


def _remaining(
    members: Sequence[Subject],
    worth: Worth,
    done: Sequence[str],
    number: int,
    table: Mapping[str, tuple[Fraction, Fraction]],
) -> list[Item]:
    """What stays pressing when everything is done: a person decides on it."""
    product = members[0].product
    scores = [(member.id, worth.by_device[member.id].score(frozenset(done))) for member in members]
    promises = tuple(Promise(device=name, before=score, after=score) for name, score in scores if _is_pressing(score))
    if not promises:
        return []
    setup, each = table[ACCEPT]
    item = Item(
        id=item_id(product, ACCEPT),
        action=ACCEPT,
        kind=Kind.ACCEPT,
        product=product,
        title=work_of(ACCEPT).title,
        who=whose(ACCEPT, product),
        hours=setup + len(promises) * each,
        bundle=number,
        per_hour=Fraction(),
        promises=promises,
        words=explain(ACCEPT, product, promises),
        remedies=remedies_for(Kind.REPLACE, [remedy for member in members for remedy in member.remedies]),
        sustains_life=is_life_sustaining(product),
    )
    return [item]


def _is_pressing(score: Fraction) -> bool:
    return tier_of(score) in _PRESSING


def _share(bundles: Sequence[Bundle], ceiling: Ceiling) -> Fraction:
    least, hours, removed = Fraction(1), Fraction(), Fraction()
    for bundle in bundles:
        hours += bundle.hours
        removed += bundle.removed
        best = ceiling.at(hours)
        if best > 0:
            least = min(least, removed / best)
    return least
