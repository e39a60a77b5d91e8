from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from asepsis.web.cmms.models import AssetImport, ListedAsset
from asepsis.web.devices.models import DeviceRecord, Projected
from asepsis.web.facilities.models import Site
from asepsis.web.ledger.models import OutboxRecord
from asepsis.web.people.models import Person
from tests.web.conftest import MakeDevice, MakePerson, SignedIn

LIST = b"""Asset,Maker,Model,Serial No,MAC,Dept,Criticality
A-1,Hospira,Plum A+,12345,00:09:5c:01:02:03,ICU,high
A-2,Philips,MX450,77777,,ICU,medium
A-3,GE,B650,1,not a mac,ICU,often
"""


def upload(browser: Client, site: Site, content: bytes = LIST, name: str = "list.csv") -> AssetImport:
    answer = browser.post("/cmms/", {"site": site.pk, "file": SimpleUploadedFile(name, content)})
    assert answer.status_code == 302, answer.content.decode()
    return AssetImport.objects.latest("created")


@pytest.fixture
def proposer(make_person: MakePerson) -> Person:
    return make_person("ada", "clinical_engineer")


@pytest.fixture
def approver(make_person: MakePerson) -> Person:
    return make_person("ben", "clinical_engineer")


def propose(browser: Client, one: AssetImport) -> None:
    columns = {
        f"column{number}": meaning
        for number, meaning in enumerate(
            ("asset_number", "vendor", "model", "serial", "mac", "department", "criticality")
        )
    }
    assert browser.post(f"/cmms/{one.pk}/", {**columns, "propose": "1"}).status_code == 302


def test_a_list_goes_from_upload_to_records_and_both_sides_are_shown(
    make_device: MakeDevice, signed_in: SignedIn, proposer: Person, approver: Person
) -> None:
    pump = make_device("pump000001", title="Pump", macs=["00:09:5c:01:02:03"], vendor="Baxter", serial="12345")
    make_device("printer001", title="Laser printer")
    one = upload(signed_in(proposer), pump.site)
    preview = signed_in(proposer).get(f"/cmms/{one.pk}/").content.decode()
    assert "is no hardware address" in preview
    assert ">4<" in preview  # the row of the errors
    assert "vendor" in preview.lower()
    propose(signed_in(proposer), one)
    assert not DeviceRecord.objects.exists()
    assert signed_in(approver).post(f"/cmms/{one.pk}/decide/", {"apply": "1"}).status_code == 302
    kept = DeviceRecord.objects.get(device=pump)
    assert (kept.asset_number, str(kept.department), kept.criticality) == ("A-1", "ICU", "high")
    browser = signed_in(proposer)
    assert "A-2" in browser.get("/cmms/reconciliation/?show=unseen").content.decode()
    assert "Laser printer" in browser.get("/cmms/reconciliation/?show=unlisted").content.decode()
    assert "seen Baxter" in browser.get("/cmms/reconciliation/?show=contradicting").content.decode()
    assert "by Mac" in browser.get("/cmms/reconciliation/?show=tied").content.decode()
    actions = [row.body["action"] for row in OutboxRecord.objects.order_by("written")]
    assert actions[:2] == ["import.propose", "import.propose"]
    assert "import.apply" in actions


def test_what_was_counted_once_is_counted_again_when_another_list_is_applied(
    make_device: MakeDevice, signed_in: SignedIn, proposer: Person, approver: Person
) -> None:
    pump = make_device("pump000001", title="Pump", macs=["00:09:5c:01:02:03"])
    Projected.objects.create(pk=1, revision=1, at=timezone.now())
    browser = signed_in(proposer)
    counts = []
    for content in (LIST, LIST.replace(b"A-2,Philips,MX450,77777,,ICU,medium\n", b"")):
        one = upload(browser, pump.site, content)
        propose(browser, one)
        assert signed_in(approver).post(f"/cmms/{one.pk}/decide/", {"apply": "1"}).status_code == 302
        counts.append([browser.get("/cmms/reconciliation/").context["counts"] for _ in range(2)])
    assert [first["unseen"] for first, _ in counts] == [2, 1]
    assert all(first == again for first, again in counts)


def test_who_proposed_an_import_cannot_approve_it_but_can_withdraw_it(
    make_device: MakeDevice, signed_in: SignedIn, proposer: Person
) -> None:
    one = upload(signed_in(proposer), make_device("pump000001").site)
    propose(signed_in(proposer), one)
    assert signed_in(proposer).post(f"/cmms/{one.pk}/decide/", {"apply": "1"}).status_code == 403
    assert not ListedAsset.objects.exists()
    assert signed_in(proposer).post(f"/cmms/{one.pk}/decide/", {"refuse": "1"}).status_code == 302
    one.refresh_from_db()
    assert one.state == AssetImport.State.REFUSED


def test_a_draft_cannot_be_applied_and_an_import_is_applied_once(
    make_device: MakeDevice, signed_in: SignedIn, proposer: Person, approver: Person
) -> None:
    one = upload(signed_in(proposer), make_device("pump000001").site)
    browser = signed_in(approver)
    browser.post(f"/cmms/{one.pk}/decide/", {"apply": "1"})
    assert not ListedAsset.objects.exists()
    propose(signed_in(proposer), one)
    browser.post(f"/cmms/{one.pk}/decide/", {"apply": "1"})
    browser.post(f"/cmms/{one.pk}/decide/", {"refuse": "1"})
    one.refresh_from_db()
    assert one.state == AssetImport.State.APPLIED


def test_another_sites_imports_are_not_there(
    make_person: MakePerson, make_device: MakeDevice, signed_in: SignedIn, proposer: Person
) -> None:
    south = make_device("pump000002", site="south").site
    one = upload(signed_in(proposer), make_device("pump000001", site="north").site)
    stranger = signed_in(make_person("eve", "clinical_engineer", site=south))
    assert stranger.get(f"/cmms/{one.pk}/").status_code == 404
    assert stranger.post(f"/cmms/{one.pk}/decide/", {"apply": "1"}).status_code == 404
    assert "list.csv" not in stranger.get("/cmms/").content.decode()
    refused = stranger.post("/cmms/", {"site": one.site.pk, "file": SimpleUploadedFile("x.csv", LIST)})
    assert refused.status_code == 200
    assert AssetImport.objects.count() == 1


@pytest.mark.parametrize("content", [b"PK\x03\x04\0\0", b"\n", b"a,a\n1,2\n"])
def test_a_file_that_is_no_list_is_refused_with_the_reason(
    make_device: MakeDevice, signed_in: SignedIn, proposer: Person, content: bytes
) -> None:
    site = make_device("pump000001").site
    answer = signed_in(proposer).post("/cmms/", {"site": site.pk, "file": SimpleUploadedFile("l.csv", content)})
    assert "errorlist" in answer.content.decode()
    assert not AssetImport.objects.exists()


def test_markup_in_a_list_is_shown_as_text(make_device: MakeDevice, signed_in: SignedIn, proposer: Person) -> None:
    site = make_device("pump000001").site
    one = upload(signed_in(proposer), site, b"asset,model,ip\n<script>alert(1)</script>,<b>,x<i>\n", "<img>.csv")
    page = signed_in(proposer).get(f"/cmms/{one.pk}/").content.decode()
    assert "<script>alert" not in page
    assert "<img>" not in page
    assert "&lt;script&gt;" in page


def test_two_columns_of_one_meaning_are_refused(make_device: MakeDevice, signed_in: SignedIn, proposer: Person) -> None:
    one = upload(signed_in(proposer), make_device("pump000001").site)
    answer = signed_in(proposer).post(f"/cmms/{one.pk}/", {"column0": "serial", "column1": "serial", "propose": "1"})
    assert "same meaning" in answer.content.decode()
    one.refresh_from_db()
    assert one.state == AssetImport.State.DRAFT
