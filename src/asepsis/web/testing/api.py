"""Scans by the API: propose, decide, follow, and take plan and receipt."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal

from django.http import FileResponse, Http404, HttpRequest
from ninja import Field, Query, Router, Schema, Status
from pydantic import ConfigDict

from asepsis.exposure.scanning.plan import Question
from asepsis.kernel.errors import AsepsisError
from asepsis.pipeline.scanning.folder import ScanFolder
from asepsis.web.api.operations import asker, clean, decided, operation
from asepsis.web.api.paging import LIMIT, LIMIT_MOST, Column, page
from asepsis.web.api.problems import ProblemError
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import may, visible
from asepsis.web.facilities.models import Site
from asepsis.web.facilities.reach import sites_of
from asepsis.web.ledger.record import record
from asepsis.web.settings import WORKSPACE
from asepsis.web.testing import scanning
from asepsis.web.testing.models import Scan
from asepsis.web.testing.views import state_of

router = Router(tags=["scans and tests"])

ORDER: Final = (Column(name="created", descending=True, is_time=True), Column(name="id", descending=True))


class QuestionAskedOut(Schema):
    """One question at one port."""

    question: Question
    port: int


class TargetOut(Schema):
    """One device that is asked."""

    device: str
    title: str
    category: str
    ip: str
    mac: str
    questions: list[QuestionAskedOut]
    packets: int
    bytes: int


class ScanOut(Schema):
    """One scan."""

    id: str
    site: str
    reason: str
    plan: str = Field(description="SHA-256 of the plan.")
    state: str = Field(description="proposed, approved, refused, stopped, running, done, violated or failed.")
    packets: int
    targets: list[TargetOut]
    left_out: dict[str, int] = Field(description="Reason to how many devices.")
    proposer: str
    decided_by: str | None
    created: datetime
    decided: datetime | None
    runs_until: datetime | None


class ScanAnswerOut(Schema):
    """What one device answered to one question."""

    device: str
    ip: str
    question: str
    port: int
    at: str
    answer: dict[str, str]


class RunOut(ScanOut):
    """One scan with its run."""

    run: dict[str, Any] = Field(description="How far it is, or what left; empty where nobody has begun.")
    answers: list[ScanAnswerOut]
    may_approve: bool


class ScanPage(Schema):
    """A part of the scans, newest first."""

    items: list[ScanOut]
    next: str | None = None


class ScanIn(Schema):
    """What to propose."""

    model_config = ConfigDict(extra="forbid")

    site: str
    reason: str = Field(min_length=1, max_length=500)
    questions: list[Question] = Field(min_length=1, max_length=len(Question))


class ScanDecisionIn(Schema):
    """What becomes of a scan."""

    model_config = ConfigDict(extra="forbid")

    decision: Literal["approve", "stop"]
    hours: Literal[4, 24, 72] = 24


class Wanted(Schema):
    """Which part of a list."""

    cursor: str = ""
    limit: int = Field(LIMIT, ge=1, le=LIMIT_MOST)


@operation(router, "GET", "/scans", Action.SCAN_VIEW, response=ScanPage)
def scans(request: HttpRequest, wanted: Query[Wanted]) -> Any:
    """The scans that you may see."""
    rows = visible(request.user, Action.SCAN_VIEW, Scan.objects.select_related("site", "proposer", "decided_by"))
    record(request, Action.SCAN_VIEW, what={"list": "scans", "by": "api"})
    return page(rows, ORDER, cursor=wanted.cursor, limit=wanted.limit, shown=_shown)


@operation(
    router,
    "POST",
    "/scans",
    Action.SCAN_PROPOSE,
    response=RunOut,
    status=201,
    example={"site": "main", "reason": "Versions before the audit", "questions": ["tls"]},
)
def propose(request: HttpRequest, wanted: ScanIn) -> Any:
    """Plan a scan of a site as it is now and propose it; nothing is sent."""
    clean(wanted.site, wanted.reason)
    place = site_named(request, wanted.site, Action.SCAN_PROPOSE)
    try:
        scan = scanning.propose(request, place, frozenset(wanted.questions), reason=wanted.reason, by=asker(request))
    except AsepsisError as error:
        raise ProblemError(422, f"{error.message}. {error.hint}") from error
    return Status(201, _with_run(request, scan))


@operation(router, "GET", "/scans/{scan_id}", Action.SCAN_VIEW, response=RunOut)
def one_scan(request: HttpRequest, scan_id: str) -> Any:
    """One scan: whom it asks, how its run stands, and what was answered."""
    scan = _found(request, scan_id)
    record(request, Action.SCAN_VIEW, subject=f"scan:{scan.pk}", site=scan.site.name)
    return _with_run(request, scan)


@operation(
    router,
    "POST",
    "/scans/{scan_id}/decision",
    Action.SCAN_STOP,
    response=RunOut,
    example={"decision": "approve", "hours": 24},
)
def decision(request: HttpRequest, scan_id: str, wanted: ScanDecisionIn) -> Any:
    """Approve a scan that somebody else proposed, or refuse, withdraw or stop one."""
    scan = _found(request, scan_id)
    action = Action.SCAN_APPROVE if wanted.decision == "approve" else Action.SCAN_STOP
    decided(request, action, scan)
    try:
        if action is Action.SCAN_APPROVE:
            scanning.approve(request, scan, by=asker(request), hours=wanted.hours)
        else:
            scanning.stop(request, scan, by=asker(request))
    except AsepsisError as error:
        raise ProblemError(409, f"{error.message}. {error.hint}".strip()) from error
    return _with_run(request, scan)


@operation(router, "GET", "/scans/{scan_id}/{name}.json", Action.SCAN_VIEW, response=None, media=("application/json",))
def scan_file(request: HttpRequest, scan_id: str, name: Literal["plan", "receipt"]) -> Any:
    """The plan or the signed receipt of a scan, as ``asepsis verify receipt`` takes them."""
    scan = _found(request, scan_id)
    folder = ScanFolder(WORKSPACE, scan.pk)
    path = folder.plan_path if name == "plan" else folder.receipt_path
    if not path.exists():
        raise Http404
    record(request, Action.SCAN_VIEW, subject=f"scan:{scan.pk}", what={"file": name}, site=scan.site.name)
    return FileResponse(path.open("rb"), content_type="application/json")


def site_named(request: HttpRequest, name: str, action: Action) -> Site:
    """The site of a name in which the asker may do something.

    Raises:
        ProblemError: There is none.
    """
    place = next((one for one in sites_of(asker(request), action) if one.name == name), None)
    if place is None:
        raise ProblemError(422, "there is no such site, or you have no role for it")
    return place


def _found(request: HttpRequest, scan_id: str) -> Scan:
    clean(scan_id)
    scan = Scan.objects.select_related("site", "proposer", "decided_by").filter(pk=scan_id).first()
    if scan is None or not may(request.user, Action.SCAN_VIEW, scan).allowed:
        raise Http404
    return scan


def _shown(scan: Scan) -> dict[str, Any]:
    names = ("id", "reason", "plan", "packets", "targets", "left_out", "created", "decided", "runs_until")
    return {
        **{name: getattr(scan, name) for name in names},
        "site": scan.site.name,
        "state": state_of(scan)[0],
        "proposer": scan.proposer.username,
        "decided_by": scan.decided_by.username if scan.decided_by is not None else None,
    }


def _with_run(request: HttpRequest, scan: Scan) -> dict[str, Any]:
    return {
        **_shown(scan),
        "run": scanning.run_of(scan),
        "answers": scanning.answers_of(scan),
        "may_approve": may(request.user, Action.SCAN_APPROVE, scan).allowed,
    }
