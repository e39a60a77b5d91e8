"""Pages about jobs: captures are sent here, and each job says how far it is and how it ended."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import may
from asepsis.web.authorisation.routes import requires
from asepsis.web.facilities.reach import sites_of
from asepsis.web.jobs.models import Job
from asepsis.web.jobs.upload import UploadError, accept, begin_analysis
from asepsis.web.ledger.record import record
from asepsis.web.partial import is_partial
from asepsis.web.people.models import Person

SHOWN = 100


def jobs_of(person: Person) -> QuerySet[Job]:
    """The jobs that this person may see: those of their sites, and their own."""
    rows = Job.objects.select_related("started_by", "site")
    return rows.filter(Q(site__in=sites_of(person, Action.DEVICE_LIST)) | Q(site=None) | Q(started_by=person))


def may_change(person: Person, job: Job) -> bool:
    """Whether this person may end and repeat a job: their own, or any as one who runs the installation."""
    if job.started_by_id == person.pk and job.site is not None:
        return may(person, Action.CAPTURE_UPLOAD, job.site).allowed
    if job.started_by_id == person.pk and job.kind == Job.DOCUMENTS and may(person, Action.FEED_MANAGE).allowed:
        return True
    return may(person, Action.JOB_MANAGE).allowed


@requires(Action.JOB_VIEW)
def jobs(request: HttpRequest) -> HttpResponse:
    """The latest jobs, and the way to begin one."""
    person = _person(request)
    context = {
        "jobs": jobs_of(person)[:SHOWN],
        "sites": sites_of(person, Action.CAPTURE_UPLOAD),
    }
    return render(request, "jobs/jobs.html", context)


@requires(Action.JOB_VIEW)
def job(request: HttpRequest, job_id: str) -> HttpResponse:
    """One job; the page renews its state while it runs."""
    shown = get_object_or_404(jobs_of(_person(request)), pk=job_id)
    context = {"job": shown, "may_change": may_change(_person(request), shown)}
    return render(request, "jobs/progress.html" if is_partial(request) else "jobs/job.html", context)


@require_POST
@requires(Action.CAPTURE_UPLOAD)
def upload(request: HttpRequest) -> HttpResponse:
    """Takes captures and begins their analysis."""
    person = _person(request)
    site = next(
        (site for site in sites_of(person, Action.CAPTURE_UPLOAD) if site.name == request.POST.get("site")), None
    )
    if site is None:
        messages.error(request, "Choose a site that you are responsible for.")
        return redirect("jobs")
    what = {"site": site.name}

    def recorded(job: Job) -> None:
        record(request, Action.CAPTURE_UPLOAD, subject=f"job:{job.pk}", what=what)

    try:
        begun = accept(request.FILES.getlist("captures"), site=site, person=person, begun=recorded)
    except UploadError as error:
        messages.error(request, f"{error.message}. {error.hint}")
        return redirect("jobs")
    return redirect("job", begun.pk)


@require_POST
@requires(Action.JOB_VIEW)
def cancel(request: HttpRequest, job_id: str) -> HttpResponse:
    """Asks a job to end."""
    person = _person(request)
    wanted = get_object_or_404(jobs_of(person), pk=job_id)
    if not may_change(person, wanted):
        raise PermissionDenied
    if not wanted.may_be_cancelled:
        raise Http404
    with transaction.atomic():
        Job.objects.filter(pk=wanted.pk).update(cancel_asked=True)
        record(request, Action.JOB_MANAGE, subject=f"job:{wanted.pk}", what={"cancel": True})
    return redirect("job", wanted.pk)


@require_POST
@requires(Action.JOB_VIEW)
def repeat(request: HttpRequest, job_id: str) -> HttpResponse:
    """Begins a new job with what an ended one was given."""
    person = _person(request)
    before = get_object_or_404(jobs_of(person), pk=job_id)
    if not may_change(person, before):
        raise PermissionDenied
    if not before.may_be_repeated or before.site is None:
        raise Http404
    given = before.arguments
    with transaction.atomic():
        begun = begin_analysis(given["paths"], names=given["names"], site=before.site, person=person)
        record(request, Action.JOB_MANAGE, subject=f"job:{begun.pk}", what={"repeats": str(before.pk)})
    return redirect("job", begun.pk)


def _person(request: HttpRequest) -> Person:
    assert isinstance(request.user, Person)  # every view here requires an action
    return request.user
