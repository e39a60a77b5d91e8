"""The menu: what this person may open, in the order of the work."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils.safestring import SafeString, mark_safe

from asepsis.web.authorisation import break_glass
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import may

ENTRIES: Final[tuple[tuple[str, str, str, Action], ...]] = (
    ("See", "Overview", "overview", Action.OVERVIEW),
    ("See", "Who looked at my data", "who-looked", Action.ACCESS_LIST),
    ("See", "Devices", "devices", Action.DEVICE_LIST),
    ("See", "Map", "map", Action.MAP_VIEW),
    ("Judge", "Findings", "findings", Action.FINDING_VIEW),
    ("Judge", "Risk", "risk", Action.RISK_VIEW),
    ("Judge", "Plan", "plan", Action.PLAN_VIEW),
    ("Judge", "Scans and tests", "testing", Action.SCAN_VIEW),
    ("Judge", "Disclosure forms", "papers", Action.PAPER_VIEW),
    ("Judge", "Vendors", "vendors", Action.VENDOR_VIEW),
    ("Judge", "Purchases", "assessments", Action.ASSESSMENT_VIEW),
    ("Judge", "Feeds", "feeds", Action.FEED_VIEW),
    ("Keep", "Listed and seen", "reconciliation", Action.DEVICE_LIST),
    ("Keep", "CMMS import", "cmms", Action.IMPORT_PROPOSE),
    ("Run", "Captures", "jobs", Action.JOB_VIEW),
    ("Run", "Ledger", "ledger", Action.LEDGER_VIEW),
    ("Run", "Health", "health", Action.HEALTH_VIEW),
    ("Govern", "People", "people", Action.PERSON_LIST),
    ("Programs", "Tokens", "tokens", Action.TOKEN_OWN),
    ("Programs", "Webhooks", "webhooks", Action.WEBHOOK_MANAGE),
    ("Programs", "API", "api_reference", Action.TOKEN_OWN),
    ("Trust", "Roles", "roles", Action.PERSON_LIST),
    ("Trust", "Break-glass", "break-glass", Action.BREAK_GLASS_VIEW),
    ("Trust", "Why may I?", "why", Action.EXPLAIN),
    ("Learn", "Guided tour", "tour", Action.OVERVIEW),
)
"""Group, words, name of the route, action."""

ICONS: Final[dict[str, str]] = {
    "account": "account",
    "api_reference": "file",
    "break-glass": "alert",
    "cmms": "import",
    "devices": "devices",
    "findings": "alert",
    "feeds": "feed",
    "health": "health",
    "imports": "import",
    "jobs": "jobs",
    "ledger": "ledger",
    "map": "map",
    "overview": "overview",
    "papers": "note",
    "people": "people",
    "plan": "check",
    "reconciliation": "columns",
    "testing": "target",
    "risk": "gauge",
    "assessments": "purchase",
    "tokens": "key",
    "vendors": "vendor",
    "tour": "tour",
    "roles": "shield",
    "webhooks": "webhook",
    "who-looked": "shield",
    "why": "unknown",
}
"""Name of the route -> icon of the sprite; a route without one gets an arrow."""


MENUS_KEPT: Final = 512
"""Different sets of rights, each on different pages."""
Entry = tuple[tuple[str, object], ...]
REQUEST_ATTRIBUTE: Final = "asepsis_menu"


def navigation(request: HttpRequest) -> dict[str, Any]:
    """The template's ``menu``: groups of (words, address, whether the page is in it)."""
    if not getattr(request, "user", None) or not request.user.is_authenticated:
        return {"menu": []}
    # Asked for every template of a page, and a list has one a cell; whoever signs in meanwhile has another menu.
    known = getattr(request, REQUEST_ATTRIBUTE, None)
    if known is None or known[0] != request.user.pk:
        known = (request.user.pk, _menu(request))
        setattr(request, REQUEST_ATTRIBUTE, known)
    found: dict[str, Any] = known[1]
    return found


@lru_cache(maxsize=MENUS_KEPT)
def _markup(listed: tuple[tuple[str, tuple[Entry, ...]], ...]) -> SafeString:
    """The menu as every page shows it twice: at the side, and behind a button on a narrow screen."""
    groups = [(group, [dict(entry) for entry in entries]) for group, entries in listed]
    return mark_safe(render_to_string("menu.html", {"menu": groups}))  # noqa: S308 - a template


@lru_cache(maxsize=MENUS_KEPT)
def _address(route: str, urls: str) -> str:
    """The address of a route by these urls, looked up once; none where it is not there."""
    try:
        return reverse(route, urlconf=urls)
    except NoReverseMatch:
        return ""


def _menu(request: HttpRequest) -> dict[str, Any]:
    assert request.user.is_authenticated
    groups: dict[str, list[dict[str, Any]]] = {}
    # A patient has one page here; what else is everybody's own stays by its address.
    of_patient = may(request.user, Action.ACCESS_LIST).allowed
    for group, words, route, action in ENTRIES:
        if of_patient and action is not Action.ACCESS_LIST:
            continue
        address = _address(route, str(settings.ROOT_URLCONF))
        if address and may(request.user, action).allowed:
            inside = request.path == address or (address != "/" and request.path.startswith(address))
            entry = {"words": words, "address": address, "here": inside, "icon": ICONS.get(route, "next")}
            groups.setdefault(group, []).append(entry)
    waiting = break_glass.waiting(request.user)
    listed = tuple((group, tuple(tuple(entry.items()) for entry in entries)) for group, entries in groups.items())
    return {
        "menu": list(groups.items()),
        "menu_markup": _markup(listed),
        "reviews_waiting": waiting,
        "may_search": may(request.user, Action.DEVICE_LIST).allowed,
    }
