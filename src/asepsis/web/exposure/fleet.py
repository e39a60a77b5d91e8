"""The risk of the fleet: which devices to look at first, where they are, and how it went over time."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from datetime import date, timedelta
from typing import Any, Final

from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from asepsis.kernel.value import value
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import may
from asepsis.web.authorisation.routes import requires
from asepsis.web.charts import Counted
from asepsis.web.devices.written_down import is_hidden_anywhere
from asepsis.web.exposure.cells import TIER_TONES
from asepsis.web.exposure.models import DepartmentRisk, Examined, FleetRisk, Risk, Tally
from asepsis.web.exposure.scope import examined, risks_of, version
from asepsis.web.exposure.scored import scored
from asepsis.web.facilities.models import Department, Site
from asepsis.web.ledger.record import record
from asepsis.web.remembered import remembered

# Devices of one model are risky for one reason, and stand on one line: so many are looked at, so many lines shown.
RISKIEST_LOOKED_AT: Final = 60
RISKIEST_SHOWN: Final = 10
ALIKE_NAMED: Final = 8
REASONS_SHOWN: Final = 3
DAYS_SHOWN: Final = 90
PLACES_SHOWN: Final = 12


@requires(Action.RISK_VIEW)
def risk(request: HttpRequest) -> HttpResponse:
    """Which devices could hurt somebody most, why, and how that went over time."""
    known = examined()
    of = version(known)
    mine = risks_of(request.user)
    record(request, Action.RISK_VIEW, what={"fleet": True})
    counts = tier_counts(mine, of)
    places = places_of(request, known)
    context: dict[str, Any] = {
        "examined": known,
        "tiers": [
            Counted(
                words=str(tier.label),
                count=counts.get(tier.value, 0),
                tone=TIER_TONES[tier.value] or "accent",
                address=f"{reverse('findings')}?tier={tier.value}",
            )
            for tier in Risk.Tier
        ],
        "counts": counts,
        "total": sum(counts.values()),
        "riskiest": riskiest(mine, RISKIEST_SHOWN),
        "places": places,
        "of_one_site": len({one.site for one in places}) == 1,
        "series": _series(request, known),
    }
    return render(request, "exposure/risk.html", context)


def tier_counts(rows: QuerySet[Risk], of: str) -> dict[str, int]:
    """How many devices of each tier."""
    return dict(remembered(rows.order_by().values_list("tier").annotate(count=Count("pk")), of))


@value
class Alike:
    """Devices of one kind, tier and place that are risky for the same reasons: one thing to understand."""

    risks: tuple[Risk, ...]
    """The riskiest first; at least one."""
    reasons: tuple[str, ...]
    """What adds most to the score, as sentences."""

    @property
    def first(self) -> Risk:
        """The riskiest of them."""
        return self.risks[0]

    @property
    def named(self) -> tuple[Risk, ...]:
        """Those that are named."""
        return self.risks[:ALIKE_NAMED]

    @property
    def more(self) -> int:
        """How many are not named."""
        return len(self.risks) - len(self.named)


def riskiest(rows: QuerySet[Risk], most: int) -> list[Alike]:
    """The riskiest devices with what adds most to their scores; those that are risky for the same reasons together."""
    # Looked up beside: with a join, SQLite sorts all rows before it takes the first.
    found = rows.prefetch_related("device__site").order_by("rank")[:RISKIEST_LOOKED_AT]
    alike: dict[Hashable, list[Risk]] = {}
    for one in found:
        advised = one.advice or {}
        key = (
            *(one.tier, one.device.category, one.device.site_id, reasons_of(one)),
            *(tuple(action["id"] for action in advised.get("actions", ())), advised.get("tier")),
        )
        alike.setdefault(key, []).append(one)
    together = [Alike(risks=tuple(risks), reasons=reasons_of(risks[0])) for risks in alike.values()]
    return together[:most]


def reasons_of(risk: Risk) -> tuple[str, ...]:
    """What adds most to a score, the most first."""
    return tuple(one.why for one in scored(risk)[:REASONS_SHOWN])


@value
class Place:
    """A site or department and how many of its devices are of which tier."""

    site: str
    department: str
    """Empty for the whole site."""
    tally: Tally
    address: str

    @property
    def words(self) -> str:
        """The site, and the department in it."""
        return f"{self.site}: {self.department}" if self.department else self.site

    @property
    def urgent(self) -> int:
        """Critical and high."""
        return self.tally.critical + self.tally.high


def _whole(request: HttpRequest) -> tuple[list[Site], list[Department]]:
    """Sites and departments of which the person may see the risk of every device, so that totals tell nothing new."""
    sites = [site for site in Site.objects.all() if may(request.user, Action.RISK_VIEW, site).allowed]
    departments = [
        one
        for one in Department.objects.select_related("site")
        if may(request.user, Action.RISK_VIEW, one).allowed and not is_hidden_anywhere(request.user)
    ]
    return sites, departments


def places_of(request: HttpRequest, known: Examined | None) -> list[Place]:
    """The latest tally of each place, the most urgent first."""
    if known is None:
        return []
    sites, departments = _whole(request)
    places = []
    latest_of_site = {row.site_id: row for row in FleetRisk.objects.filter(site__in=sites).order_by("on")}
    for site in sites:
        if (tally := latest_of_site.get(site.pk)) is not None:
            address = f"{reverse('findings')}?site={site.name}"
            places.append(Place(site=str(site), department="", tally=tally, address=address))
    latest = {
        row.department_id: row for row in DepartmentRisk.objects.filter(department__in=departments).order_by("on")
    }
    for department in departments:
        if (of_department := latest.get(department.pk)) is not None:
            address = f"{reverse('findings')}?department={department.pk}"
            known_as = {"site": str(department.site), "department": str(department)}
            places.append(Place(**known_as, tally=of_department, address=address))
    return sorted(places, key=lambda one: (-one.urgent, -one.tally.score_sum, one.words))[:PLACES_SHOWN]


def history_of(request: HttpRequest, known: Examined | None) -> list[tuple[Site, list[FleetRisk]]]:
    """The latest tallies, the oldest first, of each site that the person may see whole."""
    if known is None:
        return []
    found = []
    for site in _whole(request)[0][:PLACES_SHOWN]:
        rows = list(FleetRisk.objects.filter(site=site).order_by("-on")[:DAYS_SHOWN])
        if rows:
            found.append((site, rows[::-1]))
    return found


def _series(request: HttpRequest, known: Examined | None) -> list[dict[str, Any]]:
    """Critical and high devices day by day, of each of those sites."""
    if known is None:
        return []
    found = []
    for site, rows in history_of(request, known):
        days = day_by_day(rows, known.at.date())
        found.append({"site": site, "columns": days, "first": days[0].words, "last": days[-1].words})
    return found


def day_by_day(rows: Sequence[Tally], until: date) -> list[Counted]:
    """A column a day; a day without a row is as the day before."""
    begin = max(rows[0].on, until - timedelta(days=DAYS_SHOWN - 1))
    days = []
    current = rows[0]
    rest = iter(rows[1:])
    following = next(rest, None)
    for number in range((max(until, rows[-1].on) - begin).days + 1):
        day = begin + timedelta(days=number)
        while following is not None and following.on <= day:
            current, following = following, next(rest, None)
        urgent = current.critical + current.high
        days.append(
            Counted(
                words=f"{day}",
                count=urgent,
                shown=f"{current.critical} critical, {current.high} high",
                tone="bad" if current.critical else "warn",
            )
        )
    return days


def riskiest_of(request: HttpRequest, most: int) -> list[Alike]:
    """For the overview; nothing where the person may not see risk."""
    return riskiest(risks_of(request.user), most) if may(request.user, Action.RISK_VIEW).allowed else []
