"""Lets no answer leave before what it tells of is durable."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from asepsis.web.ledger.models import OutboxRecord
from asepsis.web.ledger.record import REQUEST_ATTRIBUTE


class LedgerMiddleware:
    """Checks that every record of a request is committed when its view has returned."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The view's answer, or a refusal when what it recorded did not last."""
        response = self.get_response(request)
        wanted = getattr(request, REQUEST_ATTRIBUTE, [])
        if wanted and OutboxRecord.objects.filter(pk__in=wanted).count() != len(wanted):
            return HttpResponse("The access could not be recorded, so it is refused.", status=503)
        return response
