"""Findings and risk as rows, on the recorded hospital: the same twice, ended and back, killed in between, merged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from asepsis.kernel.time import SECOND_NS
from asepsis.pipeline.demo import analyze_benign, recording
from asepsis.pipeline.exposure import Examination, examine, inputs_of
from asepsis.pipeline.workspace import Workspace
from asepsis.web.devices.models import Device
from asepsis.web.devices.projection import refresh as refresh_devices
from asepsis.web.exposure import projection
from asepsis.web.exposure.following import follow
from asepsis.web.exposure.models import Advisory, Examined, Finding, FleetRisk, Risk, RiskPoint
from asepsis.web.plan.projection import said as said_of_plan
from asepsis.web.settings import WORKSPACE

NOW = datetime(2026, 11, 9, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


@pytest.fixture(scope="module")
def examined() -> Iterator[tuple[Workspace, Examination]]:
    """The recorded hospital, analysed and examined once."""
    import shutil

    shutil.rmtree(WORKSPACE.root, ignore_errors=True)
    workspace = WORKSPACE.create()
    analyze_benign(recording(), workspace=workspace)
    yield workspace, examine(workspace, now_ns=int(NOW.timestamp()) * SECOND_NS)
    shutil.rmtree(WORKSPACE.root, ignore_errors=True)


@pytest.fixture
def hospital(examined: tuple[Workspace, Examination], db: None) -> Examination:
    """With the rows of its devices."""
    refresh_devices(examined[0])
    return examined[1]


def said() -> list[Any]:
    """Everything that the rows say."""
    return [
        sorted(
            map(repr, model.objects.values_list(*[f.attname for f in model._meta.concrete_fields if f.name != "id"]))
        )
        for model in (Advisory, Finding, Risk, RiskPoint, FleetRisk)
    ]


def write(examination: Examination, now: datetime = NOW) -> projection.Refreshed:
    return projection.write(examination, inputs_of(WORKSPACE) + said_of_plan(now), now)


def test_pumps_that_a_life_hangs_on_come_first_with_the_advisory_s_words_and_a_packet(hospital: Examination) -> None:
    done = write(hospital)
    riskiest = Risk.objects.select_related("device")[0]
    assert (riskiest.rank, riskiest.device.category) == (1, "infusion_pump")
    assert sum(factor["points"] for factor in riskiest.factors) == pytest.approx(riskiest.score, abs=0.01)
    assert riskiest.low <= riskiest.score <= riskiest.high
    told = riskiest.device.findings.filter(source="advisory").select_related("advisory")[0]
    assert told.advisory is not None
    assert told.advisory.number.startswith("ICSMA-")
    assert told.product in told.words
    assert "a life may hang on it" in told.care
    assert [one["attribute"] for one in told.evidence] == ["model", "firmware"]
    assert all(one["packet"] > 0 for one in told.evidence)
    assert done.findings == done.opened == Finding.objects.count()
    assert FleetRisk.objects.get().critical == Risk.objects.filter(tier="critical").count()


def test_refreshing_again_changes_nothing(hospital: Examination) -> None:
    write(hospital)
    before = said()
    assert write(hospital, LATER) == projection.Refreshed(findings=len(before[1]), opened=0, ended=0)
    assert said() == before


def test_a_finding_that_is_no_more_ends_and_comes_back_with_its_first_day(hospital: Examination) -> None:
    write(hospital)
    gone = next(one for one in hospital.weaknesses if one.kind.id == "patient-data-in-clear")
    mended = replace(hospital, weaknesses=[one for one in hospital.weaknesses if one is not gone])
    assert write(mended, LATER).ended == 1
    row = Finding.objects.get(device=gone.device, weakness=gone.kind.id)
    assert (row.first_found, row.ended, row.reopened) == (NOW, LATER, None)
    assert write(mended, LATER + timedelta(days=1)).ended == 0
    back = LATER + timedelta(days=2)
    assert write(hospital, back).opened == 1
    row.refresh_from_db()
    assert (row.first_found, row.ended, row.reopened) == (NOW, None, back)


class KilledError(Exception):
    """The process ended here."""


@pytest.mark.parametrize("share", [0, 0.2, 0.5, 0.9])
def test_one_that_is_killed_is_stale_and_the_next_one_says_the_same(hospital: Examination, share: float) -> None:
    writes = 0

    def counted(execute: Any, sql: str, *others: Any) -> Any:
        nonlocal writes
        writes += sql.startswith(("INSERT", "UPDATE"))
        return execute(sql, *others)

    def emptied() -> None:
        for model in (Finding, Risk, RiskPoint, FleetRisk, Examined, Advisory):
            model.objects.all().delete()

    write(hospital)
    whole = said()
    emptied()
    with connection.execute_wrapper(counted):
        write(hospital)
    emptied()
    # Databases put together different numbers of rows, so it is a share of the statements.
    left = int(share * writes)

    def killed(execute: Any, sql: str, *others: Any) -> Any:
        nonlocal left
        if sql.startswith(("INSERT", "UPDATE")):
            if left == 0:
                raise KilledError
            left -= 1
        return execute(sql, *others)

    with connection.execute_wrapper(killed), pytest.raises(KilledError):
        write(hospital)
    assert projection.is_stale(WORKSPACE)
    write(hospital)
    assert not projection.is_stale(WORKSPACE)
    assert said() == whole


def test_it_waits_for_devices_and_follows_them(hospital: Examination) -> None:
    assert projection.is_stale(WORKSPACE)
    assert projection.refresh(WORKSPACE, now=NOW).findings > 0
    assert not projection.is_stale(WORKSPACE)
    Examined.objects.update(inputs="registry 1, documents 3 4")
    assert projection.is_stale(WORKSPACE)


def test_what_a_merged_device_had_stands_at_the_other_with_the_earlier_day(hospital: Examination) -> None:
    write(hospital)
    kind = "service-without-authentication"
    old, new = Device.objects.filter(findings__weakness=kind, findings__source="weakness").order_by("pk")[:2]
    Finding.objects.filter(device=new).update(first_found=LATER)
    Finding.objects.filter(device=new).exclude(weakness=kind).delete()
    moved = set(Finding.objects.filter(device=old).values_list("source", "key"))
    RiskPoint.objects.filter(device=old).update(on=NOW.date() - timedelta(days=9))
    follow(old.pk, new.pk)
    old.delete()
    found = Finding.objects.filter(device=new)
    assert set(found.values_list("source", "key")) == moved
    assert set(found.values_list("first_found", flat=True)) == {NOW}
    assert RiskPoint.objects.filter(device=new).count() == 2


def test_a_point_of_risk_is_written_when_the_score_moved(hospital: Examination) -> None:
    write(hospital)
    first = hospital.assessments[0]
    worse = replace(hospital, assessments=[replace(first, score=first.score + 1), *hospital.assessments[1:]])
    points = RiskPoint.objects.count()
    write(worse, LATER)
    assert RiskPoint.objects.count() == points + 1
    assert FleetRisk.objects.filter(on=LATER.date()).exists()
