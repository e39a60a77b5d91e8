"""Pages of the ledger: what was done, one entry with its proof, checkpoints, the check, the export."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from asepsis.ledger import Entry, LedgerError, Record
from asepsis.ledger.audit_event import audit_event
from asepsis.ledger.export import export_all, export_some
from asepsis.ledger.merkle import leaf_hash
from asepsis.ledger.note import Checkpoint
from asepsis.ledger.queries import PAGE_LIMIT, Query, ask
from asepsis.ledger.record import Detail
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import may
from asepsis.web.authorisation.routes import requires
from asepsis.web.ledger.examine import begin_check, latest, witness_key
from asepsis.web.ledger.forms import LedgerFilter
from asepsis.web.ledger.models import Examination, OutboxRecord
from asepsis.web.ledger.opened import ledger
from asepsis.web.ledger.proof import BOX_HEIGHT, BOX_WIDTH, WIDTH, picture
from asepsis.web.ledger.record import record
from asepsis.web.people.models import Person
from asepsis.web.settings import CONFIGURATION
from asepsis.web.streaming import streamed

Answer = TypeVar("Answer", bound=HttpResponseBase)

PER_PAGE: Final = 50
CHECKPOINTS_SHOWN: Final = 100


@requires(Action.LEDGER_VIEW)
def entries(request: HttpRequest) -> HttpResponse:
    """What was done, the newest first, narrowed by person, device, act and time."""
    form = LedgerFilter(ledger().kinds(), request.GET or None)
    valid = not form.is_bound or form.is_valid()
    query = form.query() if form.is_bound and valid else Query()
    before = _number(request.GET.get("before_entry"))
    page = ask(ledger(), query, before=before, limit=PER_PAGE) if valid else None
    given = {name: text for name, text in request.GET.items() if text and name != "before_entry"}
    record(request, Action.LEDGER_VIEW, subject="ledger", what={"filters": given} if given else None)
    context: dict[str, Any] = {
        "form": form,
        "rows": [_row(entry) for entry in page.entries] if page is not None else [],
        "next": urlencode({**given, "before_entry": page.next}) if page is not None and page.next is not None else "",
        "first": urlencode(given) if before is not None else "",
        "paged": before is not None,
        "size": ledger().size(),
        "filters": urlencode(given),
        "check": latest(Examination.Kind.CHECK),
        "witness": latest(Examination.Kind.WITNESS),
        "has_witness": bool(CONFIGURATION.ledger.witness),
        "waiting": OutboxRecord.objects.count(),
        "may_export": may(request.user, Action.LEDGER_EXPORT).allowed,
        "may_verify": may(request.user, Action.LEDGER_VERIFY).allowed,
    }
    return render(request, "ledger/entries.html", context)


@requires(Action.LEDGER_VIEW)
def entry(request: HttpRequest, position: int) -> HttpResponse:
    """One entry: what it says, and the proof that it stands in what was signed."""
    found = ledger().entry(position)
    if found is None:
        raise Http404
    head = ledger().head()
    leaf = leaf_hash(found.body)
    drawn = picture(position, head.size, leaf, ledger().inclusion(position, head.size))
    known = found.record
    record(request, Action.LEDGER_VIEW, subject=f"entry:{position}")
    context = {
        "entry": found,
        "row": _row(found),
        "record": known,
        "details": [(name, _words(fact)) for name, fact in sorted((known.details or {}).items())] if known else [],
        "body": found.body.decode("utf-8", "replace"),
        "event": json.dumps(audit_event(known, _server(request)), indent=2, ensure_ascii=False) if known else "",
        "head": head,
        "root": b64encode(head.root).decode(),
        "leaf": leaf.hex(),
        "picture": drawn,
        "box": {"width": BOX_WIDTH, "height": BOX_HEIGHT},
        "width": WIDTH,
        "holds": drawn.root == head.root and head.is_signed_by(ledger().verifier),
    }
    return render(request, "ledger/entry.html", context)


@requires(Action.LEDGER_VIEW)
def checkpoints(request: HttpRequest) -> HttpResponse:
    """The signed checkpoints that were kept, who countersigned them, and what examinations found."""
    key = witness_key()
    kept = [
        {
            "size": one.size,
            "root": b64encode(one.root).decode(),
            "at": _moment(time_ns),
            "signed": one.is_signed_by(ledger().verifier),
            "witnessed": key is not None and one.is_signed_by(key),
            "names": [signature.name for signature in one.signatures[1:]],
        }
        for one, time_ns in ledger().checkpoints(CHECKPOINTS_SHOWN)
    ]
    record(request, Action.LEDGER_VIEW, subject="checkpoints")
    context = {
        "kept": kept,
        "head": _head(),
        "key": ledger().verifier.text(),
        "witness_address": CONFIGURATION.ledger.witness,
        "examinations": Examination.objects.select_related("asked_by")[:20],
        "running": Examination.objects.filter(state=Examination.State.RUNNING).exists(),
        "may_verify": may(request.user, Action.LEDGER_VERIFY).allowed,
    }
    return render(request, "ledger/checkpoints.html", context)


@requires(Action.LEDGER_VIEW)
def checkpoint(request: HttpRequest, size: int) -> HttpResponse:
    """One kept checkpoint as the signed note that it is, to be kept elsewhere."""
    found = ledger().kept(size)
    if found is None:
        raise Http404
    record(request, Action.LEDGER_VIEW, subject=f"checkpoint:{size}")
    return _file(HttpResponse(found.text(), content_type="text/plain; charset=utf-8"), f"ledger-{size}.checkpoint")


@require_POST
@requires(Action.LEDGER_VERIFY)
def check(request: HttpRequest) -> HttpResponse:
    """Begins a check of every entry, as a job; the page of checkpoints says what it found."""
    person = request.user
    assert isinstance(person, Person)
    with transaction.atomic():
        begun = begin_check(person)
        if begun is not None:
            record(request, Action.LEDGER_VERIFY, subject="ledger")
    if begun is None:
        messages.warning(request, "A check is running already.")
        return redirect("ledger-checkpoints")
    messages.success(request, "Every entry is being hashed anew.")
    return redirect("ledger-checkpoints")


@requires(Action.LEDGER_EXPORT)
def export(request: HttpRequest) -> HttpResponseBase:
    """Entries with their proofs, as a file that `asepsis verify ledger` checks anywhere."""
    form = LedgerFilter(ledger().kinds(), request.GET or None)
    if form.is_bound and not form.is_valid():
        return redirect("ledger")
    query = form.query() if form.is_bound else Query()
    return exported(request, query, {name: text for name, text in request.GET.items() if text})


def exported(request: HttpRequest, query: Query, given: Mapping[str, Any]) -> HttpResponseBase:
    """The export of what ``query`` asks for, recorded with the filters as they were ``given``."""
    # Recorded before it is written, so that the export holds the record of itself too.
    record(request, Action.LEDGER_EXPORT, subject="ledger", what={"filters": given} if given else None)
    key = witness_key()
    witnesses = [key] if key is not None else []

    def lines() -> Iterator[bytes]:
        if query == Query():
            yield from export_all(ledger(), witnesses)
        else:
            yield from export_some(ledger(), _all(query), witnesses)

    answer = streamed(request, lines(), "application/jsonl", f"ledger-{datetime.now(UTC):%Y%m%d-%H%M}.jsonl")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _all(query: Query) -> Iterator[Entry]:
    before: int | None = None
    while True:
        page = ask(ledger(), query, before=before, limit=PAGE_LIMIT)
        yield from page.entries
        if page.next is None:
            return
        before = page.next


def _file(answer: Answer, name: str) -> Answer:
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _row(found: Entry) -> dict[str, Any]:
    known: Record | None = found.record
    if known is None:
        return {"position": found.position, "damaged": True}
    kind, _, id_ = known.subject.partition(":")
    return {
        "position": found.position,
        "at": _moment(known.time_ns),
        "actor": known.actor,
        "who": known.actor_name or known.actor,
        "kind": known.kind,
        "subject": known.subject,
        "device": id_ if kind == "device" else "",
        "outcome": known.outcome.value,
        "tone": {"success": "good", "refused": "warn", "failed": "bad"}[known.outcome.value],
        "reason": known.reason,
    }


def _words(fact: Detail) -> str:
    if isinstance(fact, bool):
        return "yes" if fact else "no"
    return ", ".join(fact) if isinstance(fact, tuple) else str(fact)


def _head() -> Checkpoint | None:
    try:
        return ledger().head()
    except LedgerError as error:
        if error.code == "ledger-empty":
            return None
        raise


def _moment(time_ns: int) -> datetime:
    return datetime.fromtimestamp(time_ns // 1_000_000_000, UTC)


def _server(request: HttpRequest) -> str:
    return f"{request.scheme}://{request.get_host()}"


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None
