"""How the installation does, by the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Count, Max
from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Router, Schema

from asepsis import __version__
from asepsis.web.api.operations import operation
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import visible
from asepsis.web.devices.models import Device
from asepsis.web.health import state
from asepsis.web.overview.api import AgeOut

router = Router(tags=["overview"])


class SensorOut(Schema):
    """The live capture."""

    state: str = Field(description="running, silent (runs, and says nothing), failed, done, or missing.")
    message: str
    heard: datetime | None = Field(description="When it last said something.")
    packets: int
    drops: int = Field(description="Packets that the kernel dropped before us.")
    drop_share: float
    ring_share: float = Field(description="How full the kernel's ring was, 0 to 1.")
    waiting_bytes: int = Field(description="Taken out of the ring and not yet read.")
    failures_in_a_day: int


class LedgerOut(Schema):
    """How the ledger is."""

    fault: str = Field(description="Why it cannot be read; empty when it can.")
    size: int
    head: datetime | None = Field(description="Of the last entry.")
    checkpoint: datetime | None = Field(description="When a signed checkpoint was last kept.")
    checkpoint_size: int
    has_witness: bool
    witnessed: datetime | None
    witness_state: str
    waiting: int = Field(description="Records on their way into it.")


class CoverageOut(Schema):
    """What could be read of all captures."""

    captures: int
    packets: int
    decoded: int
    share: float | None
    reasons: dict[str, int]
    errors: list[str]
    latest: datetime | None


class DiskOut(Schema):
    """The disk of the workspace."""

    total_bytes: int
    used_bytes: int
    free_bytes: int


class HealthOut(Schema):
    """How the installation is, and how old what it knows is."""

    version: str
    devices: int
    seen_until: datetime | None
    ages: list[AgeOut]
    jobs: dict[str, int]
    jobs_waiting_since: datetime | None
    sensor: SensorOut | None
    ledger: LedgerOut
    coverage: CoverageOut
    disk: DiskOut | None
    last_backup: datetime | None
    webhooks_given_up: int


@operation(router, "GET", "/health", Action.HEALTH_VIEW, response=HealthOut)
def health(request: HttpRequest) -> Any:
    """How the installation is."""
    devices = visible(request.user, Action.DEVICE_LIST, Device.objects.order_by())
    counted = state.jobs()
    return {
        **devices.aggregate(devices=Count("id"), seen_until=Max("last_seen")),
        "version": __version__,
        "ages": state.ages(),
        "jobs": counted["states"],
        "jobs_waiting_since": counted["waiting_since"],
        "sensor": state.sensor(timezone.now()),
        "ledger": state.ledger_state(),
        "coverage": state.coverage(),
        "disk": state.disk(),
        "last_backup": state.last_backup(),
        "webhooks_given_up": state.webhooks_given_up(),
    }
