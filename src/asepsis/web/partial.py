"""Whether a request asks for a part of a page alone."""

from __future__ import annotations

from django.http import HttpRequest


def is_partial(request: HttpRequest) -> bool:
    """True when htmx will put the answer into a page that is open already."""
    return bool(getattr(request, "htmx", False))
