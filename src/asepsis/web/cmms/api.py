"""Imports from the maintenance system by the API, from the upload to the decision, and the reconciliation."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from django.http import Http404, HttpRequest
from ninja import Field, File, Form, Query, Router, Schema, Status
from ninja.files import UploadedFile
from pydantic import ConfigDict, WithJsonSchema

from asepsis.devices.asset import AssetListError
from asepsis.devices.asset import Field as Meaning
from asepsis.devices.reconciliation import Match
from asepsis.kernel.errors import AsepsisError
from asepsis.web.api.operations import asker, choices_of, clean, decided, operation
from asepsis.web.api.paging import LIMIT, LIMIT_MOST, Column, page
from asepsis.web.api.problems import ProblemError
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import may, visible
from asepsis.web.cmms.apply import compare, counts, read
from asepsis.web.cmms.forms import FILE_LIMIT
from asepsis.web.cmms.models import AssetImport, ListedAsset
from asepsis.web.cmms.proposing import decide, remap, take
from asepsis.web.cmms.sides import sides_of
from asepsis.web.devices.models import Device
from asepsis.web.facilities.reach import sites_of
from asepsis.web.jobs.upload import shown_name
from asepsis.web.ledger.record import record

State = Annotated[AssetImport.State, WithJsonSchema(choices_of(AssetImport.State))]

router = Router(tags=["imports"])

ORDER: Final = (Column(name="created", descending=True, is_time=True), Column(name="id", descending=True))
LISTED_ORDER: Final = (Column(name="id"),)
DEVICES_ORDER: Final = (Column(name="title"), Column(name="id"))
ERRORS_MOST: Final = 1000
ROWS_MOST: Final = 200


class ImportOut(Schema):
    """One list that somebody sent."""

    id: UUID
    site: str
    file_name: str
    sha256: str
    state: State
    rows: int
    mapping: dict[str, str]
    proposer: str
    decided_by: str | None
    created: datetime
    decided: datetime | None


class ImportPage(Schema):
    """A part of the imports, newest first."""

    items: list[ImportOut]
    next: str | None = None


class CellErrorOut(Schema):
    """What is wrong with one cell, or with a whole row."""

    row: int
    column: str
    message: str


class ContradictionOut(Schema):
    """What the list says otherwise than the traffic."""

    attribute: str
    listed: str
    seen: str


class ListedOut(Schema):
    """One row of a list, and the device that it is."""

    row: int
    asset_number: str
    name: str
    vendor: str
    model: str
    serial: str
    department: str
    place: str
    device: str | None
    tied_by: str
    candidates: list[str]
    contradictions: list[ContradictionOut]


class CountsOut(Schema):
    """What an import would do, in figures."""

    tied: int
    several: int
    unseen: int
    contradicting: int
    unlisted: int


class PreviewOut(ImportOut):
    """An import and what it would do."""

    headings: list[str]
    counts: CountsOut
    errors: list[CellErrorOut] = Field(description=f"The first {ERRORS_MOST}.")
    errors_count: int
    preview: list[ListedOut] = Field(description=f"The first {ROWS_MOST} rows.")
    may_decide: bool


class MappingIn(Schema):
    """What the columns mean; a column that is not named is left out."""

    model_config = ConfigDict(extra="forbid")

    mapping: dict[str, Meaning] = Field(min_length=1, max_length=len(Meaning), description="Heading to meaning.")
    propose: bool = Field(False, description="Whether this is proposed now; somebody else decides then.")


class ImportDecisionIn(Schema):
    """What becomes of a proposed import."""

    model_config = ConfigDict(extra="forbid")

    decision: Literal["apply", "refuse"]


class Wanted(Schema):
    """Which part of a list."""

    cursor: str = ""
    limit: int = Field(LIMIT, ge=1, le=LIMIT_MOST)


class Side(Wanted):
    """Which side of the reconciliation."""

    show: Literal["unseen", "unlisted", "contradicting", "tied"] = "unseen"


class SideOut(Schema):
    """One line: a row of the list, a device, or both."""

    site: str
    listed: ListedOut | None
    device: str | None
    title: str | None


class ReconciliationPage(Schema):
    """A part of one side of the reconciliation."""

    items: list[SideOut]
    next: str | None = None
    counts: dict[str, int]


@operation(router, "GET", "/imports", Action.IMPORT_VIEW, response=ImportPage)
def imports(request: HttpRequest, wanted: Query[Wanted]) -> Any:
    """The imports that you may see."""
    all_rows = AssetImport.objects.select_related("site", "proposer", "decided_by").defer("text")
    rows = visible(request.user, Action.IMPORT_VIEW, all_rows)
    return page(rows, ORDER, cursor=wanted.cursor, limit=wanted.limit, shown=_shown)


@operation(router, "POST", "/imports", Action.IMPORT_PROPOSE, response=PreviewOut, status=201)
def upload(request: HttpRequest, file: File[UploadedFile], site: Form[str]) -> Any:
    """Send a list as CSV; it is a draft until it is proposed."""
    clean(site)
    place = next((one for one in sites_of(asker(request), Action.IMPORT_PROPOSE) if one.name == site), None)
    if place is None:
        raise ProblemError(422, "there is no such site, or you have no role for it")
    if (file.size or 0) > FILE_LIMIT:
        raise ProblemError(413, f"at most {FILE_LIMIT >> 20} MiB are read")
    try:
        proposal = take(request, file.read(), name=shown_name(file.name or ""), site=place, proposer=asker(request))
    except AssetListError as error:
        raise ProblemError(422, f"{error.message}. {error.hint}") from error
    return Status(201, _preview(request, proposal))


@operation(router, "GET", "/imports/{import_id}", Action.IMPORT_VIEW, response=PreviewOut)
def one_import(request: HttpRequest, import_id: UUID) -> Any:
    """One import and what it would do."""
    return _preview(request, _found(request, import_id))


@operation(
    router,
    "PATCH",
    "/imports/{import_id}",
    Action.IMPORT_PROPOSE,
    response=PreviewOut,
    example={"mapping": {"Asset": "asset_number", "MAC": "mac"}, "propose": True},
)
def change_mapping(request: HttpRequest, import_id: UUID, wanted: MappingIn) -> Any:
    """Say what the columns of your draft mean, and propose it."""
    proposal = _found(request, import_id)
    decided(request, Action.IMPORT_PROPOSE, proposal.site)
    if proposal.proposer_id != asker(request).pk:
        raise ProblemError(403, "only who sent a list says what its columns mean")
    if proposal.state != AssetImport.State.DRAFT:
        raise ProblemError(409, "it is no draft any more")
    clean(*wanted.mapping)
    meanings = [meaning.value for meaning in wanted.mapping.values()]
    if len(set(meanings)) < len(meanings):
        raise ProblemError(422, "two columns are mapped to the same meaning")
    mapping = {heading: meaning.value for heading, meaning in wanted.mapping.items()}
    unknown = set(mapping) - set(read(proposal).headings)
    if unknown:
        raise ProblemError(422, "a heading is none of the list")
    remap(request, proposal, mapping, propose=wanted.propose)
    return _preview(request, proposal)


@operation(
    router,
    "POST",
    "/imports/{import_id}/decision",
    Action.IMPORT_REFUSE,
    response=ImportOut,
    example={"decision": "apply"},
)
def decision(request: HttpRequest, import_id: UUID, wanted: ImportDecisionIn) -> Any:
    """Apply or refuse a proposed import; who proposed it may only withdraw it."""
    proposal = _found(request, import_id)
    apply_it = wanted.decision == "apply"
    decided(request, Action.IMPORT_APPLY if apply_it else Action.IMPORT_REFUSE, proposal)
    try:
        decide(request, proposal, by=asker(request), apply_it=apply_it)
    except AsepsisError as error:
        raise ProblemError(403 if error.code == "import-own" else 409, error.message) from error
    return _shown(proposal)


@operation(router, "GET", "/reconciliation", Action.DEVICE_LIST, response=ReconciliationPage)
def reconciliation(request: HttpRequest, wanted: Query[Side]) -> Any:
    """The list of the maintenance system beside what was seen."""
    sides = sides_of(asker(request))
    record(request, Action.DEVICE_LIST, what={"reconciliation": wanted.show, "by": "api"})
    if wanted.show == "unlisted":
        devices = sides.unlisted
        found = page(devices, DEVICES_ORDER, cursor=wanted.cursor, limit=wanted.limit, shown=_seen_only)
    else:
        rows = sides.listed(wanted.show).select_related("site", "device")
        found = page(rows, LISTED_ORDER, cursor=wanted.cursor, limit=wanted.limit, shown=_side)
    return {**found, "counts": sides.counts()}


def _found(request: HttpRequest, import_id: UUID) -> AssetImport:
    rows = AssetImport.objects.select_related("site", "proposer", "decided_by")
    found = rows.filter(pk=import_id).first()
    if found is None or not may(request.user, Action.IMPORT_VIEW, found).allowed:
        raise Http404
    return found


def _shown(one: AssetImport) -> dict[str, Any]:
    names = ("id", "file_name", "state", "rows", "mapping", "created", "decided")
    return {
        **{name: getattr(one, name) for name in names},
        "sha256": one.digest,
        "site": one.site.name,
        "proposer": one.proposer.username,
        "decided_by": one.decided_by.username if one.decided_by is not None else None,
    }


def _preview(request: HttpRequest, proposal: AssetImport) -> dict[str, Any]:
    listed = read(proposal)
    found = compare(listed.assets, proposal.site)
    return {
        **_shown(proposal),
        "headings": list(listed.headings),
        "counts": counts(found),
        "errors": [{"row": e.row, "column": e.column, "message": e.message} for e in listed.errors[:ERRORS_MOST]],
        "errors_count": len(listed.errors),
        "preview": [_match(match) for match in found.matches[:ROWS_MOST]],
        "may_decide": may(request.user, Action.IMPORT_APPLY, proposal).allowed,
    }


_COLUMNS: Final = ("row", "asset_number", "name", "vendor", "model", "serial", "department", "place")


def _match(match: Match) -> dict[str, Any]:
    return {
        **{name: getattr(match.asset, name) for name in _COLUMNS},
        "device": match.device or None,
        "tied_by": match.by.value if match.by else "",
        "candidates": list(match.candidates),
        "contradictions": [
            {"attribute": one.attribute, "listed": one.listed, "seen": one.seen} for one in match.contradictions
        ],
    }


def _side(row: ListedAsset) -> dict[str, Any]:
    listed = {
        **{name: getattr(row, name) for name in (*_COLUMNS, "tied_by", "candidates", "contradictions")},
        "device": row.device_id,
    }
    title = row.device.title if row.device is not None else None
    return {"site": row.site.name, "listed": listed, "device": row.device_id, "title": title}


def _seen_only(device: Device) -> dict[str, Any]:
    return {"site": device.site.name, "listed": None, "device": device.pk, "title": device.title}
