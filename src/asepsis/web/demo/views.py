"""Who to be in the demo."""

from __future__ import annotations

from typing import Final

from django.contrib.auth import authenticate, login
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_POST

from asepsis.web.authorisation.actions import Action
from asepsis.web.demo.people import SAMPLES, ensure
from asepsis.web.ledger.record import record

BACKEND: Final = "asepsis.web.demo.backend.DemoBackend"


def entrance(request: HttpRequest) -> HttpResponse:
    """The sample people, each with a button."""
    ensure()
    return render(request, "demo/entrance.html", {"samples": SAMPLES})


@require_POST
def enter(request: HttpRequest, username: str) -> HttpResponse:
    """Lets in as a sample person."""
    ensure()
    person = authenticate(request, demo_person=username)
    if person is None:
        raise Http404
    with transaction.atomic():
        login(request, person, backend=BACKEND)
        record(request, Action.ACCOUNT, subject=f"person:{person.pk}", what={"entered": "demo"})
    return redirect("overview")


urlpatterns = [
    path("", entrance, name="demo"),
    path("enter/<str:username>/", enter, name="demo_enter"),
]
