"""What the history says of the last day, gathered for the rows: who talked to whom, and where patients were named.

In: the answers to the questions ``pairs`` and ``patient-data``. Out: counts a device, and rows of ``Link``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from asepsis.devices.device import Device as Known
from asepsis.history.intervals import AddressInterval
from asepsis.history.queries import Selection
from asepsis.kernel.time import SECOND_NS
from asepsis.pipeline.registry import Registry
from asepsis.pipeline.workspace import Workspace
from asepsis.web.charts import Counted
from asepsis.web.devices.models import Device
from asepsis.web.devices.zones import zone_of

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


@dataclass(slots=True)
class Day:
    """One device's last day."""

    columns: list[Counted]
    latest: list[dict[str, Any]]
    total: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True, eq=False)
class _Spoken:
    """A conversation as one end sees it."""

    row: dict[str, Any]
    outward: bool
    peer_ip: str

    @classmethod
    def of(cls, row: dict[str, Any], device: str) -> _Spoken:
        outward = row["client_device"] == device
        return cls(row=row, outward=outward, peer_ip=row["server_ip" if outward else "client_ip"])


def _holder(held: list[AddressInterval], one: _Spoken) -> str | None:
    """The device that held the peer's address when the conversation began; of two that claim it, the later."""
    at = one.row["start_ns"]
    holders = [each for each in held if each.ip == one.peer_ip and each.from_ns <= at < each.until_ns]
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
        device=shown.pk,
        address=shown.ips[0] if len(shown.ips) == 1 else None,  # which spares most of a day's rows the join
        limit=CONVERSATIONS_LIMIT,
    )
    with workspace.history().reader(registry.intervals(shown.site.name, shown.ips)) as reader:
        rows = [row for row in reader.conversations(selection).documents() if row["start_ns"] >= begin_ns]
    step = max(1, (until_ns - begin_ns) // HOURS_COLUMNS)
    counts = [0] * HOURS_COLUMNS
    for row in rows:
        counts[min((row["start_ns"] - begin_ns) // step, HOURS_COLUMNS - 1)] += 1
    columns = [
        Counted(words=f"{_when(begin_ns + place * step):%Y-%m-%d %H:%M:%S}", count=count)
        for place, count in enumerate(counts)
    ]
    last = [_Spoken.of(row, shown.pk) for row in reversed(rows[-LATEST_SHOWN:])]
    held = registry.intervals(shown.site.name, {one.peer_ip for one in last})
    peers = {one: _holder(held, one) for one in last}
    names = dict(Device.objects.filter(pk__in=[pk for pk in peers.values() if pk]).values_list("pk", "title"))
    latest = [
        {
            "at": _when(one.row["start_ns"]),
            "seconds": max(0.0, (one.row["end_ns"] - one.row["start_ns"]) / SECOND_NS),
            "outward": one.outward,
            "peer": names.get(holder or "") or one.peer_ip,
            "port": one.row["server_port"],
            "application": one.row["application"],
            "bytes": one.row["bytes_to_server"] + one.row["bytes_to_client"],
        }
        for one, holder in peers.items()
    ]
    return Day(columns=columns, latest=latest, total=len(rows), first=_when(begin_ns), last=_when(until_ns))


def _when(time_ns: int) -> datetime:
    return datetime.fromtimestamp(time_ns // SECOND_NS, UTC)
