"""Decides: may this person, in these circumstances, do this action on this thing; and on which rows of a list.

Cedar skips a policy whose evaluation fails, so that a prohibition with a fault would let pass. Therefore requests and
entities are always checked against the schema, any error is a refusal, and no decision is a refusal.
"""

from __future__ import annotations

import json
from functools import lru_cache

import cedarpy

from asepsis.kernel.value import value
from asepsis.web.authorisation import schema
from asepsis.web.authorisation.actions import Action, Kind, Obligation
from asepsis.web.authorisation.asked import Asked, asked_by
from asepsis.web.authorisation.conditions import (
    EVERYTHING,
    NOTHING,
    Condition,
    Unlistable,
    all_of,
    any_of,
    condition_of,
    negated,
)
from asepsis.web.authorisation.facts import Circumstances, Facts, Json, PersonFacts, Subject, System
from asepsis.web.authorisation.policies import Policy

REMEMBERED_PEOPLE = 512
"""People whose entities are kept parsed: more than work at once in a hospital group, a few kilobytes each."""

REMEMBERED_DECISIONS = 8_192
"""Answers that are kept: a page asks some twenty questions, most of them for its menu and the same as a minute ago."""

REMEMBERED_THINGS = 4_096
"""Things whose entities were checked; a page asks several actions of one thing, lists are not decided singly."""


@value
class Decision:
    """The answer, with what decided it.

    ``policies`` are the permits that allowed or the prohibitions that refused; none where nothing allows. ``fault`` is
    empty but where Cedar reported an error, which refuses. ``obligations`` bind whoever answers.
    """

    allowed: bool
    policies: tuple[Policy, ...] = ()
    obligations: frozenset[Obligation] = frozenset()
    fault: str = ""


class Engine:
    """Decides by one set of policies; a decision weighs only the policies of its action, parsed once.

    Cedar's answer follows from the question alone, so that the same question is not evaluated twice. A question is the
    person with what is in force now, the action, the thing, and of the circumstances what the action's policies ask.
    """

    def __init__(self, policies: list[Policy]) -> None:
        self.policies = {policy.id: policy for policy in policies}
        if len(self.policies) != len(policies):
            raise ValueError("two policies bear one name")
        self._sets = {
            action: _policy_set([policy for policy in policies if action in policy.actions]) for action in Action
        }
        self._asked: dict[Action, Asked] = {
            action: asked_by(json.loads(policy.form) for policy in policies if action in policy.actions)
            for action in Action
        }
        remember = lru_cache(maxsize=REMEMBERED_DECISIONS)
        self._decided = remember(self._decide)
        self._residuals_of = remember(self._residuals)
        self._condition_of = remember(self._condition)
        self._obligations_of = remember(self._obligations)
        self._anywhere_of = remember(self._anywhere)

    def evaluations(self) -> int:
        """How often Cedar itself was asked so far: what was known already does not count."""
        return self._decided.cache_info().misses + self._residuals_of.cache_info().misses

    def decide(self, subject: Subject, action: Action, on: Facts, circumstances: Circumstances) -> Decision:
        """Whether ``subject`` may do ``action`` on one thing."""
        if isinstance(on, PersonFacts):
            on = PersonFacts(subject=on.subject.at(circumstances.now))
        subject = subject.at(circumstances.now)
        return self._decided(subject, action, on, self._asked[action].of(circumstances, subject))

    def _decide(self, subject: Subject, action: Action, on: Facts, circumstances: Circumstances) -> Decision:
        try:
            entities = _person(subject)
            # A person who acts on himself is there already. What is added was checked by itself.
            if on.uid() != _uid(subject):
                entities = entities.with_added_json_str(_thing(on))
        except ValueError as fault:
            return Decision(allowed=False, fault=f"entities: {fault}")
        request = {
            "principal": _uid(subject),
            "action": {"type": "Action", "id": str(action)},
            "resource": on.uid(),
            "context": circumstances.context(),
        }
        answer = cedarpy.is_authorized(request, self._sets[action], entities, schema=schema.handle())
        errors = answer.diagnostics.errors
        if errors:
            return Decision(allowed=False, fault="; ".join(str(error) for error in errors))
        allowed = answer.decision is cedarpy.Decision.Allow
        reasons = tuple(self.policies[reason] for reason in sorted(answer.diagnostics.reasons))
        return Decision(
            allowed=allowed, policies=reasons, obligations=_obligations(reasons) if allowed else frozenset()
        )

    def condition(self, subject: Subject, action: Action, kind: Kind, circumstances: Circumstances) -> Condition:
        """The condition under which ``decide`` allows ``action`` on a row of ``kind``.

        Raises:
            Unlistable: The policies of this action ask something of the resource that rows cannot be asked.
        """
        subject = subject.at(circumstances.now)
        return self._condition_of(subject, action, kind, self._asked[action].of(circumstances, subject))

    def _condition(self, subject: Subject, action: Action, kind: Kind, circumstances: Circumstances) -> Condition:
        residuals = self._residuals_of(subject, action, circumstances)
        if residuals is None:
            return NOTHING
        permits: list[Condition] = []
        forbids: list[Condition] = []
        for form in residuals:
            (permits if form["effect"] == "permit" else forbids).append(condition_of(form, kind))
        return all_of(any_of(*permits), negated(any_of(*forbids)))

    def obligations(self, subject: Subject, action: Action, circumstances: Circumstances) -> frozenset[Obligation]:
        """What a list under ``action`` may owe for any of its rows: what any permit that could allow asks for."""
        subject = subject.at(circumstances.now)
        return self._obligations_of(subject, action, self._asked[action].of(circumstances, subject))

    def _obligations(self, subject: Subject, action: Action, circumstances: Circumstances) -> frozenset[Obligation]:
        kinds = schema.actions()[action].kinds
        owed: set[Obligation] = set()
        for form in self._residuals_of(subject, action, circumstances) or ():
            if any(_reach(form, kind, doubt=EVERYTHING) != NOTHING for kind in kinds):
                owed |= self._named(form).obligations
        return frozenset(owed)

    def anywhere(self, subject: Subject, action: Action, circumstances: Circumstances) -> Decision:
        """Whether there could be a thing on which ``subject`` may do ``action``: the gate of a page without a thing.

        Of a thing that lies in no place the answer is the decision itself.
        """
        subject = subject.at(circumstances.now)
        return self._anywhere_of(subject, action, self._asked[action].of(circumstances, subject))

    def _anywhere(self, subject: Subject, action: Action, circumstances: Circumstances) -> Decision:
        kinds = schema.actions()[action].kinds
        if kinds == (Kind.SYSTEM,):
            return self._decided(subject, action, System(), circumstances)
        residuals = self._residuals_of(subject, action, circumstances)
        if residuals is None:
            return Decision(allowed=False, fault="partial evaluation reported an error")
        refusing: list[Policy] = []
        for kind in kinds:
            forbids = [form for form in residuals if form["effect"] == "forbid"]
            # In doubt a prohibition may let some thing pass, and a permit may allow some thing.
            certain = [form for form in forbids if _reach(form, kind, doubt=NOTHING) == EVERYTHING]
            if certain:
                refusing += [self._named(form) for form in certain]
                continue
            permits = [form for form in residuals if form["effect"] == "permit"]
            possible = [form for form in permits if _reach(form, kind, doubt=EVERYTHING) != NOTHING]
            if possible:
                return Decision(allowed=True, policies=_by_name([self._named(form) for form in possible]))
        return Decision(allowed=False, policies=_by_name(refusing))

    def _residuals(self, subject: Subject, action: Action, circumstances: Circumstances) -> list[Json] | None:
        """What is left of each policy of ``action`` when all but the resource is known; None at a fault."""
        purpose = {"uid": {"type": "Purpose", "id": str(circumstances.purpose)}, "attrs": {}, "parents": []}
        try:
            # An entity that is not there counts as unknown in partial evaluation, even one without attributes.
            entities = _person(subject).with_added_json_str(json.dumps([purpose]))
        except ValueError:
            return None
        request = {
            "principal": f"Person::{json.dumps(subject.id)}",
            "action": f'Action::"{action}"',
            "context": circumstances.context(),
        }
        answer = cedarpy.is_authorized_partial(request, self._sets[action], entities, schema.handle())
        # A set of policies without residuals comes from a request that could not be read.
        if answer.diagnostics.errors or (not answer.residuals and len(self._sets[action])):
            return None
        return list(answer.residuals.values())

    def _named(self, form: Json) -> Policy:
        return self.policies[form["annotations"]["id"]]


def _reach(form: Json, kind: Kind, *, doubt: Condition) -> Condition:
    try:
        return condition_of(form, kind)
    except Unlistable:
        return doubt


def _by_name(policies: list[Policy]) -> tuple[Policy, ...]:
    return tuple(sorted(set(policies), key=lambda policy: policy.id))


def _policy_set(policies: list[Policy]) -> cedarpy.PolicySet:
    """The policies of one action under their own names, so that Cedar's reasons are the names that people read.

    All of them apply to the action, so that their heads need not ask for it again, nor the handles of entities hold
    every action.
    """
    named = {policy.id: {**json.loads(policy.form), "action": {"op": "All"}} for policy in policies}
    return cedarpy.PolicySet.from_json_str(json.dumps({"staticPolicies": named, "templates": {}, "templateLinks": []}))


@lru_cache(maxsize=REMEMBERED_PEOPLE)
def _person(subject: Subject) -> cedarpy.Entities:
    """The person's entity, checked against the schema.

    The handle is made without the schema once that is done: with it, Cedar adds every action to the handle, and a
    decision then takes three times as long.

    Raises:
        ValueError: The entity is not as the schema says.
    """
    text = json.dumps([subject.entity()])
    cedarpy.Entities.from_json_str(text, schema.handle())
    return cedarpy.Entities.from_json_str(text)


@lru_cache(maxsize=REMEMBERED_THINGS)
def _thing(on: Facts) -> str:
    """The thing's entity in text, checked against the schema.

    Raises:
        ValueError: The entity is not as the schema says.
    """
    text = json.dumps([on.entity()])
    cedarpy.Entities.from_json_str(text, schema.handle())
    return text


def _uid(subject: Subject) -> Json:
    return {"type": "Person", "id": subject.id}


def _obligations(permits: tuple[Policy, ...]) -> frozenset[Obligation]:
    """What every permit that allowed asks for: who may by a second permit without conditions owes nothing."""
    return frozenset.intersection(*(policy.obligations for policy in permits)) if permits else frozenset()
