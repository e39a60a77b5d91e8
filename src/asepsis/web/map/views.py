"""The map of who talks to whom in the last 24 hours of the data, each person's own part of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlencode

from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import mark_safe

from asepsis.kernel.value import value
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import visible
from asepsis.web.authorisation.routes import requires
from asepsis.web.devices.models import Device, Link, links_of
from asepsis.web.devices.views import found
from asepsis.web.devices.zones import GROUPS, LOCAL, OUTSIDE, UNPLACED
from asepsis.web.ledger.record import record
from asepsis.web.map.layout import LONGEST_COLUMN, Edge, Node, Picture, beside, ring, sides
from asepsis.web.overview.templatetags.words import size, words
from asepsis.web.remembered import remembered, remembered_text, seen_until, version

GROUPS_DRAWN: Final = 32
"""On the ring; more lines than their pairs nobody can follow. The smallest others become one."""
DEVICES_DRAWN: Final = 24
"""Of an opened group: a column whose names can still be read on one screen."""
ROWS_SHOWN: Final = 300
OTHERS: Final = "others"
OTHER_GROUPS: Final = "other groups"
NOBODY: Final = "no department"


@value
class Row:
    """One line of the table: the same as one line of the picture."""

    source: str
    target: str
    applications: str
    conversations: int
    volume: str
    clear: int


@requires(Action.MAP_VIEW)
def groups(request: HttpRequest) -> HttpResponse:
    """Networks or departments as a ring, or, with one opened, its devices and the other groups around them."""
    mine = visible(request.user, Action.MAP_VIEW, Device.objects.order_by())
    by = "department" if request.GET.get("by") == "department" else "zone"
    opened = request.GET.get("open", "")
    of = version()
    links = narrowed(mine, application=request.GET.get("application", ""), clear=request.GET.get("clear") == "on")
    record(request, Action.MAP_VIEW, what={"by": by, "open": opened, "application": request.GET.get("application", "")})
    drawn = _remembered_drawing(request, links, mine, by, opened, of)
    context: dict[str, Any] = {
        "drawn": mark_safe(drawn),  # noqa: S308 - a template of ours made it
        "by": by,
        "opened": opened,
        "applications": _applications(of),
        "application": request.GET.get("application", ""),
        "clear": request.GET.get("clear") == "on",
        "until": seen_until(mine, of),
        "here": _here(request, open=""),
    }
    return render(request, "map/map.html", context)


def drawn_first(mine: QuerySet[Device], of: str) -> str:
    """What the map shows before anything is chosen, for somebody who may see these devices.

    Args:
        mine: Those devices, without order.
        of: The version of the rows.
    """
    request = HttpRequest()
    return _remembered_drawing(request, narrowed(mine), mine, "zone", "", of)


def _remembered_drawing(
    request: HttpRequest, links: QuerySet[Link], mine: QuerySet[Device], by: str, opened: str, of: str
) -> str:
    asked = ["map", by, opened, _here(request)]
    return remembered_text([links, mine], asked, lambda: _drawn(request, links, mine, by, opened), of)


def _drawn(request: HttpRequest, links: QuerySet[Link], mine: QuerySet[Device], by: str, opened: str) -> str:
    """The picture and its table: all that is long on the page, and the same until the rows change."""
    rows = pairs(links, by, opened)
    context = {
        "picture": _picture(request, rows, mine, by, opened),
        "rows": [_row(row) for row in rows[:ROWS_SHOWN]],
        "left": max(0, len(rows) - ROWS_SHOWN),
        "opened": opened,
    }
    return render_to_string("map/drawn.html", context)


def narrowed(mine: QuerySet[Device], *, application: str = "", clear: bool = False) -> QuerySet[Link]:
    """Links of which the person may see an end; an end that is not theirs is shown by its group alone."""
    links = links_of(mine)
    if application:
        links = links.filter(application=application)
    return links.filter(patient_messages__gt=0) if clear else links


def pairs(links: QuerySet[Link], by: str, opened: str = "") -> list[dict[str, Any]]:
    """Who talks to whom, most first: groups, or the devices of the ``opened`` group and the other groups.

    Each is ``one`` and ``other`` (a group, an address, or ``device:ID``), ``by`` (application to bytes), ``volume``
    in bytes, ``talks`` and ``clear``.
    """
    return _opened(links, by, opened) if opened else _grouped(links, by)


ENDS: Final[dict[str, tuple[str, str]]] = {
    "zone": ("client_zone", "server_zone"),
    "department": ("client__record__department__name", "server__record__department__name"),
}
"""How groups are made -> the group of the one that asks, and of the one that is asked."""


def _summed(links: QuerySet[Link], by: str, *also: str) -> Iterator[dict[str, Any]]:
    one, other = ENDS[by]
    names = (one, other, *also, "application")
    sums = links.values_list(*names).annotate(
        volume=Sum("bytes"), talks=Sum("conversations"), clear=Sum("patient_messages")
    )
    for values in remembered(sums):
        row = dict(zip((*names, "volume", "talks", "clear"), values, strict=True))
        yield {**row, "one": row[one] or NOBODY, "other": row[other] or NOBODY}


def _grouped(links: QuerySet[Link], by: str) -> list[dict[str, Any]]:
    """Sums between groups; both directions of a pair are one row."""
    return _joined(_summed(links, by))


def _opened(links: QuerySet[Link], by: str, opened: str) -> list[dict[str, Any]]:
    """Sums between the devices of one group, and between them and the other groups."""
    one, other = ENDS[by]
    if by == "department" and opened == NOBODY:
        within = Q(**{f"{one}__isnull": True}) | Q(**{f"{other}__isnull": True})
    else:
        within = Q(**{one: opened}) | Q(**{other: opened})
    rows = _summed(links.filter(within), by, "client", "server", "client_address", "server_address")
    return _joined(
        {
            **row,
            "one": _end(row["one"], opened, row["client"], row["client_address"]),
            "other": _end(row["other"], opened, row["server"], row["server_address"]),
        }
        for row in rows
    )


def _end(group: str, opened: str, device: str | None, address: str) -> str:
    if group != opened:
        return group
    return f"device:{device}" if device else address


def _joined(counted: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    pairs: dict[tuple[str, str], dict[str, Any]] = {}
    for row in counted:
        one, other = sorted((row["one"], row["other"]))
        pair = pairs.setdefault(
            (one, other), {"one": one, "other": other, "by": Counter(), "volume": 0, "talks": 0, "clear": 0}
        )
        pair["by"][row["application"]] += row["volume"]
        for name in ("volume", "talks", "clear"):
            pair[name] += row[name]
    return sorted(pairs.values(), key=lambda pair: (-pair["volume"], pair["one"], pair["other"]))


def _picture(request: HttpRequest, rows: list[dict[str, Any]], mine: QuerySet[Device], by: str, opened: str) -> Picture:
    volumes: Counter[str] = Counter()
    for row in rows:
        for end in {row["one"], row["other"]}:
            volumes[end] += row["volume"]
    counts = _counts(mine, by)
    titles = titles_of(volumes, mine)
    inside = {end for end in volumes if opened and _is_inside(end)}
    kept = _largest(volumes, inside, DEVICES_DRAWN) | _largest(volumes, set(volumes) - inside, GROUPS_DRAWN)
    rest = {end: OTHER_GROUPS if opened and end not in inside else OTHERS for end in volumes}
    drawn = {end: end if end in kept else rest[end] for end in volumes}
    counts |= {one: sum(to == one for to in drawn.values()) for one in (OTHERS, OTHER_GROUPS)}
    for row in rows:
        row["words"] = f"{titles.get(row['one'], row['one'])} and {titles.get(row['other'], row['other'])}"
        row["names"] = (titles.get(row["one"], row["one"]), titles.get(row["other"], row["other"]))
    nodes = [
        Node(
            key=end,
            words=titles.get(end, end),
            count=counts.get(end, 1),
            address="" if end in (OTHERS, OTHER_GROUPS) else _address(request, end),
            tone="device" if end.startswith("device:") else "far" if end in (OUTSIDE, GROUPS, LOCAL, UNPLACED) else "",
        )
        for end in sorted(set(drawn.values()), key=_in_order)
    ]
    sums: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        one, other = sorted((drawn[row["one"]], drawn[row["other"]]))
        pair = sums.setdefault((one, other), [0, 0])
        pair[0] += row["volume"]
        pair[1] += row["clear"]
    edges = [
        Edge(
            source=one,
            target=other,
            weight=volume,
            clear=clear > 0,
            words=f"{titles.get(one, one)} and {titles.get(other, other)}: {size(volume)}",
        )
        for (one, other), (volume, clear) in sums.items()
    ]
    if not opened:
        return ring(nodes, edges)
    shown = {drawn[end] for end in inside}
    return beside([one for one in nodes if one.key in shown], [one for one in nodes if one.key not in shown], edges)


def _is_inside(end: str) -> bool:
    """Whether an end is one of an opened group itself, by its device or its address, and not another group."""
    if end.startswith("device:"):
        return True
    try:
        ip_address(end)
    except ValueError:
        return False
    return True


def _largest(volumes: Counter[str], ends: set[str], most: int) -> set[str]:
    return set(sorted(ends, key=lambda end: (-volumes[end], end))[:most])


def _in_order(end: str) -> tuple[int, list[int], str]:
    """Networks by their numbers, so that neighbours stand beside each other; then the rest by name."""
    parts = end.split("/")[0].split(".")
    if len(parts) == 4 and all(part.isdecimal() for part in parts):
        return (0, [int(part) for part in parts], end)
    return (2 if end in (OUTSIDE, GROUPS, LOCAL, UNPLACED, OTHERS, OTHER_GROUPS, NOBODY) else 1, [], end)


def _counts(mine: QuerySet[Device], by: str) -> dict[str, int]:
    if by == "zone":
        return dict(remembered(mine.values_list("zone").annotate(count=Count("pk"))))
    rows = mine.values_list("record__department__name").annotate(count=Count("pk"))
    return {name or NOBODY: count for name, count in remembered(rows)}


def titles_of(ends: Iterable[str], mine: QuerySet[Device]) -> dict[str, str]:
    """The names of those ends that are devices."""
    ids = [end.removeprefix("device:") for end in ends if end.startswith("device:")]
    named = {f"device:{pk}": title for pk, title in mine.filter(pk__in=ids).values_list("pk", "title")}
    # A device of the same group that is somebody else's to see has no name here.
    return {f"device:{pk}": "another device" for pk in ids} | named


def _address(request: HttpRequest, end: str) -> str:
    if end.startswith("device:"):
        return reverse("map-device", args=[end.removeprefix("device:")])
    return _here(request, open=end)


def _here(request: HttpRequest, **changed: str) -> str:
    kept = {name: request.GET[name] for name in ("by", "application", "clear", "open") if request.GET.get(name)}
    query = urlencode({name: given for name, given in (kept | changed).items() if given})
    return f"{reverse('map')}?{query}" if query else reverse("map")


def _row(row: dict[str, Any]) -> Row:
    return Row(
        source=row["names"][0],
        target=row["names"][1],
        applications=", ".join(words(name) for name, _ in row["by"].most_common(6)),
        conversations=row["talks"],
        volume=size(row["volume"]),
        clear=row["clear"],
    )


def _applications(of: str) -> list[tuple[str, str]]:
    names = Link.objects.order_by("application").values_list("application").distinct()
    return [(name, words(name)) for (name,) in remembered(names, of)]


SPOKEN: Final = ("application", "bytes", "conversations", "patient_messages")
"""Of a link, what is summed."""


@requires(Action.MAP_VIEW)
def neighbourhood(request: HttpRequest, device_id: str) -> HttpResponse:
    """One device, those that ask it and those that it asks."""
    device = found(request, device_id, Action.MAP_VIEW)
    record(request, Action.MAP_VIEW, subject=f"device:{device.pk}")
    mine = visible(request.user, Action.MAP_VIEW, Device.objects.order_by())
    rows = []
    # Plain values: a server has hundreds of links.
    links = Link.objects.filter(Q(client=device) | Q(server=device)).order_by("-bytes", "id")
    ends = ("client", "client_address", "server", "server_address")
    for client, client_address, server, server_address, *spoken in links.values_list(*ends, *SPOKEN):
        outward = client == device.pk
        other, address = (server, server_address) if outward else (client, client_address)
        rows.append((outward, other, address, spoken))
    named = {
        one.pk: one for one in mine.filter(pk__in={other for _, other, _, _ in rows if other}).only("title", "medical")
    }
    pairs: dict[tuple[bool, str], dict[str, Any]] = {}
    for outward, other, address, (application, volume, talks, clear) in rows:
        pair = pairs.setdefault(
            (outward, other or address),
            {"other": other, "address": address, "by": Counter(), "volume": 0, "talks": 0, "clear": 0},
        )
        pair["by"][application] += volume
        pair["volume"] += volume
        pair["talks"] += talks
        pair["clear"] += clear
    columns: dict[bool, list[Node]] = {True: [], False: []}
    edges: list[Edge] = []
    table: list[Row] = []
    for (outward, key), pair in sorted(pairs.items(), key=lambda item: (-item[1]["volume"], item[0])):
        known = named.get(pair["other"] or "")
        title = known.title if known else "another device" if pair["other"] else pair["address"]
        said = ", ".join(words(name) for name, _ in pair["by"].most_common(4))
        if len(table) < ROWS_SHOWN:
            names = (device.title, title) if outward else (title, device.title)
            table.append(
                Row(
                    source=names[0],
                    target=names[1],
                    applications=said,
                    conversations=pair["talks"],
                    volume=size(pair["volume"]),
                    clear=pair["clear"],
                )
            )
        if len(columns[outward]) >= LONGEST_COLUMN:
            continue
        node = Node(
            key=f"{outward}:{key}",
            words=title,
            count=1,
            address=reverse("map-device", args=[known.pk]) if known else "",
            tone="medical" if known and known.medical else "",
        )
        columns[outward].append(node)
        line = ("middle", node.key) if outward else (node.key, "middle")
        told = f"{title}: {said}, {size(pair['volume'])}"
        edges.append(Edge(source=line[0], target=line[1], weight=pair["volume"], words=told, clear=pair["clear"] > 0))
    middle = Node(key="middle", words=device.title, count=1, address=reverse("device", args=[device.pk]), tone="middle")
    picture = sides(middle, columns[False], columns[True], edges)
    context = {
        "device": device,
        "picture": picture,
        "rows": table,
        "left": len(pairs) - len(table),
    }
    return render(request, "map/neighbourhood.html", context)
