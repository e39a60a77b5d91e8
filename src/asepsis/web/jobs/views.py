"""Pages about jobs: which run, how far each is, how it ended."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.routes import requires
from asepsis.web.jobs.models import Job
from asepsis.web.partial import is_partial

SHOWN = 100


@requires(Action.JOB_VIEW)
def jobs(request: HttpRequest) -> HttpResponse:
    """The latest jobs."""
    return render(request, "jobs/jobs.html", {"jobs": Job.objects.select_related("started_by")[:SHOWN]})


@requires(Action.JOB_VIEW)
def job(request: HttpRequest, job_id: str) -> HttpResponse:
    """One job; the page renews its state while it runs."""
    shown = get_object_or_404(Job, pk=job_id)
    return render(request, "jobs/progress.html" if is_partial(request) else "jobs/job.html", {"job": shown})
