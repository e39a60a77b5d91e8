"""The menu: what this person may open, in the order of the work."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import may

ENTRIES: Final[tuple[tuple[str, str, str, Action], ...]] = (
    ("See", "Overview", "overview", Action.OVERVIEW),
    ("See", "Devices", "devices", Action.DEVICE_LIST),
    ("See", "Map", "map", Action.MAP_VIEW),
    ("See", "Captures", "jobs", Action.JOB_VIEW),
    ("Keep", "Listed and seen", "reconciliation", Action.DEVICE_LIST),
    ("Keep", "CMMS import", "cmms", Action.IMPORT_PROPOSE),
)
"""Group, words, name of the route, action."""


def navigation(request: HttpRequest) -> dict[str, Any]:
    """The template's ``menu``: groups of (words, address, whether the page is in it)."""
    if not getattr(request, "user", None) or not request.user.is_authenticated:
        return {"menu": []}
    groups: dict[str, list[dict[str, Any]]] = {}
    for group, words, route, action in ENTRIES:
        try:
            address = reverse(route)
        except NoReverseMatch:
            continue
        if may(request.user, action).allowed:
            inside = request.path == address or (address != "/" and request.path.startswith(address))
            groups.setdefault(group, []).append({"words": words, "address": address, "here": inside})
    return {"menu": list(groups.items())}
