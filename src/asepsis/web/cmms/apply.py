"""Puts a list in force: its rows replace those of the site, and devices get what the list says of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from asepsis.devices.asset import Asset, AssetList, Field, read_assets
from asepsis.devices.reconciliation import Match, Reconciliation, Seen, reconcile
from asepsis.kernel.errors import AsepsisError
from asepsis.web.cmms.models import AssetImport, ListedAsset
from asepsis.web.devices.models import Device, DeviceRecord
from asepsis.web.facilities.models import Department, Site
from asepsis.web.people.models import Person

BATCH: Final = 500
_NAME_LIMIT: Final = 100
_PLACE_LIMIT: Final = 200
_KEPT: Final = tuple(field.value for field in Field)


def read(proposal: AssetImport) -> AssetList:
    """The file of an import, read with the mapping that was chosen."""
    mapping = {heading: Field(meaning) for heading, meaning in proposal.mapping.items()} if proposal.mapping else None
    return read_assets(proposal.text, mapping)


def compare(assets: Iterable[Asset], site: Site) -> Reconciliation:
    """The rows beside the devices that were seen in a site."""
    devices = Device.objects.filter(site=site).order_by("id")
    return reconcile(tuple(assets), [_seen(device) for device in devices.iterator(chunk_size=2000)])


def apply(proposal: AssetImport, by: Person) -> dict[str, int]:
    """Puts an import in force, in one transaction.

    Args:
        proposal: An import that waits for approval.
        by: Who approves; never who proposed.

    Returns:
        How many rows there are, how many were tied, and how many records of devices changed.

    Raises:
        AsepsisError: The import does not wait for approval (any more), or is approved by its proposer.
    """
    with transaction.atomic():
        current = AssetImport.objects.select_for_update().get(pk=proposal.pk)
        if current.state != AssetImport.State.PROPOSED:
            raise AsepsisError("this import does not wait for approval", code="import-state")
        if current.proposer_id == by.pk:
            raise AsepsisError(
                "who proposed an import cannot approve it", code="import-own", hint="Ask a colleague to approve it."
            )
        listed = read(current)
        found = compare(listed.assets, current.site)
        ListedAsset.objects.filter(site=current.site).delete()
        ListedAsset.objects.bulk_create((_row(current, match) for match in found.matches), batch_size=BATCH)
        changed = _records(current.site, found.matches)
        current.state = AssetImport.State.APPLIED
        current.decided_by = by
        current.decided = timezone.now()
        current.rows = len(listed.assets)
        current.save()
    proposal.refresh_from_db()
    tied = sum(bool(match.device) for match in found.matches)
    return {"rows": len(found.matches), "tied": tied, "changed": changed}


def _seen(device: Device) -> Seen:
    return Seen(
        id=device.pk,
        macs=tuple(device.macs),
        ips=tuple(device.ips),
        names=tuple(device.names),
        vendor=device.vendor,
        model=device.model,
        serial=device.serial,
    )


def _row(source: AssetImport, match: Match) -> ListedAsset:
    return ListedAsset(
        site=source.site,
        source=source,
        row=match.asset.row,
        **{name: getattr(match.asset, name) for name in _KEPT},
        device_id=match.device or None,
        tied_by=match.by.value if match.by else "",
        candidates=list(match.candidates),
        contradictions=[
            {"attribute": one.attribute, "listed": one.listed, "seen": one.seen} for one in match.contradictions
        ],
    )


def _records(site: Site, matches: Iterable[Match]) -> int:
    """What the list says of tied devices goes into their records; where it says nothing, what stands there stays."""
    tied = {match.device: match.asset for match in matches if match.device}
    names = {asset.department[:_NAME_LIMIT] for asset in tied.values() if asset.department}
    departments = {name: Department.objects.get_or_create(site=site, name=name)[0] for name in sorted(names)}
    rows: QuerySet[DeviceRecord] = DeviceRecord.objects.filter(device__site=site)
    there = {record.device_id: record for record in rows}
    fresh: list[DeviceRecord] = []
    changed: list[DeviceRecord] = []
    for device, asset in tied.items():
        record = there.get(device) or DeviceRecord(device_id=device)
        before = (record.asset_number, record.place, record.department_id, record.criticality)
        record.asset_number = asset.asset_number[:_NAME_LIMIT] or record.asset_number
        record.place = asset.place[:_PLACE_LIMIT] or record.place
        record.criticality = asset.criticality or record.criticality
        if asset.department:
            record.department = departments[asset.department[:_NAME_LIMIT]]
        if before != (record.asset_number, record.place, record.department_id, record.criticality):
            record.changed = timezone.now()
            (changed if device in there else fresh).append(record)
    DeviceRecord.objects.bulk_create(fresh, batch_size=BATCH)
    fields = ["asset_number", "place", "department", "criticality", "changed"]
    DeviceRecord.objects.bulk_update(changed, fields, batch_size=BATCH)
    return len(fresh) + len(changed)


def counts(found: Reconciliation) -> dict[str, int]:
    """What a preview says in figures."""
    kinds = Counter("tied" if match.device else "several" if match.candidates else "unseen" for match in found.matches)
    contradicting = sum(bool(match.contradictions) for match in found.matches)
    return {
        "tied": kinds["tied"],
        "several": kinds["several"],
        "unseen": kinds["unseen"],
        "contradicting": contradicting,
        "unlisted": len(found.unlisted),
    }
