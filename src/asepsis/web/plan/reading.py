"""What a person sees of the plan: work on devices that the person sees, with how far it is; pages and API alike.

A hospital group has a hundred thousand pieces of work: a page reads those that it shows, and what all of them come to
is summed up once until the plan, or what people say of it, changes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import tzinfo
from typing import Final

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Sum

from asepsis.exposure.plan.tickets import Progress
from asepsis.exposure.plan.windows import Idle, idle_windows
from asepsis.kernel.value import value
from asepsis.pipeline.plan import windows_of
from asepsis.pipeline.registry import Registry, RegistryError
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import visible
from asepsis.web.charts import Counted
from asepsis.web.devices.models import Device
from asepsis.web.keyed import Order
from asepsis.web.people.models import Person
from asepsis.web.plan.models import Acceptance, PlanDevice, PlanItem, Planned, Work
from asepsis.web.remembered import counted, remembered, remembered_text
from asepsis.web.remembered import version as of_devices
from asepsis.web.settings import CONFIGURATION, WORKSPACE

SHOWS: Final = ("todo", "progress", "done", "accepted", "all")
_SETTLED: Final = (Progress.DONE.value, Progress.VERIFIED.value)
WEEKS_SHOWN: Final = 26
"""Half a year; whoever plans for longer replans before."""
FEW_DEVICES: Final = 2000
"""Work on so many is quicker looked up from the devices; of more, most of what a list goes through is seen anyway."""
READ_AT_ONCE: Final = 500
TO_DO: Final = Order(column="place", kind=int)
OTHERS: Final = Order(column="per_hour", kind=float, descending=True)
"""What is in no plan any more comes last, whatever the database thinks of nothing."""


def devices_seen(person: Person, action: Action = Action.PLAN_VIEW) -> QuerySet[Device]:
    """The devices whose plan this person sees."""
    return visible(person, action, Device.objects.order_by())


def items_seen(person: Person, action: Action = Action.PLAN_VIEW) -> QuerySet[PlanItem]:
    """Work that concerns, or was done to, a device that this person sees."""
    devices = devices_seen(person, action)
    rows = PlanItem.objects.select_related("site", "work")
    if not devices.query.where:
        return rows
    if counted(devices, of_devices()) <= FEW_DEVICES:
        return rows.filter(pk__in=PlanDevice.objects.filter(device__in=devices).order_by().values("item"))
    # Asked of the devices of one piece of work, which are few: the other way round all of them are listed each time.
    concerned = Device.objects.order_by().filter(plan__item=OuterRef("pk"))
    return rows.filter(Exists(visible(person, action, concerned)))


def narrowed(rows: QuerySet[PlanItem], *, show: str = "all", who: str = "", site: str = "") -> QuerySet[PlanItem]:
    """Work of one state, of one team, of one site; in the order of ``order_of``."""
    if who:
        rows = rows.filter(who=who)
    if site:
        rows = rows.filter(site__name=site)
    settled = Work.objects.filter(state__in=_SETTLED).values("item")
    accepted = Acceptance.objects.filter(state=Acceptance.State.STANDING).values("item")
    match show:
        case "todo":
            rows = rows.exclude(place=None).exclude(pk__in=settled)
        case "progress":
            going = Work.objects.filter(state__in=(Progress.IN_PROGRESS.value, Progress.STILL_SEEN.value))
            rows = rows.filter(pk__in=going.values("item"))
        case "done":
            rows = rows.filter(pk__in=settled)
        case "accepted":
            rows = rows.filter(pk__in=accepted)
        case _:
            rows = rows.filter(Q(place__isnull=False) | Q(pk__in=Work.objects.values("item")) | Q(pk__in=accepted))
    return rows.order_by(*order_of(show).columns)


def order_of(show: str) -> Order:
    """What comes first in a list of this kind."""
    return TO_DO if show == "todo" else OTHERS


def version(planned: Planned | None) -> str:
    """Changes with the plan, with what people say of its work, and with who sees what; for ``remembered``."""
    said = Work.objects.aggregate(last=Max("changed"))["last"]
    return f"{of_devices()} {None if planned is None else planned.at.isoformat()} {said}"


@value
class Sums:
    """What the work of a list comes to."""

    pieces: int
    hours: float
    removed: float
    hours_a_week: int
    weeks: Sequence[Counted]
    """Points of risk that are left at the end of each week, from now on."""

    @property
    def last_words(self) -> str:
        """What stands under the last column."""
        return self.weeks[-1].words.lower() if self.weeks else ""


def sums(rows: QuerySet[PlanItem], planned: Planned | None, of: str) -> Sums:
    """Sums up work that is to be done, in its order; ``of`` is the ``version``."""
    capacity = CONFIGURATION.plan.hours_a_week
    found = remembered(
        rows.order_by()
        .values("who")
        .annotate(pieces=Count("pk"), took=Sum("hours"), gone=Sum("removed"))
        .values_list("pieces", "took", "gone"),
        of,
    )
    hours = sum(took for _, took, _ in found)
    by_week: dict[str, float] = json.loads(
        remembered_text([rows], ["by week", str(capacity)], lambda: json.dumps(_by_week(rows, capacity)), of)
    )
    left = planned.risk if planned is not None else 0.0
    last = min(WEEKS_SHOWN, _week(hours, capacity) if found else 0)
    weeks, so_far = [], 0.0
    for week in range(last + 1):
        so_far = by_week.get(str(week), so_far)
        words = "Today" if week == 0 else f"After week {week}"
        points = max(0.0, left - so_far)
        weeks.append(Counted(words=words, count=round(points), shown=f"{points:,.0f} points"))
    return Sums(
        pieces=sum(pieces for pieces, _, _ in found),
        hours=hours,
        removed=sum(gone for _, _, gone in found),
        hours_a_week=capacity,
        weeks=weeks,
    )


def _week(hours: float, capacity: int) -> int:
    return max(1, -int(-hours // capacity))


def _by_week(rows: QuerySet[PlanItem], capacity: int) -> dict[int, float]:
    """Points of risk that are gone at the end of each week that is shown, where work ends in it."""
    hours = removed = 0.0
    found: dict[int, float] = {}
    for took, gone in rows.values_list("hours", "removed").iterator(chunk_size=READ_AT_ONCE):
        hours += took
        removed += gone
        week = _week(hours, capacity)
        if week > WEEKS_SHOWN:
            break
        found[week] = removed
    return found


def risk_of() -> Planned | None:
    """What the whole plan comes to; None before there was one."""
    return Planned.objects.filter(pk=1).first()


def teams(rows: QuerySet[PlanItem], of: str) -> list[tuple[str, int]]:
    """Whose work there is, with the number of pieces; ``of`` is the ``version``."""
    found = rows.exclude(place=None).order_by().values_list("who").annotate(count=Count("pk"))
    return sorted((who, count) for who, count in remembered(found, of))


def idle_of(device: Device, hours: int, zone: tzinfo) -> Idle:
    """When a device is idle; cannot be told of one that the registry does not hold any more."""
    with Registry.open(WORKSPACE.registry_path) as registry:
        try:
            return windows_of(WORKSPACE, registry, device.pk, hours=hours, zone=zone)
        except RegistryError:
            return idle_windows((), (), hours=hours, zone=zone)
