"""What the pages do, done by the API alone: imports, roles, break-glass, documents, views, the ledger, the map."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from asepsis.pipeline.workspace import Workspace
from asepsis.verify.ledger import verify
from asepsis.web.authorisation.models import BreakGlassUse
from asepsis.web.cmms.models import ListedAsset
from asepsis.web.devices.models import DeviceRecord, Link, Note
from asepsis.web.facilities.models import DeviceGroup
from asepsis.web.people.models import Role, RoleGrant
from asepsis.web.tokens.verify import make
from tests.web.conftest import MakeDevice, MakePerson, Recorded, SignedIn

JSON = "application/json"
LIST = b"Asset,Maker,MAC,Dept\nA-1,Hospira,00:09:5c:01:02:03,ICU\nA-2,Philips,not a mac,ICU\n"


def post(browser: Client, path: str, body: dict[str, Any]) -> Any:
    return browser.post(f"/api/v1{path}", body, content_type=JSON)


def test_an_import_goes_from_upload_to_records_without_a_page(
    workspace: Workspace, make_person: MakePerson, make_device: MakeDevice, signed_in: SignedIn, recorded: Recorded
) -> None:
    pump = make_device("pump000001", macs=["00:09:5c:01:02:03"], vendor="Baxter")
    make_device("printer001", title="Laser printer")
    proposer = signed_in(make_person("ada", "clinical_engineer"))
    sent = proposer.post("/api/v1/imports", {"site": "north", "file": SimpleUploadedFile("list.csv", LIST)})
    assert sent.status_code == 201, sent.content
    draft = sent.json()
    assert (draft["state"], draft["counts"]["tied"], draft["errors_count"]) == ("draft", 1, 1)
    assert draft["errors"][0]["row"] == 3
    address = f"/api/v1/imports/{draft['id']}"
    mapping = {"Asset": "asset_number", "MAC": "mac", "Dept": "department"}
    twice = proposer.patch(address, {"mapping": {"Asset": "mac", "MAC": "mac"}}, content_type=JSON)
    assert twice.status_code == 422
    proposed = proposer.patch(address, {"mapping": mapping, "propose": True}, content_type=JSON)
    assert proposed.json()["state"] == "proposed"
    own = post(proposer, f"/imports/{draft['id']}/decision", {"decision": "apply"})
    assert (own.status_code, ListedAsset.objects.count()) == (403, 0)
    approver = signed_in(make_person("ben", "clinical_engineer"))
    applied = post(approver, f"/imports/{draft['id']}/decision", {"decision": "apply"})
    assert applied.json()["state"] == "applied"
    assert DeviceRecord.objects.get(device=pump).asset_number == "A-1"
    assert post(approver, f"/imports/{draft['id']}/decision", {"decision": "refuse"}).status_code == 409
    sides = proposer.get("/api/v1/reconciliation?show=tied").json()
    assert sides["counts"] == {"unseen": 1, "contradicting": 0, "tied": 1, "unlisted": 1}
    assert [one["device"] for one in sides["items"]] == ["pump000001"]
    assert [one["title"] for one in proposer.get("/api/v1/reconciliation?show=unlisted").json()["items"]] == [
        "Laser printer"
    ]
    acts = [(one.kind, one.outcome.value) for one in recorded() if one.kind.startswith("import")]
    assert acts == [
        ("import.propose", "success"),
        ("import.propose", "success"),
        ("import.apply", "refused"),
        ("import.apply", "success"),
    ]


def test_glass_is_broken_ended_and_reviewed_by_another(
    workspace: Workspace, make_person: MakePerson, make_device: MakeDevice, signed_in: SignedIn
) -> None:
    device = make_device("pump000001", address="10.1.2.3")
    nurse = signed_in(make_person("ola", "clinician", site=device.site))
    why = {"device": "10.1.2.3", "reason": "ETREAT", "explanation": "short"}
    assert "explanation" in post(nurse, "/break-glass", why).json()["errors"][0]
    opened = post(nurse, "/break-glass", {**why, "explanation": "The pump alarms and nobody can be asked now."})
    assert opened.status_code == 201, opened.content
    use = opened.json()["id"]
    assert opened.json()["is_open"]
    officer = signed_in(make_person("pia", "privacy_officer"))
    finding = {"finding": "justified"}
    assert post(officer, f"/break-glass/{use}/review", finding).status_code == 409  # it is open still
    assert post(nurse, f"/break-glass/{use}/end", {}).json()["is_open"] is False
    assert post(nurse, f"/break-glass/{use}/review", finding).status_code == 403
    assert post(officer, f"/break-glass/{use}/review", finding).json()["reviewed_by"] == "pia"
    assert [one["id"] for one in officer.get("/api/v1/break-glass").json()["items"]] == [use]
    assert BreakGlassUse.objects.get().finding == "justified"


def test_roles_are_given_and_taken_back_and_administrators_need_two_people(
    workspace: Workspace, make_person: MakePerson, make_device: MakeDevice, signed_in: SignedIn
) -> None:
    site = make_device("pump000001").site
    somebody = make_person("eve")
    first = signed_in(make_person("root", "administrator"))
    given = post(first, f"/people/{somebody.pk}/roles", {"role": "auditor", "place": f"site/{site.pk}"})
    assert given.json()["grant"]["site"] == "north", given.content
    assert post(first, f"/people/{somebody.pk}/roles", {"role": "administrator"}).json() == {"grant": None}
    second = signed_in(make_person("second", "administrator"))
    (waiting,) = second.get("/api/v1/administrator-proposals").json()["items"]
    assert first.get("/api/v1/administrator-proposals").json()["items"] == []
    approved = post(second, f"/administrator-proposals/{waiting['id']}/decision", {"approve": True})
    assert approved.json()["state"] == "approved"
    assert first.delete(f"/api/v1/roles/{given.json()['grant']['id']}").status_code == 204
    assert list(somebody.grants.values_list("role", flat=True)) == ["administrator"]
    shown = first.get(f"/api/v1/people/{somebody.pk}").json()
    assert (shown["username"], shown["sessions"]) == ("eve", [])
    assert post(first, f"/people/{somebody.pk}/active", {"active": False}).json()["is_active"] is False
    invited = post(first, "/invitations", {"name": "New"}).json()
    assert "/join/" in invited["link"]
    assert [one["id"] for one in first.get("/api/v1/invitations").json()] == [invited["id"]]
    assert "link" not in first.get("/api/v1/invitations").json()[0]
    assert first.delete(f"/api/v1/invitations/{invited['id']}").status_code == 204
    assert first.get("/api/v1/invitations").json() == []


def test_a_token_gives_nobody_a_role(make_person: MakePerson) -> None:
    admin, somebody = make_person("root", "administrator"), make_person("eve")
    made = make(admin, name="x", role=Role.ADMINISTRATOR, site=None, life=timedelta(days=1))
    bearer = {"authorization": f"Bearer {made.secret}"}
    answer = Client().post(
        f"/api/v1/people/{somebody.pk}/roles", {"role": "auditor"}, content_type=JSON, headers=bearer
    )
    assert answer.status_code == 403
    assert not RoleGrant.objects.filter(person=somebody).exists()


def test_a_vendor_reads_nothing_that_the_hospital_wrote_down(
    workspace: Workspace, make_person: MakePerson, make_device: MakeDevice, signed_in: SignedIn
) -> None:
    device = make_device("pump000001")
    DeviceRecord.objects.create(device=device, place="CANARY room")
    Note.objects.create(device=device, author=make_person("ben"), text="CANARY note")
    group = DeviceGroup.objects.create(name="Pumps")
    group.devices.add(device)
    until = timezone.now() + timedelta(days=1)
    vendor = signed_in(make_person("vic", "vendor", device_group=group, expires=until))
    for path in ("", "?limit=5", "/pump000001", "/pump000001/identity", "/pump000001/evidence"):
        answer = vendor.get(f"/api/v1/devices{path}")
        assert answer.status_code == 200, path
        assert "CANARY" not in answer.content.decode(), path
    for path in ("record", "notes", "documents"):
        assert vendor.get(f"/api/v1/devices/pump000001/{path}").status_code == 404, path
    engineer = signed_in(make_person("ada", "clinical_engineer"))
    assert engineer.get("/api/v1/devices/pump000001").json()["record"]["place"] == "CANARY room"


def test_documents_and_views_are_kept_and_removed(
    workspace: Workspace, make_person: MakePerson, make_device: MakeDevice, signed_in: SignedIn
) -> None:
    make_device("pump000001", category="infusion_pump")
    make_device("printer001", category="printer")
    browser = signed_in(make_person("ada", "clinical_engineer"))
    address = "/api/v1/devices/pump000001/documents"
    refused = browser.post(address, {"file": SimpleUploadedFile("x.exe", b"MZ\x90")})
    assert refused.status_code == 422
    kept = browser.post(address, {"file": SimpleUploadedFile("manual.txt", b"turn it on")}).json()
    assert [one["name"] for one in browser.get(address).json()] == ["manual.txt"]
    assert b"".join(browser.get(f"{address}/{kept['id']}")) == b"turn it on"
    assert browser.get(f"/api/v1/devices/printer001/documents/{kept['id']}").status_code == 404
    assert browser.delete(f"{address}/{kept['id']}").status_code == 204
    assert browser.get(address).json() == []
    saved = post(browser, "/saved-views", {"name": "Pumps", "query": "category=infusion_pump"}).json()
    assert [one["name"] for one in browser.get("/api/v1/saved-views").json()] == ["Pumps"]
    exported = browser.get("/api/v1/devices/export.json?category=infusion_pump&columns=title,category")
    assert [one["id"] for one in json.loads(b"".join(exported))] == ["pump000001"]
    assert browser.get("/api/v1/devices/export.exe").status_code == 404
    (kinds,) = [one for one in browser.get("/api/v1/devices/choices").json() if one["name"] == "category"]
    assert {one["value"]: one["count"] for one in kinds["choices"]} == {"infusion_pump": 1, "printer": 1}
    assert browser.delete(f"/api/v1/saved-views/{saved['id']}").status_code == 204


def test_the_map_and_the_overview_tell_what_their_pages_show(
    workspace: Workspace, make_person: MakePerson, make_device: MakeDevice, signed_in: SignedIn
) -> None:
    pump = make_device("pump000001", title="Plum", zone="10.1.0.0/24", medical=True, category="infusion_pump")
    server = make_device("server0001", title="Gateway", zone="10.2.0.0/24")
    Link.objects.create(
        site=pump.site,
        client=pump,
        server=server,
        client_address="10.1.0.5",
        server_address="10.2.0.9",
        client_zone=pump.zone,
        server_zone=server.zone,
        application="hl7",
        conversations=3,
        bytes=700,
        patient_messages=2,
        first_seen=pump.first_seen,
        last_seen=pump.last_seen,
    )
    browser = signed_in(make_person("nora", "network_engineer"))
    (pair,) = browser.get("/api/v1/map").json()["items"]
    assert (pair["one"], pair["other"], pair["applications"]) == ("10.1.0.0/24", "10.2.0.0/24", {"hl7": 700})
    (opened,) = browser.get("/api/v1/map?open=10.1.0.0/24&clear=true").json()["items"]
    assert {opened["one_device"], opened["other_device"]} == {"pump000001", None}
    (peer,) = browser.get("/api/v1/devices/pump000001/peers").json()["items"]
    assert (peer["title"], peer["asks"], peer["patient_messages"]) == ("Gateway", True, 2)
    told = browser.get("/api/v1/overview").json()
    assert (told["figures"]["devices"], told["medical_kinds"], told["patient_data"]) == (
        2,
        {"infusion_pump": 1},
        {"hl7": 2},
    )


def test_the_ledger_is_read_proved_and_exported(
    workspace: Workspace, make_person: MakePerson, make_device: MakeDevice, signed_in: SignedIn, tmp_path: Path
) -> None:
    make_device("pump000001")
    engineer = signed_in(make_person("ada", "clinical_engineer"))
    for _ in range(5):
        engineer.get("/api/v1/devices/pump000001")
    assert engineer.get("/api/v1/ledger").status_code == 403
    auditor = signed_in(make_person("ines", "auditor"))
    first = auditor.get("/api/v1/ledger?subject=device:pump000001&limit=3").json()
    rest = auditor.get("/api/v1/ledger", {"subject": "device:pump000001", "limit": 3, "cursor": first["next"]}).json()
    assert [len(first["items"]), len(rest["items"]), rest["next"]] == [3, 2, None]
    refused = auditor.get("/api/v1/ledger?kind=ledger.view").json()["items"]
    assert refused[-1]["record"]["outcome"] == "refused"  # the engineer's try
    position = first["items"][0]["position"]
    proved = auditor.get(f"/api/v1/ledger/entries/{position}").json()
    assert proved["record"]["subject"] == "device:pump000001"
    assert proved["audit_event"]["resourceType"] == "AuditEvent"
    assert auditor.get("/api/v1/ledger/entries/999999").status_code == 404
    export = tmp_path / "ledger.jsonl"
    export.write_bytes(b"".join(auditor.get("/api/v1/ledger/export")))
    with export.open("rb") as lines:
        assert verify(lines).passed
    assert auditor.get("/api/v1/ledger?cursor=x").status_code == 400
    assert auditor.post("/api/v1/ledger/checks").status_code == 202
    assert auditor.post("/api/v1/ledger/checks").status_code == 409
    assert auditor.get("/api/v1/ledger/checks").json()[0]["state"] == "running"


def test_why_names_the_policy_that_decided(make_person: MakePerson, signed_in: SignedIn) -> None:
    told = signed_in(make_person("nora", "network_engineer")).get("/api/v1/why?action=ledger.view").json()
    assert told["allowed"] is False
    assert "auditor" in told["roles"]


@pytest.mark.parametrize("path", ["/imports", "/break-glass", "/reconciliation?show=tied"])
def test_a_cursor_of_another_kind_is_a_problem(make_person: MakePerson, signed_in: SignedIn, path: str) -> None:
    browser = signed_in(make_person("ada", "clinical_engineer"))
    # ["x", "x"]: of the right form, and no moment, number or id.
    join = "&" if "?" in path else "?"
    for cursor in ("WyJ4IiwgIngiXQ", "WyJ4Il0"):
        assert browser.get(f"/api/v1{path}{join}cursor={cursor}").status_code in (400, 403)
