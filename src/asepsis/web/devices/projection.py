"""Brings the rows of devices up to date with the registry, which owns what a device is.

It runs after every analysis and after a correction. Rows that people made follow a device that was merged into another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from asepsis.devices.agreement import contradicts
from asepsis.devices.clue import Attribute
from asepsis.devices.confidence import THRESHOLD
from asepsis.devices.device import SINGLE
from asepsis.devices.device import Device as Known
from asepsis.history.locks import exclusive
from asepsis.kernel.time import SECOND_NS
from asepsis.kernel.value import value
from asepsis.knowledge.vocabulary import MEDICAL
from asepsis.pipeline.presence import Standing, standings
from asepsis.pipeline.registry import Registry, revision_of
from asepsis.pipeline.workspace import Workspace
from asepsis.web.devices.models import Change, Device, DeviceRecord, Document, Freshness, Link, Note, Projected
from asepsis.web.devices.traffic import Talk, Traffic, device_zone, last_day, zone_of_end
from asepsis.web.devices.writing import delete_devices, write_changes, write_devices, write_links
from asepsis.web.exposure.following import follow as follow_exposure
from asepsis.web.facilities.models import Site
from asepsis.web.webhooks.announcing import announce_devices
from asepsis.web.webhooks.models import Event

TEXT_LIMIT: Final = 200
OVERDUE: Final = "overdue"
LOCK_NAME: Final = "refresh.lock"
LOCK_SECONDS: Final = 1800.0
"""A refresh of a hospital group takes some minutes on a busy machine."""

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
    # Two at once, such as a job's and the server's, would write the same links twice.
    with exclusive(workspace.root / LOCK_NAME, timeout_seconds=LOCK_SECONDS):
        return _refresh(workspace)


def _refresh(workspace: Workspace) -> Refreshed:
    with Registry.open(workspace.registry_path) as registry:
        revision = registry.revision()
        known = registry.devices()
        standing = standings(workspace, registry, known)
        traffic = last_day(workspace, registry, known)
        by_id = {device.id: device for device in known}
        changes = list(_changes(registry, by_id))
        redirects = {old: registry.current_id(old) for old, _, _ in registry.redirects()}
    sites = {name: Site.objects.get_or_create(name=name)[0] for name in sorted({device.site for device in known})}
    before = dict(Device.objects.order_by().values_list("id", "status"))
    # Before anything is written: a refresh that is killed tells it again the next time, and never nothing. The first
    # refresh of an installation tells nothing that happened.
    if before:
        _announce(by_id, standing, before, set(redirects))
    current = write_devices(
        _row(device, sites[device.site], standing[device.id], traffic.devices.get(device.id)) for device in known
    )
    gone = [one for one in Device.objects.values_list("id", flat=True) if one not in current]
    with transaction.atomic():
        for old in gone:
            _follow(old, redirects.get(old))
    delete_devices(gone)
    write_changes(changes, lambda ids: _announce_changed(by_id, before, ids))
    write_links(_links(by_id, traffic, sites))
    with transaction.atomic():
        _age(known, sites)
        Projected.objects.update_or_create(pk=1, defaults={"revision": revision, "at": timezone.now()})
    return Refreshed(devices=len(known), gone=len(gone))


def _announce(
    known: Mapping[str, Known], standing: Mapping[str, Standing], before: Mapping[str, str], former: set[str]
) -> None:
    """Tells webhooks what is new since the refresh before."""
    fresh = [_told(device) for id_, device in known.items() if id_ not in before and id_ not in former]
    overdue = [
        _told(known[id_])
        for id_, stands in standing.items()
        if id_ in known and stands.status.value == OVERDUE and before.get(id_, OVERDUE) != OVERDUE
    ]
    announce_devices(Event.DEVICE_APPEARED, fresh)
    announce_devices(Event.DEVICE_OVERDUE, overdue)


def _announce_changed(known: Mapping[str, Known], before: Mapping[str, str], changed: set[str]) -> None:
    told = [_told(known[id_]) for id_ in sorted(changed) if id_ in known and id_ in before]
    announce_devices(Event.DEVICE_CHANGED, told)


def _told(device: Known) -> dict[str, str]:
    """Ids and words of ours alone: a name that a device bears may be that of a patient."""
    return {"id": device.id, "site": device.site, "category": device.category or ""}


def is_stale(workspace: Workspace) -> bool:
    """Whether the registry changed since the rows were written; a question of microseconds."""
    told = Projected.objects.filter(pk=1).values_list("revision", flat=True).first()
    return workspace.exists and revision_of(workspace.registry_path) != told


def _links(known: Mapping[str, Known], traffic: Traffic, sites: Mapping[str, Site]) -> Iterator[Link]:
    for (site, client, client_ip, server, server_ip, application), talk in traffic.links.items():
        ends = []
        for device_id, ip in ((client, client_ip), (server, server_ip)):
            device = known.get(device_id or "")
            ends.append((device_id if device else None, ip or _address(device), zone_of_end(device, ip)))
        yield Link(
            site=sites[site],
            client_id=ends[0][0],
            client_address=ends[0][1],
            client_zone=ends[0][2],
            server_id=ends[1][0],
            server_address=ends[1][1],
            server_zone=ends[1][2],
            application=application,
            conversations=talk.conversations,
            bytes=talk.bytes,
            patient_messages=talk.patient_messages,
            first_seen=_moment(talk.first_ns),
            last_seen=_moment(talk.last_ns),
        )


def _changes(registry: Registry, known: Mapping[str, Known]) -> Iterator[Change]:
    for event in registry.events():
        if event.device in known:
            change = event.change
            yield Change(
                device_id=event.device,
                at=_moment(change.at_ns),
                attribute=change.attribute,
                before=change.before[:TEXT_LIMIT],
                after=change.after[:TEXT_LIMIT],
                protocol=change.protocol,
                capture=change.capture,
                packet=change.packet,
            )


def conflicts_of(device: Known) -> int:
    """What two devices claim that one alone can have, and what a strong reason contradicts.

    Not names: programs of one kind bear one name in many devices, and nothing is wrong then.
    """
    disputed = {
        reason.attribute
        for reason in device.evidence
        if reason.attribute in SINGLE
        and reason.weight >= THRESHOLD
        and not reason.protocol.startswith("person")
        and (held := getattr(device, reason.attribute)) is not None
        and contradicts(reason.attribute, reason.value, held)
    }
    return sum(twin.attribute != Attribute.NAME for twin in device.twins) + len(disputed)


def _row(device: Known, site: Site, standing: Standing | None, traffic: Talk | None) -> Device:
    values: dict[str, Any] = {
        name: (getattr(device, name) or "")[:TEXT_LIMIT]
        for name in ("category", "vendor", "model", "os", "firmware", "serial", "udi", "role")
    }
    address = _address(device)
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
        status=standing.status.value if standing else "unknown",
        rhythm=_rhythm(standing) if standing else {},
        first_seen=_moment(device.first_seen_ns),
        last_seen=_moment(device.last_seen_ns),
        conversations=traffic.conversations if traffic else 0,
        peers=len(traffic.peers or ()) if traffic else 0,
        bytes=traffic.bytes if traffic else 0,
        patient_messages=traffic.patient_messages if traffic else 0,
        zone=device_zone(device),
        conflicts=conflicts_of(device),
        search=" ".join(part for part in seen if part).lower(),
        **values,
    )


def refresh_device(workspace: Workspace, device_id: str) -> None:
    """Makes the row of one device say what the registry says now, after a person corrected it; traffic stays."""
    with Registry.open(workspace.registry_path) as registry:
        device = registry.device(device_id)
    shown = Device.objects.filter(pk=device_id).first()
    if device is None or shown is None:
        return
    fresh = _row(device, shown.site, None, None)
    kept = {"conversations", "peers", "bytes", "patient_messages", "status", "rhythm"}
    Device.objects.filter(pk=device_id).update(
        **{name: getattr(fresh, name) for name in _MACHINE_WRITTEN if name not in kept}
    )


def _age(known: Iterable[Known], sites: Mapping[str, Site]) -> None:
    """Says until when each site was seen."""
    Freshness.objects.all().delete()
    of_site: dict[str, list[int]] = {}
    for device in known:
        of_site.setdefault(device.site, []).append(device.last_seen_ns)
    Freshness.objects.bulk_create(
        Freshness(site=sites[site], seen_until=_moment(max(seen)), refreshed=timezone.now(), devices=len(seen))
        for site, seen in of_site.items()
    )


def _address(device: Known | None) -> str:
    return "" if device is None else (device.ips or device.macs or ("",))[0]


def _rhythm(standing: Standing) -> dict[str, int | None]:
    rhythm = standing.rhythm
    return {
        "silent_seconds": standing.silent_ns // SECOND_NS,
        "gaps": rhythm.gaps,
        "usual_gap_seconds": rhythm.usual_ns // SECOND_NS,
        "overdue_after_seconds": None if rhythm.overdue_after_ns is None else rhythm.overdue_after_ns // SECOND_NS,
    }


def _title(device: Known, address: str) -> str:
    if device.names:
        return device.names[0]
    words = " ".join(part for part in (device.vendor, device.model or device.category) if part).replace("_", " ")
    return f"{words} at {address}" if words else address or device.id


def _moment(nanoseconds: int) -> datetime:
    return datetime.fromtimestamp(nanoseconds // SECOND_NS, UTC)


def _follow(old: str, new: str | None) -> None:
    """Moves what people added from a merged device to the one it is now, without overwriting what stands there."""
    if new is None or not Device.objects.filter(id=new).exists():
        return
    Note.objects.filter(device_id=old).update(device_id=new)
    Document.objects.filter(device_id=old).update(device_id=new)
    follow_exposure(old, new)
    if not DeviceRecord.objects.filter(device_id=new).exists():
        DeviceRecord.objects.filter(device_id=old).update(device_id=new)
