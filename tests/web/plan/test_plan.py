"""Work is shared, verified by what is seen, and a risk is accepted by two people until a fact becomes worse."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from asepsis.exposure.risk import Control
from asepsis.pipeline.workspace import Workspace
from asepsis.web.devices.models import DeviceRecord, Projected
from asepsis.web.facilities.models import Department, Site
from asepsis.web.people.models import Person
from asepsis.web.plan import exporting, reading
from asepsis.web.plan.models import Acceptance, PlanItem, Work
from asepsis.web.plan.projection import key, said, told_controls, value_of, write_plan
from tests.web.conftest import MakeDevice, MakePerson, Recorded, SignedIn
from tests.web.plan.hospital import NOW, PUMPS, examined

JSON = "application/json"
REASON = "In rooms of their own until the maker mends it in May."
SOON = timezone.now().date() + timedelta(days=60)


@pytest.fixture
def pumps(workspace: Workspace, make_device: MakeDevice) -> PlanItem:
    """Three pumps at north, the plan made; their work on Telnet."""
    for name in PUMPS:
        make_device(name, site="north", category="infusion_pump", medical=True)
    write_plan(examined(), NOW)
    return PlanItem.objects.get(action="telnet")


@pytest.fixture
def engineer(make_person: MakePerson, signed_in: SignedIn, pumps: PlanItem) -> Client:
    return signed_in(make_person("ada", "clinical_engineer", site=pumps.site))


def seen_since(**changes: Any) -> None:
    """Made anew when the pumps were heard after today."""
    later = timezone.now() + timedelta(days=1)
    write_plan(examined(**{"heard": later, **changes}), later)


def test_a_person_sees_work_with_its_reason_whose_it_is_and_every_device(engineer: Client, pumps: PlanItem) -> None:
    page = engineer.get("/plan/").content.decode()
    assert pumps.title in page
    assert "a life may hang on it" in page
    full = engineer.get(f"/plan/{pumps.pk}/").content.decode()
    assert "gives drugs into a vein" in full
    assert all(name in full for name in PUMPS)
    patch = PlanItem.objects.get(action="patch")
    assert patch.who == "maker"


def test_work_of_another_site_is_not_seen(
    pumps: PlanItem, make_person: MakePerson, signed_in: SignedIn, make_device: MakeDevice
) -> None:
    south = make_device("pump000009", site="south").site
    write_plan(examined(), NOW)
    browser = signed_in(make_person("eve", "clinical_engineer", site=south))
    listed = browser.get("/api/v1/plan?show=all").json()["items"]
    assert {one["site"] for one in listed} == {"south"}
    assert browser.get(f"/plan/{pumps.pk}/").status_code == 404
    assert browser.patch(f"/api/v1/plan/{pumps.pk}", {"state": "done"}, JSON).status_code == 404
    exported = json.loads(browser.get("/plan/export/servicenow/").getvalue())["records"]
    assert {record["correlation_id"] for record in exported} == {one["id"] for one in listed}


def test_the_same_examination_writes_nothing_anew(pumps: PlanItem, django_assert_max_num_queries: Any) -> None:
    before = list(PlanItem.objects.values_list())
    with django_assert_max_num_queries(40):
        write_plan(examined(), NOW)
    assert list(PlanItem.objects.values_list()) == before


def test_what_people_call_done_is_verified_only_when_it_is_seen_no_more(engineer: Client, pumps: PlanItem) -> None:
    engineer.post(f"/plan/{pumps.pk}/state/", {"state": "done", "ticket": "CHG1"})
    work = Work.objects.get()
    assert (work.state, work.ticket, sorted(work.devices)) == ("done", "CHG1", sorted(PUMPS))
    write_plan(examined(), NOW)
    work.refresh_from_db()
    assert work.state == "done"
    later = timezone.now() + timedelta(days=1)
    seen_since(seen=later)
    work.refresh_from_db()
    assert work.state == "said done, still seen"
    assert "3 of 3" in work.why
    # Seen no more, but two of them were not heard: nobody knows yet.
    seen_since(weaknesses=frozenset(), heard=NOW)
    work.refresh_from_db()
    assert work.state == "done"
    seen_since(weaknesses=frozenset())
    work.refresh_from_db()
    assert work.state == "verified"
    assert "Verified" in engineer.get(f"/plan/{pumps.pk}/").content.decode()


def test_a_control_that_was_put_in_force_counts_and_its_work_leaves_the_plan(engineer: Client, pumps: PlanItem) -> None:
    restrict = PlanItem.objects.get(action="restrict")
    before = said()
    engineer.post(f"/plan/{restrict.pk}/state/", {"state": "done", "ticket": ""})
    assert told_controls() == dict.fromkeys(PUMPS, frozenset({Control.ALLOW_LIST}))
    # The refresh sees that there is something to do.
    assert said() != before
    engineer.post(f"/plan/{restrict.pk}/state/", {"state": "open", "ticket": ""})
    assert told_controls() == {}


def test_no_person_and_no_program_says_verified(engineer: Client, pumps: PlanItem) -> None:
    assert engineer.post(f"/plan/{pumps.pk}/state/", {"state": "verified"}).status_code == 200
    assert not Work.objects.exists()
    answer = engineer.patch(f"/api/v1/plan/{pumps.pk}", {"state": "verified"}, JSON)
    assert answer.status_code == 422


def test_states_of_a_ticket_system_come_back_for_the_own_site_alone(
    engineer: Client, pumps: PlanItem, make_device: MakeDevice, recorded: Recorded
) -> None:
    make_device("pump000009", site="south")
    write_plan(examined(), NOW)
    foreign = PlanItem.objects.get(action="telnet", site__name="south")
    lines = f"id,state,ticket\n{pumps.pk},In Progress,CHG7\n{foreign.pk},Done,CHG8\nnobody,Done,X\n"
    file = SimpleUploadedFile("states.csv", lines.encode())
    page = engineer.post("/plan/states/", {"file": file}, follow=True).content.decode()
    assert "1 changed, 0 as before, 2 no work here" in page
    assert (Work.objects.get().item_id, Work.objects.get().ticket) == (pumps.pk, "CHG7")
    kept = [one for one in recorded() if one.kind == "plan.edit"]
    assert [one.subject for one in kept] == [f"plan:{pumps.pk}"]
    body = {"states": [{"id": pumps.pk, "state": "in progress", "ticket": "CHG7"}]}
    assert engineer.post("/api/v1/plan/states", json.dumps(body), JSON).json() == {
        "changed": 0,
        "unchanged": 1,
        "unknown": 0,
    }
    bad = SimpleUploadedFile("states.csv", b"id,state\nx,purple\n")
    assert "no state that is known" in engineer.post("/plan/states/", {"file": bad}, follow=True).content.decode()


def propose(browser: Client, item: PlanItem) -> Acceptance:
    answer = browser.post(f"/plan/{item.pk}/accept/", {"reason": REASON, "until": SOON.isoformat()})
    assert answer.status_code == 302, answer.content.decode()
    return Acceptance.objects.get(state="proposed")


@pytest.fixture
def colleague(make_person: MakePerson, signed_in: SignedIn, pumps: PlanItem) -> Client:
    return signed_in(make_person("bob", "security_analyst", site=pumps.site))


def test_a_risk_is_accepted_by_two_people_and_signed(
    engineer: Client, colleague: Client, pumps: PlanItem, recorded: Recorded
) -> None:
    row = propose(engineer, pumps)
    assert engineer.post(f"/plan/acceptances/{row.pk}/", {"approve": "1"}).status_code == 403
    write_plan(examined(), NOW)
    assert PlanItem.objects.get(pk=pumps.pk).place is not None
    colleague.post(f"/plan/acceptances/{row.pk}/", {"approve": "1"})
    row.refresh_from_db()
    assert (row.state, row.role, row.approver_role) == ("standing", "clinical_engineer", "security_analyst")
    assert value_of(row).is_signed_by(key().public_bytes)
    write_plan(examined(), timezone.now())
    assert PlanItem.objects.get(pk=pumps.pk).place is None
    assert "Accepted" in engineer.get(f"/plan/{pumps.pk}/").content.decode()
    acts = [one.kind for one in recorded() if one.kind.startswith("acceptance.") and one.outcome == "success"]
    assert acts == ["acceptance.propose", "acceptance.approve"]


def test_an_accepted_risk_ends_by_its_day_and_comes_back_when_a_fact_is_worse(
    engineer: Client, colleague: Client, pumps: PlanItem
) -> None:
    row = propose(engineer, pumps)
    colleague.post(f"/plan/acceptances/{row.pk}/", {"approve": "1"})
    write_plan(examined(controls=frozenset({"CVE-2026-9"})), timezone.now())
    row.refresh_from_db()
    assert row.state == "reopened"
    assert "CVE-2026-9" in row.why
    assert PlanItem.objects.get(pk=pumps.pk).place is not None
    second = propose(engineer, pumps)
    colleague.post(f"/plan/acceptances/{second.pk}/", {"approve": "1"})
    write_plan(examined(controls=frozenset({"CVE-2026-9"})), timezone.now() + timedelta(days=61))
    second.refresh_from_db()
    assert second.state == "expired"


def test_an_acceptance_that_somebody_changed_in_the_database_counts_for_nothing(
    engineer: Client, colleague: Client, pumps: PlanItem
) -> None:
    row = propose(engineer, pumps)
    colleague.post(f"/plan/acceptances/{row.pk}/", {"approve": "1"})
    Acceptance.objects.filter(pk=row.pk).update(until=timezone.now() + timedelta(days=3000))
    write_plan(examined(), timezone.now())
    row.refresh_from_db()
    assert row.state == "reopened"
    assert "signature" in row.why


def test_the_api_takes_the_same_steps(engineer: Client, colleague: Client, pumps: PlanItem) -> None:
    made = engineer.post(
        f"/api/v1/plan/{pumps.pk}/acceptances", {"reason": REASON, "until": SOON.isoformat()}, JSON
    ).json()
    again = engineer.post(f"/api/v1/plan/{pumps.pk}/acceptances", {"reason": REASON, "until": SOON.isoformat()}, JSON)
    assert again.status_code == 409
    short = engineer.post(f"/api/v1/plan/{pumps.pk}/acceptances", {"reason": "ok", "until": SOON.isoformat()}, JSON)
    assert short.status_code == 422
    address = f"/api/v1/acceptances/{made['id']}/decision"
    assert engineer.post(address, {"decision": "approve"}, JSON).status_code == 403
    assert colleague.post(address, {"decision": "approve"}, JSON).json()["state"] == "standing"
    assert colleague.get("/api/v1/acceptances").json()["items"][0]["approver"] == "bob"
    full = engineer.get(f"/api/v1/plan/{pumps.pk}").json()
    assert [one["device"] for one in full["promises"]] == list(PUMPS)
    assert colleague.post(address, {"decision": "refuse"}, JSON).json()["state"] == "withdrawn"


def test_a_clinician_and_an_auditor_change_nothing(
    pumps: PlanItem, make_person: MakePerson, signed_in: SignedIn
) -> None:
    for name, role in (("cleo", "clinician"), ("olaf", "auditor")):
        browser = signed_in(make_person(name, role, site=pumps.site))
        assert browser.post(f"/plan/{pumps.pk}/state/", {"state": "done"}).status_code == 403
        assert browser.post(f"/plan/{pumps.pk}/accept/", {"reason": REASON, "until": SOON}).status_code == 403
    assert signed_in(Person.objects.get(username="olaf")).get("/plan/export/csv/").status_code == 200


@pytest.mark.parametrize("few", [0, reading.FEW_DEVICES])
def test_a_department_sees_the_same_work_however_many_devices_it_has(
    pumps: PlanItem, make_person: MakePerson, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(reading, "FEW_DEVICES", few)
    ward = Department.objects.create(site=pumps.site, name="Ward")
    other = Department.objects.create(site=pumps.site, name="Store")
    DeviceRecord.objects.create(device_id=PUMPS[0], department=ward)
    of_ward = signed_in(make_person("ward", "clinical_engineer", department=ward))
    of_store = signed_in(make_person("store", "clinical_engineer", department=other))
    listed = of_ward.get("/api/v1/plan?show=all").json()["items"]
    assert pumps.pk in {one["id"] for one in listed}
    assert f"/plan/{pumps.pk}/" in of_ward.get("/plan/").content.decode()
    assert of_store.get("/api/v1/plan?show=all").json()["items"] == []
    assert of_store.get(f"/plan/{pumps.pk}/").status_code == 404
    exported = json.loads(of_ward.get("/plan/export/servicenow/").getvalue())["records"]
    (record,) = [one for one in exported if one["correlation_id"] == pumps.pk]
    assert PUMPS[0] in record["description"]
    assert PUMPS[1] not in record["description"]


def test_what_the_plan_comes_to_is_summed_up_anew_when_somebody_says_done(engineer: Client, pumps: PlanItem) -> None:
    Projected.objects.create(pk=1, at=NOW, revision=1)
    todo = PlanItem.objects.exclude(place=None).count()
    of = reading.version(reading.risk_of())
    rows = reading.narrowed(PlanItem.objects.all(), show="todo")
    assert reading.sums(rows, reading.risk_of(), of).pieces == todo
    engineer.patch(f"/api/v1/plan/{pumps.pk}", {"state": "done"}, JSON)
    of = reading.version(reading.risk_of())
    after = reading.sums(rows, reading.risk_of(), of)
    assert after.pieces == todo - 1
    assert after.hours == pytest.approx(sum(row.hours for row in rows))
    assert after.removed == pytest.approx(sum(row.removed for row in rows))


def test_a_file_of_several_parts_has_one_heading_and_every_piece_of_work(
    engineer: Client, pumps: PlanItem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "AT_ONCE", 1)
    ids = set(PlanItem.objects.exclude(place=None).values_list("pk", flat=True))
    assert len(ids) > 1
    lines = list(csv.DictReader(io.StringIO(engineer.get("/plan/export/csv/").getvalue().decode())))
    assert {line["id"] for line in lines} == ids
    assert len(lines) == len(ids)
    for form in ("servicenow", "jira"):
        written = engineer.get(f"/plan/export/{form}/?project=MED").getvalue()
        assert all(one in written.decode() for one in ids)
        assert json.loads(written)


@pytest.mark.parametrize(("form", "empty"), [("servicenow", {"records": []}), ("jira", [])])
def test_a_plan_with_nothing_to_do_is_a_file_all_the_same(
    engineer: Client, pumps: PlanItem, form: str, empty: object
) -> None:
    assert json.loads(engineer.get(f"/plan/export/{form}/?project=MED&who=nobody").getvalue()) == empty


def test_a_hospital_without_a_plan_says_what_to_do_next(
    workspace: Workspace, make_person: MakePerson, signed_in: SignedIn
) -> None:
    browser = signed_in(make_person("ada", "clinical_engineer"))
    assert "Upload a capture" in browser.get("/plan/").content.decode()
    assert not Site.objects.exists()


def test_idle_hours_of_a_device_that_was_not_watched_cannot_be_told(engineer: Client, pumps: PlanItem) -> None:
    page = engineer.get(f"/plan/windows/{PUMPS[0]}/").content.decode()
    assert "Cannot tell" in page
    assert engineer.get(f"/api/v1/devices/{PUMPS[0]}/idle-hours?hours=3").json()["answer"] == "cannot tell"
    assert engineer.get(f"/plan/windows/{PUMPS[0]}/?hours=99").status_code == 404
