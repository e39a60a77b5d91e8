"""Views that record, as the middleware meets them."""

from __future__ import annotations

from collections.abc import Iterator

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import path

from asepsis.web.facilities.models import Site
from asepsis.web.ledger.record import record


def look(request: HttpRequest) -> HttpResponse:
    record(request, "device.view", subject="device:one", what={"filters": {"q": "ct"}, "count": 3})
    return HttpResponse("seen")


def change(request: HttpRequest) -> HttpResponse:
    with transaction.atomic():
        Site.objects.create(name=request.POST["name"])
        record(request, "device.edit", subject="device:one", reason="a round")
    return HttpResponse("changed")


def change_unbound(request: HttpRequest) -> HttpResponse:
    record(request, "device.edit", subject="device:one")
    Site.objects.create(name="unbound")
    return HttpResponse("changed")


def roll_back(request: HttpRequest) -> HttpResponse:
    try:
        with transaction.atomic():
            Site.objects.create(name="never")
            record(request, "device.edit", subject="device:one")
            raise ValueError("no")
    except ValueError:
        return HttpResponse("not changed")


def refused(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied("CANARY words for the person")


def stream(request: HttpRequest) -> HttpResponseBase:
    def parts() -> Iterator[bytes]:
        for number in range(3):
            record(request, "device.export", subject=f"device:{number}")
            yield b"%d" % number

    return StreamingHttpResponse(parts())


urlpatterns = [
    path("look/", look),
    path("change/", change),
    path("change-unbound/", change_unbound),
    path("roll-back/", roll_back),
    path("refused/", refused),
    path("stream/", stream),
    path("api/look/", look),
]
