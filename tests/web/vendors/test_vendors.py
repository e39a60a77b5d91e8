from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from asepsis.exposure.paper import PaperKind, Subject
from asepsis.exposure.vendors.questionnaire import QUESTIONS
from asepsis.pipeline.papers import Papers
from asepsis.pipeline.papers_reading import read_paper
from asepsis.pipeline.workspace import Workspace
from asepsis.web.devices.models import Device
from asepsis.web.exposure.models import Advisory, Finding
from asepsis.web.people.models import Person
from asepsis.web.vendors.makers import maker
from asepsis.web.vendors.models import Assessment, Contract
from tests.eval.mds2_forms import Truth, as_csv, rows, true_answers
from tests.web.conftest import MakeDevice, MakePerson, Recorded, SignedIn

DAY = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def engineer(make_person: MakePerson) -> Person:
    return make_person("ada", "clinical_engineer")


@pytest.fixture
def officer(make_person: MakePerson) -> Person:
    return make_person("ben", "privacy_officer")


@pytest.fixture
def pump(make_device: MakeDevice, workspace: Workspace) -> Device:
    return make_device("pump000001", vendor="Test Maker", model="Pump A", category="infusion_pump")


def vendors(browser: Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = browser.get("/api/v1/vendors").json()
    return found


def finding(device: Device, key: str, **values: object) -> Finding:
    known: dict[str, object] = {"answer": "affected", "title": key, "first_found": DAY, "last_found": DAY}
    return Finding.objects.create(device=device, site=device.site, key=key, digest=key, **{**known, **values})


def advisory(number: str, released: datetime = DAY) -> Advisory:
    return Advisory.objects.create(
        id=number, number=number, title="A fault", publisher="Test", category="csaf", released=released
    )


def weakness(device: Device, kind: str) -> Finding:
    return finding(device, kind, source="weakness", weakness=kind)


def test_spellings_of_a_maker_have_one_address() -> None:
    assert maker("Dräger")[0] == maker("Draeger Medical GmbH")[0]
    assert maker("株式会社")[0]


def test_open_advisories_lower_a_score_and_their_end_gives_the_time_to_fix(
    engineer: Person, pump: Device, signed_in: SignedIn
) -> None:
    browser = signed_in(engineer)
    (before,) = vendors(browser)
    one = finding(pump, "a", source="advisory", advisory=advisory("A-1"))
    (during,) = vendors(browser)
    assert during["open_findings"] == 1
    assert during["score"] < before["score"]
    one.ended = DAY + timedelta(days=30)
    one.save()
    (after,) = vendors(browser)
    assert after["open_findings"] == 0
    assert after["days_to_fix"] == pytest.approx(30)
    assert after["score"] > during["score"]


def test_a_person_sees_only_vendors_of_the_own_site(
    make_person: MakePerson, make_device: MakeDevice, pump: Device, signed_in: SignedIn
) -> None:
    other = make_device("pump000002", site="south", vendor="Other Maker", model="Pump B")
    local = make_person("eve", "clinical_engineer", site=other.site)
    assert [one["name"] for one in vendors(signed_in(local))] == ["Other Maker"]


def test_an_agreement_is_recorded_with_its_file_and_given_back(
    engineer: Person, pump: Device, signed_in: SignedIn, recorded: Recorded
) -> None:
    browser = signed_in(engineer)
    today = timezone.now().date()
    given = {"kind": "baa", "begins": today - timedelta(days=40), "signed_by": "The director", "contact": "A. Person"}
    file = SimpleUploadedFile("agreement.txt", b"agreed on")
    assert browser.post("/vendors/test-maker/contracts/", {**given, "file": file}).status_code == 302
    kept = Contract.objects.get()
    answer = browser.get(f"/vendors/contracts/{kept.pk}/document/")
    assert b"".join(answer.streaming_content) == b"agreed on"  # type: ignore[attr-defined]  # a stream
    assert "in force" in browser.get("/vendors/test-maker/").content.decode()
    (contract,) = browser.get("/api/v1/vendors/test-maker").json()["contracts"]
    assert contract["in_force"]
    assert "vendor.edit" in [row.kind for row in recorded()]


def test_an_agreement_that_ends_before_it_begins_is_refused(
    engineer: Person, pump: Device, signed_in: SignedIn
) -> None:
    given = {"kind": "baa", "begins": date(2026, 2, 1), "ends": date(2026, 1, 1)}
    answer = signed_in(engineer).post("/vendors/test-maker/contracts/", given)
    assert "It ends before it begins." in answer.content.decode()
    assert not Contract.objects.exists()


def test_an_end_of_support_that_is_past_lowers_the_score(engineer: Person, pump: Device, signed_in: SignedIn) -> None:
    given = {"model": "Pump A", "ends": "2020-01-01", "source": "A letter"}
    browser = signed_in(engineer)
    (before,) = vendors(browser)
    assert browser.post("/vendors/test-maker/support/", given).status_code == 302
    (after,) = vendors(browser)
    (model,) = browser.get("/api/v1/vendors/test-maker").json()["models"]
    assert model["support_ends"] == "2020-01-01"
    assert after["score"] < before["score"]


def test_remote_access_without_an_agreement_is_told(engineer: Person, pump: Device, signed_in: SignedIn) -> None:
    weakness(pump, "internet-contact")
    assert "No agreement in force speaks of it." in signed_in(engineer).get("/vendors/test-maker/").content.decode()


@pytest.mark.parametrize("role", ["clinician", "administrator", "vendor", "patient"])
def test_who_does_not_deal_with_vendors_does_not_see_them(
    role: str, make_person: MakePerson, signed_in: SignedIn
) -> None:
    assert signed_in(make_person("eve", role)).get("/vendors/").status_code == 403


def form_on_file(workspace: Workspace) -> None:
    truth = Truth(name="", vendor="Test Maker", model="Pump A", handles_patients=True, sends_patients_clear=False)
    content = as_csv(rows(truth, {**true_answers(truth), "SBOM-1": "No"}, seed=1))
    with Papers.open(workspace.papers_path) as store:
        store.take(
            read_paper(PaperKind.MDS2, "form.csv", content),
            1,
            subject=Subject(maker="Test Maker", model="Pump A", version=""),
        )


def begun(browser: object, site: int) -> Assessment:
    given = {"site": site, "vendor": "Test Maker", "model": "Pump A", "purpose": "Intensive care"}
    answer = browser.post("/purchases/", given)  # type: ignore[attr-defined]  # a test client
    assert answer.status_code == 302, answer.content.decode()
    return Assessment.objects.get()


def test_an_assessment_goes_from_the_form_on_file_to_the_decision_of_another(
    engineer: Person, officer: Person, pump: Device, signed_in: SignedIn, workspace: Workspace, recorded: Recorded
) -> None:
    form_on_file(workspace)
    weakness(pump, "patient-data-in-clear")
    browser = signed_in(engineer)
    one = begun(browser, pump.site_id)
    held = {answer.question: answer for answer in one.answers.all()}
    assert (held["encrypted-patient-data"].said, held["encrypted-patient-data"].source) == ("yes", "form")
    assert held["sbom"].said == "no"
    page = browser.get(f"/purchases/{one.pk}/").content.decode()
    assert "seen on 1 device of this model here" in page
    answers = {f"said-{name}": "yes" for name in QUESTIONS}
    assert browser.post(f"/purchases/{one.pk}/", answers).status_code == 302
    assert browser.post(f"/purchases/{one.pk}/act/", {"propose": "1"}).status_code == 302
    decision = {"state": "conditional", "reason": "We need it", "conditions": "Encrypt it."}
    assert browser.post(f"/purchases/{one.pk}/decide/", decision).status_code == 403
    other = signed_in(officer)
    assert other.post(f"/purchases/{one.pk}/decide/", decision).status_code == 302
    one.refresh_from_db()
    assert one.state == "conditional"
    assert one.decided_by == officer
    assert [question for question, _ in one.contradicted] == ["encrypted-patient-data"]
    report = other.get(f"/purchases/{one.pk}/report.pdf")
    assert report.content.startswith(b"%PDF")
    kinds = [row.kind for row in recorded()]
    assert "assessment.approve" in kinds
    # What was decided stays.
    assert browser.post(f"/purchases/{one.pk}/", {"said-sbom": "no"}).status_code == 302
    assert one.answers.get(question="sbom").said == "yes"


def test_nobody_decides_on_what_he_handed_in_himself(
    make_person: MakePerson, pump: Device, signed_in: SignedIn, engineer: Person
) -> None:
    both = make_person("cleo", "clinical_engineer")
    both.grants.create(role="privacy_officer")
    browser = signed_in(both)
    one = begun(browser, pump.site_id)
    browser.post(f"/purchases/{one.pk}/act/", {"propose": "1"})
    given = {"state": "approved", "reason": "Mine"}
    assert browser.post(f"/purchases/{one.pk}/decide/", given).status_code == 403
    one.refresh_from_db()
    assert one.state == "proposed"


def test_conditions_are_written_where_it_is_approved_with_conditions(
    engineer: Person, officer: Person, pump: Device, signed_in: SignedIn
) -> None:
    browser = signed_in(engineer)
    one = begun(browser, pump.site_id)
    browser.post(f"/purchases/{one.pk}/act/", {"propose": "1"})
    given = {"state": "conditional", "reason": "We need it", "conditions": " "}
    signed_in(officer).post(f"/purchases/{one.pk}/decide/", given)
    one.refresh_from_db()
    assert one.state == "proposed"


def test_an_assessment_of_another_site_is_not_there(
    engineer: Person, pump: Device, make_device: MakeDevice, make_person: MakePerson, signed_in: SignedIn
) -> None:
    one = begun(signed_in(engineer), pump.site_id)
    south = make_device("pump000002", site="south").site
    local = signed_in(make_person("eve", "clinical_engineer", site=south))
    assert local.get(f"/purchases/{one.pk}/").status_code == 404
