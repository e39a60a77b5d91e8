"""The guided tour: steps that lead from the overview to the packet that gave an infusion pump away."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from asepsis.kernel.value import value
from asepsis.pipeline.registry import Registry
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import may, visible
from asepsis.web.authorisation.routes import requires
from asepsis.web.devices.models import Device
from asepsis.web.settings import WORKSPACE


@value
class Step:
    """One stop."""

    title: str
    text: str
    address: str
    action: str
    icon: str


@requires(Action.OVERVIEW)
def tour(request: HttpRequest) -> HttpResponse:
    """The steps that this person may take, on devices that are really there."""
    devices = visible(request.user, Action.DEVICE_LIST, Device.objects.order_by("-confidence", "title"))
    pump = devices.filter(category="infusion_pump").first()
    steps = [_step("overview", "See what is there", "Kinds, status and what needs somebody, at a glance.", "overview")]
    if pump is None:
        text = "No infusion pump is among the devices that you may see; the list has the others."
        steps.append(_step("devices", "Find a device", text, "devices"))
        return render(request, "tour/tour.html", {"steps": steps})
    count = devices.filter(category="infusion_pump").count()
    pumps = f"{reverse('devices')}?category=infusion_pump"
    found = f"{count} found. Narrow the list by kind, vendor, department or time; save it as a view; export it."
    steps.append(
        Step(title="Find the infusion pumps", text=found, address=pumps, action="Show the pumps", icon="devices")
    )
    why = "What it is, how sure that is and why, what would tell more, and whom it talks to."
    page = reverse("device", args=[pump.pk])
    steps.append(Step(title=f"Open {pump.title}", text=why, address=page, action="Open the pump", icon="heart"))
    if may(request.user, Action.DEVICE_EVIDENCE, pump).allowed and (number := _giveaway(pump)) is not None:
        packet = "The bytes, with what they carry masked, beside the message that was read from them."
        address = reverse("device-evidence", args=[pump.pk, number])
        title = "See the packet that gave it away"
        steps.append(Step(title=title, text=packet, address=address, action="Open the packet", icon="packet"))
    if may(request.user, Action.MAP_VIEW, pump).allowed:
        beside = "Whom the pump asks, and where data of patients cross the network in clear."
        address = reverse("map-device", args=[pump.pk])
        steps.append(
            Step(title="See its neighbourhood", text=beside, address=address, action="Open the map", icon="map")
        )
    return render(request, "tour/tour.html", {"steps": steps})


def _step(route: str, title: str, text: str, icon: str) -> Step:
    return Step(title=title, text=text, address=reverse(route), action=f"Open {route}", icon=icon)


def _giveaway(pump: Device) -> int | None:
    """The place of the weightiest clue with a packet for what the device is."""
    with Registry.open(WORKSPACE.registry_path) as registry:
        known = registry.device(pump.pk)
    clues = [
        (-clue.weight, number)
        for number, clue in enumerate(known.evidence if known else ())
        if clue.attribute == "category" and clue.value == pump.category and clue.packet
    ]
    return min(clues)[1] if clues else None
