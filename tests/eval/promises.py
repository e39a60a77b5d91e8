"""Does a plan's work in its order, and gives what every device's score was and became, beside what was promised."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from asepsis.exposure.plan import Item, Kind, Plan, Promise, Subject
from asepsis.exposure.risk import Assessment, assess
from asepsis.exposure.risk.actions import applicable
from asepsis.kernel.value import value


@value
class Done:
    """One piece of work on one device."""

    item: Item
    promise: Promise
    before: Assessment
    after: Assessment

    @property
    def is_kept(self) -> bool:
        """Whether the scores before and after, and the tier, are those that were promised."""
        return (self.before.score, self.after.score, self.after.tier) == (
            self.promise.before,
            self.promise.after,
            self.promise.tiers[1],
        )


def done(fleet: Iterable[Subject], plan: Plan) -> Iterator[Done]:
    """Follows the plan to its end; a risk that is accepted changes nothing."""
    facts = {subject.id: subject.facts for subject in fleet}
    # Of one product some devices may have no need of a piece of work any more when its turn comes.
    actions = {name: {one.id: one for one in applicable(of)} for name, of in facts.items()}
    for item in plan.items:
        for promise in item.promises:
            before = assess(facts[promise.device])
            if item.kind is not Kind.ACCEPT:
                facts[promise.device] = actions[promise.device][item.action].change(facts[promise.device])
            yield Done(item=item, promise=promise, before=before, after=assess(facts[promise.device]))
