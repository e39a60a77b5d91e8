"""What the history says of the last day, gathered for the rows: who talked to whom, and where patients were named.

In: the answers to the questions ``pairs`` and ``patient-data``. Out: counts a device, and rows of ``Link``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any, Final

import numpy as np
from django.utils.safestring import SafeString, mark_safe

from asepsis.devices.device import Device as Known
from asepsis.history.intervals import AddressInterval
from asepsis.history.queries import Selection
from asepsis.kernel.time import SECOND_NS
from asepsis.kernel.value import value
from asepsis.pipeline.registry import Registry
from asepsis.pipeline.workspace import Workspace
from asepsis.web.charts import Counted
from asepsis.web.devices.models import Device
from asepsis.web.devices.zones import zone_of
from asepsis.web.overview.templatetags.words import size, words

WINDOW: Final = timedelta(hours=24)
PAIRS_LIMIT: Final = 5_000_000
"""Pairs that are read; a hospital of 50,000 devices has some hundred thousand a day."""
LINKS_LIMIT: Final = 500_000
"""Links that are kept for the map; beyond, those with the fewest bytes are left out."""

LinkKey = tuple[str, str | None, str, str | None, str, str]
"""Site, client's device and address, server's device and address, application."""


@dataclass(slots=True)
class Talk:
    """What went between two ends, or what one device took part in."""

    conversations: int = 0
    bytes: int = 0
    patient_messages: int = 0
    first_ns: int = 0
    last_ns: int = 0
    peers: set[str] | None = None
    """Of a device; a link has none, and there are half a million links."""

    def add(self, row: dict[str, Any]) -> None:
        """Adds one row of ``pairs``."""
        self.conversations += row["conversations"]
        self.bytes += row["bytes_to_server"] + row["bytes_to_client"]
        self.first_ns = min(self.first_ns or row["first_ns"], row["first_ns"])
        self.last_ns = max(self.last_ns, row["last_ns"])


@dataclass(slots=True)
class Traffic:
    """The last day."""

    devices: dict[str, Talk]
    links: dict[LinkKey, Talk]


def last_day(workspace: Workspace, registry: Registry, known: list[Known]) -> Traffic:
    """Gathers the last day that holds data; a capture from last year has a last day too."""
    found = Traffic(devices={}, links={})
    if not known:
        return found
    since_ns = max(device.last_seen_ns for device in known) - int(WINDOW.total_seconds()) * SECOND_NS
    selection = Selection(first_day=_when(since_ns).date(), since_ns=since_ns, limit=PAIRS_LIMIT)
    with workspace.history().reader(registry.intervals()) as reader:
        for row in reader.ask("pairs", selection).documents():
            _pair(found, row)
        for row in reader.ask("patient-data", selection).documents():
            _patient_data(found, row)
    if len(found.links) > LINKS_LIMIT:
        kept = sorted(found.links.items(), key=lambda item: -item[1].bytes)[:LINKS_LIMIT]
        found.links = dict(kept)
    return found


def _key(row: dict[str, Any], client: str, server: str, application: str) -> LinkKey:
    # A device that has several addresses is one end.
    ends = []
    for side in (client, server):
        device = row[f"{side}_device"]
        ends += [device, "" if device else row[f"{side}_ip"]]
    return (row["site"], ends[0], ends[1], ends[2], ends[3], application)


def _pair(found: Traffic, row: dict[str, Any]) -> None:
    found.links.setdefault(_key(row, "client", "server", row["application"]), Talk()).add(row)
    for mine, other in (("client", "server"), ("server", "client")):
        device = row[f"{mine}_device"]
        if device is not None:
            talk = found.devices.setdefault(device, Talk())
            talk.add(row)
            if talk.peers is None:
                talk.peers = set()
            talk.peers.add(row[f"{other}_device"] or row[f"{other}_ip"])


def _patient_data(found: Traffic, row: dict[str, Any]) -> None:
    for side in ("source", "destination"):
        if row[f"{side}_device"] in found.devices:
            found.devices[row[f"{side}_device"]].patient_messages += row["messages"]
    there = _key(row, "source", "destination", row["protocol"])
    back = _key(row, "destination", "source", row["protocol"])
    for key in (there, back):
        if key in found.links:
            found.links[key].patient_messages += row["messages"]
            return


def zone_of_end(device: Known | None, address: str) -> str:
    """The zone of one end of a link."""
    return zone_of(address) if device is None else device_zone(device)


def device_zone(device: Known) -> str:
    """The zone of a device: of its first IPv4 address, else of its first address."""
    ips = [ip for ip in device.ips if ":" not in ip] or list(device.ips)
    return zone_of(ips[0] if ips else "")


HOURS_COLUMNS: Final = 48
LATEST_SHOWN: Final = 100
CONVERSATIONS_LIMIT: Final = 200_000
"""Of one device in one day; a busy server has some ten thousand."""


@value
class Spoken:
    """A conversation as one end sees it."""

    at_ns: int
    seconds: float
    outward: bool
    peer_ip: str
    port: int
    application: str
    bytes: int
    peer: str = ""
    """The peer's name where it is a device, else its address."""

    @classmethod
    def of(cls, row: dict[str, Any], device: str) -> Spoken:
        """A row of ``conversations`` as this device sees it."""
        outward = row["client_device"] == device
        return cls(
            at_ns=row["start_ns"],
            seconds=max(0.0, (row["end_ns"] - row["start_ns"]) / SECOND_NS),
            outward=outward,
            peer_ip=row["server_ip" if outward else "client_ip"],
            port=row["server_port"],
            application=row["application"],
            bytes=row["bytes_to_server"] + row["bytes_to_client"],
        )


@dataclass(slots=True)
class Day:
    """One device's last day."""

    columns: list[Counted]
    latest: list[Spoken]
    total: int
    first: datetime
    last: datetime


def _holder(held: list[AddressInterval], one: Spoken) -> str | None:
    """The device that held the peer's address when the conversation began; of two that claim it, the later."""
    holders = [each for each in held if each.ip == one.peer_ip and each.from_ns <= one.at_ns < each.until_ns]
    return holders[-1].device if holders else None


def last_hours(workspace: Workspace, registry: Registry, shown: Device) -> Day:
    """Conversations of a device over the last day in which it was seen: how many when, and the latest ones.

    Of a site's addresses only those are looked up that the device had, and then those of the peers that are shown.
    """
    until_ns = int(shown.last_seen.timestamp()) * SECOND_NS + SECOND_NS
    begin_ns = max(until_ns - int(WINDOW.total_seconds()) * SECOND_NS, int(shown.first_seen.timestamp()) * SECOND_NS)
    selection = Selection(
        site=shown.site.name,
        first_day=_when(begin_ns).date(),
        last_day=_when(until_ns).date(),
        since_ns=begin_ns,  # which spares most of the day before
        device=shown.pk,
        address=shown.ips[0] if len(shown.ips) == 1 else None,  # which spares most of a day's rows the join
        limit=CONVERSATIONS_LIMIT,
    )
    step = max(1, (until_ns - begin_ns) // HOURS_COLUMNS)
    counts = np.zeros(HOURS_COLUMNS, np.int64)
    # Of a busy server's ten thousand rows only the last become anything but numbers.
    tail: list[Any] = []  # Arrow's batches
    with workspace.history().reader(registry.intervals(shown.site.name, shown.ips)) as reader:
        for batch in reader.conversations(selection).batches():
            begun = batch.column("start_ns").to_numpy()
            counts += np.bincount(np.minimum((begun - begin_ns) // step, HOURS_COLUMNS - 1), minlength=HOURS_COLUMNS)
            tail = [*tail, batch] if sum(one.num_rows for one in tail) < LATEST_SHOWN else [tail[-1], batch]
    columns = [
        Counted(words=f"{_when(begin_ns + place * step):%Y-%m-%d %H:%M:%S}", count=int(count))
        for place, count in enumerate(counts)
    ]
    rows = [row for batch in tail for row in batch.slice(max(0, batch.num_rows - LATEST_SHOWN)).to_pylist()]
    latest = [Spoken.of(row, shown.pk) for row in reversed(rows[-LATEST_SHOWN:])]
    held = registry.intervals(shown.site.name, {one.peer_ip for one in latest})
    peers = [_holder(held, one) for one in latest]
    names = dict(Device.objects.filter(pk__in={pk for pk in peers if pk}).values_list("pk", "title"))
    return Day(
        columns=columns,
        latest=[
            replace(one, peer=names.get(peer or "") or one.peer_ip) for one, peer in zip(latest, peers, strict=True)
        ],
        total=int(counts.sum()),
        first=_when(begin_ns),
        last=_when(until_ns),
    )


def rows_markup(latest: list[Spoken]) -> SafeString:
    """The rows of the table of the latest conversations; whatever comes from the network is escaped."""
    return mark_safe("".join(_row(one) for one in latest))  # noqa: S308 - every text is escaped


def _row(one: Spoken) -> str:
    return (
        f'<tr><td class="nowrap">{_when(one.at_ns):%H:%M:%S}</td><td>{"asks" if one.outward else "is asked by"}</td>'
        f'<th scope="row">{escape(one.peer)}</th><td>{escape(words(one.application))}</td>'
        f'<td class="number">{one.port or ""}</td><td class="number">{one.seconds:.1f}</td>'
        f'<td class="number">{size(one.bytes)}</td></tr>'
    )


def _when(time_ns: int) -> datetime:
    return datetime.fromtimestamp(time_ns // SECOND_NS, UTC)
