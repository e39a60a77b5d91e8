"""Jobs whose worker was ended in the middle: marked, so that people see it and repeat them."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from asepsis.web.jobs.models import Job
from asepsis.web.webhooks.announcing import announce
from asepsis.web.webhooks.models import Event

REASON = "the server was ended while it ran; repeat it"


def mark_interrupted() -> int:
    """Called before the only worker takes its first job: what runs by the tables has nobody who runs it.

    Returns:
        How many jobs were marked.
    """
    with transaction.atomic():
        # Their rows would stay "running" for ever, as the library does not look for them again.
        DBTaskResult.objects.filter(status="RUNNING").update(status="FAILED", finished_at=timezone.now())
        running = Job.objects.filter(state=Job.State.RUNNING).exclude(kind=Job.SENSOR)
        for job in running:
            announce(Event.JOB_ENDED, {"job": str(job.pk), "kind": job.kind, "state": str(Job.State.FAILED)})
        return running.update(state=Job.State.FAILED, message=REASON, ended=timezone.now())
