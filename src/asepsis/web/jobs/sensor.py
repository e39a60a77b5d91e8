"""``python -m asepsis.web.jobs.sensor``: the live capture beside the web, shown as a job with its packets and drops."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import Any, Final

import django

from asepsis.web.children import die_with_parent

# A row is written so often; each is a commit.
SECONDS_BETWEEN: Final = 2.0
# The rows of devices follow what the sensor has found so often.
REFRESH_SECONDS: Final = 60.0


def main() -> None:
    """Captures until SIGTERM; what was captured is kept."""
    die_with_parent()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "asepsis.web.settings")
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    django.setup()
    from django.utils import timezone

    from asepsis.kernel.errors import AsepsisError
    from asepsis.pipeline.report import Progress
    from asepsis.pipeline.watch import watch
    from asepsis.web import logs
    from asepsis.web.devices.projection import refresh
    from asepsis.web.jobs.models import Job
    from asepsis.web.jobs.work import end
    from asepsis.web.settings import CONFIGURATION, WORKSPACE

    logs.configure_own()
    wanted = CONFIGURATION.sensor
    running = Job.objects.filter(kind=Job.SENSOR, state=Job.State.RUNNING)
    running.update(state=Job.State.FAILED, message="it was ended from outside", ended=timezone.now())
    job = Job.objects.create(
        kind=Job.SENSOR, title=f"Sensor on {wanted.interface}", state=Job.State.RUNNING, begun=timezone.now()
    )
    written = refreshed = time.monotonic()
    seen: dict[str, Any] = {"drops": 0}

    def said(progress: Progress) -> None:
        nonlocal written, refreshed
        now = time.monotonic()
        if now - written < SECONDS_BETWEEN:
            return
        written = now
        message = f"{progress.packets:,} packets, {progress.drops:,} dropped, {progress.conversations:,} conversations"
        result = {
            "packets": progress.packets,
            "drops": progress.drops,
            "bytes": progress.bytes_done,
            "waiting_bytes": progress.waiting_bytes,
            "ring_share": progress.ring_share,
            "at": timezone.now().isoformat(),
        }
        seen.update(drops=progress.drops, at=result["at"])
        Job.objects.filter(pk=job.pk).update(message=message, result=result)
        if now - refreshed >= REFRESH_SECONDS:
            refreshed = now
            refresh(WORKSPACE)

    try:
        report = watch(wanted.interface, workspace=WORKSPACE, site=wanted.site, progress=said, stop=lambda: stopping)
    except AsepsisError as error:
        end(job, Job.State.FAILED, error.message, {"code": error.code, "hint": error.hint})
        sys.exit(1)
    except Exception:
        end(job, Job.State.FAILED, "an error that should not happen; the log says more", {})
        raise
    document = report.document()
    end(job, Job.State.DONE, f"{document['captures'][0]['packets']:,} packets", document | seen)


if __name__ == "__main__":
    main()
