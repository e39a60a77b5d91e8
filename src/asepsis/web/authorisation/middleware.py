"""Attaches to the person of every request how they are signed in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponseBase

from asepsis.web.authorisation.asking import attach


class AuthorisationMiddleware:
    """Runs before every view; without it everybody counts as having proved nothing, and is refused."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Passes on."""
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        """Django calls it when the view is known."""
        attach(request)
