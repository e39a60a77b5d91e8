"""The plan by the API: work and how far it is, tickets and their states, risks that people live with, idle hours."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Query, Router, Schema, Status
from pydantic import ConfigDict, StringConstraints, WithJsonSchema

from asepsis.exposure.plan.tickets import Progress, Said
from asepsis.kernel.errors import AsepsisError
from asepsis.web.api.operations import asker, choices_of, clean, decided, operation
from asepsis.web.api.paging import LIMIT, LIMIT_MOST, Column, page
from asepsis.web.api.problems import ProblemError
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import visible
from asepsis.web.devices.models import Device
from asepsis.web.ledger.record import record
from asepsis.web.plan.deciding import decide, propose, say, take_states
from asepsis.web.plan.exporting import as_file
from asepsis.web.plan.models import Acceptance, PlanDevice, PlanItem
from asepsis.web.plan.reading import devices_seen, idle_of, items_seen, narrowed, risk_of
from asepsis.web.settings import CONFIGURATION

router = Router(tags=["plan"])

ORDER: Final = (Column(name="place"), Column(name="id"))
BY_ID: Final = (Column(name="id"),)
ACCEPTANCES_ORDER: Final = (Column(name="proposed", descending=True, is_time=True), Column(name="id", descending=True))
DEVICES_MOST: Final = 1000
"""Of one piece of work in one answer; the export has all of them."""
STATES_MOST: Final = 1000

State = Annotated[Acceptance.State, WithJsonSchema(choices_of(Acceptance.State))]
Ticket = Annotated[str, StringConstraints(max_length=100)]


class ItemOut(Schema):
    """One piece of work."""

    id: str
    place: int | None
    site: str
    action: str
    kind: str
    title: str
    who: str
    product: str
    hours: float
    removed: float
    per_hour: float
    devices: int
    lower_tier: int
    sustains_life: bool
    state: str
    state_why: str
    ticket: str


class PlanPage(Schema):
    """A part of the plan, and what all of it comes to."""

    items: list[ItemOut]
    next: str | None = None
    made: datetime | None
    risk: float | None
    share_of_best: float | None


class PromiseOut(Schema):
    """What a piece of work promises for one device."""

    device: str
    before: float
    after: float
    tier_before: str
    tier_after: str


class RemedyOut(Schema):
    """A publisher's words."""

    advisory: str
    category: str
    words: str


class FullItemOut(ItemOut):
    """One piece of work with its reasons and devices."""

    why: list[str]
    remedies: list[RemedyOut]
    promises: list[PromiseOut]


class AcceptanceOut(Schema):
    """A risk that people live with, or would."""

    id: UUID
    item: str
    site: str
    state: State
    reason: str
    why: str
    until: datetime
    devices: int
    proposer: str
    role: str
    proposed: datetime
    approver: str | None
    decided: datetime | None
    signature: str


class AcceptancePage(Schema):
    """A part of the acceptances, newest first."""

    items: list[AcceptanceOut]
    next: str | None = None


class WindowOut(Schema):
    """Hours in which a device is idle."""

    days: str
    from_hour: int
    hours: int
    days_watched: int
    days_in_use: int
    in_use_at_most: float


class IdleOut(Schema):
    """When a device is idle."""

    answer: str
    windows: list[WindowOut]
    days_watched: int
    more_days_needed: int
    why: str
    confidence: float
    wrong_at_most: float
    timezone: str


class Wanted(Schema):
    """Which part of the plan."""

    cursor: str = ""
    limit: int = Field(LIMIT, ge=1, le=LIMIT_MOST)
    show: Literal["todo", "progress", "done", "accepted", "all"] = "todo"
    who: str = ""
    site: str = ""


class Part(Schema):
    """Which part of a list."""

    cursor: str = ""
    limit: int = Field(LIMIT, ge=1, le=LIMIT_MOST)


class StateIn(Schema):
    """How far a piece of work is; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    state: Literal["open", "in progress", "done"]
    ticket: Ticket | None = None


class SaidIn(StateIn):
    """The state of one piece of work in another system."""

    id: Annotated[str, StringConstraints(max_length=20)]


class SaidList(Schema):
    """States of another system."""

    model_config = ConfigDict(extra="forbid")

    states: list[SaidIn] = Field(max_length=STATES_MOST)


class StatesTakenOut(Schema):
    """What became of them."""

    changed: int
    unchanged: int
    unknown: int


class AcceptIn(Schema):
    """Living with a risk until a day."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, StringConstraints(max_length=2000)]
    until: date


class AcceptanceDecisionIn(Schema):
    """What becomes of a proposed acceptance, or of one that stands."""

    model_config = ConfigDict(extra="forbid")

    decision: Literal["approve", "refuse"]


class ExportWanted(Schema):
    """Which work, and for which project of Jira."""

    who: str = ""
    project: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]+$", max_length=20)] = "MED"


class HoursWanted(Schema):
    """How long the work takes."""

    hours: int = Field(2, ge=1, le=12)


@operation(router, "GET", "/plan", Action.PLAN_VIEW, response=PlanPage)
def plan(request: HttpRequest, wanted: Query[Wanted]) -> Any:
    """The work in its order, as far as it concerns devices that you see."""
    clean(wanted.who, wanted.site)
    rows = narrowed(items_seen(asker(request)), show=wanted.show, who=wanted.who, site=wanted.site)
    record(request, Action.PLAN_VIEW, what={"show": wanted.show, "who": wanted.who, "by": "api"})
    rows = rows.defer("words", "remedies", "work__devices")
    order = ORDER if wanted.show == "todo" else BY_ID
    planned = risk_of()
    return {
        **page(rows, order, cursor=wanted.cursor, limit=wanted.limit, shown=_shown),
        "made": None if planned is None else planned.at,
        "risk": None if planned is None else planned.risk,
        "share_of_best": None if planned is None else planned.share,
    }


@operation(
    router, "GET", "/plan/export/{form}", Action.PLAN_EXPORT, response=None, media=("text/csv", "application/json")
)
def export(request: HttpRequest, form: Literal["csv", "servicenow", "jira"], wanted: Query[ExportWanted]) -> Any:
    """The work that is to be done, for a spreadsheet or a ticket system."""
    clean(wanted.who)
    person = asker(request)
    return as_file(request, person, form, who=wanted.who, project=wanted.project, by="api")


@operation(
    router,
    "POST",
    "/plan/states",
    Action.PLAN_EDIT,
    response=StatesTakenOut,
    example={"states": [{"id": "3f9c0a7b1d2e4f5a6b7c", "state": "in progress", "ticket": "CHG0031337"}]},
)
def states(request: HttpRequest, wanted: SaidList) -> Any:
    """Bring back the states of another system; only what is seen verifies."""
    clean(*(one.id for one in wanted.states), *(one.ticket or "" for one in wanted.states))
    said = [Said(id=one.id, state=Progress(one.state), ticket=one.ticket or "") for one in wanted.states]
    taken = take_states(request, said, by=asker(request))
    return {"changed": taken.changed, "unchanged": taken.unchanged, "unknown": taken.unknown}


@operation(router, "GET", "/plan/{item_id}", Action.PLAN_VIEW, response=FullItemOut)
def item(request: HttpRequest, item_id: str) -> Any:
    """One piece of work: why, how, by whom, and what it promises for each device."""
    found = _item(request, item_id)
    record(request, Action.PLAN_VIEW, subject=f"plan:{found.pk}", site=found.site.name, what={"by": "api"})
    return _in_full(request, found)


@operation(
    router,
    "PATCH",
    "/plan/{item_id}",
    Action.PLAN_EDIT,
    response=FullItemOut,
    example={"state": "done", "ticket": "CHG0031337"},
)
def change(request: HttpRequest, item_id: str, wanted: StateIn) -> Any:
    """Say how far a piece of work is, and which ticket it has."""
    found = _item(request, item_id)
    decided(request, Action.PLAN_EDIT, found.site)
    clean(wanted.ticket or "")
    say(request, found, Progress(wanted.state), ticket=wanted.ticket, by=asker(request))
    return _in_full(request, _item(request, item_id))


@operation(
    router,
    "POST",
    "/plan/{item_id}/acceptances",
    Action.ACCEPTANCE_PROPOSE,
    response=AcceptanceOut,
    status=201,
    example={"reason": "In a room of its own until the maker mends it in May.", "until": "2027-05-31"},
)
def accept(request: HttpRequest, item_id: str, wanted: AcceptIn) -> Any:
    """Propose to live with a risk until a day; a second person has to approve."""
    found = _item(request, item_id)
    decided(request, Action.ACCEPTANCE_PROPOSE, found.site)
    clean(wanted.reason)
    try:
        made = propose(request, found, reason=wanted.reason, until=wanted.until, by=asker(request))
    except AsepsisError as error:
        raise ProblemError(409 if error.code == "acceptance-state" else 422, error.message) from error
    return Status(201, _acceptance(made))


@operation(router, "GET", "/acceptances", Action.PLAN_VIEW, response=AcceptancePage)
def acceptances(request: HttpRequest, wanted: Query[Part]) -> Any:
    """Risks that people live with, or would, or did."""
    rows = Acceptance.objects.select_related("site", "proposer", "approver")
    items = items_seen(asker(request))
    seen = rows.filter(item__in=items.values("pk")) if items.query.where else rows
    record(request, Action.PLAN_VIEW, what={"acceptances": True, "by": "api"})
    return page(seen, ACCEPTANCES_ORDER, cursor=wanted.cursor, limit=wanted.limit, shown=_acceptance)


@operation(
    router,
    "POST",
    "/acceptances/{acceptance_id}/decision",
    Action.ACCEPTANCE_REFUSE,
    response=AcceptanceOut,
    example={"decision": "approve"},
)
def decision(request: HttpRequest, acceptance_id: UUID, wanted: AcceptanceDecisionIn) -> Any:
    """Approve what another person proposed, or reject or withdraw it."""
    rows = Acceptance.objects.select_related("item__site", "site", "proposer", "approver")
    found = rows.filter(pk=acceptance_id, item__in=items_seen(asker(request)).values("pk")).first()
    if found is None:
        raise Http404
    approve = wanted.decision == "approve"
    decided(request, Action.ACCEPTANCE_APPROVE if approve else Action.ACCEPTANCE_REFUSE, found)
    try:
        decide(request, found, approve=approve, by=asker(request))
    except AsepsisError as error:
        raise ProblemError(403 if error.code == "acceptance-own" else 409, error.message) from error
    return _acceptance(found)


@operation(router, "GET", "/devices/{device_id}/idle-hours", Action.PLAN_VIEW, response=IdleOut)
def idle_hours(request: HttpRequest, device_id: str, wanted: Query[HoursWanted]) -> Any:
    """In which hours of the day a device was never in use, with a bound on being wrong."""
    clean(device_id)
    device = get_object_or_404(visible(request.user, Action.PLAN_VIEW, Device.objects.all()), pk=device_id)
    found = idle_of(device, wanted.hours, ZoneInfo(CONFIGURATION.plan.timezone))
    record(request, Action.PLAN_VIEW, subject=f"device:{device.pk}", what={"idle_hours": wanted.hours, "by": "api"})
    return {**found.document(), "timezone": CONFIGURATION.plan.timezone}


def _item(request: HttpRequest, item_id: str) -> PlanItem:
    clean(item_id)
    found = items_seen(asker(request)).filter(pk=item_id).first()
    if found is None:
        raise Http404
    return found


_SAME: Final = (
    *("id", "place", "action", "kind", "title", "who", "product", "hours", "removed", "per_hour"),
    *("lower_tier", "sustains_life"),
)


def _shown(row: PlanItem) -> dict[str, Any]:
    work = getattr(row, "work", None)
    return {
        **{name: getattr(row, name) for name in _SAME},
        "site": row.site.name,
        "devices": row.devices_count,
        "state": work.state if work else Progress.OPEN.value,
        "state_why": work.why if work else "",
        "ticket": work.ticket if work else "",
    }


def _in_full(request: HttpRequest, row: PlanItem) -> dict[str, Any]:
    seen = devices_seen(asker(request))
    promised = PlanDevice.objects.filter(item=row)
    if seen.query.where:
        promised = promised.filter(device__in=seen)
    names = ("before", "after", "tier_before", "tier_after")
    return {
        **_shown(row),
        "why": row.words,
        "remedies": row.remedies,
        "promises": [
            {"device": one.device_id, **{name: getattr(one, name) for name in names}} for one in promised[:DEVICES_MOST]
        ],
    }


def _acceptance(row: Acceptance) -> dict[str, Any]:
    names = ("id", "state", "reason", "why", "until", "role", "proposed", "decided", "signature")
    return {
        **{name: getattr(row, name) for name in names},
        "item": row.item_id,
        "site": row.site.name,
        "devices": len(row.basis),
        "proposer": row.proposer.username,
        "approver": row.approver.username if row.approver is not None else None,
    }
