"""Patients: an account is tied by two people, and shows who looked at the own data, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.apps import apps
from django.test import Client

from asepsis.pipeline.workspace import Workspace
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.asking import subject_of
from asepsis.web.authorisation.decide import may
from asepsis.web.authorisation.facts import HOSPITAL, RecordFacts
from asepsis.web.authorisation.models import AdministratorProposal, BreakGlassUse
from asepsis.web.authorisation.patients import reference_of
from asepsis.web.devices.models import Device, DeviceRecord, SavedView
from asepsis.web.facilities.models import Department, DeviceGroup
from asepsis.web.people.models import Person, RoleGrant
from tests.web.authorisation.test_routes import filled, operations, pages
from tests.web.conftest import MakeDevice, MakePerson, Recorded, SignedIn

NUMBER = "CANARY-471108152342"
PAGE = "/access/my-data/"
WHY = "The pump alarms and the ward cannot read its screen."


@pytest.fixture
def pump(workspace: Workspace, make_device: MakeDevice) -> Device:
    return make_device("pump000001", site="CANARYSITE", title="CANARYPUMP", address="192.0.2.7")


@pytest.fixture
def patient(make_person: MakePerson, workspace: Workspace) -> Person:
    return make_person("mia", "patient", patient=reference_of(NUMBER))


@pytest.fixture
def nurse(make_person: MakePerson) -> Person:
    return make_person("canarynurse", "clinician")


def give(browser: Client, person: Person, **values: str) -> int:
    return browser.post(f"/access/people/{person.pk}/give/", values).status_code


def open_glass(browser: Client, number: str, device: str = "pump000001") -> None:
    values = {"device": device, "reason": "ETREAT", "explanation": WHY, "patient": number}
    assert browser.post("/access/break-glass/request/", values).status_code == 302


def shown(browser: Client) -> list[Any]:
    answer = browser.get(PAGE)
    assert answer.status_code == 200
    return list(answer.context["accesses"])


def everything_kept(workspace: Workspace) -> str:
    """All rows of all tables, and all files of the workspace."""
    rows = [str(list(model.objects.values_list())) for model in apps.get_models()]  # type: ignore[attr-defined]
    files = [one.read_bytes().decode("latin-1") for one in workspace.root.rglob("*") if one.is_file()]
    return "\n".join(rows + files)


def test_an_account_is_tied_to_a_patient_by_two_people_and_the_number_is_kept_nowhere(
    workspace: Workspace, make_person: MakePerson, signed_in: SignedIn, recorded: Recorded
) -> None:
    boss, officer, mia = make_person("boss", "administrator"), make_person("pat", "privacy_officer"), make_person("mia")
    assert give(signed_in(boss), mia, role="patient", patient=NUMBER) == 302
    assert not mia.grants.exists()
    assert signed_in(mia).get(PAGE).status_code == 403
    proposal = AdministratorProposal.objects.get()
    decide = f"/access/administrators/{proposal.pk}/decide/"
    assert signed_in(boss).post(decide, {"approve": "1"}).status_code == 403
    assert "as a patient" in signed_in(officer).get("/access/roles/").content.decode()
    assert signed_in(officer).post(decide, {"approve": "1"}).status_code == 302
    assert mia.grants.get().patient == reference_of("canary 471108152342")
    acts = [one.act for one in shown(signed_in(mia))]
    assert acts == ["Decided whether this account is yours", "Proposed that this account is yours"]
    assert "471108152342" not in everything_kept(workspace)
    assert "mia" in everything_kept(workspace)
    # Taken back, the page is closed.
    assert signed_in(boss).post(f"/access/grants/{mia.grants.get().pk}/withdraw/").status_code == 302
    assert signed_in(mia).get(PAGE).status_code == 403
    assert {one.patient for one in recorded() if one.kind == "role.withdraw"} == {reference_of(NUMBER)}


@pytest.mark.parametrize(
    ("held", "values"),
    [
        ("", {"role": "patient"}),
        ("", {"role": "patient", "patient": " - "}),
        ("", {"role": "patient", "patient": "1" * 65}),
        ("", {"role": "clinician", "patient": NUMBER}),
        ("clinician", {"role": "patient", "patient": NUMBER}),
        ("patient", {"role": "clinician"}),
    ],
)
def test_what_does_not_belong_together_is_not_proposed(
    workspace: Workspace, make_person: MakePerson, signed_in: SignedIn, held: str, values: dict[str, str]
) -> None:
    boss, person = make_person("boss", "administrator"), make_person("mia", held)
    before = person.grants.count()
    assert give(signed_in(boss), person, **values) == 400
    assert not AdministratorProposal.objects.exists()
    assert person.grants.count() == before


def test_what_was_done_under_broken_glass_is_shown_to_the_patient_without_names_of_staff(
    pump: Device, patient: Person, nurse: Person, make_person: MakePerson, signed_in: SignedIn, recorded: Recorded
) -> None:
    officer = make_person("canaryofficer", "privacy_officer")
    engineer = signed_in(make_person("canaryengineer", "clinical_engineer"))
    browser = signed_in(nurse)
    assert browser.get("/devices/pump000001/").status_code == 200
    open_glass(browser, " canary 471108152342 ")
    assert browser.get("/devices/pump000001/").status_code == 200
    assert engineer.get("/devices/pump000001/").status_code == 200
    looked, opened = shown(signed_in(patient))
    assert (opened.act, opened.roles, opened.purpose) == (
        "Opened a device that serves you, in an emergency",
        ["Clinician"],
        "Emergency access",
    )
    assert (looked.act, looked.roles, looked.break_glass) == ("Look at one device", ["Clinician"], True)
    assert (looked.reason, looked.review) == ("Emergency treatment of a patient", "still open")
    use = BreakGlassUse.objects.get()
    assert use.patient == reference_of(NUMBER)
    assert browser.post(f"/access/break-glass/{use.pk}/end/").status_code == 302
    review = f"/access/break-glass/{use.pk}/review/"
    assert signed_in(officer).post(review, {"finding": "justified"}).status_code == 302
    text = signed_in(patient).get(PAGE).content.decode()
    assert "justified" in text
    assert "Privacy officer" in text
    assert "canary" not in text.lower()
    # After its end nothing is of this patient any more, and nobody else's look ever was.
    assert browser.get("/devices/pump000001/").status_code == 200
    named = [(one.kind, one.actor) for one in recorded() if one.patient]
    me = f"person:{patient.pk}"
    assert [kind for kind, actor in named if actor != me] == [
        "break_glass.request",
        "device.view",
        "break_glass.end",
        "break_glass.review",
    ]
    assert {one.patient for one in recorded()} == {"", reference_of(NUMBER)}


def test_a_patient_sees_nothing_about_another(
    pump: Device, patient: Person, nurse: Person, make_person: MakePerson, signed_in: SignedIn
) -> None:
    other = make_person("max", "patient", patient=reference_of("CANARY-4712"))
    browser = signed_in(nurse)
    open_glass(browser, NUMBER)
    assert browser.get("/devices/pump000001/").status_code == 200
    assert shown(signed_in(other)) == []
    assert len(shown(signed_in(patient))) == 2
    theirs = RecordFacts(id="r", scope=HOSPITAL, patient=reference_of(NUMBER))
    client = signed_in(other)
    assert client.get(f"{PAGE}?patient={reference_of(NUMBER)}").context["accesses"] != []  # the own reading alone
    assert [one.yourself for one in shown(client)] == [True, True]
    assert not may(other, Action.ACCESS_LIST, theirs).allowed


def test_glass_broken_for_another_patient_ends_what_was_opened_for_the_first(
    pump: Device, patient: Person, nurse: Person, signed_in: SignedIn, recorded: Recorded
) -> None:
    browser = signed_in(nurse)
    open_glass(browser, NUMBER)
    open_glass(browser, "CANARY-4712")
    assert browser.get("/devices/pump000001/").status_code == 200
    first, second = BreakGlassUse.objects.order_by("opened")
    assert (first.is_open(), second.is_open()) == (False, True)
    assert [one.patient for one in recorded() if one.kind == "device.view"] == [reference_of("CANARY-4712")]
    assert [one.patient for one in recorded() if one.kind == "break_glass.end"] == [reference_of(NUMBER)]


def test_reading_the_page_is_recorded_and_the_operation_tells_the_same(
    pump: Device, patient: Person, nurse: Person, signed_in: SignedIn, recorded: Recorded
) -> None:
    open_glass(signed_in(nurse), NUMBER)
    browser = signed_in(patient)
    assert [one.yourself for one in shown(browser)] == [False]
    (read,) = [one for one in recorded() if one.kind == "access.list"]
    assert (read.patient, read.purpose, read.roles) == (reference_of(NUMBER), "PATRQT", ("patient",))
    assert [one.yourself for one in shown(browser)] == [True, False]
    first = browser.get("/api/v1/my-accesses?limit=2").json()
    assert [one["yourself"] for one in first["items"]] == [True, True]
    rest = browser.get(f"/api/v1/my-accesses?cursor={first['next']}").json()
    assert rest["next"] is None
    (only,) = rest["items"]
    assert (only["roles"], only["reason"]) == (["Clinician"], "Emergency treatment of a patient")
    assert "canary" not in json.dumps([first, rest]).lower()
    assert browser.get("/api/v1/my-accesses?cursor=x").status_code == 400


@pytest.mark.parametrize("role", ["clinical_engineer", "clinician", "privacy_officer", "auditor", "administrator", ""])
def test_who_is_no_patient_has_no_such_page(
    workspace: Workspace, make_person: MakePerson, signed_in: SignedIn, role: str
) -> None:
    browser = signed_in(make_person("ada", role))
    assert browser.get(PAGE).status_code == 403
    assert browser.get("/api/v1/my-accesses").status_code == 403
    assert "Who looked at my data" not in browser.get("/").content.decode()


def test_an_account_with_another_role_is_no_patient_s(workspace: Workspace, make_person: MakePerson) -> None:
    person = make_person("mia", "patient", patient=reference_of(NUMBER))
    assert subject_of(person).patient == reference_of(NUMBER)
    RoleGrant.objects.create(person=person, role="clinician")
    assert subject_of(person).patient is None


def test_nothing_else_is_visible_to_a_patient(
    pump: Device, patient: Person, nurse: Person, signed_in: SignedIn
) -> None:
    ward = Department.objects.create(site=pump.site, name="CANARYWARD")
    DeviceRecord.objects.create(device=pump, department=ward, owner=nurse, place="CANARYPLACE")
    DeviceGroup.objects.create(name="CANARYGROUP").devices.add(pump)
    SavedView.objects.create(owner=nurse, name="CANARYVIEW", query="", shared=True)
    open_glass(signed_in(nurse), NUMBER)
    use = BreakGlassUse.objects.get()
    world = {"device_id": pump.pk, "person_id": nurse.pk, "use_id": use.pk, "grant_id": nurse.grants.get().pk}
    browser = signed_in(patient)
    assert browser.get("/").headers["Location"] == PAGE
    gets = [*pages(), *(address for method, address in operations() if method == "GET")]
    told = []
    for address in gets:
        answer = browser.get(filled(address, world))
        assert answer.status_code < 500, address
        text = (b"".join(answer) if answer.streaming else answer.content).decode("utf-8", "replace")
        if "canary" in text.lower():
            told.append(address)
    assert told == []
    assert len(gets) > 80
    assert "CANARYPUMP" in signed_in(nurse).get("/devices/").content.decode()
    menu = browser.get(PAGE).context["menu"]
    assert [[entry["words"] for entry in entries] for _, entries in menu] == [["Who looked at my data"]]


def test_one_number_has_one_reference_however_it_is_written(workspace: Workspace) -> None:
    assert reference_of("ab-12 34") == reference_of(" AB1234 ") != reference_of("AB1235")
    with pytest.raises(ValueError, match="letters or digits"):
        reference_of(" -/ ")
    # Another workspace has another key, so that its references tell nothing here.
    before = reference_of("AB1234")
    (workspace.keys_path / "patient-references.key").unlink()
    assert reference_of("AB1234") != before
