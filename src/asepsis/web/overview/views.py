"""The first page: what is there, how it stands, what needs somebody, and how old all of that is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import wraps
from typing import Any, Final, cast
from urllib.parse import urlencode

from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse

from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import may, visible
from asepsis.web.authorisation.routes import View, requires
from asepsis.web.charts import Counted
from asepsis.web.devices.models import Change, Device, Freshness, Link, links_of
from asepsis.web.devices.written_down import is_hidden_anywhere
from asepsis.web.exposure.fleet import riskiest_of
from asepsis.web.facilities.models import Site
from asepsis.web.overview.templatetags.words import size, words
from asepsis.web.remembered import remembered, version

KINDS_SHOWN: Final = 10
NEWEST_SHOWN: Final = 6
RISKIEST_SHOWN: Final = 5
CHANGES_SHOWN: Final = 6
APPLICATIONS_SHOWN: Final = 8
STATUS_TONES: Final = {"online": "good", "silent": "muted", "overdue": "warn", "unknown": "muted"}


def _patients_elsewhere(view: View[[]]) -> View[[]]:
    """Leads a patient, who has no overview, from the first page to the own one."""

    @wraps(view)
    def led(request: HttpRequest) -> HttpResponseBase:
        if request.user.is_authenticated and may(request.user, Action.ACCESS_LIST).allowed:
            return redirect("who-looked")
        return view(request)

    return cast("View[[]]", led)


@_patients_elsewhere
@requires(Action.OVERVIEW)
def overview(request: HttpRequest) -> HttpResponse:
    """What this person may see, in figures and pictures."""
    devices: QuerySet[Device] = visible(request.user, Action.DEVICE_LIST, Device.objects.order_by())
    of = version()
    context = figures(devices, of)
    changes = Change.objects.select_related("device")
    context["riskiest"] = riskiest_of(request, RISKIEST_SHOWN)
    context |= {
        "ages": Freshness.objects.select_related("site").filter(site__in=context["sites"]),
        "newest": list(
            devices.defer("search", "names", "macs", "ips", "confidences", "rhythm")
            .select_related("site")
            .order_by("-first_seen", "id")[:NEWEST_SHOWN]
        ),
        # Where all devices may be seen nothing is looked up.
        "changes": (changes.filter(device__in=devices) if devices.query.where else changes)[:CHANGES_SHOWN],
    }
    if not (may(request.user, Action.CONVERSATION_VIEW).allowed or may(request.user, Action.MAP_VIEW).allowed):
        del context["applications"], context["patient_data"]
    if is_hidden_anywhere(request.user):
        context["places"].pop("Departments", None)
    return render(request, "overview/overview.html", context)


def figures(devices: QuerySet[Device], of: str) -> dict[str, Any]:
    """What is counted for the page, of all devices that somebody may see; remembered until the rows change.

    Args:
        devices: Those that are seen, without order.
        of: The version of the rows.
    """
    counted = counted_of(devices, of)
    links = links_of(devices)
    return {
        "figures": counted.figures,
        "sites": counted.sites,
        "medical_kinds": _kinds(counted.medical),
        "other_kinds": _kinds(counted.other),
        "statuses": [
            Counted(words=words(status), count=count, address=_list(status=status), tone=STATUS_TONES.get(status, ""))
            for status, count in sorted(counted.statuses.items())
        ],
        "places": _places(counted.sites, devices, of),
        "attention": _attention(counted.figures),
        "applications": _applications(links, of),
        "patient_data": _patient_data(links, of),
    }


class Counts:
    """Devices counted along everything at once, from one index."""

    def __init__(self) -> None:
        self.figures: Counter[str] = Counter()
        self.medical: Counter[str] = Counter()
        self.other: Counter[str] = Counter()
        self.statuses: Counter[str] = Counter()
        self.sites: Counter[int] = Counter()


def counted_of(devices: QuerySet[Device], of: str) -> Counts:
    """What the overview says of these devices, as of a version of the rows."""
    found = Counts()
    rows = devices.values_list("category", "medical", "status", "site").annotate(
        count=Count("pk"),
        conflicts=Count("pk", filter=Q(conflicts__gt=0)),
        clear=Count("pk", filter=Q(patient_messages__gt=0)),
    )
    for category, medical, status, site, count, conflicts, clear in remembered(rows, of):
        found.figures["devices"] += count
        found.figures["conflicts"] += conflicts
        found.figures["clear"] += clear
        found.statuses[status] += count
        found.sites[site] += count
        if not category:
            found.figures["unknown"] += count
        elif medical:
            found.figures["medical"] += count
            found.medical[category] += count
        else:
            found.other[category] += count
        if status == "overdue":
            found.figures["overdue"] += count
            if medical:
                found.figures["medical_overdue"] += count
    return found


def _list(**filters: object) -> str:
    return f"{reverse('devices')}?{urlencode(filters)}"


def _kinds(counts: Counter[str]) -> list[Counted]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    shown = [
        Counted(words=words(kind), count=count, address=_list(category=kind)) for kind, count in ordered[:KINDS_SHOWN]
    ]
    rest = ordered[KINDS_SHOWN:]
    if rest:
        total = sum(count for _, count in rest)
        shown.append(Counted(words=f"{len(rest)} more kinds", count=total, address=reverse("devices"), tone="muted"))
    return shown


def _places(sites: Counter[int], devices: QuerySet[Device], of: str) -> dict[str, list[Counted]]:
    """Sites, departments and networks; a list of one says nothing and is left out."""
    known = {site.pk: site for site in Site.objects.filter(pk__in=list(sites))}
    by_site = [
        Counted(words=str(known[pk]), count=count, address=_list(site=known[pk].name))
        for pk, count in sites.most_common()
    ]
    departments = [
        Counted(words=name, count=count, address=_list(department=pk))
        for pk, name, count in remembered(
            devices.exclude(record__department=None)
            .values_list("record__department", "record__department__name")
            .annotate(count=Count("pk"))
            .order_by("-count")[:KINDS_SHOWN],
            of,
        )
    ]
    zones = [
        Counted(words=zone, count=count, address=_list(zone=zone))
        for zone, count in remembered(
            devices.exclude(zone="")
            .values_list("zone")
            .annotate(count=Count("pk"))
            .order_by("-count", "zone")[:KINDS_SHOWN],
            of,
        )
    ]
    found = {"Sites": by_site, "Departments": departments, "Networks": zones}
    return {name: rows for name, rows in found.items() if len(rows) > 1 or (rows and name == "Departments")}


def _attention(figures: Counter[str]) -> list[dict[str, Any]]:
    """What somebody should look at, the most pressing first."""
    offered: Iterable[tuple[str, str, str, str, str]] = (
        (
            "bad",
            "heart",
            "medical_overdue",
            _list(status="overdue", medical="true"),
            "take part in care and are overdue",
        ),
        ("warn", "clock", "overdue", _list(status="overdue"), "are silent for longer than their own rhythm explains"),
        ("warn", "open", "clear", _list(clear="true"), "send or receive data of patients in clear"),
        ("", "twins", "conflicts", _list(conflicts="true"), "are in dispute: two claim one address or serial number"),
        ("", "unknown", "unknown", _list(category="unknown"), "are of unknown kind"),
    )
    return [
        {"tone": tone, "icon": icon, "count": figures[name], "address": address, "words": text}
        for tone, icon, name, address, text in offered
        if figures[name]
    ]


def _applications(links: QuerySet[Link], of: str) -> list[Counted]:
    rows = links.values_list("application").annotate(total=Sum("bytes")).order_by("-total")[:APPLICATIONS_SHOWN]
    return [Counted(words=words(name), count=total, shown=size(total)) for name, total in remembered(rows, of)]


def _patient_data(links: QuerySet[Link], of: str) -> list[Counted]:
    rows = (
        links.filter(patient_messages__gt=0)
        .values_list("application")
        .annotate(total=Sum("patient_messages"))
        .order_by("-total")
    )
    return [
        Counted(
            words=words(name),
            count=total,
            tone="warn",
            address=f"{reverse('map')}?{urlencode({'application': name, 'clear': 'on'})}",
        )
        for name, total in remembered(rows, of)
    ]
