"""The ledger by the API: what was done, one entry with its proof, checkpoints, the check, the export."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from uuid import UUID

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema, Status
from pydantic import WithJsonSchema

from asepsis.ledger import Entry
from asepsis.ledger.audit_event import audit_event
from asepsis.ledger.merkle import leaf_hash
from asepsis.ledger.queries import Query as Asked
from asepsis.ledger.queries import ask
from asepsis.ledger.record import document_of
from asepsis.web.api.operations import asker, choices_of, clean, operation
from asepsis.web.api.paging import LIMIT, LIMIT_MOST
from asepsis.web.api.problems import ProblemError
from asepsis.web.authorisation.actions import Action
from asepsis.web.ledger.examine import begin_check, latest, witness_key
from asepsis.web.ledger.models import Examination, OutboxRecord
from asepsis.web.ledger.opened import ledger
from asepsis.web.ledger.record import record
from asepsis.web.ledger.views import exported
from asepsis.web.settings import CONFIGURATION

State = Annotated[Examination.State, WithJsonSchema(choices_of(Examination.State))]

router = Router(tags=["ledger"])

TEXT_LIMIT: Final = 200
# Of a position or a size: what SQLite counts to.
MOST: Final = 2**63 - 1
CHECKPOINTS_MOST: Final = 100


class EntryOut(Schema):
    """One entry. What was recorded stands in ``record``, as it was hashed; null where that cannot be read."""

    position: int
    at: datetime | None
    record: dict[str, Any] | None


class EntryPage(Schema):
    """A part of the ledger, the newest first."""

    items: list[EntryOut]
    next: str | None = None
    size: int = Field(description="Entries of the whole ledger.")
    waiting: int = Field(description="Records that are on their way into it.")


class ProofOut(Schema):
    """An entry and the proof that it stands in what was signed (RFC 6962 2.1.1)."""

    position: int
    at: datetime | None
    record: dict[str, Any] | None
    leaf: str = Field(description="The hash of the entry, hexadecimal.")
    proof: list[str] = Field(description="The hashes beside the way to the root, that of the entry first; Base64.")
    checkpoint: str = Field(description="The signed note of the tree that the proof leads to.")
    audit_event: dict[str, Any] | None = Field(description="The same as FHIR AuditEvent (IHE BALP).")


class CheckpointOut(Schema):
    """A checkpoint that was kept."""

    size: int
    root: str
    at: datetime
    signed: bool
    witnessed: bool
    note: str


class ExaminationOut(Schema):
    """One look at the ledger."""

    id: UUID
    kind: Examination.Kind
    state: State
    begun: datetime
    ended: datetime | None
    entries: int
    message: str
    findings: list[dict[str, Any]]


class CheckpointsOut(Schema):
    """The kept checkpoints, the newest first, the key that signs them, and what examinations found."""

    key: str
    witness: str
    items: list[CheckpointOut]
    examinations: list[ExaminationOut]


class Filters(Schema):
    """Who did what to what, and when."""

    actor: str = Field("", max_length=TEXT_LIMIT, description="As an entry names it: 'person:ID', 'system:sensor'.")
    subject: str = Field("", max_length=TEXT_LIMIT, description="As an entry names it: 'device:ID'.")
    kind: str = Field("", max_length=TEXT_LIMIT, description="The act: 'device.view'.")
    since: datetime | None = Field(None, description="At this moment or later.")
    before: datetime | None = Field(None, description="Before this moment.")


class Wanted(Filters):
    """Which part of the ledger."""

    cursor: str = Field("", max_length=20, description="'next' of the page before.")
    limit: int = Field(LIMIT, ge=1, le=LIMIT_MOST)


@operation(router, "GET", "/ledger", Action.LEDGER_VIEW, response=EntryPage)
def entries(request: HttpRequest, wanted: Query[Wanted]) -> Any:
    """What was done, the newest first."""
    if wanted.cursor and not (wanted.cursor.isascii() and wanted.cursor.isdigit() and int(wanted.cursor) <= MOST):
        raise ProblemError(400, "the cursor is none: take it from 'next' of the page before")
    asked = _asked(wanted)
    found = ask(ledger(), asked, before=int(wanted.cursor) if wanted.cursor else None, limit=wanted.limit)
    record(request, Action.LEDGER_VIEW, subject="ledger", what={"filters": _given(wanted), "by": "api"})
    return {
        "items": [_shown(entry) for entry in found.entries],
        "next": None if found.next is None else str(found.next),
        "size": ledger().size(),
        "waiting": OutboxRecord.objects.count(),
    }


@operation(router, "GET", "/ledger/entries/{position}", Action.LEDGER_VIEW, response=ProofOut)
def entry(request: HttpRequest, position: int) -> Any:
    """One entry with its proof."""
    found = ledger().entry(position) if 0 <= position <= MOST else None
    if found is None:
        raise Http404
    head = ledger().head()
    record(request, Action.LEDGER_VIEW, subject=f"entry:{position}", what={"by": "api"})
    server = f"{request.scheme}://{request.get_host()}"
    return {
        **_shown(found),
        "leaf": leaf_hash(found.body).hex(),
        "proof": [b64encode(one).decode() for one in ledger().inclusion(position, head.size)],
        "checkpoint": head.text(),
        "audit_event": audit_event(found.record, server) if found.record is not None else None,
    }


@operation(router, "GET", "/ledger/checkpoints", Action.LEDGER_VIEW, response=CheckpointsOut)
def checkpoints(request: HttpRequest) -> Any:
    """The signed checkpoints that were kept, and what examinations found."""
    key = witness_key()
    record(request, Action.LEDGER_VIEW, subject="checkpoints", what={"by": "api"})
    return {
        "key": ledger().verifier.text(),
        "witness": CONFIGURATION.ledger.witness,
        "items": [
            {
                "size": one.size,
                "root": b64encode(one.root).decode(),
                "at": _moment(time_ns),
                "signed": one.is_signed_by(ledger().verifier),
                "witnessed": key is not None and one.is_signed_by(key),
                "note": one.text(),
            }
            for one, time_ns in ledger().checkpoints(CHECKPOINTS_MOST)
        ],
        "examinations": [_examination(one) for one in Examination.objects.all()[:20]],
    }


@operation(router, "GET", "/ledger/checkpoints/{size}", Action.LEDGER_VIEW, response=None, media=["text/plain"])
def checkpoint(request: HttpRequest, size: int) -> Any:
    """One kept checkpoint as the signed note that it is."""
    found = ledger().kept(size) if 0 <= size <= MOST else None
    if found is None:
        raise Http404
    record(request, Action.LEDGER_VIEW, subject=f"checkpoint:{size}", what={"by": "api"})
    return HttpResponse(found.text(), content_type="text/plain; charset=utf-8")


@operation(router, "GET", "/ledger/checks", Action.LEDGER_VERIFY, response=list[ExaminationOut])
def checks(request: HttpRequest) -> Any:
    """What examinations of the ledger found, the latest first."""
    latest(Examination.Kind.CHECK)  # one that was killed is told so
    return [_examination(one) for one in Examination.objects.all()[:CHECKPOINTS_MOST]]


@operation(router, "POST", "/ledger/checks", Action.LEDGER_VERIFY, response=ExaminationOut, status=202)
def check(request: HttpRequest) -> Any:
    """Begin to hash every entry anew; ask again how it went."""
    with transaction.atomic():
        begun = begin_check(asker(request))
        if begun is None:
            raise ProblemError(409, "a check is running already")
        record(request, Action.LEDGER_VERIFY, subject="ledger", what={"by": "api"})
    return Status(202, _examination(begun))


@operation(router, "GET", "/ledger/export", Action.LEDGER_EXPORT, response=None, media=["application/jsonl"])
def export(request: HttpRequest, wanted: Query[Filters]) -> Any:
    """Entries with their proofs in one stream, for ``asepsis verify ledger``."""
    return exported(request, _asked(wanted), {**_given(wanted), "by": "api"})


def _asked(wanted: Filters) -> Asked:
    clean(wanted.actor, wanted.subject, wanted.kind)
    return Asked(
        actor=wanted.actor or None,
        subject=wanted.subject or None,
        kind=wanted.kind or None,
        since_ns=_nanoseconds(wanted.since),
        before_ns=_nanoseconds(wanted.before),
    )


def _given(wanted: Filters) -> dict[str, Any]:
    given = wanted.model_dump(mode="json", include=set(Filters.model_fields), exclude_none=True)
    return {name: one for name, one in given.items() if one != ""}


def _nanoseconds(moment: datetime | None) -> int | None:
    if moment is None:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    # Beyond what an entry can bear, such as the year 9999, nothing more is found than at the end of it.
    return max(-MOST, min(int(aware.timestamp()) * 1_000_000_000, MOST))


def _shown(entry: Entry) -> dict[str, Any]:
    known = entry.record
    return {
        "position": entry.position,
        "at": _moment(known.time_ns) if known is not None else None,
        # Through text: tuples of the record become lists, as they were hashed.
        "record": json.loads(json.dumps(document_of(known))) if known is not None else None,
    }


def _examination(one: Examination) -> dict[str, Any]:
    names = ("id", "kind", "state", "begun", "ended", "entries", "message", "findings")
    return {name: getattr(one, name) for name in names}


def _moment(time_ns: int) -> datetime:
    return datetime.fromtimestamp(time_ns // 1_000_000_000, UTC)
