"""How the installation does, as the page and the API tell it: sensor, data, ledger, jobs, disk, backup."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from django.db.models import Count, Min
from django.utils import timezone

from asepsis.ledger import LedgerError
from asepsis.pipeline import reports
from asepsis.web.devices.models import Freshness
from asepsis.web.jobs.models import Job
from asepsis.web.keeping.backup import LAST_NAME
from asepsis.web.ledger.examine import latest
from asepsis.web.ledger.models import Examination, OutboxRecord
from asepsis.web.ledger.opened import ledger
from asepsis.web.settings import CONFIGURATION, WORKSPACE
from asepsis.web.webhooks.models import Delivery

ERRORS_SHOWN: Final = 50
# The sensor says something every two seconds; a busy machine may make it wait for the database.
SILENT_AFTER: Final = timedelta(seconds=60)
DAY: Final = timedelta(hours=24)


def sensor(now: datetime) -> dict[str, Any] | None:
    """The live capture; None where none is set and none ever ran."""
    jobs = Job.objects.filter(kind=Job.SENSOR)
    job = jobs.first()
    if job is None:
        return (
            {**_SILENT, "state": "missing", "message": "it has not begun"} if CONFIGURATION.sensor.interface else None
        )
    said = job.result
    heard = datetime.fromisoformat(said["at"]) if isinstance(said.get("at"), str) else job.begun
    state = str(job.state)
    if job.state == Job.State.RUNNING and heard is not None and now - heard > SILENT_AFTER:
        state = "silent"
    packets, drops = int(said.get("packets", 0)), int(said.get("drops", 0))
    if "captures" in said:  # it has ended, and this is its report
        packets = sum(one["packets"] for one in said["captures"])
    return {
        "state": state,
        "message": job.message,
        "heard": heard,
        "packets": packets,
        "drops": drops,
        "drop_share": drops / (packets + drops) if packets + drops else 0.0,
        "ring_share": float(said.get("ring_share", 0.0)),
        "waiting_bytes": int(said.get("waiting_bytes", 0)),
        "failures_in_a_day": jobs.filter(state=Job.State.FAILED, ended__gte=now - DAY).count(),
    }


_SILENT: Final[dict[str, Any]] = {
    "heard": None,
    "packets": 0,
    "drops": 0,
    "drop_share": 0.0,
    "ring_share": 0.0,
    "waiting_bytes": 0,
    "failures_in_a_day": 0,
}


def ledger_state() -> dict[str, Any]:
    """How old the head of the ledger is, its latest checkpoint, and what the witness said last."""
    try:
        size = ledger().size()
        entry = ledger().entry(size - 1) if size else None
        kept = ledger().checkpoints(1)
    except LedgerError as error:
        return {**_NO_LEDGER, "fault": error.message, "waiting": OutboxRecord.objects.count()}
    witnessed = latest(Examination.Kind.WITNESS)
    record = entry.record if entry is not None else None
    return {
        "fault": "",
        "size": size,
        "head": _moment(record.time_ns) if record is not None else None,
        "checkpoint": _moment(kept[0][1]) if kept else None,
        "checkpoint_size": kept[0][0].size if kept else 0,
        "has_witness": bool(CONFIGURATION.ledger.witness),
        "witnessed": witnessed.ended if witnessed is not None else None,
        "witness_state": str(witnessed.state) if witnessed is not None else "",
        "waiting": OutboxRecord.objects.count(),
    }


_NO_LEDGER: Final[dict[str, Any]] = {
    "size": 0,
    "head": None,
    "checkpoint": None,
    "checkpoint_size": 0,
    "has_witness": False,
    "witnessed": None,
    "witness_state": "",
}


def ages() -> list[dict[str, Any]]:
    """How old what is known of each site is."""
    return [
        {"site": age.site.name, "devices": age.devices, "seen_until": age.seen_until, "refreshed": age.refreshed}
        for age in Freshness.objects.select_related("site")
    ]


def coverage() -> dict[str, Any]:
    """What could be read of all captures, whoever analysed them, and by which reason others could not."""
    packets = decoded = 0
    reasons: Counter[str] = Counter()
    errors: list[str] = []
    kept = reports.latest(WORKSPACE)
    names = _names()
    for one in kept:
        packets += one.capture["packets"]
        decoded += one.capture["decoded"]
        reasons.update(one.capture["undecoded"])
        if one.capture.get("error"):
            path = str(one.capture["path"])
            name = names.get(path, Path(path).name)
            errors.append(f"{name}: {str(one.capture['error']).replace(path, name)}")
    return {
        "captures": len(kept),
        "packets": packets,
        "decoded": decoded,
        "share": decoded / packets if packets else None,
        "reasons": dict(reasons.most_common()),
        "errors": errors[:ERRORS_SHOWN],
        "latest": kept[0].at if kept else None,
    }


def _names() -> dict[str, str]:
    """The names under which people sent captures, by where these lie: the latter says nothing to anybody."""
    given = Job.objects.filter(kind=Job.ANALYSIS).values_list("arguments", flat=True)
    return {
        path: name
        for arguments in given
        for path, name in zip(arguments.get("paths", ()), arguments.get("names", ()), strict=False)
    }


def jobs() -> dict[str, Any]:
    """How many jobs are in which state, and since when the oldest waits."""
    counted = dict(Job.objects.order_by().values_list("state").annotate(count=Count("pk")))
    waiting = Job.objects.filter(state=Job.State.WAITING).aggregate(since=Min("created"))["since"]
    return {"states": {str(state): count for state, count in counted.items()}, "waiting_since": waiting}


def disk() -> dict[str, int] | None:
    """Bytes of the disk that the workspace lies on."""
    if not WORKSPACE.root.is_dir():
        return None
    usage = shutil.disk_usage(WORKSPACE.root)
    return {"total_bytes": usage.total, "used_bytes": usage.used, "free_bytes": usage.free}


def last_backup() -> datetime | None:
    """When the workspace was last written to a backup; None where never."""
    try:
        said = json.loads((WORKSPACE.root / LAST_NAME).read_text(encoding="utf-8"))
        return datetime.fromisoformat(said["at"])
    except (OSError, ValueError, TypeError, KeyError):
        return None


def webhooks_given_up() -> int:
    """Deliveries of the last day that no receiver took."""
    return Delivery.objects.filter(state=Delivery.State.DEAD, ended__gte=timezone.now() - DAY).count()


def _moment(time_ns: int) -> datetime:
    return datetime.fromtimestamp(time_ns // 1_000_000_000, UTC)
