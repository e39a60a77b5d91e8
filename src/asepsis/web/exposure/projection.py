"""Brings findings and risk up to date with the registry, the history and the documents of publishers.

It runs after devices' rows or documents changed. Only rows that differ are written, a few hundred in a transaction, so
that pages and records go on meanwhile. One that is killed leaves rows that the next one finds and puts right: what it
was worked out from is written last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from django.db import transaction
from django.db.models import Count, Q, QuerySet, Sum

from asepsis.history.locks import exclusive
from asepsis.kernel.time import SECOND_NS
from asepsis.kernel.value import value
from asepsis.pipeline.disclosure import renew
from asepsis.pipeline.exposure import Documents, Examination, examine, inputs_of
from asepsis.pipeline.workspace import Workspace
from asepsis.web.devices.models import Device, Projected
from asepsis.web.devices.writing import PARAMETERS_LIMIT, batches
from asepsis.web.exposure.models import (
    Advisory,
    DepartmentRisk,
    Examined,
    Finding,
    FleetRisk,
    Risk,
    RiskPoint,
    Tally,
)
from asepsis.web.exposure.rows import advisory_id, advisory_row, finding_rows, moment_of, risk_rows
from asepsis.web.plan.projection import said, told_controls, write_plan
from asepsis.web.testing.claims import tested

LOCK_NAME: Final = "exposure.lock"
LOCK_SECONDS: Final = 1800.0
"""As long as a refresh of a hospital group may take on a busy machine."""
ROWS_AT_ONCE: Final = 500
KEPT: Final = ("device", "source", "key", "first_found")
"""What a refresh never changes of a finding that is there."""
_ADVISORY: Final = [field.name for field in Advisory._meta.concrete_fields if not field.primary_key]
_FINDING: Final = [
    field.name for field in Finding._meta.concrete_fields if not field.primary_key and field.name not in KEPT
]
_RISK: Final = [field.name for field in Risk._meta.concrete_fields if not field.primary_key]
_RISK_COMPARED: Final = [field.attname for field in Risk._meta.concrete_fields if field.name != "at"]


@value
class Refreshed:
    """What one refresh did."""

    findings: int
    """Those that stand now."""
    opened: int
    """New ones, and those that came back."""
    ended: int


def is_stale(workspace: Workspace) -> bool:
    """Whether something changed since findings were worked out, and devices have their rows already."""
    if not workspace.exists:
        return False
    inputs = inputs_of(workspace) + said()
    revision = Projected.objects.filter(pk=1).values_list("revision", flat=True).first()
    # Devices first: a finding refers to the row of its device.
    if revision is None or not inputs.startswith(f"registry {revision},"):
        return False
    return Examined.objects.filter(pk=1).values_list("inputs", flat=True).first() != inputs


def refresh(workspace: Workspace, *, now: datetime | None = None) -> Refreshed:
    """Makes the rows say what the engine finds now.

    Args:
        workspace: Whose registry, history and documents are read.
        now: The moment that is written as when something was found or ended.
    """
    if not workspace.exists:
        return Refreshed(findings=0, opened=0, ended=0)
    with exclusive(workspace.root / LOCK_NAME, timeout_seconds=LOCK_SECONDS):
        moment = datetime.now(UTC) if now is None else now
        # Named before anything is read: what changes meanwhile makes it stale at once.
        inputs = inputs_of(workspace) + said(moment)
        now_ns = int(moment.timestamp()) * SECOND_NS
        examined = examine(workspace, now_ns=now_ns, controls=told_controls(), tested=tested())
        # Before the rows, which name last what they were worked out from.
        renew(workspace, examined.parts, now_ns=now_ns)
        return write(examined, inputs, moment)


def write(examined: Examination, inputs: str, now: datetime) -> Refreshed:
    """Writes an examination into the tables."""
    sites = dict(Device.objects.order_by("pk").values_list("pk", "site"))
    _write_advisories(examined)
    done = _write_findings(examined, sites, now)
    _write_risks(examined, sites, now)
    _write_tallies(now)
    write_plan(examined, now)
    _write_examined(examined.documents, examined, inputs, now)
    return done


def _write_advisories(examined: Examination) -> None:
    spoken = {found.verdict.advisory for found in examined.findings}
    rows = [
        advisory_row(document, examined.documents)
        for document in examined.documents.advisories
        if document.key in spoken
    ]
    # Those that stand here without a finding of today change too, such as by the remedy that ended it.
    before = set(Advisory.objects.values_list("pk", flat=True)) - {row.pk for row in rows}
    rows += [
        advisory_row(document, examined.documents)
        for document in examined.documents.advisories
        if document.key not in spoken and advisory_id(document.key) in before
    ]
    for some in batches(rows, ROWS_AT_ONCE):
        with transaction.atomic():
            Advisory.objects.bulk_create(some, update_conflicts=True, unique_fields=["id"], update_fields=_ADVISORY)


def _write_findings(examined: Examination, sites: Mapping[str, int], now: datetime) -> Refreshed:
    standing = opened = ended = 0
    for some in batches(finding_rows(examined, sites, now), PARAMETERS_LIMIT):
        ids = [device for device, _ in some]
        there = {
            (row[1], row[2], row[3]): row
            for row in Finding.objects.filter(device__in=ids)
            .order_by()
            .values_list("pk", "device_id", "source", "key", "digest", "ended", "last_found", "reopened")
        }
        differing: list[Finding] = []
        for device, rows in some:
            for row in rows:
                standing += 1
                row.site_id = sites[device]
                held = there.pop((device, row.source, row.key), None)
                if held is not None:
                    row.reopened = held[7]
                    if held[5] is not None:
                        row.reopened = now
                    elif held[4] == row.digest and (row.source != Finding.Source.WEAKNESS or held[6] == row.last_found):
                        continue
                if held is None or held[5] is not None:
                    opened += 1
                differing.append(row)
        for few in batches(differing, ROWS_AT_ONCE):
            with transaction.atomic():
                Finding.objects.bulk_create(
                    few, update_conflicts=True, unique_fields=["device", "source", "key"], update_fields=_FINDING
                )
        gone = [row[0] for row in there.values() if row[5] is None]
        for keys in batches(gone, PARAMETERS_LIMIT):
            with transaction.atomic():
                ended += Finding.objects.filter(pk__in=keys).update(ended=now)
    return Refreshed(findings=standing, opened=opened, ended=ended)


def _write_risks(examined: Examination, sites: Mapping[str, int], now: datetime) -> None:
    today = now.date()
    for some in batches((row for row in risk_rows(examined, now) if row.device_id in sites), PARAMETERS_LIMIT):
        ids = [row.device_id for row in some]
        there = {row[0]: row for row in Risk.objects.filter(device__in=ids).order_by().values_list(*_RISK_COMPARED)}
        differing = [
            row for row in some if there.get(row.device_id) != tuple(getattr(row, name) for name in _RISK_COMPARED)
        ]
        # Scores stand in both, in one order of names: device, score.
        told = {device: row[1] for device, row in there.items()}
        moved = [row for row in differing if told.get(row.device_id) != row.score]
        with transaction.atomic():
            Risk.objects.bulk_create(differing, update_conflicts=True, unique_fields=["device"], update_fields=_RISK)
            RiskPoint.objects.bulk_create(
                (RiskPoint(device_id=row.device_id, on=today, score=row.score, tier=row.tier) for row in moved),
                update_conflicts=True,
                unique_fields=["device", "on"],
                update_fields=["score", "tier"],
            )


_TALLIED: Final = (*Risk.Tier.values, "score_sum")
_COUNTS: Final = {
    **{tier: Count("pk", filter=Q(tier=tier)) for tier in Risk.Tier.values},
    "score_sum": Sum("score"),
}


def _write_tallies(now: datetime) -> None:
    today = now.date()
    for site, *counts in Risk.objects.order_by().values_list("device__site").annotate(**_COUNTS):
        tally = _tally(counts)
        if _differs(FleetRisk.objects.filter(site=site), tally):
            FleetRisk.objects.update_or_create(site_id=site, on=today, defaults=tally)
    placed = Risk.objects.order_by().exclude(device__record__department=None)
    for department, *counts in placed.values_list("device__record__department").annotate(**_COUNTS):
        tally = _tally(counts)
        if _differs(DepartmentRisk.objects.filter(department=department), tally):
            DepartmentRisk.objects.update_or_create(department_id=department, on=today, defaults=tally)


def _tally(counts: Iterable[float]) -> dict[str, float]:
    # A sum's last digits hang on the order in which the database adds, which is no change.
    return {name: round(number, 6) for name, number in zip(_TALLIED, counts, strict=True)}


def _differs(rows: QuerySet[FleetRisk] | QuerySet[DepartmentRisk], wanted: Mapping[str, float]) -> bool:
    latest: Tally | None = rows.order_by("-on").first()
    return latest is None or any(getattr(latest, name) != number for name, number in wanted.items())


def _write_examined(told: Documents, examined: Examination, inputs: str, now: datetime) -> None:
    read = told.advisories[-told.read :] if told.read else ()
    dates = [moment_of(one.updated) or moment_of(one.released) for one in read]
    Examined.objects.update_or_create(
        pk=1,
        defaults={
            "inputs": inputs,
            "at": now,
            "advisories": told.read,
            "documents_until": max((date for date in dates if date is not None), default=None),
            "stability": examined.stability.mean,
        },
    )
