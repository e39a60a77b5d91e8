"""One device: what it is and why, whom it talks to, what became of it, and what people added."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from asepsis.devices import telling
from asepsis.devices.device import Device as Known
from asepsis.devices.device import Evidence
from asepsis.devices.explanation import explain
from asepsis.devices.phrases import witness
from asepsis.kernel.value import value
from asepsis.pipeline.registry import Registry
from asepsis.web.authorisation.actions import Action, Obligation
from asepsis.web.authorisation.asking import facts_of
from asepsis.web.authorisation.decide import may
from asepsis.web.authorisation.facts import Facts
from asepsis.web.authorisation.routes import requires
from asepsis.web.charts import Counted
from asepsis.web.devices.forms import DocumentForm, NoteForm, OverrideForm, RecordForm
from asepsis.web.devices.models import Change, Device, Link
from asepsis.web.devices.traffic import last_hours, rows_markup
from asepsis.web.ledger.record import record
from asepsis.web.overview.templatetags.words import size, words
from asepsis.web.settings import WORKSPACE

PEERS_SHOWN: Final = 12
CHANGES_SHOWN: Final = 30
TWINS_LOOKED_UP: Final = 16
NEIGHBOUR_APPLICATIONS: Final = 8


@value
class Reason:
    """One clue as the page shows it."""

    number: int
    """Its place among the device's evidence: the address of its own page."""
    evidence: Evidence
    who: str
    path: str


@requires(Action.DEVICE_VIEW)
def device(request: HttpRequest, device_id: str) -> HttpResponse:
    """Everything on one page, the identity first."""
    shown, on = _found(request, device_id, Action.DEVICE_VIEW, fulfils=[Obligation.HIDE_NOTES])
    # What the hospital wrote down is not for everybody who may look at the device.
    hidden = Obligation.HIDE_NOTES in may(request.user, Action.DEVICE_VIEW, on, fulfils=list(Obligation)).obligations
    fulfils = [Obligation.HIDE_NOTES]
    allowed = {action: may(request.user, action, on, fulfils=fulfils).allowed for action in _ASKED}
    record(request, Action.DEVICE_VIEW, subject=f"device:{shown.pk}")
    with Registry.open(WORKSPACE.registry_path) as registry:
        known = registry.device(shown.pk)
        overrides = [] if hidden else registry.overrides(shown.pk)
        paths = {entry.digest: entry.path for _, entry in registry.captures(shown.site.name)}
    if known is None:
        return render(request, "devices/device.html", {"device": shown, "gone": True})
    statements = explain(known, overrides)
    context: dict[str, Any] = {
        "device": shown,
        "may": {action.name.lower(): yes for action, yes in allowed.items()},
        "statements": statements,
        "known": [one for one in statements if one.value is not None],
        "unknown": [one for one in statements if one.value is None],
        "twins": _twins(request, shown, known),
        "standing": telling.standing_words(shown.status, shown.rhythm) if shown.rhythm else shown.status,
        "changes": _changes(shown),
        "hidden": hidden,
        "overrides": overrides,
        "record": None if hidden else getattr(shown, "record", None),
        "notes": () if hidden else shown.notes.select_related("author"),
        "documents": () if hidden else shown.documents.select_related("author"),
    }
    # Here and not above: those pages are reached by way of this one.
    from asepsis.web.exposure.views import summary

    context["exposed"] = summary(request, shown)
    if allowed[Action.DEVICE_EVIDENCE]:
        context["reasons"] = _reasons(known, paths)
    if allowed[Action.CONVERSATION_VIEW]:
        context |= _talk(shown)
    if allowed[Action.DEVICE_EDIT]:
        context |= {
            "record_form": RecordForm(instance=context["record"], site=shown.site),
            "note_form": NoteForm(),
            "document_form": DocumentForm(),
        }
    if allowed[Action.DEVICE_OVERRIDE]:
        context["override_form"] = OverrideForm()
    return render(request, "devices/device.html", context)


_ASKED: Final = (
    Action.DEVICE_EVIDENCE,
    Action.CONVERSATION_VIEW,
    Action.DEVICE_EDIT,
    Action.DEVICE_OVERRIDE,
    Action.MAP_VIEW,
)


def found(
    request: HttpRequest,
    device_id: str,
    action: Action = Action.DEVICE_VIEW,
    *,
    fulfils: Sequence[Obligation] = (),
) -> Device:
    """The device, when the person may do ``action`` to it, and the caller meets what that obliges to.

    Raises:
        Http404: There is none, or the person may not even look at it: who may not learns not even that it is there.
        PermissionDenied: The person may look at it, and not do this.
    """
    return _found(request, device_id, action, fulfils=fulfils)[0]


def _found(
    request: HttpRequest, device_id: str, action: Action, *, fulfils: Sequence[Obligation]
) -> tuple[Device, Facts]:
    """The device, and what policies know of it."""
    rows = Device.objects.select_related("site", "record__department", "record__owner")
    shown = rows.filter(pk=device_id).first()
    if shown is None and WORKSPACE.exists:
        # An id that led to another device after a merge is still understood.
        with Registry.open(WORKSPACE.registry_path) as registry:
            current = registry.current_id(device_id)
        shown = get_object_or_404(rows, pk=current)
    if shown is None:
        raise Http404
    on = facts_of(shown, action)
    if not may(request.user, Action.DEVICE_VIEW, on, fulfils=fulfils).allowed:
        raise Http404
    if action is not Action.DEVICE_VIEW and not may(request.user, action, on, fulfils=fulfils).allowed:
        raise PermissionDenied(action)
    return shown, on


def _reasons(known: Known, paths: dict[str, str]) -> list[tuple[str, list[Reason]]]:
    """The clues by attribute, each with who says it."""
    grouped: dict[str, list[Reason]] = {}
    for number, evidence in enumerate(known.evidence):
        who, _ = witness(evidence.protocol)
        path = Path(paths.get(evidence.capture, "")).name
        grouped.setdefault(evidence.attribute, []).append(
            Reason(number=number, evidence=evidence, who=who[:1].upper() + who[1:], path=path)
        )
    return list(grouped.items())


def _twins(request: HttpRequest, shown: Device, known: Known) -> list[dict[str, Any]]:
    """What it shares with others; those others by name where the person may see them."""
    told = list(telling.twins_told(known, {}))
    addresses = [other["address"] for twin in told for other in twin["devices"]][:TWINS_LOOKED_UP]
    if not addresses:
        return told
    wanted = Q(address__in=addresses)
    for address in addresses:
        wanted |= Q(search__contains=address)
    named: dict[str, Device] = {}
    for other in Device.objects.filter(wanted, site=shown.site).exclude(pk=shown.pk):
        if may(request.user, Action.DEVICE_VIEW, other).allowed:
            named |= dict.fromkeys((*other.macs, *other.ips), other)
    for twin in told:
        for other in twin["devices"]:
            if (bearer := named.get(other["address"])) is not None:
                other |= {"id": bearer.pk, "name": bearer.title}
    return told


def _changes(shown: Device) -> list[tuple[Change, str]]:
    changes = list(Change.objects.filter(device=shown)[:CHANGES_SHOWN])
    ids = {change.before.removeprefix("held by ") for change in changes if change.before.startswith("held by ")}
    names = dict(Device.objects.filter(pk__in=ids).values_list("pk", "title"))
    return [
        (change, telling.change_words(words(change.attribute), change.before or "nothing", change.after, names))
        for change in changes
    ]


_SUMMED: Final = ("application", "bytes", "conversations", "patient_messages")


def _talk(shown: Device) -> dict[str, Any]:
    """Whom it talked to in the last day of the data, by what, and how much."""
    applications: Counter[str] = Counter()
    peers: dict[tuple[str, str], dict[str, Any]] = {}
    # Plain values: a server has hundreds of links, and of most peers not even the name is shown.
    links = (
        Link.objects.filter(Q(client=shown) | Q(server=shown))
        .order_by("-bytes", "id")
        .values_list("client", "client_address", "server", "server_address", *_SUMMED)
    )
    for client, client_address, server, server_address, application, volume, conversations, clear in links:
        applications[application] += volume
        outward = client == shown.pk
        other, address = (server, server_address) if outward else (client, client_address)
        peer = peers.setdefault(
            (other or "", "" if other else address),
            {
                "device": other,
                "name": address,
                "applications": [],
                "bytes": 0,
                "conversations": 0,
                "clear": 0,
                "asks": False,
                "answers": False,
            },
        )
        if application not in peer["applications"]:
            peer["applications"].append(application)
        peer["bytes"] += volume
        peer["conversations"] += conversations
        peer["clear"] += clear
        peer["asks" if outward else "answers"] = True
    ordered = sorted(peers.values(), key=lambda peer: (-peer["bytes"], peer["name"]))
    ids = [peer["device"] for peer in ordered[:PEERS_SHOWN] if peer["device"]]
    named = {one.pk: one for one in Device.objects.filter(pk__in=ids).only("title", "category")}
    for peer in ordered[:PEERS_SHOWN]:
        if peer["device"]:
            peer["device"] = named.get(peer["device"])
            peer["name"] = peer["device"].title if peer["device"] else peer["name"]
    return {
        "applications": [
            Counted(words=words(name), count=total, shown=size(total))
            for name, total in applications.most_common(NEIGHBOUR_APPLICATIONS)
        ],
        "peers": ordered[:PEERS_SHOWN],
        "peers_left": max(0, len(ordered) - PEERS_SHOWN),
    }


@requires(Action.CONVERSATION_VIEW)
def conversations(request: HttpRequest, device_id: str) -> HttpResponse:
    """The last day's conversations of one device: how many when, and the latest of them one by one."""
    shown = found(request, device_id, Action.CONVERSATION_VIEW)
    record(request, Action.CONVERSATION_VIEW, subject=f"device:{shown.pk}")
    with Registry.open(WORKSPACE.registry_path) as registry:
        day = last_hours(WORKSPACE, registry, shown)
    context = {"device": shown, "day": day, "rows": rows_markup(day.latest)}
    return render(request, "devices/conversations.html", context)
