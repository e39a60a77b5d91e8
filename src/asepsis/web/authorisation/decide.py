"""May this person do this, and what may they see in a list: the two questions that every view asks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from django.contrib.auth.models import AnonymousUser
from django.db.models import Model, QuerySet

from asepsis.web.authorisation.actions import Action, Obligation
from asepsis.web.authorisation.asking import asker_for, engine, facts_of
from asepsis.web.authorisation.engine import Decision
from asepsis.web.authorisation.facts import Facts
from asepsis.web.authorisation.queries import EVERY, ROWS, to_q
from asepsis.web.people.models import Person

Row = TypeVar("Row", bound=Model)

NOT_SIGNED_IN = Decision(allowed=False, fault="not signed in")


def may(
    person: Person | AnonymousUser,
    action: Action,
    resource: Model | Facts | None = None,
    *,
    fulfils: Iterable[Obligation] = (),
) -> Decision:
    """Decides one act.

    Args:
        person: Who asks; how they are signed in was attached to the person at the begin of the request.
        action: What they would do.
        resource: On what; None asks whether there could be anything on which they may do it.
        fulfils: The obligations that the caller meets; a decision that owes another is a refusal.
    """
    if not isinstance(person, Person):
        return NOT_SIGNED_IN
    who = asker_for(person, action)
    if resource is None:
        return engine().anywhere(who.subject, action, who.circumstances)
    on = facts_of(resource, action) if isinstance(resource, Model) else resource
    decision = engine().decide(who.subject, action, on, who.circumstances)
    owed = decision.obligations - frozenset(fulfils)
    if owed:
        return Decision(allowed=False, policies=decision.policies, fault=f"owes {', '.join(sorted(owed))}")
    return decision


def visible(
    person: Person | AnonymousUser, action: Action, rows: QuerySet[Row], *, fulfils: Iterable[Obligation] = ()
) -> QuerySet[Row]:
    """Those of ``rows`` on which ``may`` allows the action.

    Raises:
        TypeError: The rows are of a table that policies know nothing of.
    """
    if rows.model not in ROWS:
        raise TypeError(f"policies know nothing of lists of {rows.model.__name__}")
    if not isinstance(person, Person):
        return rows.none()
    who = asker_for(person, action)
    if engine().obligations(who.subject, action, who.circumstances) - frozenset(fulfils):
        return rows.none()
    described = ROWS[rows.model]
    condition = engine().condition(who.subject, action, described.kind, who.circumstances)
    allowed = to_q(condition, described)
    return rows if allowed == EVERY else rows.filter(allowed)
