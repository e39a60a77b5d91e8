"""The map by the API: who talks to whom in the last 24 hours of the data, without the picture."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal

from django.db.models import Max, Q
from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from asepsis.web.api.operations import clean, operation
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import visible
from asepsis.web.devices.api import reach
from asepsis.web.devices.models import Device, Link
from asepsis.web.ledger.record import record
from asepsis.web.map.views import narrowed, pairs, titles_of

router = Router(tags=["map"])

PAIRS_MOST: Final = 5000
TEXT_LIMIT: Final = 200


class PairOut(Schema):
    """Two ends and what went between them; an end is a group, an address, or a device."""

    one: str
    other: str
    one_device: str | None = Field(description="Its id, where the end is a device that you may see.")
    other_device: str | None
    applications: dict[str, int] = Field(description="Bytes of each.")
    bytes: int
    conversations: int
    patient_messages: int


class MapOut(Schema):
    """Who talks to whom, most bytes first."""

    items: list[PairOut]
    complete: bool = Field(description="False when there are more: open one group, or narrow it.")
    until: datetime | None = Field(description="How old the data are.")


class Wanted(Schema):
    """How it is grouped and narrowed, as on the page."""

    by: Literal["zone", "department"] = "zone"
    open: str = Field("", max_length=TEXT_LIMIT, description="A group whose devices are shown one by one.")
    application: str = Field("", max_length=TEXT_LIMIT)
    clear: bool = Field(False, description="Only where data of patients went in clear.")
    limit: int = Field(1000, ge=1, le=PAIRS_MOST)


class PeerOut(Schema):
    """Whom a device asks, or who asks it."""

    device: str | None
    title: str
    address: str
    asks: bool = Field(description="Whether the device asks it.")
    applications: dict[str, int]
    bytes: int
    conversations: int
    patient_messages: int


class PeersOut(Schema):
    """A device's neighbourhood, most bytes first."""

    items: list[PeerOut]
    complete: bool


class Most(Schema):
    """How many."""

    limit: int = Field(1000, ge=1, le=PAIRS_MOST)


@operation(router, "GET", "/map", Action.MAP_VIEW, response=MapOut)
def who_to_whom(request: HttpRequest, wanted: Query[Wanted]) -> Any:
    """Which networks or departments talk to each other."""
    clean(wanted.open, wanted.application)
    mine = visible(request.user, Action.MAP_VIEW, Device.objects.order_by())
    found = pairs(narrowed(mine, application=wanted.application, clear=wanted.clear), wanted.by, wanted.open)
    shown = found[: wanted.limit]
    titles = titles_of({end for row in shown for end in (row["one"], row["other"])}, mine)
    known = set(visible(request.user, Action.MAP_VIEW, Device.objects.all()).values_list("pk", flat=True))
    what = {"by": wanted.by, "open": wanted.open, "application": wanted.application}
    record(request, Action.MAP_VIEW, what={**what, "via": "api"})
    return {
        "items": [
            {
                **{end: titles.get(row[end], row[end]) for end in ("one", "other")},
                **{f"{end}_device": _device(row[end], known) for end in ("one", "other")},
                "applications": dict(row["by"].most_common()),
                "bytes": row["volume"],
                "conversations": row["talks"],
                "patient_messages": row["clear"],
            }
            for row in shown
        ],
        "complete": len(found) <= wanted.limit,
        "until": mine.aggregate(until=Max("last_seen"))["until"],
    }


@operation(router, "GET", "/devices/{device_id}/peers", Action.MAP_VIEW, response=PeersOut)
def peers(request: HttpRequest, device_id: str, wanted: Query[Most]) -> Any:
    """Whom a device talked to in the last 24 hours of the data."""
    device = reach(request, device_id, Action.MAP_VIEW)
    mine = visible(request.user, Action.MAP_VIEW, Device.objects.order_by())
    found: dict[tuple[bool, str], dict[str, Any]] = {}
    for link in Link.objects.filter(Q(client=device) | Q(server=device)):
        asks = link.client_id == device.pk
        other, address = (link.server_id, link.server_address) if asks else (link.client_id, link.client_address)
        peer = found.setdefault(
            (asks, other or address),
            {
                "device": other,
                "address": address,
                "asks": asks,
                "applications": {},
                "bytes": 0,
                "conversations": 0,
                "patient_messages": 0,
            },
        )
        peer["applications"][link.application] = peer["applications"].get(link.application, 0) + link.bytes
        for name in ("bytes", "conversations", "patient_messages"):
            peer[name] += getattr(link, name)
    ordered = sorted(found.values(), key=lambda peer: (-peer["bytes"], peer["address"]))
    shown = ordered[: wanted.limit]
    named = dict(mine.filter(pk__in=[p["device"] for p in shown if p["device"]]).values_list("pk", "title"))
    for peer in shown:
        # As on the page: somebody else's device has no name here, and its address is not told.
        foreign = peer["device"] is not None and peer["device"] not in named
        peer["title"] = "another device" if foreign else named.get(peer["device"], peer["address"])
        if foreign:
            peer |= {"device": None, "address": ""}
    return {"items": shown, "complete": len(ordered) <= wanted.limit}


def _device(end: str, known: set[str]) -> str | None:
    found = end.removeprefix("device:")
    return found if end.startswith("device:") and found in known else None
