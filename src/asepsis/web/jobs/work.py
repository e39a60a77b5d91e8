"""The jobs themselves: what the queue calls, and how each says how far it is."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

from django.db import transaction
from django.utils import timezone
from django_tasks import task

from asepsis.kernel.errors import AsepsisError
from asepsis.pipeline.analyze import analyze
from asepsis.pipeline.report import Progress
from asepsis.web.devices.projection import refresh
from asepsis.web.jobs.models import Job
from asepsis.web.settings import WORKSPACE
from asepsis.web.webhooks.announcing import announce
from asepsis.web.webhooks.models import Event

# Progress is written so often and not more: each is a commit.
SECONDS_BETWEEN: Final = 1.0


class CancelledError(Exception):
    """Somebody asked a job to end; it leaves the analysis by this way, which keeps nothing of the capture."""


@task()
def analyze_captures(job_id: str) -> None:
    """Analyses the files of a job into the workspace, then brings the rows of devices up to date."""
    job = Job.objects.get(pk=job_id)
    if job.cancel_asked:
        end(job, Job.State.CANCELLED, "cancelled before it began", {})
        return
    begin(job)
    written = 0.0
    names: dict[str, str] = dict(zip(job.arguments["paths"], job.arguments.get("names", ()), strict=False))

    def said(progress: Progress) -> None:
        nonlocal written
        if time.monotonic() - written < SECONDS_BETWEEN:
            return
        written = time.monotonic()
        fraction = progress.bytes_done / progress.bytes_total if progress.bytes_total else 0.0
        advance(job, fraction, f"{progress.packets:,} packets")
        if Job.objects.filter(pk=job.pk, cancel_asked=True).exists():
            raise CancelledError

    try:
        report = analyze(
            [Path(path) for path in job.arguments["paths"]],
            workspace=WORKSPACE,
            site=job.arguments["site"],
            progress=said,
        )
        advance(job, 0.99, "bringing the list of devices up to date")
        refreshed = refresh(WORKSPACE)
    except CancelledError:
        end(job, Job.State.CANCELLED, "cancelled", {})
        return
    except AsepsisError as error:
        end(job, Job.State.FAILED, _by_name(error.message, names), {"code": error.code, "hint": error.hint})
        return
    except Exception:
        end(job, Job.State.FAILED, "an error that should not happen; the log says more", {})
        raise
    document = report.document()
    for capture in document["captures"]:
        # The name under which it was stored says nothing to anybody.
        capture["path"] = names.get(capture["path"], capture["path"])
        if capture["error"]:
            capture["error"] = _by_name(capture["error"], names)
    broken = [one for one in document["captures"] if one["error"]]
    state = Job.State.FAILED if broken and len(broken) == len(document["captures"]) else Job.State.DONE
    message = broken[0]["error"] if state == Job.State.FAILED else f"{refreshed.devices} devices"
    end(job, state, message, document)


def _by_name(text: str, names: dict[str, str]) -> str:
    for path, name in names.items():
        text = text.replace(path, name)
    return text


def begin(job: Job) -> None:
    """Marks a job as running."""
    Job.objects.filter(pk=job.pk).update(state=Job.State.RUNNING, begun=timezone.now(), fraction=0.0)


def advance(job: Job, fraction: float, message: str) -> None:
    """Says how far a job is."""
    Job.objects.filter(pk=job.pk).update(fraction=min(max(fraction, 0.0), 1.0), message=message[:300])


def end(job: Job, state: str, message: str, result: dict[str, Any]) -> None:
    """Says how a job ended."""
    fields: dict[str, Any] = {"state": state, "message": message[:300], "result": result, "ended": timezone.now()}
    if state == Job.State.DONE:
        fields["fraction"] = 1.0
    with transaction.atomic():
        Job.objects.filter(pk=job.pk).update(**fields)
        announce(Event.JOB_ENDED, {"job": str(job.pk), "kind": job.kind, "state": str(state)})
