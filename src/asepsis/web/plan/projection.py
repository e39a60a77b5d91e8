"""Brings the plan up to date with an examination; runs at the end of the refresh of findings and risk.

What people said goes in: accepted risks leave the plan, controls that were put in force lower the risk. What was seen
since goes into the state of the work: only that verifies.
"""

from __future__ import annotations

import base64
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from asepsis.crypto.signing import SigningKey, signing_key_file
from asepsis.devices.device import Device as Known
from asepsis.exposure.plan import Item, Plan, Subject, plan_of, read_hours
from asepsis.exposure.plan import acceptance as engine
from asepsis.exposure.plan.plan import groups
from asepsis.exposure.plan.subject import Product
from asepsis.exposure.plan.tickets import Progress
from asepsis.exposure.plan.verification import verdict
from asepsis.exposure.plan.words import name_of
from asepsis.exposure.risk import Control
from asepsis.exposure.weaknesses import Weakness
from asepsis.pipeline.exposure import Examination
from asepsis.pipeline.plan import subjects_of
from asepsis.web.devices.models import Device
from asepsis.web.devices.writing import PARAMETERS_LIMIT, batches
from asepsis.web.facilities.models import Site
from asepsis.web.plan.models import Acceptance, DeviceBasis, PlanDevice, PlanItem, Planned, Work
from asepsis.web.settings import CONFIGURATION, WORKSPACE
from asepsis.web.testing.claims import tests_said

KEY_NAME: Final = "acceptances.key"
ROWS_AT_ONCE: Final = 500
_CONTROLS: Final = {"restrict": Control.ALLOW_LIST, "watch": Control.WATCHED}
"""Work that puts a control in force, which traffic cannot show: people's word counts."""
_IN_FORCE: Final = (Progress.DONE.value, Progress.VERIFIED.value)
_ITEM: Final = [field.name for field in PlanItem._meta.concrete_fields if not field.primary_key]


def key() -> SigningKey:
    """The workspace's key that acceptances are signed with.

    Raises:
        KeyFileError: It cannot be read or made.
    """
    return signing_key_file(WORKSPACE.keys_path / KEY_NAME)


def said(now: datetime | None = None) -> str:
    """Names what people said that a plan is made from: another text where it may come out otherwise."""
    moment = timezone.now() if now is None else now
    work = Work.objects.aggregate(last=Max("changed"))["last"]
    decided = Acceptance.objects.aggregate(last=Max("changed"))["last"]
    # An acceptance ends by the clock, with nobody changing anything.
    standing = Acceptance.objects.filter(state=Acceptance.State.STANDING)
    over = standing.filter(until__lte=moment).count()
    told = f"work {_stamp(work)}, accepted {_stamp(decided)} {over}, tests {tests_said()}"
    return f", said {sha256(told.encode()).hexdigest()[:16]}"


def _stamp(moment: datetime | None) -> str:
    return "never" if moment is None else moment.isoformat()


def told_controls() -> dict[str, frozenset[Control]]:
    """By device: the controls that people said they put in force."""
    found: dict[str, frozenset[Control]] = defaultdict(frozenset)
    done = Work.objects.filter(state__in=_IN_FORCE, item__action__in=_CONTROLS)
    for action, devices in done.values_list("item__action", "devices"):
        for device in devices:
            found[device] |= {_CONTROLS[action]}
    return dict(found)


def write_plan(examined: Examination, now: datetime) -> Plan:
    """Writes the plan of an examination into the tables, and what became of work and acceptances."""
    subjects = subjects_of(examined)
    grouped = groups(subjects)
    left = _judge_acceptances(grouped, now)
    plan = plan_of(subjects, read_hours(CONFIGURATION.plan.hours), left=left)
    known = {device.id: device for device in examined.devices}
    rows = set(Device.objects.order_by().values_list("pk", flat=True))
    _write_bases(subjects, rows)
    _write_items(plan, rows)
    _verify(plan, known, examined.weaknesses)
    Planned.objects.update_or_create(
        pk=1,
        defaults={
            "at": now,
            "risk": float(plan.risk),
            "removed": float(plan.removed),
            "hours": float(plan.hours),
            "share": float(plan.share),
            "is_proved": plan.is_proved,
        },
    )
    return plan


def concerned(item: PlanItem, members: Iterable[Subject]) -> list[Subject]:
    """The devices of a product that a piece of work concerns now."""
    return engine.concerned(item.action, members)


def value_of(row: Acceptance) -> engine.Acceptance:
    """The engine's form of a row; ids of people are their keys."""
    return engine.Acceptance(
        item=row.item_id,
        reason=row.reason,
        proposer=str(row.proposer_id),
        role=row.role,
        proposed=row.proposed,
        until=row.until,
        basis=tuple((device, engine.Basis.read(basis)) for device, basis in sorted(row.basis.items())),
        approver=str(row.approver_id or ""),
        approver_role=row.approver_role,
        decided=row.decided,
        signature=base64.b64decode(row.signature),
    )


def _judge_acceptances(grouped: Mapping[Product, list[Subject]], now: datetime) -> frozenset[str]:
    """Ids of work that is left because its risk is accepted; acceptances that ended are marked so."""
    left = set()
    rows = Acceptance.objects.filter(state=Acceptance.State.STANDING).select_related("item__site")
    public = key().public_bytes if rows else b""
    for row in rows:
        item = row.item
        product = Product(site=item.site.name, category=item.category, vendor=item.vendor, model=item.model)
        members = concerned(item, grouped.get(product, ()))
        state, why = engine.state_of(value_of(row), now, members, public)
        if state is engine.State.STANDING:
            left.add(row.item_id)
        else:
            # Only what still stands: a person may have withdrawn it meanwhile.
            Acceptance.objects.filter(pk=row.pk, state=Acceptance.State.STANDING).update(
                state=state.value, why=why[:300], changed=now
            )
    return frozenset(left)


def _write_bases(subjects: Iterable[Subject], known: set[str]) -> None:
    for some in batches((one for one in subjects if one.id in known), PARAMETERS_LIMIT):
        ids = [one.id for one in some]
        there = {row.pk: (row.score, row.reasons) for row in DeviceBasis.objects.filter(pk__in=ids)}
        rows = [DeviceBasis(device_id=one.id, **engine.Basis.of(one.facts).document()) for one in some]
        differing = [row for row in rows if there.get(row.pk) != (row.score, row.reasons)]
        with transaction.atomic():
            DeviceBasis.objects.bulk_create(
                differing, update_conflicts=True, unique_fields=["device"], update_fields=["score", "reasons"]
            )


def _write_items(plan: Plan, known: set[str]) -> None:
    sites = dict(Site.objects.values_list("name", "pk"))
    there = dict(PlanItem.objects.values_list("pk", "digest"))
    for some in batches(enumerate(plan.items, 1), ROWS_AT_ONCE):
        differing = []
        for place, item in some:
            row = _row(item, place, sites)
            if there.get(row.pk) != row.digest:
                differing.append((row, item))
        with transaction.atomic():
            PlanItem.objects.bulk_create(
                [row for row, _ in differing], update_conflicts=True, unique_fields=["id"], update_fields=_ITEM
            )
            for row, item in differing:
                _write_devices(row, item, known)
    current = {item.id for item in plan.items}
    gone = [pk for pk in there if pk not in current]
    for keys in batches(gone, ROWS_AT_ONCE):
        with transaction.atomic():
            PlanItem.objects.filter(pk__in=keys).exclude(place=None).update(place=None, digest="")


def _write_devices(row: PlanItem, item: Item, known: set[str]) -> None:
    PlanDevice.objects.filter(item=row).delete()
    promises = [
        PlanDevice(
            item=row,
            device_id=one.device,
            before=float(one.before),
            after=float(one.after),
            tier_before=str(one.tiers[0]),
            tier_after=str(one.tiers[1]),
        )
        for one in item.promises
        if one.device in known
    ]
    PlanDevice.objects.bulk_create(promises, batch_size=ROWS_AT_ONCE)


def _row(item: Item, place: int, sites: Mapping[str, int]) -> PlanItem:
    document: dict[str, Any] = {**item.document(), "place": place}
    digest = sha256(json.dumps(document, sort_keys=True).encode("utf-8", "replace")).hexdigest()[:32]
    return PlanItem(
        id=item.id,
        site_id=sites[item.product.site],
        action=item.action,
        kind=item.kind.value,
        title=item.title,
        who=item.who,
        product=name_of(item.product)[:500],
        category=item.product.category,
        vendor=item.product.vendor,
        model=item.product.model,
        hours=document["hours"],
        removed=document["removed"],
        per_hour=document["per_hour"],
        bundle=item.bundle,
        place=place,
        devices_count=len(item.promises),
        lower_tier=item.left,
        sustains_life=item.sustains_life,
        words=document["why"],
        remedies=document["remedies"],
        digest=digest,
    )


def _verify(plan: Plan, known: Mapping[str, Known], weaknesses: Iterable[Weakness]) -> None:
    last_seen: dict[tuple[str, str], int] = {}
    for one in weaknesses:
        last_seen[one.device, one.kind.id] = max(one.last_ns, last_seen.get((one.device, one.kind.id), 0))
    planned = {(item.id, promise.device) for item in plan.items for promise in item.promises}
    for work in Work.objects.exclude(done=None).select_related("item"):
        if work.done is None:
            continue
        state, why = verdict(
            work.item.action,
            work.devices,
            done_ns=int(work.done.timestamp()) * 1_000_000_000,
            heard_ns={device: known[device].last_seen_ns for device in work.devices if device in known},
            seen_ns={device: last_seen.get((device, work.item.action), 0) for device in work.devices},
            still=frozenset(device for device in work.devices if (work.item_id, device) in planned),
        )
        if (state.value, why) != (work.state, work.why):
            # Neither ``changed`` nor who: nobody said it. Only where nobody said something else meanwhile.
            Work.objects.filter(pk=work.pk, done=work.done).update(state=state.value, why=why)
