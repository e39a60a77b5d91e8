from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from asepsis.pipeline.workspace import Workspace
from asepsis.web.api import authentication
from asepsis.web.api.version_1 import api
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.routes import MARK
from asepsis.web.devices.models import Device, DeviceRecord
from asepsis.web.facilities.models import Department
from asepsis.web.shared import Shared
from tests.web.conftest import MakeDevice, MakePerson, Recorded, SignedIn

JSON = "application/json"


@pytest.fixture(autouse=True)
def memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shared]:
    """No test is refused for what another asked."""
    with contextlib.closing(Shared()) as own:
        monkeypatch.setattr(authentication, "requests", authentication.Rates(authentication.REQUESTS_A_MINUTE, own))
        monkeypatch.setattr(authentication, "failures", authentication.Rates(authentication.FAILURES_A_MINUTE, own))
        yield own


def operations() -> Iterator[tuple[str, Any]]:
    for prefix, router in api._routers:
        for path, view in router.path_operations.items():
            for one in view.operations:
                yield f"{'/'.join(one.methods)} {prefix}{path}", one


def test_every_operation_names_its_action() -> None:
    found = dict(operations())
    assert len(found) >= 20
    assert {name for name, one in found.items() if not isinstance(getattr(one.view_func, MARK, None), Action)} == set()


def test_without_a_session_or_token_everything_is_refused_as_a_problem(db: None) -> None:
    for name, _ in operations():
        method, path = name.split(" ", 1)
        address = "/api/v1" + path.replace("{device_id}", "pump000001").replace("{job_id}", "0" * 32)
        address = address.replace("{token_id}", "00000000-0000-0000-0000-000000000000")
        answer = Client().generic(method, address)
        assert answer.status_code in (401, 404), name
        if answer.status_code == 401:
            assert answer["Content-Type"] == "application/problem+json"
            assert answer["WWW-Authenticate"].startswith("Bearer")


def test_a_session_changes_nothing_without_the_token_against_forgery(
    make_person: MakePerson, make_device: MakeDevice
) -> None:
    device = make_device("pump000001")
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(make_person("ada", "clinical_engineer"), "allauth.account.auth_backends.AuthenticationBackend")
    answer = browser.post(f"/api/v1/devices/{device.pk}/notes", {"text": "forged"}, content_type=JSON)
    assert answer.status_code == 403
    assert not device.notes.exists()


def test_pages_of_a_list_hold_every_device_once(
    make_person: MakePerson, make_device: MakeDevice, signed_in: SignedIn
) -> None:
    for number in range(25):
        make_device(f"pump{number:06}", title=f"Same name {number % 3}")
    browser = signed_in(make_person("ada", "security_analyst"))
    found: list[str] = []
    cursor = ""
    while cursor is not None:
        part = browser.get(f"/api/v1/devices?limit=10&cursor={cursor}").json()
        assert len(part["items"]) <= 10
        found += [item["id"] for item in part["items"]]
        cursor = part["next"]
    assert len(found) == 25
    assert set(found) == set(Device.objects.values_list("pk", flat=True))


@pytest.mark.parametrize("cursor", ["x", "W10", "bm8", "eyJhIjoxfQ", "WyJcdTAwMDAiLCJ4Il0", "é", "A" * 5000])
def test_a_cursor_that_is_none_is_a_problem(make_person: MakePerson, signed_in: SignedIn, cursor: str) -> None:
    browser = signed_in(make_person("ada", "security_analyst"))
    assert browser.get("/api/v1/devices", {"cursor": cursor}).status_code == 400


def test_the_filters_are_those_of_the_page(
    make_person: MakePerson, make_device: MakeDevice, signed_in: SignedIn
) -> None:
    make_device("pump000001", title="Plum ward 3", category="infusion_pump", medical=True)
    make_device("printer001", title="Laser", category="printer")
    browser = signed_in(make_person("ada", "security_analyst"))
    for wanted in ({"q": "plum"}, {"category": "infusion_pump"}, {"medical": "true"}):
        listed = browser.get("/api/v1/devices", wanted).json()["items"]
        assert [item["id"] for item in listed] == ["pump000001"], wanted


def test_a_field_that_is_not_of_the_record_is_refused_and_nothing_changes(
    make_person: MakePerson, make_device: MakeDevice, signed_in: SignedIn
) -> None:
    device = make_device("pump000001", category="infusion_pump")
    browser = signed_in(make_person("jon", "clinical_engineer"))
    address = f"/api/v1/devices/{device.pk}/record"
    for more in ({"category": "printer"}, {"device_id": "pump000002"}, {"id": 7}, {"changed": "2020-01-01T00:00:00Z"}):
        assert browser.patch(address, {"place": "Bay 3", **more}, content_type=JSON).status_code == 422, more
    assert not DeviceRecord.objects.exists()
    device.refresh_from_db()
    assert device.category == "infusion_pump"


def test_a_change_of_a_record_is_recorded_with_what_stood_there_before(
    workspace: Workspace, make_person: MakePerson, make_device: MakeDevice, signed_in: SignedIn, recorded: Recorded
) -> None:
    device = make_device("pump000001")
    browser = signed_in(make_person("jon", "clinical_engineer"))
    address = f"/api/v1/devices/{device.pk}/record"
    assert browser.patch(address, {"place": "Bay 3", "owner": "jon"}, content_type=JSON).status_code == 200
    changed = browser.patch(address, {"place": "Bay 4"}, content_type=JSON)
    assert changed.json()["owner"] == "jon"  # what is not named stays
    changes = [dict(one.details or {}) for one in recorded() if one.kind == "device.edit"]
    assert [one.get("changed.place") for one in changes] == [("", "Bay 3"), ("Bay 3", "Bay 4")]


def test_a_change_upon_what_somebody_else_changed_meanwhile_is_refused(
    make_person: MakePerson, make_device: MakeDevice, signed_in: SignedIn
) -> None:
    device = make_device("pump000001")
    browser = signed_in(make_person("jon", "clinical_engineer"))
    address = f"/api/v1/devices/{device.pk}/record"
    for _ in range(2):  # without a record, and with one
        read = browser.get(address)["ETag"]
        headers = {"if-match": read}
        assert browser.patch(address, {"place": "Bay 3"}, content_type=JSON, headers=headers).status_code == 200
        assert browser.patch(address, {"place": "Bay 4"}, content_type=JSON, headers=headers).status_code == 412
    assert DeviceRecord.objects.get().place == "Bay 3"


def test_a_department_of_another_site_cannot_be_given_to_a_device(
    make_person: MakePerson, make_device: MakeDevice, signed_in: SignedIn
) -> None:
    device, other = make_device("pump000001", site="north"), make_device("pump000002", site="south")
    foreign = Department.objects.create(site=other.site, name="ICU")
    browser = signed_in(make_person("jon", "clinical_engineer"))
    address = f"/api/v1/devices/{device.pk}/record"
    assert browser.patch(address, {"department": foreign.pk}, content_type=JSON).status_code == 422


def test_a_device_of_another_site_cannot_be_read_changed_or_told_apart_from_none(
    make_person: MakePerson, make_device: MakeDevice, signed_in: SignedIn
) -> None:
    here, there = make_device("pump000001", site="north"), make_device("pump000002", site="south")
    browser = signed_in(make_person("jon", "clinical_engineer", site=here.site))
    for part in ("", "/evidence", "/events", "/conversations", "/record", "/notes"):
        refused = browser.get(f"/api/v1/devices/{there.pk}{part}")
        missing = browser.get(f"/api/v1/devices/nothing{part}")
        assert (refused.status_code, refused.content) == (404, missing.content), part
    assert browser.patch(f"/api/v1/devices/{there.pk}/record", {"place": "x"}, content_type=JSON).status_code == 404
    assert browser.post(f"/api/v1/devices/{there.pk}/notes", {"text": "x"}, content_type=JSON).status_code == 404


def test_who_has_the_answer_already_is_told_so(
    make_person: MakePerson, make_device: MakeDevice, signed_in: SignedIn
) -> None:
    device = make_device("pump000001")
    browser = signed_in(make_person("ada", "security_analyst"))
    first = browser.get(f"/api/v1/devices/{device.pk}")
    again = browser.get(f"/api/v1/devices/{device.pk}", headers={"if-none-match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_who_asks_too_often_waits(
    make_person: MakePerson, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch, memory: Shared
) -> None:
    monkeypatch.setattr(authentication, "requests", authentication.Rates(3, memory))
    browser = signed_in(make_person("ada", "security_analyst"))
    answers = [browser.get("/api/v1/sites") for _ in range(7)]
    # The minute may turn over in between, after which three more are allowed.
    assert answers[0].status_code == 200
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert 1 <= int(refused[0]["Retry-After"]) <= 60


def test_tokens_cannot_be_guessed_fast(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authentication, "failures", authentication.SharedRates(3))
    codes = [
        Client().get("/api/v1/sites", headers={"authorization": f"Bearer asepsis_{n}_x"}).status_code for n in range(9)
    ]
    assert codes[0] == 401
    assert 429 in codes


def test_requests_are_counted_for_all_processes_together(memory: Shared) -> None:
    # The second has no more of the first than what a process that the server starts is handed.
    with contextlib.closing(Shared(os.dup(memory.descriptor))) as handed:
        one, other = authentication.Rates(2, memory), authentication.Rates(2, handed)
        assert [one.allows("a", now=60.0), other.allows("a", now=60.0)] == [True, True]
        assert not one.allows("a", now=61.0)
        assert not other.allows("a", now=119.0)
        assert other.allows("b", now=60.0)
        assert other.allows("a", now=120.0)


def test_failures_are_counted_for_all_processes_together(db: None) -> None:
    # Two objects stand for two processes: nothing but the shared cache ties them.
    one, other = authentication.SharedRates(2), authentication.SharedRates(2)
    assert [one.allows("a", now=60.0), other.allows("a", now=60.0)] == [True, True]
    assert not one.allows("a", now=60.0, counted=False)
    assert not other.allows("a", now=119.0)
    assert other.allows("b", now=60.0)
    assert other.allows("a", now=120.0)


def test_an_error_of_ours_says_nothing_of_the_inside(
    make_person: MakePerson, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from asepsis.web.facilities import api as facilities

    def fail(_: object) -> None:
        raise RuntimeError("CANARY-4711 in /srv/secret")

    monkeypatch.setattr(facilities, "sites_of", fail)
    answer = signed_in(make_person("ada", "security_analyst")).get("/api/v1/sites")
    assert answer.status_code == 500
    assert answer["Content-Type"] == "application/problem+json"
    printed = capsys.readouterr()
    assert "CANARY" not in answer.content.decode() + printed.out + printed.err


def test_the_description_and_the_reference_name_every_operation(make_person: MakePerson, signed_in: SignedIn) -> None:
    browser = signed_in(make_person("ada", "security_analyst"))
    paths = browser.get("/api/v1/openapi.json").json()["paths"]
    page = browser.get("/api/").content.decode()
    for name, _ in operations():
        path = "/api/v1" + name.split(" ", 1)[1]
        assert path in paths
        assert path in page
    assert not re.findall(r'(?:src|href)="(?![/#])[^"]*"', page)  # everything comes from ourselves


def test_evidence_names_the_packet(
    make_person: MakePerson, make_device: MakeDevice, signed_in: SignedIn, workspace: Workspace
) -> None:
    device = make_device("pump000001")
    browser = signed_in(make_person("ada", "security_analyst"))
    assert browser.get(f"/api/v1/devices/{device.pk}/evidence").json() == []
    assert browser.get(f"/api/v1/devices/{device.pk}/conversations").json() == {"items": [], "complete": True}
