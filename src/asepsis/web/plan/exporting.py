"""The plan as files for other systems: read back from the rows, with only the devices that the person may export.

A hospital group has a hundred thousand pieces of work, so that a file is written while it is sent.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any, Final

from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone

from asepsis.exposure.plan import Item, Kind, Promise, Remedial
from asepsis.exposure.plan.subject import Product
from asepsis.exposure.plan.tickets import JIRA_ISSUES, Progress, Ticket, to_csv, to_jira, to_servicenow
from asepsis.web.authorisation.actions import Action
from asepsis.web.devices.writing import batches
from asepsis.web.ledger.record import record
from asepsis.web.people.models import Person
from asepsis.web.plan.models import PlanDevice, PlanItem
from asepsis.web.plan.reading import devices_seen, items_seen, narrowed, risk_of, version
from asepsis.web.remembered import counted
from asepsis.web.settings import CONFIGURATION
from asepsis.web.streaming import streamed

FORMS: Final = ("csv", "servicenow", "jira")
AT_ONCE: Final = 10 * JIRA_ISSUES
"""Pieces of work that are held and written together."""


def as_file(
    request: HttpRequest, person: Person, form: str, *, who: str, project: str, **told: Any
) -> StreamingHttpResponse:
    """The work that is to be done as one of the ``FORMS``; recorded, with what else is ``told`` of it.

    Args:
        request: What is answered.
        person: Who asks.
        form: Which system takes it.
        who: Whose work; empty for everybody's.
        project: The key of the project, for Jira.
    """
    rows = narrowed(items_seen(person, Action.PLAN_EXPORT), show="todo", who=who)
    what = {"form": form, "pieces": counted(rows.order_by(), version(risk_of())), **told}
    record(request, Action.PLAN_EXPORT, what=what)
    parts = _tickets(person, rows)
    name = f"plan-{timezone.now():%Y-%m-%d}"
    match form:
        case "csv":
            return _file(request, _csv(parts), "text/csv; charset=utf-8", f"{name}.csv")
        case "servicenow":
            records = (to_servicenow(some)["records"] for some in parts)
            return _file(request, _json(records, '{"records": [', "]}"), "application/json", f"{name}-{form}.json")
        case _:
            requests = (to_jira(some, project=project) for some in parts)
            return _file(request, _json(requests, "[", "]"), "application/json", f"{name}-{form}.json")


def _file(request: HttpRequest, parts: Iterator[str], kind: str, name: str) -> StreamingHttpResponse:
    return streamed(request, parts, kind, name)


def _csv(parts: Iterable[list[Ticket]]) -> Iterator[str]:
    yield to_csv(())
    for some in parts:
        yield to_csv(some, heading=False)


def _json(parts: Iterable[Iterable[Any]], begin: str, end: str) -> Iterator[str]:
    following = begin
    for some in parts:
        for one in some:
            yield following + json.dumps(one)
            following = ",\n"
    yield (following if following == begin else "") + end + "\n"


def _tickets(person: Person, rows: QuerySet[PlanItem]) -> Iterator[list[Ticket]]:
    """The engine's form of rows, in their order, some at a time."""
    seen = devices_seen(person, Action.PLAN_EXPORT)
    capacity = CONFIGURATION.plan.hours_a_week
    hours = 0.0
    for items in batches(rows.iterator(chunk_size=AT_ONCE), AT_ONCE):
        promised: dict[str, list[Promise]] = defaultdict(list)
        allowed = PlanDevice.objects.filter(item__in=[item.pk for item in items]).order_by("device_id")
        if seen.query.where:
            allowed = allowed.filter(device__in=seen)
        for pk, device, before, after in allowed.values_list("item_id", "device_id", "before", "after"):
            promised[pk].append(Promise(device=device, before=Fraction(before), after=Fraction(after)))
        tickets = []
        for item in items:
            hours += item.hours
            state = Progress(item.work.state) if hasattr(item, "work") else Progress.OPEN
            week = max(1, -int(-hours // capacity))
            tickets.append(Ticket(item=_item(item, tuple(promised[item.pk])), state=state, week=week))
        yield tickets


def _item(row: PlanItem, promises: tuple[Promise, ...]) -> Item:
    return Item(
        id=row.pk,
        action=row.action,
        kind=Kind(row.kind),
        product=Product(site=row.site.name, category=row.category, vendor=row.vendor, model=row.model),
        title=row.title,
        who=row.who,
        hours=Fraction(row.hours),
        bundle=row.bundle,
        per_hour=Fraction(row.per_hour),
        promises=promises,
        words=tuple(row.words),
        remedies=tuple(Remedial(**one) for one in row.remedies),
        sustains_life=row.sustains_life,
    )
