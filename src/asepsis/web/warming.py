"""Counts what the first pages show, right after the rows changed, so that nobody waits for it.

It runs where the rows are brought up to date, in a process of its own, and hands what it counted to the servers by the
cache that they share. It asks as each person would, so that it counts within what each may see.
"""

from __future__ import annotations

from typing import Any, Final

from django.core.exceptions import EmptyResultSet
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone

from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.asking import Asker, keep, subject_of
from asepsis.web.authorisation.decide import may, visible
from asepsis.web.authorisation.facts import Circumstances
from asepsis.web.devices.filters import facets
from asepsis.web.devices.models import Device
from asepsis.web.devices.written_down import is_hidden_anywhere
from asepsis.web.exposure.filters import facets as finding_facets
from asepsis.web.exposure.fleet import tier_counts
from asepsis.web.exposure.listing import groups
from asepsis.web.exposure.scope import examined, findings_of, risks_of
from asepsis.web.exposure.scope import version as exposure_version
from asepsis.web.feeds.standing import warm_changes
from asepsis.web.map.views import drawn_first
from asepsis.web.overview.views import figures
from asepsis.web.papers import shelf
from asepsis.web.people.models import Person
from asepsis.web.plan import reading as plan
from asepsis.web.remembered import counted, version
from asepsis.web.vendors.gathered import counts as vendor_counts
from asepsis.web.vendors.gathered import seen_by

PEOPLE_LIMIT: Final = 200
"""Those who were here last; others count for themselves."""
SCOPES_LIMIT: Final = 20
"""Different parts of the hospital that are counted; each costs some seconds in a hospital group."""


def warm() -> int:
    """Counts for everybody's scope; returns how many different ones there were."""
    of = version()
    done: set[tuple[str, ...]] = set()
    people = Person.objects.filter(is_active=True, grants__isnull=False).distinct().order_by("-last_login", "pk")
    for person in people[:PEOPLE_LIMIT]:
        _as_if_here(person)
        listed: QuerySet[Device] = visible(person, Action.DEVICE_LIST, Device.objects.order_by())
        mapped: QuerySet[Device] = visible(person, Action.MAP_VIEW, Device.objects.order_by())
        scope = (_asked(listed), _asked(mapped))
        if scope in done:
            continue
        done.add(scope)
        if scope[0]:
            figures(listed, of)
            facets(listed, QueryDict(), of)
        if scope[1]:
            drawn_first(mapped, of)
        if len(done) == SCOPES_LIMIT:
            break
    return len(done)


def warm_exposure() -> int:
    """Counts findings, tiers and the plan for everybody's scope; returns how many different ones there were."""
    of = exposure_version(examined())
    planned = plan.risk_of()
    of_plan = plan.version(planned)
    done: set[tuple[str, ...]] = set()
    people = Person.objects.filter(is_active=True, grants__isnull=False).distinct().order_by("-last_login", "pk")
    for person in people[:PEOPLE_LIMIT]:
        _as_if_here(person)
        findings, risks = findings_of(person), risks_of(person)
        pieces = plan.items_seen(person)
        hidden = is_hidden_anywhere(person)
        scope = (_asked(findings), _asked(risks), _asked(pieces), str(hidden))
        if scope in done:
            continue
        done.add(scope)
        if scope[0]:
            finding_facets(findings, QueryDict(), of, hidden=hidden)
            counted(findings, of)
            groups(findings, of)
        if scope[1]:
            tier_counts(risks, of)
        vendor_counts(seen_by(person))
        warm_changes(person)
        if scope[2]:
            plan.sums(plan.narrowed(pieces, show="todo"), planned, of_plan)
            plan.teams(pieces, of_plan)
        if may(person, Action.PAPER_VIEW).allowed:
            with shelf.opened() as store:
                shelf.products(store, shelf.devices_of(person))
                shelf.told(store, shelf.devices_of(person))
        if len(done) == SCOPES_LIMIT:
            break
    return len(done)


def _as_if_here(person: Person) -> None:
    """What this person may see once they have signed in as strongly as can be; it is shown to nobody."""
    how = Circumstances(assurance_level=3, device_bound=True, signed_in_seconds_ago=0, now=timezone.now())
    keep(person, Asker(subject=subject_of(person), circumstances=how))


def _asked(rows: QuerySet[Any]) -> str:
    try:
        return str(rows.query.sql_with_params())
    except EmptyResultSet:
        return ""
