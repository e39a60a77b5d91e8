"""A vendor, let in to one group of devices: nothing that the hospital judges, plans or holds of others is reached."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.http.response import HttpResponseBase
from django.test import Client
from django.utils import timezone

from asepsis.exposure.reported.report import Tool
from asepsis.pipeline.papers import Papers
from asepsis.pipeline.papers_reading import read_paper, subject
from asepsis.pipeline.reported import Reports
from asepsis.pipeline.workspace import Workspace
from asepsis.web.devices.models import Change, Device, DeviceRecord
from asepsis.web.exposure.models import Advisory, Examined, Finding, Risk
from asepsis.web.facilities.models import Department, DeviceGroup
from asepsis.web.people.models import Person
from asepsis.web.plan.models import Acceptance, PlanDevice, PlanItem, Planned
from asepsis.web.testing.models import Engagement, Scan
from asepsis.web.vendors.models import Assessment, Contract, SupportEnd
from tests.eval.mds2_forms import Truth, as_csv, rows, true_answers
from tests.exposure.reported.test_reports import NMAP
from tests.web.authorisation.test_routes import filled, operations, pages
from tests.web.conftest import MakeDevice, MakePerson, SignedIn

DAY = datetime(2026, 1, 1, tzinfo=UTC)
C = "CANARY"
FORM = Truth(name=C, vendor="CANARYMAKER", model="CANARYMODEL", handles_patients=True)


@pytest.fixture
def pumps(workspace: Workspace, make_device: MakeDevice) -> tuple[Device, Device]:
    """One of the vendor's group, and one that is nobody's business but the hospital's."""
    theirs = make_device("pump000001", title="Plum", vendor="Maker")
    others = make_device("pump000002", title="CANARYPUMP", vendor="CANARYMAKER", model="CANARYMODEL")
    return theirs, others


@pytest.fixture
def world(workspace: Workspace, pumps: tuple[Device, Device], make_person: MakePerson) -> dict[str, Any]:
    """One of everything that is known of what could harm, of both devices, with canaries in all of it."""
    staff = make_person("canarystaff", "security_analyst")
    site = pumps[0].site
    site_group = DeviceGroup.objects.create(name="Pumps")
    site_group.devices.add(pumps[0])
    world: dict[str, Any] = {"group": site_group, "staff": staff}
    for device, mark in zip(pumps, ("", C), strict=True):
        DeviceRecord.objects.create(
            device=device, department=Department.objects.create(site=site, name=f"{C}WARD{device.pk}"), owner=staff
        )
        advisory = Advisory.objects.create(
            id=device.pk.ljust(32, "0"), number=f"{C}-{device.pk}", title=C, publisher=C, category="csaf", released=DAY
        )
        found = Finding.objects.create(
            device=device,
            site=site,
            source="advisory",
            key="k",
            digest="d",
            advisory=advisory,
            answer="affected",
            title=C,
            why=C,
            evidence=[{"protocol": C, "packet": 7, "capture": C}],
            first_found=DAY,
            last_found=DAY,
        )
        Risk.objects.create(
            device=device,
            score=7.0,
            low=6.0,
            high=8.0,
            tier="critical",
            rank=1,
            rank_low=1,
            rank_high=2,
            likelihood=0.9,
            harm=0.9,
            factors=[],
            at=DAY,
        )
        Change.objects.create(device=device, attribute="model", before=mark, after=mark, at=DAY)
        world |= {"advisory_id": advisory.pk, "finding_id": found.pk}
    Examined.objects.create(pk=1, inputs="x", at=DAY, advisories=2)
    Planned.objects.create(pk=1, at=DAY, risk=1, removed=1, hours=1, share=1, is_proved=True)
    item = PlanItem.objects.create(
        id="a" * 20,
        site=site,
        action="telnet-off",
        kind="configuration",
        title=C,
        who=C,
        product=C,
        hours=1,
        removed=1,
        per_hour=1,
        bundle=1,
        devices_count=2,
        lower_tier=1,
        place=1,
        sustains_life=False,
        words=[C],
        digest="x",
    )
    for device in pumps:
        PlanDevice.objects.create(item=item, device=device, before=7, after=1, tier_before="critical", tier_after="low")
    acceptance = Acceptance.objects.create(
        item=item, site=site, reason=C, until=DAY, basis={}, proposer=staff, role="security_analyst", proposed=DAY
    )
    contract = Contract.objects.create(
        vendor="maker", kind="baa", begins=date(2026, 1, 1), note=C, contact=C, recorded_by=staff
    )
    SupportEnd.objects.create(vendor="maker", model=C, ends=date(2027, 1, 1), source=C, recorded_by=staff)
    assessment = Assessment.objects.create(site=site, vendor="maker", vendor_name=C, model=C, proposer=staff)
    soon = timezone.now() + timedelta(hours=1)
    engagement = Engagement.objects.create(site=site, title=C, testers=C, starts=soon, ends=soon, proposer=staff)
    scan = Scan.objects.create(site=site, reason=C, plan="", proposer=staff)
    with Reports.open(workspace) as reports:
        digest = reports.take(NMAP, Tool.NMAP, name=f"{C}.xml", site=site.name)[2]
    form = read_paper(None, f"{C}.csv", as_csv(rows(FORM, true_answers(FORM), seed=1)))
    with Papers.open(workspace.papers_path) as papers:
        paper, _ = papers.take(form, 1, subject=subject("CANARYMAKER", "CANARYMODEL", ""))
    return world | {
        "item_id": item.pk,
        "acceptance_id": acceptance.pk,
        "contract_id": contract.pk,
        "assessment_id": assessment.pk,
        "engagement_id": engagement.pk,
        "scan_id": scan.pk,
        "digest": digest,
        "paper_id": paper.id,
        "key": "maker",
        "person_id": staff.pk,
        "grant_id": staff.grants.get().pk,
        "device_id": pumps[1].pk,
    }


def _text(answer: HttpResponseBase) -> str:
    content = b"".join(answer) if answer.streaming else answer.content  # type: ignore[attr-defined]
    return content.decode("utf-8", "replace")


def _told(browser: Client, world: dict[str, Any], *, of: str = "") -> list[tuple[str, int]]:
    """The addresses, where wanted those with one key alone, that tell something of others."""
    told = []
    gets = [*pages(), *(address for method, address in operations() if method == "GET")]
    assert len(gets) > 120
    for address in gets:
        if of in address:
            asked = filled(address, world)
            answer = browser.get(asked)
            if C in _text(answer):
                told.append((asked, answer.status_code))
    return told


def _vendor(make_person: MakePerson, world: dict[str, Any], **changed: Any) -> Person:
    given: dict[str, Any] = {"device_group": world["group"], "expires": timezone.now() + timedelta(days=1)}
    return make_person("vic", "vendor", **{**given, **changed})


@pytest.mark.slow
def test_no_address_tells_a_vendor_of_findings_plan_papers_reports_or_other_devices(
    world: dict[str, Any], pumps: tuple[Device, Device], make_person: MakePerson, signed_in: SignedIn
) -> None:
    browser = signed_in(_vendor(make_person, world))
    assert _told(browser, world) == []
    # Of the own device the vendor sees the device, and still nothing that the hospital judges or plans.
    own = world | {"device_id": pumps[0].pk}
    assert browser.get(f"/devices/{pumps[0].pk}/").status_code == 200
    assert _told(browser, own, of="device_id") == []
    # Nor does a search, whose words come back as they were asked.
    for query in ("?q=canary", "?vendor=canarymaker", "?sort=place"):
        address = f"/devices/{query}"
        assert C not in _text(browser.get(address)), address
    # The canaries are there to be found.
    staff = signed_in(world["staff"])
    for address in ("/findings/", "/plan/", "/papers/", "/vendors/maker/", f"/testing/reports/{world['digest']}/"):
        assert C in _text(staff.get(address)), address


def test_a_vendor_whose_access_is_over_reaches_not_even_the_own_devices(
    world: dict[str, Any], pumps: tuple[Device, Device], make_person: MakePerson, signed_in: SignedIn
) -> None:
    browser = signed_in(_vendor(make_person, world, expires=timezone.now() - timedelta(seconds=1)))
    for address in (f"/devices/{pumps[0].pk}/", "/devices/", f"/api/v1/devices/{pumps[0].pk}", "/api/v1/devices"):
        answer = browser.get(address)
        assert answer.status_code in (403, 404) or pumps[0].title not in _text(answer), address
