"""What a page costs does not grow with the hospital: neither its questions to the database nor those to Cedar."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from asepsis.pipeline.workspace import Workspace
from asepsis.web.authorisation.asking import engine
from asepsis.web.devices.models import Change, Device, DeviceRecord, Freshness, Link, Projected
from asepsis.web.exposure.models import Advisory, Examined, Finding, FleetRisk, Risk
from asepsis.web.facilities.models import Department, Site
from tests.web.conftest import MakeDevice, MakePerson, SignedIn

FEW, MANY = 3, 45
PAGES = (
    "/",
    "/devices/",
    "/devices/?category=infusion_pump&sort=-last_seen",
    "/devices/?q=pump&columns=title,site,department,owner,criticality,place,bytes,first_seen",
    "/devices/pump000000/",
    "/map/",
    "/map/?by=department",
    "/map/device/pump000000/",
    "/cmms/reconciliation/",
    "/api/v1/devices",
    "/api/v1/devices/pump000000",
    "/findings/",
    "/findings/?q=pump&source=weakness&tier=high&sort=title",
    "/findings/?by=finding",
    f"/advisories/{'a' * 32}/",
    "/risk/",
    "/devices/pump000000/exposure/",
    "/api/v1/findings",
    "/api/v1/risk/devices",
    "/feeds/",
    "/api/v1/feeds",
    "/vendors/",
    "/vendors/maker/",
    "/api/v1/vendors",
    "/api/v1/vendors/maker",
    "/purchases/",
)
TALLY = {"critical": 0, "high": 1, "medium": 0, "low": 0, "score_sum": 30.0}
QUERIES_LIMIT = 40
"""Of one page; each is about a millisecond."""


@pytest.fixture(params=["everywhere", "department"])
def ada(
    request: pytest.FixtureRequest,
    workspace: Workspace,
    make_person: MakePerson,
    make_device: MakeDevice,
    signed_in: SignedIn,
) -> Client:
    _grow(make_device, 0, FEW)
    if request.param == "department":
        return signed_in(make_person("ada", "clinical_engineer", department=Department.objects.get(name="Ward 3")))
    return signed_in(make_person("ada", "security_analyst"))


def _grow(make_device: MakeDevice, first: int, count: int) -> None:
    """Devices of a ward that talk to each other, as a refresh leaves them."""
    now = datetime(2026, 1, 2, tzinfo=UTC)
    made: list[Device] = []
    for number in range(first, count):
        pump = make_device(
            f"pump{number:06}",
            title=f"Pump {number}",
            vendor="Maker",
            model=f"Pump {number}",
            category="infusion_pump",
            medical=True,
            status="online",
        )
        made.append(pump)
        ward, _ = Department.objects.get_or_create(site=pump.site, name="Ward 3")
        DeviceRecord.objects.create(device=pump, department=ward, place=f"Bed {number}")
        Change.objects.create(device=pump, at=now, attribute="name", before="a", after=f"b{number}")
        Link.objects.create(
            site=pump.site,
            client=pump,
            server_id="pump000000",
            client_zone=f"10.0.{number}.0/24",
            server_zone="10.0.0.0/24",
            client_address=f"10.0.{number}.1",
            server_address="10.0.0.1",
            application="hl7",
            conversations=1,
            bytes=100,
            first_seen=now,
            last_seen=now,
        )
        _judge(pump, number)
    Examined.objects.update_or_create(pk=1, defaults={"inputs": "", "at": timezone.now(), "advisories": 1})
    for site in Site.objects.all():
        FleetRisk.objects.update_or_create(site=site, on=now.date(), defaults=TALLY)
        Freshness.objects.update_or_create(site=site, defaults={"seen_until": now, "refreshed": now, "devices": count})
    Projected.objects.update_or_create(pk=1, defaults={"revision": count, "at": timezone.now()})


def _judge(pump: Device, number: int) -> None:
    """Its risk, a weakness and an advisory."""
    now = datetime(2026, 1, 2, tzinfo=UTC)
    score: dict[str, Any] = {"score": 30.0, "low": 20.0, "high": 40.0, "tier": "high", "likelihood": 0.5, "harm": 0.6}
    rank = number + 1
    Risk.objects.create(device=pump, rank=rank, rank_low=rank, rank_high=rank, at=now, **score)
    document, _ = Advisory.objects.get_or_create(id="a" * 32, defaults={"number": "A-1", "title": "Pump"})
    common: dict[str, Any] = {"device": pump, "site": pump.site, "score": 30.0, "first_found": now, "last_found": now}
    Finding.objects.create(source="advisory", key="a", advisory=document, answer="affected", title="Pump", **common)
    Finding.objects.create(source="weakness", key="telnet", weakness="telnet", answer="affected", title="T", **common)


def _queries(browser: Client, page: str) -> int:
    """Of a visit after the first, when what is counted once is counted."""
    assert browser.get(page).status_code == 200
    with CaptureQueriesContext(connection) as asked:
        assert browser.get(page).status_code == 200
    return len(asked)


def test_more_devices_need_no_more_queries(ada: Client, make_device: MakeDevice) -> None:
    few = {page: _queries(ada, page) for page in PAGES}
    _grow(make_device, FEW, MANY)
    many = {page: _queries(ada, page) for page in PAGES}
    assert many == few
    assert max(many.values()) <= QUERIES_LIMIT


def test_cedar_is_asked_again_only_about_what_it_was_not_asked_before(ada: Client) -> None:
    for page in PAGES:
        ada.get(page)
    before = engine().evaluations()
    for page in PAGES:
        ada.get(page)
    assert engine().evaluations() == before


def test_another_device_is_asked_about_by_itself_and_the_menu_is_not_asked_again(ada: Client) -> None:
    ada.get("/devices/pump000000/")
    before = engine().evaluations()
    ada.get("/devices/pump000001/")
    # To see it, with the notes or without them, and each of the acts that the page offers.
    assert 0 < engine().evaluations() - before <= 7
