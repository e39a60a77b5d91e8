"""Lets no answer leave before what it tells of is on the disk, in the ledger.

It stands next to the views. A record that cannot be made durable turns the answer into a refusal; only emergency
access, which must not fail because of a full disk, goes to the sealed journal instead.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Final

import structlog
from asgiref.sync import sync_to_async
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.template.loader import render_to_string

from asepsis.kernel.errors import AsepsisError
from asepsis.ledger import LedgerError, Outcome, Record
from asepsis.ledger.record import canonical, document_of, read_record
from asepsis.web.authorisation.routes import Refused
from asepsis.web.ledger.glass import has_broken_glass
from asepsis.web.ledger.models import OutboxRecord
from asepsis.web.ledger.opened import journal, ledger
from asepsis.web.ledger.outbox import drain
from asepsis.web.ledger.record import REQUEST_ATTRIBUTE, SAFE_METHODS, Pending, record

RETRY_SECONDS: Final = 30

_log = structlog.get_logger("asepsis.web.ledger")


class LedgerMiddleware:
    """Appends the records of a request when its view has returned, and while an answer is streamed."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self._failed = False

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The view's answer, or a refusal when what it recorded is not on the disk."""
        if self._failed and request.method not in SAFE_METHODS and not self._works_again(request):
            # The last record could not be written: begin nothing that would have to be recorded.
            return refusal(request)
        response = self.get_response(request)
        try:
            self._make_durable(request)
        except AsepsisError as error:
            self._failed = True
            _log.error("not recorded", code=error.code)
            return refusal(request)
        if isinstance(response, StreamingHttpResponse):
            self._watch(request, response)
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> None:
        """Records that somebody was refused; the page that says so comes from Django."""
        if isinstance(error, PermissionDenied) and getattr(request, "user", None) and request.user.is_authenticated:
            resolved = request.resolver_match
            what = {"route": resolved.route if resolved else ""}
            if isinstance(error, Refused):
                policies = tuple(policy.id for policy in error.decision.policies)
                record(request, error.action, outcome="refused", what=what, policies=policies)
            else:
                record(request, "access", outcome="refused", what=what)

    def _works_again(self, request: HttpRequest) -> bool:
        if has_broken_glass(request):
            return True
        try:
            drain()
        except AsepsisError:
            return False
        self._failed = False
        return True

    def _make_durable(self, request: HttpRequest) -> None:
        pending: list[Pending] = getattr(request, REQUEST_ATTRIBUTE, [])
        if not pending:
            return
        setattr(request, REQUEST_ATTRIBUTE, [])
        try:
            _append(_as_they_ended(pending))
            self._failed = False
        except LedgerError:
            if not has_broken_glass(request):
                raise
            self._failed = True
            broken = journal()
            for one in pending:
                broken.append(one.record)

    def _watch(self, request: HttpRequest, response: StreamingHttpResponse) -> None:
        """What is recorded while an answer is streamed is on the disk before the next part leaves."""
        parts = response.streaming_content
        if isinstance(parts, AsyncIterator):
            durable = sync_to_async(self._make_durable)

            async def watched_later() -> AsyncIterator[bytes]:
                async for part in parts:
                    await durable(request)
                    yield part
                await durable(request)

            response.streaming_content = watched_later()
        else:

            def watched() -> Iterator[bytes]:
                for part in parts:
                    self._make_durable(request)
                    yield part
                self._make_durable(request)

            response.streaming_content = watched()


def _as_they_ended(pending: list[Pending]) -> list[Record]:
    """A record whose transaction was rolled back tells of something that was tried and did not happen."""
    put = [one.record.id for one in pending if one.in_outbox]
    there = {str(pk) for pk in OutboxRecord.objects.filter(pk__in=put).values_list("pk", flat=True)} if put else set()
    records = []
    for one in pending:
        if not one.in_outbox or one.record.id in there:
            records.append(one.record)
        elif ledger().find(one.record.id) is None:  # else it was moved meanwhile
            records.append(_tried(one.record))
    return records


def _tried(one: Record) -> Record:
    outcome = Outcome.FAILED if one.outcome is Outcome.SUCCESS else one.outcome
    tried = read_record(canonical({**document_of(one), "outcome": outcome.value}))
    return one if tried is None else tried


def _append(records: list[Record]) -> None:
    if len(records) == 1:
        # Alone it shares a commit with those of other requests.
        ledger().append(records[0])
    else:
        ledger().append_all(records)


def refusal(request: HttpRequest) -> HttpResponse:
    """503: what cannot be recorded is not done and not shown. A program gets problem details (RFC 9457)."""
    title = "This could not be recorded, so it is refused"
    if request.path.startswith("/api/") or "text/html" not in request.headers.get("Accept", "text/html"):
        problem = {
            "type": "about:blank",
            "title": title,
            "status": 503,
            "detail": "Every access leaves a record that cannot be lost. The record could not be written.",
            "code": "not-recorded",
        }
        response: HttpResponse = JsonResponse(problem, status=503, content_type="application/problem+json")
    else:
        response = HttpResponse(render_to_string("ledger/refused.html", {"title": title}), status=503)
    response.headers["Retry-After"] = str(RETRY_SECONDS)
    response.headers["Cache-Control"] = "no-store"
    return response
