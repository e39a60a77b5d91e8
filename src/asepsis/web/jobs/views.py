"""Pages about jobs: captures are sent here, and each job says how far it is and how it ended."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import may
from asepsis.web.authorisation.routes import requires
from asepsis.web.facilities.models import Site
from asepsis.web.jobs.models import Job
from asepsis.web.jobs.upload import UploadError, accept, begin_analysis, sites_for
from asepsis.web.ledger.record import record
from asepsis.web.partial import is_partial
from asepsis.web.people.models import Person

SHOWN = 100


def jobs_of(person: Person) -> QuerySet[Job]:
    """The jobs that this person may see: those of their sites, and their own."""
    rows = Job.objects.select_related("started_by", "site")
    seen = [site for site in Site.objects.all() if may(person, Action.DEVICE_LIST, site).allowed]
    return rows.filter(Q(site__in=seen) | Q(site=None) | Q(started_by=person))


@requires(Action.JOB_VIEW)
def jobs(request: HttpRequest) -> HttpResponse:
    """The latest jobs, and the way to begin one."""
    person = _person(request)
    context = {
        "jobs": jobs_of(person)[:SHOWN],
        "sites": sites_for(person) if may(person, Action.CAPTURE_UPLOAD).allowed else [],
    }
    return render(request, "jobs/jobs.html", context)


@requires(Action.JOB_VIEW)
def job(request: HttpRequest, job_id: str) -> HttpResponse:
    """One job; the page renews its state while it runs."""
    shown = get_object_or_404(jobs_of(_person(request)), pk=job_id)
    may_change = may(request.user, Action.CAPTURE_UPLOAD).allowed
    context = {"job": shown, "may_change": may_change}
    return render(request, "jobs/progress.html" if is_partial(request) else "jobs/job.html", context)


@require_POST
@requires(Action.CAPTURE_UPLOAD)
def upload(request: HttpRequest) -> HttpResponse:
    """Takes captures and begins their analysis."""
    person = _person(request)
    site = next((site for site in sites_for(person) if site.name == request.POST.get("site")), None)
    if site is None:
        messages.error(request, "Choose a site that you are responsible for.")
        return redirect("jobs")
    try:
        begun = accept(request.FILES.getlist("captures"), site=site, person=person)
    except UploadError as error:
        messages.error(request, f"{error.message}. {error.hint}")
        return redirect("jobs")
    record(request, Action.CAPTURE_UPLOAD, subject=f"job:{begun.pk}", what={"site": site.name})
    return redirect("job", begun.pk)


@require_POST
@requires(Action.CAPTURE_UPLOAD)
def cancel(request: HttpRequest, job_id: str) -> HttpResponse:
    """Asks a job to end."""
    wanted = get_object_or_404(jobs_of(_person(request)), pk=job_id)
    if not wanted.may_be_cancelled:
        raise Http404
    Job.objects.filter(pk=wanted.pk).update(cancel_asked=True)
    record(request, Action.CAPTURE_UPLOAD, subject=f"job:{wanted.pk}", what={"cancel": True})
    return redirect("job", wanted.pk)


@require_POST
@requires(Action.CAPTURE_UPLOAD)
def repeat(request: HttpRequest, job_id: str) -> HttpResponse:
    """Begins a new job with what an ended one was given."""
    person = _person(request)
    before = get_object_or_404(jobs_of(person), pk=job_id)
    if not before.may_be_repeated or before.site not in sites_for(person):
        raise Http404
    assert before.site is not None
    given = before.arguments
    begun = begin_analysis(given["paths"], names=given["names"], site=before.site, person=person)
    record(request, Action.CAPTURE_UPLOAD, subject=f"job:{begun.pk}", what={"repeats": str(before.pk)})
    return redirect("job", begun.pk)


def _person(request: HttpRequest) -> Person:
    assert isinstance(request.user, Person)  # every view here requires an action
    return request.user
