"""Brings the rows of devices up to date with the registry, which owns what a device is.

It runs after every analysis and after a correction. Rows that people made follow a device that was merged into another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import transaction

from asepsis.devices.device import Device as Known
from asepsis.history.queries import Selection
from asepsis.kernel.time import SECOND_NS
from asepsis.kernel.value import value
from asepsis.knowledge.vocabulary import MEDICAL
from asepsis.pipeline.presence import standings
from asepsis.pipeline.registry import Registry
from asepsis.pipeline.workspace import Workspace
from asepsis.web.devices.models import Device, DeviceRecord, Note
from asepsis.web.facilities.models import Site

WINDOW: Final = timedelta(hours=24)
BATCH: Final = 500
PAIRS_LIMIT: Final = 5_000_000
TEXT_LIMIT: Final = 200
_MACHINE_WRITTEN: Final = tuple(
    field.name for field in Device._meta.concrete_fields if field.name not in ("id", "site")
)


@value
class Refreshed:
    """What one refresh did."""

    devices: int
    gone: int
    """Rows whose device was merged into another, or is no longer known."""


def refresh(workspace: Workspace) -> Refreshed:
    """Makes the rows of all devices say what the registry says now.

    Args:
        workspace: Whose registry and history are read.

    Returns:
        Counts of rows written and removed.
    """
    if not workspace.exists:
        return Refreshed(devices=0, gone=0)
    with Registry.open(workspace.registry_path) as registry:
        known = registry.devices()
        standing = standings(workspace, registry, known)
        traffic = _traffic(workspace, registry, known)
        redirects = {old: registry.current_id(old) for old, _, _ in registry.redirects()}
    sites = {name: Site.objects.get_or_create(name=name)[0] for name in sorted({device.site for device in known})}
    with transaction.atomic():
        rows = (
            _row(device, sites[device.site], standing[device.id].status.value, traffic.get(device.id))
            for device in known
        )
        for batch in _batches(rows):
            Device.objects.bulk_create(
                batch, update_conflicts=True, unique_fields=["id"], update_fields=["site", *_MACHINE_WRITTEN]
            )
        current = {device.id for device in known}
        gone = [one for one in Device.objects.values_list("id", flat=True) if one not in current]
        for old in gone:
            _follow(old, redirects.get(old))
        for start in range(0, len(gone), BATCH):
            Device.objects.filter(id__in=gone[start : start + BATCH]).delete()
    return Refreshed(devices=len(known), gone=len(gone))


@value
class _Traffic:
    conversations: int
    peers: int
    bytes: int


def _traffic(workspace: Workspace, registry: Registry, known: list[Known]) -> dict[str, _Traffic]:
    """Device id to its conversations of the last day that holds data."""
    if not known:
        return {}
    until = datetime.fromtimestamp(max(device.last_seen_ns for device in known) // SECOND_NS, UTC)
    selection = Selection(first_day=(until - WINDOW).date(), limit=PAIRS_LIMIT)
    found: dict[str, _Traffic] = {}
    peers: dict[str, set[str]] = {}
    with workspace.history().reader(registry.intervals()) as reader:
        for row in reader.ask("pairs", selection).documents():
            ends = (row["client_device"], row["server_device"]), (row["client_ip"], row["server_ip"])
            size = row["bytes_to_server"] + row["bytes_to_client"]
            for mine, other in ((0, 1), (1, 0)):
                device = ends[0][mine]
                if device is None:
                    continue
                peers.setdefault(device, set()).add(ends[0][other] or ends[1][other])
                before = found.get(device)
                found[device] = _Traffic(
                    conversations=row["conversations"] + (before.conversations if before else 0),
                    peers=len(peers[device]),
                    bytes=size + (before.bytes if before else 0),
                )
    return found


def _row(device: Known, site: Site, status: str, traffic: _Traffic | None) -> Device:
    values: dict[str, Any] = {
        name: (getattr(device, name) or "")[:TEXT_LIMIT]
        for name in ("category", "vendor", "model", "os", "firmware", "serial", "udi", "role")
    }
    address = (device.ips or device.macs or ("",))[0]
    seen = [*device.names, *device.macs, *device.ips, *values.values(), device.id]
    return Device(
        id=device.id,
        site=site,
        title=_title(device, address)[:TEXT_LIMIT],
        medical=values["category"] in MEDICAL,
        names=list(device.names),
        macs=list(device.macs),
        ips=list(device.ips),
        address=address,
        confidence=device.confidence.get("category", 0.0) if device.category else 0.0,
        confidences=device.confidence,
        status=status,
        first_seen=_moment(device.first_seen_ns),
        last_seen=_moment(device.last_seen_ns),
        conversations=traffic.conversations if traffic else 0,
        peers=traffic.peers if traffic else 0,
        bytes=traffic.bytes if traffic else 0,
        search=" ".join(part for part in seen if part).lower(),
        **values,
    )


def _title(device: Known, address: str) -> str:
    if device.names:
        return device.names[0]
    words = " ".join(part for part in (device.vendor, device.model or device.category) if part).replace("_", " ")
    return f"{words} at {address}" if words else address or device.id


def _moment(nanoseconds: int) -> datetime:
    return datetime.fromtimestamp(nanoseconds // SECOND_NS, UTC)


def _batches(rows: Iterable[Device]) -> Iterator[list[Device]]:
    batch: list[Device] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _follow(old: str, new: str | None) -> None:
    """Moves what people added from a merged device to the one it is now, without overwriting what stands there."""
    if new is None or not Device.objects.filter(id=new).exists():
        return
    Note.objects.filter(device_id=old).update(device_id=new)
    if not DeviceRecord.objects.filter(device_id=new).exists():
        DeviceRecord.objects.filter(device_id=old).update(device_id=new)
