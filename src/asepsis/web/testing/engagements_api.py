"""Penetration tests and reports of other scanners by the API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from django.http import Http404, HttpRequest
from ninja import Field, File, Form, Query, Router, Schema, Status
from ninja.files import UploadedFile
from pydantic import ConfigDict, WithJsonSchema

from asepsis.exposure.engagement import networks
from asepsis.exposure.reported.report import Tool
from asepsis.kernel.errors import AsepsisError
from asepsis.web.api.operations import asker, choices_of, clean, decided, operation
from asepsis.web.api.paging import Column, page
from asepsis.web.api.problems import ProblemError
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import may, visible
from asepsis.web.ledger.record import record
from asepsis.web.testing import engaging
from asepsis.web.testing.api import Wanted, site_named
from asepsis.web.testing.engagements import device_of, findings_of, report_answer
from asepsis.web.testing.models import Engagement, EngagementFinding
from asepsis.web.testing.reports import age_days, hosts_of, kept_for, take

Severity = Annotated[EngagementFinding.Severity, WithJsonSchema(choices_of(EngagementFinding.Severity))]
FindingState = Annotated[EngagementFinding.State, WithJsonSchema(choices_of(EngagementFinding.State))]

router = Router(tags=["scans and tests"])

ORDER: Final = (Column(name="created", descending=True, is_time=True), Column(name="id", descending=True))
MOST: Final = 200


class ReportOut(Schema):
    """One report of another scanner."""

    digest: str = Field(description="SHA-256 of the file.")
    site: str
    tool: Tool
    name: str
    program: str
    hosts: int
    claims: int
    age_days: int | None = Field(description="Null where the report does not say when it looked.")


class ReportList(Schema):
    """The reports of your sites, the newest first."""

    items: list[ReportOut]


class EngagementClaimOut(Schema):
    """What a report holds against a host."""

    title: str
    severity: str
    port: int
    number: str


class HostOut(Schema):
    """One host of a report and the device that it is."""

    address: str
    device: str = Field(description="Empty where it is none that is known.")
    title: str
    by: str
    services: list[str]
    claims: list[EngagementClaimOut]
    contradictions: list[str] = Field(description="What traffic says otherwise; traffic is believed.")


class WholeReportOut(ReportOut):
    """One report with its hosts."""

    found: list[HostOut]
    problems: list[str]


class TestFindingOut(Schema):
    """Something that a test found."""

    id: int
    title: str
    severity: Severity
    state: FindingState
    device: str | None
    evidence: str
    recommendation: str
    retest: str
    retested: datetime | None


class EngagementOut(Schema):
    """One penetration test."""

    id: UUID
    site: str
    title: str
    testers: str
    networks: list[str]
    do_not_touch: list[str]
    rules: str
    starts: datetime
    ends: datetime
    state: str = Field(description="draft, proposed, approved, closed or refused.")
    summary: str
    proposer: str
    decided_by: str | None
    created: datetime


class WholeEngagementOut(EngagementOut):
    """One penetration test with its findings, the worst first."""

    findings: list[TestFindingOut]
    may_approve: bool


class EngagementPage(Schema):
    """A part of the tests, newest first."""

    items: list[EngagementOut]
    next: str | None = None


class EngagementIn(Schema):
    """The scope of a test."""

    model_config = ConfigDict(extra="forbid")

    site: str
    title: str = Field(min_length=1, max_length=200)
    testers: str = Field(min_length=1, max_length=500)
    networks: list[str] = Field(max_length=MOST)
    do_not_touch: list[str] = Field([], max_length=MOST)
    rules: str = Field("", max_length=8000)
    starts: datetime
    ends: datetime


class EngagementDecisionIn(Schema):
    """What becomes of a proposed test."""

    model_config = ConfigDict(extra="forbid")

    decision: Literal["approve", "refuse"]


class TestFindingIn(Schema):
    """What was found."""

    model_config = ConfigDict(extra="forbid")

    title: str = Field(min_length=1, max_length=200)
    severity: Severity
    evidence: str = Field(min_length=1, max_length=8000)
    recommendation: str = Field("", max_length=4000)
    device: str = Field("", max_length=20)


class FindingStateIn(Schema):
    """What became of a finding."""

    model_config = ConfigDict(extra="forbid")

    state: Literal["fixed", "gone", "stands"]
    seen: str = Field("", max_length=4000, description="What the retest saw.")


class ClosingIn(Schema):
    """The words for the report's first page."""

    model_config = ConfigDict(extra="forbid")

    summary: str = Field("", max_length=8000)


@operation(router, "GET", "/scan-reports", Action.REPORT_VIEW, response=ReportList)
def reports(request: HttpRequest) -> Any:
    """The reports of other scanners for your sites."""
    record(request, Action.REPORT_VIEW, what={"list": "reports", "by": "api"})
    return {"items": [_report(one) for one in kept_for(asker(request))]}


@operation(router, "POST", "/scan-reports", Action.REPORT_IMPORT, response=ReportOut, status=201)
def bring_in(request: HttpRequest, file: File[UploadedFile], site: Form[str], tool: Form[Tool]) -> Any:
    """Bring in a report of Nmap (XML), Nessus (version 2) or SARIF 2.1.0."""
    clean(site)
    place = site_named(request, site, Action.REPORT_IMPORT)
    try:
        kept = take(request, file, tool, place)
    except AsepsisError as error:
        raise ProblemError(422, f"{error.message}. {error.hint}".strip()) from error
    return Status(201, _report(kept))


@operation(router, "GET", "/scan-reports/{digest}", Action.REPORT_VIEW, response=WholeReportOut)
def one_report(request: HttpRequest, digest: str) -> Any:
    """One report: its hosts, the devices that they are, and where traffic says otherwise."""
    found = hosts_of(asker(request), digest)
    if found is None:
        raise Http404
    kept, hosts, problems = found
    record(request, Action.REPORT_VIEW, subject=f"report:{digest[:32]}", site=kept.site)
    return {**_report(kept), "found": hosts, "problems": list(problems)}


@operation(router, "GET", "/engagements", Action.ENGAGEMENT_VIEW, response=EngagementPage)
def engagements(request: HttpRequest, wanted: Query[Wanted]) -> Any:
    """The penetration tests that you may see."""
    rows = Engagement.objects.select_related("site", "proposer", "decided_by")
    record(request, Action.ENGAGEMENT_VIEW, what={"list": "engagements", "by": "api"})
    allowed = visible(request.user, Action.ENGAGEMENT_VIEW, rows)
    return page(allowed, ORDER, cursor=wanted.cursor, limit=wanted.limit, shown=_shown)


@operation(router, "POST", "/engagements", Action.ENGAGEMENT_PROPOSE, response=WholeEngagementOut, status=201)
def propose(request: HttpRequest, wanted: EngagementIn) -> Any:
    """Propose the scope of a penetration test; another person approves it."""
    given = wanted.dict()
    clean(*(one for one in given.values() if isinstance(one, str)), *wanted.networks, *wanted.do_not_touch)
    place = site_named(request, given.pop("site"), Action.ENGAGEMENT_PROPOSE)
    if wanted.starts.tzinfo is None or wanted.ends.tzinfo is None:
        raise ProblemError(422, "times need a zone, such as Z")
    try:
        for name in ("networks", "do_not_touch"):
            given[name] = networks("\n".join(given[name]))
        made = engaging.propose(request, place, by=asker(request), **given)
    except AsepsisError as error:
        raise ProblemError(422, f"{error.message}. {error.hint}".strip()) from error
    return Status(201, _whole(request, made))


@operation(router, "GET", "/engagements/{engagement_id}", Action.ENGAGEMENT_VIEW, response=WholeEngagementOut)
def one_engagement(request: HttpRequest, engagement_id: UUID) -> Any:
    """One penetration test with what it found and what the retest saw."""
    one = _found(request, engagement_id)
    record(request, Action.ENGAGEMENT_VIEW, subject=f"engagement:{one.pk}", site=one.site.name)
    return _whole(request, one)


@operation(
    router,
    "POST",
    "/engagements/{engagement_id}/decision",
    Action.ENGAGEMENT_APPROVE,
    response=WholeEngagementOut,
    example={"decision": "approve"},
)
def decision(request: HttpRequest, engagement_id: UUID, wanted: EngagementDecisionIn) -> Any:
    """Approve or refuse a scope that somebody else proposed."""
    one = _found(request, engagement_id)
    decided(request, Action.ENGAGEMENT_APPROVE, one)
    _try(lambda: engaging.decide(request, one, by=asker(request), approve=wanted.decision == "approve"))
    return _whole(request, one)


@operation(
    router,
    "POST",
    "/engagements/{engagement_id}/findings",
    Action.ENGAGEMENT_WORK,
    response=WholeEngagementOut,
    status=201,
    example={"title": "Default password", "severity": "high", "evidence": "The page of settings opened."},
)
def add_finding(request: HttpRequest, engagement_id: UUID, wanted: TestFindingIn) -> Any:
    """Write down what a test found."""
    one = _found(request, engagement_id)
    decided(request, Action.ENGAGEMENT_WORK, one)
    given = wanted.dict()
    clean(*given.values())
    name = given.pop("device")
    _try(lambda: engaging.add_finding(request, one, by=asker(request), device=device_of(asker(request), name), **given))
    return Status(201, _whole(request, one))


@operation(
    router,
    "POST",
    "/engagements/{engagement_id}/findings/{number}/state",
    Action.ENGAGEMENT_WORK,
    response=WholeEngagementOut,
    example={"state": "gone", "seen": "The password is refused."},
)
def change_finding(request: HttpRequest, engagement_id: UUID, number: int, wanted: FindingStateIn) -> Any:
    """Say that a finding is fixed, or what the retest saw."""
    one = _found(request, engagement_id)
    decided(request, Action.ENGAGEMENT_WORK, one)
    clean(wanted.seen)
    row = one.findings.filter(pk=number).first() if 0 < number < 2**63 else None
    if row is None:
        raise Http404
    _try(lambda: engaging.retest(request, row, by=asker(request), state=wanted.state, seen=wanted.seen))
    return _whole(request, one)


@operation(
    router,
    "POST",
    "/engagements/{engagement_id}/closing",
    Action.ENGAGEMENT_WORK,
    response=WholeEngagementOut,
    example={"summary": "Two findings, both gone."},
)
def close(request: HttpRequest, engagement_id: UUID, wanted: ClosingIn) -> Any:
    """Close a test."""
    one = _found(request, engagement_id)
    decided(request, Action.ENGAGEMENT_WORK, one)
    clean(wanted.summary)
    _try(lambda: engaging.close(request, one, summary=wanted.summary))
    return _whole(request, one)


@operation(
    router,
    "GET",
    "/engagements/{engagement_id}/report.{ending}",
    Action.ENGAGEMENT_VIEW,
    response=None,
    media=("application/pdf", "text/html"),
)
def report_file(request: HttpRequest, engagement_id: UUID, ending: Literal["pdf", "html"]) -> Any:
    """The report of a test, on paper or as a page."""
    one = _found(request, engagement_id)
    record(request, Action.ENGAGEMENT_VIEW, subject=f"engagement:{one.pk}", what={"report": ending}, site=one.site.name)
    return report_answer(one, ending)


def _try(act: Any) -> None:
    try:
        act()
    except AsepsisError as error:
        raise ProblemError(409, f"{error.message}. {error.hint}".strip()) from error


def _found(request: HttpRequest, engagement_id: UUID) -> Engagement:
    one = Engagement.objects.select_related("site", "proposer", "decided_by").filter(pk=engagement_id).first()
    if one is None or not may(request.user, Action.ENGAGEMENT_VIEW, one).allowed:
        raise Http404
    return one


def _report(one: Any) -> dict[str, Any]:
    names = ("digest", "site", "tool", "name", "program", "hosts", "claims")
    return {**{name: getattr(one, name) for name in names}, "age_days": age_days(one)}


_NAMES: Final = (
    *("id", "title", "testers", "networks", "do_not_touch", "rules", "starts", "ends", "state", "summary", "created"),
)


def _shown(one: Engagement) -> dict[str, Any]:
    return {
        **{name: getattr(one, name) for name in _NAMES},
        "site": one.site.name,
        "proposer": one.proposer.username,
        "decided_by": one.decided_by.username if one.decided_by is not None else None,
    }


def _whole(request: HttpRequest, one: Engagement) -> dict[str, Any]:
    names = ("id", "title", "severity", "state", "evidence", "recommendation", "retest", "retested")
    found = [{**{name: getattr(row, name) for name in names}, "device": row.device_id} for row in findings_of(one)]
    return {
        **_shown(one),
        "findings": found,
        "may_approve": may(request.user, Action.ENGAGEMENT_APPROVE, one).allowed,
    }
