"""The first page: how many devices there are, of what kinds, how sure that is, and how old it is."""

from __future__ import annotations

from django.db.models import Count, Max, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import visible
from asepsis.web.authorisation.routes import requires
from asepsis.web.devices.models import Device

KINDS_SHOWN = 12


@requires(Action.OVERVIEW)
def overview(request: HttpRequest) -> HttpResponse:
    """What this person may see, in figures."""
    devices: QuerySet[Device] = visible(request.user, Action.DEVICE_LIST, Device.objects.order_by())
    figures = devices.aggregate(
        devices=Count("id"),
        medical=Count("id", filter=Q(medical=True)),
        unknown=Count("id", filter=Q(category="")),
        overdue=Count("id", filter=Q(status="overdue")),
        until=Max("last_seen"),
    )
    counted = devices.exclude(category="").values("category", "medical").annotate(count=Count("id")).order_by("-count")
    most = max((kind["count"] for kind in counted), default=1)
    kinds = [{**kind, "share": round(100 * kind["count"] / most)} for kind in counted[:KINDS_SHOWN]]
    return render(request, "overview/overview.html", {"figures": figures, "kinds": kinds})
