"""Pages about devices."""

from __future__ import annotations

from django.db.models import Max, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django_tables2 import RequestConfig

from asepsis.pipeline.registry import Registry
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import may, visible
from asepsis.web.authorisation.routes import requires
from asepsis.web.devices.filters import DeviceFilter
from asepsis.web.devices.models import Device
from asepsis.web.devices.tables import DeviceTable
from asepsis.web.ledger.record import record
from asepsis.web.partial import is_partial
from asepsis.web.settings import WORKSPACE

PER_PAGE = 50


@requires(Action.DEVICE_LIST)
def devices(request: HttpRequest) -> HttpResponse:
    """The devices that this person may list, filtered and sorted."""
    rows: QuerySet[Device] = visible(request.user, Action.DEVICE_LIST, Device.objects.select_related("site"))
    chosen = DeviceFilter(request.GET, queryset=rows)
    table = DeviceTable(chosen.qs)
    RequestConfig(request, paginate={"per_page": PER_PAGE}).configure(table)
    record(request, Action.DEVICE_LIST, what={"filters": {key: request.GET[key] for key in sorted(request.GET)}})
    until = rows.aggregate(until=Max("last_seen"))["until"]
    context = {"table": table, "filter": chosen, "until": until, "count": chosen.qs.count()}
    return render(request, "devices/table.html" if is_partial(request) else "devices/devices.html", context)


@requires(Action.DEVICE_VIEW)
def device(request: HttpRequest, device_id: str) -> HttpResponse:
    """One device with what it is and why."""
    shown = get_object_or_404(Device.objects.select_related("site"), pk=device_id)
    # Whoever may not see it learns nothing, not even that it is there.
    if not may(request.user, Action.DEVICE_VIEW, shown).allowed:
        raise Http404
    record(request, Action.DEVICE_VIEW, subject=f"device:{shown.pk}")
    with Registry.open(WORKSPACE.registry_path) as registry:
        known = registry.device(shown.pk)
        paths = {entry.digest: entry.path for _, entry in registry.captures(shown.site.name)}
    evidence = [
        {**reason.document(), "path": paths.get(reason.capture, "")} for reason in (known.evidence if known else ())
    ]
    return render(request, "devices/device.html", {"device": shown, "evidence": evidence})
