"""The overview and changes of identity by the API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from django.db.models import QuerySet, Sum
from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from asepsis.pipeline.registry import Registry
from asepsis.web.api.operations import operation
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import may, visible
from asepsis.web.devices.api import EventOut
from asepsis.web.devices.models import Device, Freshness, links_of
from asepsis.web.facilities.models import Site
from asepsis.web.ledger.record import record
from asepsis.web.overview.views import counted_of
from asepsis.web.remembered import remembered, version
from asepsis.web.settings import WORKSPACE

router = Router(tags=["overview"])

EVENTS_MOST: Final = 5000


class Wanted(Schema):
    """Which changes."""

    site: str = Field("", max_length=100)
    since: datetime | None = Field(None, description="Those at this moment or later.")
    limit: int = Field(1000, ge=1, le=EVENTS_MOST)


class EventPart(Schema):
    """The latest changes that fit, oldest first."""

    items: list[EventOut]
    complete: bool = Field(description="False when there are more: ask from a later moment.")


class AgeOut(Schema):
    """How old what is known of a site is."""

    site: str
    devices: int
    seen_until: datetime
    refreshed: datetime


class OverviewOut(Schema):
    """The figures of the first page, over what you may see."""

    figures: dict[str, int] = Field(description="devices, medical, unknown, overdue, clear, conflicts and more.")
    medical_kinds: dict[str, int]
    other_kinds: dict[str, int]
    statuses: dict[str, int]
    sites: dict[str, int]
    ages: list[AgeOut]
    applications: dict[str, int] | None = Field(description="Bytes; null where you may not see who talks to whom.")
    patient_data: dict[str, int] | None = Field(description="Messages in clear by application.")


@operation(router, "GET", "/overview", Action.OVERVIEW, response=OverviewOut)
def overview(request: HttpRequest) -> Any:
    """What there is, how it stands, and how old all of that is."""
    devices: QuerySet[Device] = visible(request.user, Action.DEVICE_LIST, Device.objects.order_by())
    of = version()
    counted = counted_of(devices, of)
    names = dict(Site.objects.filter(pk__in=list(counted.sites)).values_list("pk", "name"))
    told: dict[str, Any] = {
        "figures": counted.figures,
        "medical_kinds": counted.medical,
        "other_kinds": counted.other,
        "statuses": counted.statuses,
        "sites": {names[pk]: count for pk, count in counted.sites.items()},
        "ages": [
            {"site": age.site.name, "devices": age.devices, "seen_until": age.seen_until, "refreshed": age.refreshed}
            for age in Freshness.objects.select_related("site").filter(site__in=counted.sites)
        ],
        "applications": None,
        "patient_data": None,
    }
    if may(request.user, Action.CONVERSATION_VIEW).allowed or may(request.user, Action.MAP_VIEW).allowed:
        links = links_of(devices)
        volumes = links.values_list("application").annotate(total=Sum("bytes")).order_by("-total")
        clear = links.filter(patient_messages__gt=0).values_list("application").annotate(total=Sum("patient_messages"))
        told |= {"applications": dict(remembered(volumes, of)), "patient_data": dict(remembered(clear, of))}
    return told


@operation(router, "GET", "/events", Action.DEVICE_VIEW, response=EventPart)
def events(request: HttpRequest, wanted: Query[Wanted]) -> Any:
    """What changed of what devices are."""
    record(request, Action.DEVICE_LIST, what={"events": True, "by": "api"})
    if not WORKSPACE.exists:
        return {"items": [], "complete": True}
    with Registry.open(WORKSPACE.registry_path) as registry:
        found = [event.document() for event in registry.events(wanted.site or None)]
    rows = visible(request.user, Action.DEVICE_VIEW, Device.objects.all())
    seen = set(rows.values_list("pk", flat=True))
    if wanted.since is not None:
        moment = wanted.since if wanted.since.tzinfo else wanted.since.replace(tzinfo=UTC)
        found = [one for one in found if datetime.fromisoformat(one["at"]) >= moment]
    fitting = sorted((one for one in found if one["device"] in seen), key=lambda one: str(one["at"]))
    return {"items": fitting[-wanted.limit :], "complete": len(fitting) <= wanted.limit}
