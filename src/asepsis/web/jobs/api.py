"""Jobs and captures by the API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from django.db import transaction
from django.http import Http404, HttpRequest
from ninja import Field, File, Form, Query, Router, Schema, Status
from ninja.files import UploadedFile
from pydantic import WithJsonSchema

from asepsis.web.api.operations import asker, choices_of, operation
from asepsis.web.api.paging import LIMIT, LIMIT_MOST, Column, page
from asepsis.web.api.problems import ProblemError
from asepsis.web.authorisation.actions import Action
from asepsis.web.facilities.reach import sites_of
from asepsis.web.jobs.models import Job
from asepsis.web.jobs.upload import UploadError, accept, begin_analysis
from asepsis.web.jobs.views import jobs_of, may_change
from asepsis.web.ledger.record import record

State = Annotated[Job.State, WithJsonSchema(choices_of(Job.State))]

router = Router(tags=["jobs"])

ORDER: Final = (Column(name="created", descending=True, is_time=True), Column(name="id", descending=True))


class JobOut(Schema):
    """A piece of long work."""

    id: UUID
    kind: str
    title: str
    state: State
    fraction: float
    message: str
    site: str | None
    started_by: str | None
    created: datetime
    begun: datetime | None
    ended: datetime | None
    result: dict[str, Any]


class JobPage(Schema):
    """A part of the list, newest first."""

    items: list[JobOut]
    next: str | None = None


class Wanted(Schema):
    """Which jobs."""

    state: State | None = None
    cursor: str = ""
    limit: int = Field(LIMIT, ge=1, le=LIMIT_MOST)


@operation(router, "GET", "/jobs", Action.JOB_VIEW, response=JobPage)
def jobs(request: HttpRequest, wanted: Query[Wanted]) -> Any:
    """The jobs that you may see."""
    rows = jobs_of(asker(request))
    if wanted.state is not None:
        rows = rows.filter(state=wanted.state)
    return page(rows, ORDER, cursor=wanted.cursor, limit=wanted.limit, shown=_shown)


@operation(router, "GET", "/jobs/{job_id}", Action.JOB_VIEW, response=JobOut)
def one_job(request: HttpRequest, job_id: UUID) -> Any:
    """One job and how far it is."""
    return _shown(_found(request, job_id))


@operation(router, "POST", "/captures", Action.CAPTURE_UPLOAD, response=JobOut, status=202)
def upload_captures(request: HttpRequest, captures: File[list[UploadedFile]], site: Form[str]) -> Any:
    """Send captures; a job analyses them."""
    person = asker(request)
    place = next((one for one in sites_of(person, Action.CAPTURE_UPLOAD) if one.name == site), None)
    if place is None:
        raise ProblemError(422, "there is no such site, or you have no role for it")
    what = {"site": place.name, "by": "api"}

    def recorded(job: Job) -> None:
        record(request, Action.CAPTURE_UPLOAD, subject=f"job:{job.pk}", what=what)

    try:
        begun = accept(captures, site=place, person=person, begun=recorded)
    except UploadError as error:
        raise ProblemError(422, f"{error.message}. {error.hint}") from error
    return Status(202, _shown(begun))


@operation(router, "POST", "/jobs/{job_id}/cancel", Action.JOB_VIEW, response=JobOut, status=202)
def cancel(request: HttpRequest, job_id: UUID) -> Any:
    """Ask a job to end."""
    wanted = _changeable(request, job_id)
    if not wanted.may_be_cancelled:
        raise ProblemError(409, "it has ended, or cannot be cancelled")
    with transaction.atomic():
        Job.objects.filter(pk=wanted.pk).update(cancel_asked=True)
        record(request, Action.JOB_MANAGE, subject=f"job:{wanted.pk}", what={"cancel": True, "by": "api"})
    return Status(202, _shown(wanted))


@operation(router, "POST", "/jobs/{job_id}/repeat", Action.JOB_VIEW, response=JobOut, status=202)
def repeat(request: HttpRequest, job_id: UUID) -> Any:
    """Do again what a failed or cancelled job was to do."""
    person = asker(request)
    before = _changeable(request, job_id)
    if not before.may_be_repeated or before.site is None:
        raise ProblemError(409, "it has not failed, or cannot be repeated")
    given = before.arguments
    with transaction.atomic():
        begun = begin_analysis(given["paths"], names=given["names"], site=before.site, person=person)
        what = {"repeats": str(before.pk), "by": "api"}
        record(request, Action.JOB_MANAGE, subject=f"job:{begun.pk}", what=what)
    return Status(202, _shown(begun))


def _found(request: HttpRequest, job_id: UUID) -> Job:
    found = jobs_of(asker(request)).filter(pk=job_id).first()
    if found is None:
        raise Http404
    return found


def _changeable(request: HttpRequest, job_id: UUID) -> Job:
    found = _found(request, job_id)
    if not may_change(asker(request), found):
        raise ProblemError(403, "your roles do not allow it")
    return found


def _shown(job: Job) -> dict[str, Any]:
    names = ("id", "kind", "title", "state", "fraction", "message", "created", "begun", "ended", "result")
    return {
        **{name: getattr(job, name) for name in names},
        "site": job.site.name if job.site is not None else None,
        "started_by": job.started_by.username if job.started_by is not None else None,
    }
