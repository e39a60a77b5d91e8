"""What is kept of vendors is what counting everything anew gives, for each person, and follows what changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from statistics import median
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from asepsis.exposure.paper import PaperKind, Subject
from asepsis.pipeline.papers import Papers
from asepsis.pipeline.papers_reading import read_paper
from asepsis.pipeline.workspace import Workspace
from asepsis.web.devices.models import Device, DeviceRecord, Projected
from asepsis.web.exposure.models import Advisory, Examined, Finding
from asepsis.web.facilities.models import Department, DeviceGroup, Site
from asepsis.web.remembered import version_for
from asepsis.web.vendors import gathered
from asepsis.web.vendors.makers import maker
from asepsis.web.vendors.standing import MODELS_SHOWN
from tests.eval.mds2_forms import Truth, as_csv, rows, true_answers
from tests.web.conftest import MakeDevice, MakePerson, SignedIn

DAY = datetime(2026, 1, 1, tzinfo=UTC)
SEED = 20_260_101
MAKERS = ("Draeger", "Dräger", "Test Maker", "株式会社", "")
KINDS = (*gathered.REMOTE, gathered.OUT_OF_SUPPORT, "telnet")


@pytest.fixture
def hospital(workspace: Workspace, make_device: MakeDevice) -> list[Device]:
    """Devices of some makers in two sites, one department, with findings of all kinds, as a refresh leaves them."""
    choice = Random(SEED)
    advisories = [
        Advisory.objects.create(
            id=f"{number:032}", number=f"A-{number}", title="A fault", publisher="Test", released=DAY
        )
        for number in range(4)
    ]
    made = []
    for number in range(24):
        device = make_device(
            f"device{number:04}",
            site=choice.choice(("north", "south")),
            vendor=choice.choice(MAKERS),
            model=choice.choice(("A", "B", "")),
        )
        made.append(device)
        if device.site.name == "north" and number % 2:
            ward, _ = Department.objects.get_or_create(site=device.site, name="Ward 3")
            DeviceRecord.objects.create(device=device, department=ward)
        for advisory in choice.sample(advisories, choice.randrange(4)):
            find(
                device,
                advisory.id,
                advisory=advisory,
                source="advisory",
                answer=choice.choice(("affected", "cannot tell")),
                exploited=choice.random() < 0.3,
                has_fix=choice.random() < 0.5,
                ended=DAY + timedelta(days=choice.randrange(90)) if choice.random() < 0.4 else None,
            )
        for kind in choice.sample(KINDS, choice.randrange(3)):
            find(device, kind, weakness=kind, source="weakness")
    refreshed(1)
    return made


def find(device: Device, key: str, **values: Any) -> Finding:
    known: dict[str, Any] = {"answer": "affected", "title": key, "first_found": DAY, "last_found": DAY, "digest": key}
    return Finding.objects.create(device=device, site=device.site, key=key, **(known | values))


def refreshed(revision: int) -> None:
    """As a refresh ends."""
    Projected.objects.update_or_create(pk=1, defaults={"revision": revision, "at": timezone.now()})
    Examined.objects.update_or_create(pk=1, defaults={"inputs": str(revision), "at": timezone.now()})


def plainly(devices: list[Device]) -> dict[str, dict[str, Any]]:
    """The same by going through rows one by one."""
    found: dict[str, dict[str, Any]] = {}
    for key in {maker(device.vendor)[0] for device in devices if device.vendor}:
        own = [device for device in devices if device.vendor and maker(device.vendor)[0] == key]
        every = [one for device in own for one in device.findings.select_related("advisory")]
        opened = [one for one in every if one.advisory and one.ended is None and one.answer == "affected"]
        days = [(one.ended - DAY).days for one in every if one.advisory and one.ended]
        weak = [one.weakness for one in every if one.ended is None and one.source == "weakness"]
        unsupported = weak.count(gathered.OUT_OF_SUPPORT)
        found[key] = {
            "devices": len(own),
            "models_count": len({(device.vendor, device.model, device.site_id) for device in own}),
            "open_findings": len(opened),
            "exploited_findings": sum(one.exploited for one in opened),
            "days_to_fix": median(days) if days else None,
            "support": f"{unsupported} of {len(own)} devices are past the end of their support" if unsupported else "",
            "reaches": any(kind in gathered.REMOTE for kind in weak),
        }
    return found


def told(browser: Client) -> dict[str, dict[str, Any]]:
    found = {}
    for one in browser.get("/api/v1/vendors").json():
        why = {share["share"]: share["why"] for share in one["shares"]}
        names = ("devices", "models_count", "open_findings", "exploited_findings", "days_to_fix")
        found[one["key"]] = {
            **{name: one[name] for name in names},
            "support": why["Support"] if "past the end" in why["Support"] else "",
            "reaches": bool(browser.get(f"/api/v1/vendors/{one['key']}").json()["remote_access"]),
        }
    return found


def questions_of(browser: Client) -> int:
    """How many questions about findings a visit asks."""
    with CaptureQueriesContext(connection) as asked:
        assert browser.get("/vendors/").status_code == 200
    return sum("exposure_finding" in query["sql"] for query in asked.captured_queries)


def test_what_is_told_is_what_going_through_the_rows_gives_to_each_person(
    hospital: list[Device], make_person: MakePerson, signed_in: SignedIn
) -> None:
    ward = Department.objects.get()
    sites = {site.name: site for site in Site.objects.all()}
    for name, scope, mine in (
        ("everywhere", {}, hospital),
        ("north", {"site": sites["north"]}, [one for one in hospital if one.site == sites["north"]]),
        ("ward", {"department": ward}, [one for one in hospital if DeviceRecord.objects.filter(device=one).exists()]),
    ):
        browser = signed_in(make_person(name, "clinical_engineer", **scope))
        assert told(browser) == plainly(mine), name
        assert told(browser) == plainly(mine), f"{name}, from what was kept"
        for key in plainly(mine):
            advisories = browser.get(f"/api/v1/vendors/{key}").json()["advisories"]
            own = [one for one in mine if one.vendor and maker(one.vendor)[0] == key]
            affected = Finding.objects.filter(device__in=own, ended=None, answer="affected").exclude(advisory=None)
            assert sum(one["devices"] for one in advisories) == affected.count()


def test_nothing_is_counted_anew_until_something_changes(
    hospital: list[Device], make_person: MakePerson, signed_in: SignedIn
) -> None:
    browser = signed_in(make_person("ada", "clinical_engineer"))
    assert questions_of(browser) > 0
    assert questions_of(browser) == 0
    finding = Finding.objects.filter(ended=None, answer="affected").exclude(advisory=None).first()
    assert finding is not None
    Finding.objects.filter(pk=finding.pk).update(ended=DAY + timedelta(days=5))
    refreshed(2)
    assert told(browser) == plainly(hospital)
    # Whoever sees every device sees the same ones, whatever is written of them.
    DeviceRecord.objects.create(device=hospital[0], place="Bed 1")
    assert questions_of(browser) == 0


def test_who_sees_a_department_sees_a_device_as_soon_as_it_is_put_there(
    hospital: list[Device], make_person: MakePerson, signed_in: SignedIn
) -> None:
    ward = Department.objects.get()
    browser = signed_in(make_person("eve", "clinical_engineer", department=ward))
    before = sum(one["devices"] for one in told(browser).values())
    other = next(one for one in hospital if one.vendor and one.site == ward.site and not hasattr(one, "record"))
    DeviceRecord.objects.create(device=other, department=ward)
    assert sum(one["devices"] for one in told(browser).values()) == before + 1


def test_a_group_is_another_question_when_a_device_joins_or_leaves_it(hospital: list[Device]) -> None:
    group = DeviceGroup.objects.create(name="Contract")
    mine = Device.objects.filter(groups=group)
    versions = [version_for(mine)]
    for change in (group.devices.add, group.devices.remove):
        change(hospital[0])
        versions.append(version_for(mine))
    assert len(set(versions[:2])) == 2
    assert versions[1] != versions[2]


def test_contradictions_are_those_on_the_devices_that_one_sees(
    hospital: list[Device], make_person: MakePerson, signed_in: SignedIn, workspace: Workspace
) -> None:
    truth = Truth(name="", vendor="Test Maker", model="A", handles_patients=True, sends_patients_clear=False)
    content = as_csv(rows(truth, true_answers(truth), seed=1))
    subject = Subject(maker="Test Maker", model="A", version="")
    north, south = (
        next(one for one in hospital if one.vendor == "Test Maker" and one.site.name == site)
        for site in ("north", "south")
    )
    with Papers.open(workspace.papers_path) as store:
        paper, _ = store.take(read_paper(PaperKind.MDS2, "form.csv", content), 1, subject=subject)
        claims = {
            (paper.id, north.pk): [{"question": "A-1", "standing": "contradicted"}],
            (paper.id, south.pk): [
                {"question": "A-1", "standing": "contradicted"},
                {"question": "A-2", "standing": "contradicted"},
                {"question": "A-3", "standing": "confirmed"},
            ],
        }
        store.keep_claims(claims, "first")
        assert store.contradicted() == {paper.id: frozenset(("A-1", "A-2"))}
    for name, scope, count in (("all", {}, 2), ("local", {"site": north.site}, 1)):
        browser = signed_in(make_person(name, "clinical_engineer", **scope))
        (one,) = [one for one in browser.get("/api/v1/vendors").json() if one["key"] == "test-maker"]
        assert one["contradictions"] == count
    with Papers.open(workspace.papers_path) as store:
        store.keep_claims({}, "second")
    (one,) = [one for one in browser.get("/api/v1/vendors").json() if one["key"] == "test-maker"]
    assert one["contradictions"] == 0


def test_models_of_a_vendor_come_page_by_page(
    make_device: MakeDevice, workspace: Workspace, make_person: MakePerson, signed_in: SignedIn
) -> None:
    for number in range(MODELS_SHOWN + 3):
        make_device(f"device{number:04}", vendor="Test Maker", model=f"Model {number}")
    browser = signed_in(make_person("ada", "clinical_engineer"))
    pages = [browser.get(f"/api/v1/vendors/test-maker?page={page}").json() for page in (1, 2, 3)]
    assert [len(page["models"]) for page in pages] == [MODELS_SHOWN, 3, 0]
    names = {model["model"] for page in pages for model in page["models"]}
    assert len(names) == pages[0]["models_count"] == MODELS_SHOWN + 3
    for asked in ("2", "999", "-1", "x", "9" * 30):
        assert browser.get("/vendors/test-maker/", {"page": asked}).status_code == 200
