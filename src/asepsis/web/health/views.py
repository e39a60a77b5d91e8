"""How the installation itself does: how old its data are, what could not be read, which jobs failed, how full it is."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from asepsis.kernel.time import SECOND_NS
from asepsis.pipeline.registry import Registry
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.routes import requires
from asepsis.web.charts import Counted
from asepsis.web.devices.models import Freshness
from asepsis.web.health import state
from asepsis.web.overview.templatetags.words import size, words
from asepsis.web.settings import WORKSPACE

CAPTURES_SHOWN: Final = 50
REASONS_SHOWN: Final = 12


@requires(Action.HEALTH_VIEW)
def health(request: HttpRequest) -> HttpResponse:
    """Everything that tells whether what the other pages say can be relied on."""
    now = timezone.now()
    counted, covered, disk = state.jobs(), state.coverage(), state.disk()
    context: dict[str, Any] = {
        "ages": Freshness.objects.select_related("site"),
        "captures": _captures(),
        "disk": disk and {"free": size(disk["free_bytes"]), "total": size(disk["total_bytes"])},
        "jobs": [
            Counted(words=words(name), count=count, tone=_TONES.get(name, ""))
            for name, count in counted["states"].items()
        ],
        "waiting_since": counted["waiting_since"],
        "sensor": state.sensor(now),
        "ledger": state.ledger_state(),
        "backup": state.last_backup(),
        "given_up": state.webhooks_given_up(),
        "covered": covered,
        "packets": covered["packets"],
        "share": covered["share"],
        "reasons": [
            Counted(words=words(name), count=count, tone="warn")
            for name, count in list(covered["reasons"].items())[:REASONS_SHOWN]
        ],
        "errors": covered["errors"],
    }
    if disk:
        # What is kept for the system, or by a quota, cannot be used either.
        context["disk"]["share"] = 1 - disk["free_bytes"] / disk["total_bytes"]
    return render(request, "health/health.html", context)


_TONES: Final = {"failed": "bad", "done": "good", "waiting": "warn", "cancelled": "muted"}


def _captures() -> list[dict[str, Any]]:
    if not WORKSPACE.exists:
        return []
    with Registry.open(WORKSPACE.registry_path) as registry:
        latest = registry.captures()[-CAPTURES_SHOWN:]
    return [
        {
            "site": site,
            "name": Path(entry.path).name,
            "packets": entry.packets,
            "analyzed": datetime.fromtimestamp(entry.analyzed_ns // SECOND_NS, UTC),
            "is_there": Path(entry.path).is_file(),
        }
        for site, entry in reversed(latest)
    ]
