"""Refusals and errors as problem documents (RFC 9457), without anything of the inside."""

from __future__ import annotations

import json
import logging
from http import HTTPStatus
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI, Schema
from ninja.errors import HttpError, ValidationError

from asepsis.web.authorisation.routes import Refused
from asepsis.web.ledger.record import record

CONTENT_TYPE: Final = "application/problem+json"
ERRORS_LIMIT: Final = 20

_log = logging.getLogger("asepsis.web.api")


class Problem(Schema):
    """What went wrong (RFC 9457 3.1)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str = ""
    errors: list[str] = []


class ProblemError(Exception):
    """Ends an operation with a problem document."""

    def __init__(
        self,
        status: int,
        detail: str = "",
        *,
        errors: list[str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(status, detail)
        self.status = status
        self.detail = detail
        self.errors = errors or []
        self.headers = headers or {}


def problem(
    status: int, detail: str = "", *, errors: list[str] | None = None, headers: dict[str, str] | None = None
) -> HttpResponse:
    """The answer."""
    document: dict[str, Any] = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    if detail:
        document["detail"] = detail
    if errors:
        document["errors"] = errors
    answer = HttpResponse(json.dumps(document), status=status, content_type=CONTENT_TYPE, headers=headers)
    answer["Cache-Control"] = "no-store"
    if status == HTTPStatus.UNAUTHORIZED:
        answer["WWW-Authenticate"] = 'Bearer realm="asepsis"'  # RFC 6750 3
    return answer


def install(api: NinjaAPI) -> None:
    """Makes every exception of an operation a problem document."""

    def refused(_: HttpRequest, error: Any) -> HttpResponse:
        return problem(error.status, error.detail, errors=error.errors[:ERRORS_LIMIT], headers=error.headers)

    def http_error(_: HttpRequest, error: Any) -> HttpResponse:
        return problem(error.status_code)

    def invalid(_: HttpRequest, error: Any) -> HttpResponse:
        # Where and what, never the value: it may be anything that somebody typed into the wrong field.
        told = [f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors[:ERRORS_LIMIT]]
        return problem(422, "what was sent does not fit", errors=told)

    def not_found(*_: Any) -> HttpResponse:
        return problem(404, "nothing is here, or nothing that you may see")

    def denied(request: HttpRequest, error: Any) -> HttpResponse:
        # As the ledger's middleware does for pages; exceptions of operations end here.
        if isinstance(error, Refused):
            policies = tuple(policy.id for policy in error.decision.policies)
            record(request, error.action, outcome="refused", what={"by": "api"}, policies=policies)
        return problem(403, "your roles do not allow it")

    def unexpected(_: HttpRequest, error: Any) -> HttpResponse:
        _log.error("operation failed", exc_info=error)
        return problem(500, "it is our fault, not yours; the log of the server says more")

    api.add_exception_handler(ProblemError, refused)
    api.add_exception_handler(HttpError, http_error)
    api.add_exception_handler(ValidationError, invalid)
    api.add_exception_handler(Http404, not_found)
    api.add_exception_handler(PermissionDenied, denied)
    api.add_exception_handler(Exception, unexpected)
