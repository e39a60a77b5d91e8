"""What the history says of the last day, gathered for the rows: who talked to whom, and where patients were named.

In: the answers to the questions ``pairs`` and ``patient-data``. Out: counts a device, and rows of ``Link``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from asepsis.devices.device import Device as Known
from asepsis.history.queries import Selection
from asepsis.kernel.time import SECOND_NS
from asepsis.pipeline.registry import Registry
from asepsis.pipeline.workspace import Workspace
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
    peers: set[str] = field(default_factory=set)

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
    until = datetime.fromtimestamp(max(device.last_seen_ns for device in known) // SECOND_NS, UTC)
    selection = Selection(first_day=(until - WINDOW).date(), limit=PAIRS_LIMIT)
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
