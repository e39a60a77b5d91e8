"""Roles, break-glass and reasons by the API."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema, Status
from pydantic import ConfigDict, WithJsonSchema

from asepsis.web.api.operations import asker, checked, choices_of, decided, operation
from asepsis.web.api.paging import LIMIT, LIMIT_MOST, Column, page
from asepsis.web.api.problems import ProblemError
from asepsis.web.authorisation.accesses import read_accesses
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.break_glass import close_glass, close_review, open_glass, reach
from asepsis.web.authorisation.decide import visible
from asepsis.web.authorisation.forms import BreakGlassForm, ReviewForm, RoleForm, WhyForm
from asepsis.web.authorisation.models import AdministratorProposal, BreakGlassUse
from asepsis.web.authorisation.patients import NUMBER_LIMIT
from asepsis.web.authorisation.roles import decide_on, give_role, take_back
from asepsis.web.authorisation.views import answer, asked_of
from asepsis.web.ledger.record import record
from asepsis.web.people.api import GrantOut, reach_person, shown_grant
from asepsis.web.people.models import Role, RoleGrant

State = Annotated[AdministratorProposal.State, WithJsonSchema(choices_of(AdministratorProposal.State))]

router = Router(tags=["access"])

ORDER: Final = (Column(name="opened", descending=True, is_time=True), Column(name="id", descending=True))
PROPOSALS_ORDER: Final = (Column(name="proposed", descending=True, is_time=True), Column(name="id", descending=True))
MOST: Final = 2**53
TEXT_LIMIT: Final = 200


class GivenOut(Schema):
    """What became of a role that was to be given."""

    grant: GrantOut | None = Field(description="Null where it was proposed, and a second person approves.")


class RoleIn(Schema):
    """A role to give."""

    model_config = ConfigDict(extra="forbid")

    role: Role
    place: str = Field("", max_length=60, description="'site/ID' or 'department/ID'; empty for the whole hospital.")
    device_group: int | None = Field(None, ge=1, le=MOST, description="Of a vendor.")
    patient: str = Field("", max_length=NUMBER_LIMIT, description="Of a patient: the number; a keyed hash is kept.")
    expires: datetime | None = None


class ProposalOut(Schema):
    """Somebody who was proposed as an administrator, or as the patient of an account."""

    id: UUID
    person: UUID
    name: str
    proposer: UUID
    role: Role
    site: str | None
    department: str | None
    expires: datetime | None
    state: State
    proposed: datetime


class ProposalPage(Schema):
    """A part of those who wait, newest first."""

    items: list[ProposalOut]
    next: str | None = None


class ApprovalIn(Schema):
    """What becomes of a proposal."""

    model_config = ConfigDict(extra="forbid")

    approve: bool


class UseOut(Schema):
    """One use of break-glass."""

    id: UUID
    person: str
    device: str
    site: str
    reason: BreakGlassUse.Reason
    explanation: str
    opened: datetime
    until: datetime
    ended: datetime | None
    is_open: bool
    patient: str = Field(description="The pseudonym of whose data the device's are; empty where nobody said.")
    reviewed: datetime | None
    reviewed_by: str | None
    finding: str
    remark: str


class UsePage(Schema):
    """A part of the uses, newest first."""

    items: list[UseOut]
    next: str | None = None


class GlassIn(Schema):
    """Which device, and why it cannot wait."""

    model_config = ConfigDict(extra="forbid")

    device: str = Field(max_length=64)
    reason: BreakGlassUse.Reason
    explanation: str = Field(max_length=1000, description="At least 20 letters. Name no patient.")
    patient: str = Field("", max_length=NUMBER_LIMIT, description="The patient's number; only a keyed hash is kept.")


class ReviewIn(Schema):
    """What the review found."""

    model_config = ConfigDict(extra="forbid")

    finding: BreakGlassUse.Finding
    remark: str = Field("", max_length=1000)


class AccessOut(Schema):
    """One entry of the ledger that names you."""

    at: datetime
    roles: list[str] = Field(description="Of who did it; empty for somebody without one.")
    yourself: bool
    act: str
    purpose: str
    outcome: str
    break_glass: bool
    reason: str = Field(description="Why the glass was broken; empty where it was not.")
    review: str


class AccessPage(Schema):
    """A part of what the ledger says about you, newest first."""

    items: list[AccessOut]
    next: str | None = None


class Wanted(Schema):
    """Which part of a list."""

    cursor: str = ""
    limit: int = Field(LIMIT, ge=1, le=LIMIT_MOST)


class WhyAsked(Schema):
    """Who may do what to what."""

    action: Action
    person: UUID | None = Field(None, description="Yourself where nobody is named.")
    device: str = Field("", max_length=64, description="Its id or address; nothing asks about any.")


class PolicyOut(Schema):
    """A policy, as an auditor finds it in its file."""

    id: str
    says: str
    file: str
    line: int


class ReasonOut(Schema):
    """An answer, what decided it, and what would make it another."""

    allowed: bool
    policies: list[PolicyOut]
    fault: str
    remedy: str
    purposes: list[str]
    roles: list[str]


@operation(
    router,
    "POST",
    "/people/{person_id}/roles",
    Action.ROLE_GRANT,
    response=GivenOut,
    status=201,
    example={"role": "clinical_engineer", "place": "site/1"},
)
def give(request: HttpRequest, person_id: UUID, wanted: RoleIn) -> Any:
    """Give a role; those of an administrator and of a patient are proposed."""
    person = reach_person(request, person_id)
    given = wanted.model_dump(mode="json", exclude_none=True)
    made = give_role(request, person, checked(RoleForm(given, person=person)))
    return Status(201, {"grant": None if made is None else shown_grant(made)})


@operation(router, "DELETE", "/roles/{grant_id}", Action.ROLE_WITHDRAW, response=None, status=204)
def withdraw(request: HttpRequest, grant_id: int) -> Any:
    """Take a role back."""
    if not 0 < grant_id < MOST or not RoleGrant.objects.filter(pk=grant_id).exists():
        raise ProblemError(404, "nothing is here, or nothing that you may see")
    if kept_because := take_back(request, grant_id):
        raise ProblemError(409, kept_because)
    return Status(204, None)


@operation(router, "GET", "/administrator-proposals", Action.PERSON_LIST, response=ProposalPage)
def proposals(request: HttpRequest, wanted: Query[Wanted]) -> Any:
    """Who waits to become an administrator or a patient, as far as you may decide."""
    rows = AdministratorProposal.objects.filter(state=AdministratorProposal.State.WAITING)
    seen = visible(request.user, Action.ADMINISTRATOR_APPROVE, rows).select_related("person", "site", "department")
    record(request, Action.PERSON_LIST, what={"administrator_proposals": True, "by": "api"})
    return page(seen, PROPOSALS_ORDER, cursor=wanted.cursor, limit=wanted.limit, shown=_proposal)


@operation(
    router,
    "POST",
    "/administrator-proposals/{proposal_id}/decision",
    Action.ADMINISTRATOR_APPROVE,
    response=ProposalOut,
    example={"approve": True},
)
def decide(request: HttpRequest, proposal_id: UUID, wanted: ApprovalIn) -> Any:
    """Approve or decline an administrator, or the patient of an account, whom another person proposed."""
    return _proposal(decide_on(request, proposal_id, approve=wanted.approve))


@operation(router, "GET", "/break-glass", Action.BREAK_GLASS_VIEW, response=UsePage)
def uses(request: HttpRequest, wanted: Query[Wanted]) -> Any:
    """The uses of break-glass that you may see."""
    rows = BreakGlassUse.objects.select_related("person", "site", "reviewed_by")
    seen = visible(request.user, Action.BREAK_GLASS_VIEW, rows)
    return page(seen, ORDER, cursor=wanted.cursor, limit=wanted.limit, shown=_use)


@operation(
    router,
    "POST",
    "/break-glass",
    Action.BREAK_GLASS,
    response=UseOut,
    status=201,
    example={
        "device": "10.40.20.31",
        "reason": "ETREAT",
        "explanation": "The pump alarms and nobody can be asked.",
    },
)
def open_(request: HttpRequest, wanted: GlassIn) -> Any:
    """Open one device for an hour; the privacy office is told."""
    return Status(201, _use(open_glass(request, checked(BreakGlassForm(wanted.model_dump(mode="json"))))))


@operation(router, "GET", "/break-glass/{use_id}", Action.BREAK_GLASS_VIEW, response=UseOut)
def use(request: HttpRequest, use_id: UUID) -> Any:
    """One use of break-glass."""
    return _use(reach(request, use_id))


@operation(router, "POST", "/break-glass/{use_id}/end", Action.BREAK_GLASS_END, response=UseOut)
def end(request: HttpRequest, use_id: UUID) -> Any:
    """End a use before its hour is over."""
    close_glass(request, reach(request, use_id))
    return _use(reach(request, use_id))


@operation(
    router,
    "POST",
    "/break-glass/{use_id}/review",
    Action.BREAK_GLASS_REVIEW,
    response=UseOut,
    example={"finding": "justified", "remark": "Asked the ward."},
)
def review(request: HttpRequest, use_id: UUID, wanted: ReviewIn) -> Any:
    """Close a use with a finding; never your own."""
    found = reach(request, use_id)
    decided(request, Action.BREAK_GLASS_REVIEW, found)
    form = checked(ReviewForm(wanted.model_dump(mode="json")))
    if found.is_open():
        raise ProblemError(409, "it is still open: end it first, or wait until its hour is over")
    if not close_review(request, found, form):
        raise ProblemError(409, "somebody reviewed it before")
    return _use(reach(request, use_id))


@operation(router, "GET", "/my-accesses", Action.ACCESS_LIST, response=AccessPage)
def my_accesses(request: HttpRequest, wanted: Query[Wanted]) -> Any:
    """Who looked at your data, by role: for patients."""
    if wanted.cursor and not (wanted.cursor.isascii() and wanted.cursor.isdigit() and len(wanted.cursor) < 19):
        raise ProblemError(400, "the cursor is none: take it from 'next' of the page before")
    found, further = read_accesses(
        request, before=int(wanted.cursor) if wanted.cursor else None, limit=wanted.limit, by="api"
    )
    return {"items": [dataclasses.asdict(one) for one in found], "next": None if further is None else str(further)}


@operation(router, "GET", "/why", Action.EXPLAIN, response=ReasonOut)
def why(request: HttpRequest, wanted: Query[WhyAsked]) -> Any:
    """Why somebody may or may not do something, and what would change that."""
    given = {"action": wanted.action.value, "device": wanted.device, "person": str(wanted.person or "")}
    form = checked(WhyForm(given, people=asked_of(asker(request))))
    found = answer(request, form)
    explanation = found["explanation"]
    policies = explanation.decision.policies
    return {
        "allowed": explanation.decision.allowed,
        "policies": [{"id": one.id, "says": one.says, "file": one.file, "line": one.line} for one in policies],
        "fault": explanation.decision.fault,
        "remedy": found["remedy"],
        "purposes": [str(one) for one in explanation.purposes],
        "roles": [str(one) for one in explanation.roles],
    }


def _proposal(one: AdministratorProposal) -> dict[str, Any]:
    names = ("id", "expires", "role", "state", "proposed")
    return {
        **{name: getattr(one, name) for name in names},
        "person": one.person_id,
        "name": one.person.name,
        "proposer": one.proposer_id,
        "site": one.site.name if one.site is not None else None,
        "department": one.department.name if one.department is not None else None,
    }


def _use(one: BreakGlassUse) -> dict[str, Any]:
    names = ("id", "reason", "explanation", "opened", "until", "ended", "reviewed", "finding", "remark", "patient")
    return {
        **{name: getattr(one, name) for name in names},
        "is_open": one.is_open(),
        "person": one.person.username,
        "device": one.device_id,
        "site": one.site.name,
        "reviewed_by": one.reviewed_by.username if one.reviewed_by is not None else None,
    }
