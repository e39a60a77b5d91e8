"""Who entered the demo by a click counts as signed in strongly, so that every page of the role can be seen."""

from __future__ import annotations

from typing import Final

from django.contrib.auth import BACKEND_SESSION_KEY
from django.http import HttpRequest
from django.utils import timezone

from asepsis.web.people import strength as product
from asepsis.web.people.strength import Strength

BACKEND: Final = "asepsis.web.demo.backend.DemoBackend"


def strength(request: HttpRequest) -> Strength:
    """Everything is proved for a sample person; whoever was made in the demo is measured as anywhere."""
    if request.session.get(BACKEND_SESSION_KEY) == BACKEND:
        return Strength(aal=3, device_bound=True, authenticated_at=timezone.now())
    return product.strength(request)
