"""Feeds by the API: what is held and how old it is, what was wrong, what changed; documents sent, a look asked for."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Field, File, Router, Schema, Status
from ninja.files import UploadedFile

from asepsis.kernel.errors import AsepsisError
from asepsis.web.api.operations import asker, clean, operation
from asepsis.web.api.problems import ProblemError
from asepsis.web.authorisation.actions import Action
from asepsis.web.feeds.standing import CHANGES_SHOWN, PROBLEMS_SHOWN, state_for
from asepsis.web.feeds.taking import accept
from asepsis.web.feeds.views import ask, record_sent
from asepsis.web.jobs.upload import FEEDS_LIMIT_BYTES
from asepsis.web.ledger.record import record

router = Router(tags=["feeds"])


class KindOut(Schema):
    """One kind of documents of a source."""

    kind: str
    documents: int
    newest: str | None
    age_days: int | None
    stale_since: str | None
    loaded: str | None
    signatures: dict[str, int] = Field(description="How many documents by what their signatures are worth.")


class ProblemOut(Schema):
    """A file that was not taken, or a place in one that could not be read."""

    path: str
    where: str
    why: str
    taken: bool = Field(description="The rest of the document was taken.")


class SourceOut(Schema):
    """Where documents come from."""

    name: str
    title: str
    scheduled: bool
    last_look: datetime | None
    failure: str | None
    warnings: list[str]
    waiting: int
    kinds: list[KindOut]
    problems: list[ProblemOut] = Field(description=f"The first {PROBLEMS_SHOWN}.")


class FindingChangeOut(Schema):
    """What the last update changed for a device."""

    device: str
    advisory: str
    before: str | None
    after: str | None
    vulnerabilities: list[str]


class FeedsOut(Schema):
    """All feeds."""

    sources: list[SourceOut]
    changed: datetime | None = Field(description="When the last update was that changed documents.")
    owed: datetime | None = Field(
        description="When documents were taken in of which it is not worked out yet what they change; null elsewhere."
    )
    changes: list[FindingChangeOut] = Field(description=f"For devices that you may see, the first {CHANGES_SHOWN}.")
    changes_count: int


class DocumentsSentOut(Schema):
    """A job that takes documents in."""

    job: UUID = Field(description="GET /jobs/{job} says how far it is, and in its result what was not taken and why.")


class LookAskedOut(Schema):
    """A look was asked for."""

    asked: bool


@operation(router, "GET", "/feeds", Action.FEED_VIEW, response=FeedsOut)
def feeds(request: HttpRequest) -> Any:
    """Which documents of which publishers are held, how old they are, what was wrong and what they changed."""
    now = datetime.now(UTC)
    state = state_for(request, now)
    record(request, Action.FEED_VIEW, what={"page": "feeds"})
    return {
        "sources": [
            {
                "name": one.name,
                "title": one.title,
                "scheduled": one.is_set,
                "last_look": one.looked,
                "failure": (one.attempt.failure or None) if one.attempt is not None else None,
                "warnings": [] if one.attempt is None else list(one.attempt.warnings),
                "waiting": 0 if one.attempt is None else one.attempt.waiting,
                "kinds": [standing.document(now) for _, standing, _ in one.kinds],
                "problems": [
                    {"path": path, "where": where, "why": why, "taken": taken}
                    for path, where, why, taken in one.problems
                ],
            }
            for one in state.sources
        ],
        "changed": state.changed,
        "owed": state.owed,
        "changes": [
            {
                "device": change.device.pk,
                "advisory": change.advisory,
                "before": change.before or None,
                "after": change.after or None,
                "vulnerabilities": list(change.vulnerabilities),
            }
            for change in state.changes
        ],
        "changes_count": state.changes_count,
    }


@operation(router, "POST", "/feeds", Action.FEED_MANAGE, response=DocumentsSentOut, status=202)
def send(request: HttpRequest, file: File[UploadedFile]) -> Any:
    """Send a document, or a zip archive of a folder of them, to be taken in by a job; broken ones are named."""
    clean(file.name or "")
    if (file.size or 0) > FEEDS_LIMIT_BYTES:
        raise ProblemError(413, f"at most {FEEDS_LIMIT_BYTES >> 20} MiB are taken here")
    try:
        job = accept(file, person=asker(request), begun=partial(record_sent, request))
    except AsepsisError as error:
        raise ProblemError(507 if error.code == "feeds-disk" else 422, f"{error.message}. {error.hint}") from error
    return Status(202, {"job": job.pk})


@operation(router, "POST", "/feeds/look", Action.FEED_MANAGE, response=LookAskedOut, status=202)
def look(request: HttpRequest) -> Any:
    """Ask the publishers of workspace.toml as soon as may be."""
    if not ask(request):
        raise ProblemError(409, "no publisher is set: workspace.toml names them, under [feeds]")
    return Status(202, {"asked": True})
