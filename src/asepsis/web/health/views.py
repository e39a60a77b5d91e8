"""How the installation itself does: how old its data are, what could not be read, which jobs failed, how full it is."""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from asepsis.kernel.time import SECOND_NS
from asepsis.pipeline.registry import Registry
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.routes import requires
from asepsis.web.charts import Counted
from asepsis.web.devices.models import Freshness
from asepsis.web.jobs.models import Job
from asepsis.web.overview.templatetags.words import size, words
from asepsis.web.settings import WORKSPACE

CAPTURES_SHOWN: Final = 50
JOBS_READ: Final = 200
"""The latest, whose reports are summed."""
REASONS_SHOWN: Final = 12


@requires(Action.HEALTH_VIEW)
def health(request: HttpRequest) -> HttpResponse:
    """Everything that tells whether what the other pages say can be relied on."""
    return render(
        request,
        "health/health.html",
        {
            "ages": Freshness.objects.select_related("site"),
            "captures": _captures(),
            "disk": _disk(),
            "jobs": [
                Counted(words=words(state), count=count, tone=_TONES.get(state, ""))
                for state, count in Job.objects.order_by().values_list("state").annotate(count=Count("pk"))
            ],
            **_coverage(),
        },
    )


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


def _coverage() -> dict[str, Any]:
    """What the reports of the latest jobs say: packets decoded, and by which reason others were not."""
    packets = decoded = 0
    reasons: Counter[str] = Counter()
    errors: list[str] = []
    for result in Job.objects.order_by("-created").values_list("result", flat=True)[:JOBS_READ]:
        for capture in result.get("captures", ()):
            packets += capture["packets"]
            decoded += capture["decoded"]
            reasons.update(capture["undecoded"])
            if capture["error"]:
                errors.append(f"{Path(capture['path']).name}: {capture['error']}")
    return {
        "packets": packets,
        "share": decoded / packets if packets else None,
        "reasons": [
            Counted(words=words(name), count=count, tone="warn") for name, count in reasons.most_common(REASONS_SHOWN)
        ],
        "errors": errors[:CAPTURES_SHOWN],
    }


def _disk() -> dict[str, Any] | None:
    if not WORKSPACE.root.is_dir():
        return None
    usage = shutil.disk_usage(WORKSPACE.root)
    return {"free": size(usage.free), "total": size(usage.total), "share": usage.used / usage.total}
