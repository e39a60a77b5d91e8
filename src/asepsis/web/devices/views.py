"""Pages about devices."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from asepsis.pipeline.registry import Registry
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import may
from asepsis.web.authorisation.routes import requires
from asepsis.web.devices.models import Device
from asepsis.web.ledger.record import record
from asepsis.web.settings import WORKSPACE

PER_PAGE = 50


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
