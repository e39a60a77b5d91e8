"""Changes of identity and the state of the installation by the API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from django.db.models import Count, Max
from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from asepsis import __version__
from asepsis.pipeline.registry import Registry
from asepsis.web.api.operations import operation
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import visible
from asepsis.web.devices.api import EventOut
from asepsis.web.devices.models import Device
from asepsis.web.jobs.models import Job
from asepsis.web.ledger.record import record
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


class HealthOut(Schema):
    """How the installation is, and how old what it knows is."""

    version: str
    devices: int
    seen_until: datetime | None
    jobs_waiting: int
    jobs_running: int
    jobs_failed: int
    sensor: str | None = Field(description="What the sensor last said; null without one.")
    packets: int | None
    drops: int | None


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


@operation(router, "GET", "/health", Action.HEALTH_VIEW, response=HealthOut)
def health(request: HttpRequest) -> Any:
    """How the installation is."""
    devices = visible(request.user, Action.DEVICE_LIST, Device.objects.order_by())
    figures = devices.aggregate(devices=Count("id"), seen_until=Max("last_seen"))
    counted = dict(Job.objects.order_by().values_list("state").annotate(Count("id")))
    sensor = Job.objects.filter(kind=Job.SENSOR).first()
    return {
        **figures,
        "version": __version__,
        "jobs_waiting": counted.get(Job.State.WAITING, 0),
        "jobs_running": counted.get(Job.State.RUNNING, 0),
        "jobs_failed": counted.get(Job.State.FAILED, 0),
        "sensor": sensor.message if sensor is not None else None,
        "packets": sensor.result.get("packets") if sensor is not None else None,
        "drops": sensor.result.get("drops") if sensor is not None else None,
    }
