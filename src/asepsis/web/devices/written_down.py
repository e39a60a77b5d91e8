"""What the hospital wrote down of its devices, and from whom it is kept.

A policy that obliges to ``hide_notes`` lets somebody see devices without it. Wherever many devices stand together, in
a list, in counts or in a file, it is told of none to whom it may be kept from for one of them: neither in a column, nor
by what a filter or an order lets conclude.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.contrib.auth.models import AnonymousUser
from django.http import QueryDict

from asepsis.web.authorisation.actions import Action, Obligation
from asepsis.web.authorisation.asking import asker, engine
from asepsis.web.authorisation.decide import may
from asepsis.web.devices.models import Device, SavedView
from asepsis.web.people.models import Person

WRITTEN_DOWN: Final = frozenset({"department", "criticality", "owner", "place", "asset_number"})
"""Columns and filters, by their names in addresses and files."""


def is_hidden(person: Person | AnonymousUser, device: Device) -> bool:
    """Whether what the hospital wrote down of this device is kept from the person."""
    decision = may(person, Action.DEVICE_VIEW, device, fulfils=list(Obligation))
    return Obligation.HIDE_NOTES in decision.obligations


def is_hidden_anywhere(person: Person | AnonymousUser) -> bool:
    """Whether it may be kept from the person for some device: then lists tell it of none."""
    if not isinstance(person, Person):
        return True
    who = asker(person)
    return Obligation.HIDE_NOTES in engine().obligations(who.subject, Action.DEVICE_VIEW, who.circumstances)


def readable(person: Person | AnonymousUser, asked: QueryDict) -> QueryDict:
    """The query of a list without what this person must not ask for."""
    if not is_hidden_anywhere(person):
        return asked
    kept = asked.copy()
    for name in WRITTEN_DOWN & set(asked):
        kept.pop(name)
    for name in {"columns", "sort"} & set(asked):
        kept.setlist(name, [one for given in asked.getlist(name) if (one := _without(given.split(",")))])
    return kept


def names_it(asked: QueryDict) -> bool:
    """Whether the query of a list filters, sorts or shows what the hospital wrote down."""
    named = {
        part.removeprefix("-") for name in ("columns", "sort") for one in asked.getlist(name) for part in one.split(",")
    }
    return not WRITTEN_DOWN.isdisjoint({*asked, *named})


def readable_views(person: Person | AnonymousUser, views: Iterable[SavedView]) -> list[SavedView]:
    """The saved views that this person can open as they were meant.

    Who lists no devices gets no views of others, which name who works here. Who must not read what the hospital wrote
    down gets none that names it: its name and its query tell of it too.
    """
    if not may(person, Action.DEVICE_LIST).allowed:
        return [view for view in views if view.owner_id == person.pk]
    if not is_hidden_anywhere(person):
        return list(views)
    return [view for view in views if not names_it(QueryDict(view.query))]


def _without(names: list[str]) -> str:
    return ",".join(name for name in names if name.strip().removeprefix("-") not in WRITTEN_DOWN)
