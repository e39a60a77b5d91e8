"""The plan as files for other systems: read back from the rows, with only the devices that the person may export."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from fractions import Fraction

from django.db.models import QuerySet

from asepsis.exposure.plan import Item, Kind, Promise, Remedial
from asepsis.exposure.plan.subject import Product
from asepsis.exposure.plan.tickets import Progress, Ticket
from asepsis.web.authorisation.actions import Action
from asepsis.web.people.models import Person
from asepsis.web.plan.models import PlanDevice, PlanItem
from asepsis.web.plan.reading import devices_seen
from asepsis.web.settings import CONFIGURATION


def tickets_of(person: Person, rows: Iterable[PlanItem]) -> list[Ticket]:
    """The engine's form of rows, in their order."""
    items = list(rows)
    promised: dict[str, list[Promise]] = defaultdict(list)
    allowed: QuerySet[PlanDevice] = PlanDevice.objects.filter(item__in=[item.pk for item in items]).order_by("device")
    seen = devices_seen(person, Action.PLAN_EXPORT)
    if seen.query.where:
        allowed = allowed.filter(device__in=seen)
    for pk, device, before, after in allowed.values_list("item_id", "device_id", "before", "after"):
        promised[pk].append(Promise(device=device, before=Fraction(before), after=Fraction(after)))
    capacity = CONFIGURATION.plan.hours_a_week
    hours, tickets = 0.0, []
    for item in items:
        hours += item.hours
        state = Progress(item.work.state) if hasattr(item, "work") else Progress.OPEN
        week = max(1, -int(-hours // capacity))
        tickets.append(Ticket(item=_item(item, tuple(promised[item.pk])), state=state, week=week))
    return tickets


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
