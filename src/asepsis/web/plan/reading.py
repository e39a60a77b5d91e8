"""What a person sees of the plan: work on devices that the person sees, with how far it is; pages and API alike."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Final

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from asepsis.exposure.plan.tickets import Progress
from asepsis.exposure.plan.windows import Idle, idle_windows
from asepsis.kernel.value import value
from asepsis.pipeline.plan import windows_of
from asepsis.pipeline.registry import Registry, RegistryError
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import visible
from asepsis.web.charts import Counted
from asepsis.web.devices.models import Device
from asepsis.web.people.models import Person
from asepsis.web.plan.models import Acceptance, PlanDevice, PlanItem, Planned
from asepsis.web.settings import CONFIGURATION, WORKSPACE

SHOWS: Final = ("todo", "progress", "done", "accepted", "all")
_SETTLED: Final = (Progress.DONE.value, Progress.VERIFIED.value)
WEEKS_SHOWN: Final = 26
"""Half a year; whoever plans for longer replans before."""


def devices_seen(person: Person, action: Action = Action.PLAN_VIEW) -> QuerySet[Device]:
    """The devices whose plan this person sees."""
    return visible(person, action, Device.objects.order_by())


def items_seen(person: Person, action: Action = Action.PLAN_VIEW) -> QuerySet[PlanItem]:
    """Work that concerns, or was done to, a device that this person sees."""
    devices = devices_seen(person, action)
    rows = PlanItem.objects.select_related("site", "work")
    if not devices.query.where:
        return rows
    seen = PlanDevice.objects.filter(item=OuterRef("pk"), device__in=devices)
    return rows.filter(Exists(seen))


def narrowed(rows: QuerySet[PlanItem], *, show: str = "all", who: str = "", site: str = "") -> QuerySet[PlanItem]:
    """Work of one state, of one team, of one site."""
    if who:
        rows = rows.filter(who=who)
    if site:
        rows = rows.filter(site__name=site)
    accepted = Q(acceptances__state=Acceptance.State.STANDING)
    match show:
        case "todo":
            rows = rows.exclude(place=None).exclude(work__state__in=_SETTLED)
        case "progress":
            rows = rows.filter(work__state__in=(Progress.IN_PROGRESS.value, Progress.STILL_SEEN.value))
        case "done":
            rows = rows.filter(work__state__in=_SETTLED)
        case "accepted":
            rows = rows.filter(accepted)
        case _:
            rows = rows.filter(Q(place__isnull=False) | Q(work__isnull=False) | accepted).distinct()
    # What is in no plan any more comes last, whatever the database thinks of nothing.
    return rows.order_by("place", "pk") if show == "todo" else rows.order_by("-per_hour", "pk")


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


def sums(rows: QuerySet[PlanItem], planned: Planned | None) -> Sums:
    """Sums up work that is to be done, in its order."""
    capacity = CONFIGURATION.plan.hours_a_week
    pieces = list(rows.values_list("hours", "removed"))
    hours = removed = 0.0
    by_week: dict[int, float] = {}
    for took, gone in pieces:
        hours += took
        removed += gone
        by_week[max(1, -int(-hours // capacity))] = removed
    left = planned.risk if planned is not None else 0.0
    last = min(WEEKS_SHOWN, max(by_week, default=0))
    weeks, so_far = [], 0.0
    for week in range(last + 1):
        so_far = by_week.get(week, so_far)
        words = "Today" if week == 0 else f"After week {week}"
        points = max(0.0, left - so_far)
        weeks.append(Counted(words=words, count=round(points), shown=f"{points:,.0f} points"))
    return Sums(pieces=len(pieces), hours=hours, removed=removed, hours_a_week=capacity, weeks=weeks)


def risk_of() -> Planned | None:
    """What the whole plan comes to; None before there was one."""
    return Planned.objects.filter(pk=1).first()


def teams(rows: QuerySet[PlanItem]) -> list[tuple[str, int]]:
    """Whose work there is, with the number of pieces."""
    counted = rows.exclude(place=None).order_by("who").values_list("who").annotate(count=Count("pk", distinct=True))
    return [(who, count) for who, count in counted]


def idle_of(device: Device, hours: int, zone: tzinfo) -> Idle:
    """When a device is idle; cannot be told of one that the registry does not hold any more."""
    with Registry.open(WORKSPACE.registry_path) as registry:
        try:
            return windows_of(WORKSPACE, registry, device.pk, hours=hours, zone=zone)
        except RegistryError:
            return idle_windows((), (), hours=hours, zone=zone)
