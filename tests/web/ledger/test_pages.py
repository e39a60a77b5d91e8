"""Auditors and privacy officers read, check and export the ledger; nobody else learns that it is there."""

from __future__ import annotations

import io
import json

import pytest
from django.test import Client

from asepsis.ledger import Action, Record
from asepsis.ledger.merkle import leaf_hash, verify_inclusion
from asepsis.verify.ledger import verify
from asepsis.verify.note import read_key
from asepsis.web.ledger.examine import check_everything
from asepsis.web.ledger.models import Examination
from asepsis.web.ledger.opened import ledger
from asepsis.web.ledger.proof import picture
from tests.ledger.records import BEGIN_NS, record
from tests.web.conftest import MakeDevice, MakePerson, Recorded, SignedIn

pytestmark = pytest.mark.django_db


@pytest.fixture
def auditor(make_person: MakePerson, signed_in: SignedIn) -> Client:
    ledger().append_all([record(number) for number in range(120)])
    return signed_in(make_person("ada", "auditor"))


def test_the_list_shows_the_newest_first_and_leads_to_older_ones(auditor: Client) -> None:
    shown = auditor.get("/ledger/").content.decode()
    assert "120 entries" in shown
    assert shown.index("/ledger/119/") < shown.index("/ledger/70/")
    assert "/ledger/69/" not in shown
    older = auditor.get("/ledger/?before_entry=70").content.decode()
    assert "/ledger/69/" in older
    assert "/ledger/70/" not in older


def test_the_list_is_narrowed_by_person_device_act_and_time(
    auditor: Client, make_person: MakePerson, make_device: MakeDevice
) -> None:
    grace = make_person("grace")
    pump = make_device("pump0001", title="Pump 7")
    made = Record(
        id="by-grace",
        time_ns=BEGIN_NS,
        kind="device.edit",
        action=Action.UPDATE,
        actor=f"person:{grace.pk}",
        subject=f"device:{pump.pk}",
    )
    position = ledger().append(made)
    for filters in (
        "person=grace",
        "person=GRACE&kind=device.edit",
        "device=Pump 7",
        "device=pump0001",
        f"device=device:{pump.pk}",
        "kind=device.edit",
        "person=grace&since=2026-09-21T14:13&before=2026-09-21T14:14",
    ):
        shown = auditor.get(f"/ledger/?{filters}").content.decode()
        assert f"/ledger/{position}/" in shown, filters
        assert "/ledger/5/" not in shown, filters
    for filters in ("person=nobody", "person=grace&before=2026-01-01T00:00", "device=none"):
        assert "Nothing fits." in auditor.get(f"/ledger/?{filters}").content.decode(), filters
    assert "Select a valid choice" in auditor.get("/ledger/?kind=invented").content.decode()


def test_an_entry_shows_what_it_says_and_that_it_is_proved(auditor: Client) -> None:
    shown = auditor.get("/ledger/37/").content.decode()
    assert "Proved" in shown
    assert "device:2" in shown
    assert "<svg" in shown
    assert "IHE.BasicAudit.Read" in shown
    assert auditor.get("/ledger/99999/").status_code == 404


@pytest.mark.parametrize("size", [1, 2, 3, 8, 100, 120])
def test_the_picture_of_a_proof_is_the_proof(auditor: Client, size: int) -> None:
    for position in {0, size // 3, size - 1}:
        found = ledger().entry(position)
        assert found is not None
        proof = ledger().inclusion(position, size)
        drawn = picture(position, size, leaf_hash(found.body), proof)
        assert drawn.root == ledger().root(size)
        assert [step.neighbour.hash for step in reversed(drawn.steps) if step.neighbour] == proof
        assert verify_inclusion(leaf_hash(found.body), position, size, proof, drawn.root)
        assert (drawn.steps[-1].own.first, drawn.steps[-1].own.last) == (position, position)
        assert (drawn.steps[0].own.first, drawn.steps[0].own.last) == (0, size - 1)


def test_reading_the_ledger_is_recorded_too(auditor: Client, recorded: Recorded) -> None:
    auditor.get("/ledger/?kind=device.read")
    last = recorded()[-1]
    assert (last.kind, last.details) == ("ledger.view", {"filters.kind": "device.read"})


def test_an_export_is_verified_by_code_of_its_own_and_holds_its_own_record(auditor: Client) -> None:
    answer = auditor.get("/ledger/export/")
    content = b"".join(answer)
    verdict = verify(io.BytesIO(content), key=read_key(ledger().verifier.text()))
    assert verdict.passed
    assert verdict.entries == 121
    assert json.loads(content.splitlines()[-2])["entry"]["kind"] == "ledger.export"
    some = verify(io.BytesIO(b"".join(auditor.get("/ledger/export/?kind=device.read"))))
    assert some.passed
    assert some.entries == 40


def test_a_check_finds_nothing_and_is_shown(auditor: Client) -> None:
    assert auditor.post("/ledger/check/").status_code == 302
    (examination,) = Examination.objects.all()
    check_everything.func(str(examination.pk))
    shown = auditor.get("/ledger/checkpoints/").content.decode()
    assert "Passed" in shown
    assert "are what 1 signed checkpoints say" in shown


def test_a_kept_checkpoint_is_shown_and_can_be_taken_along(auditor: Client) -> None:
    kept = ledger().checkpoint()
    assert "120" in auditor.get("/ledger/checkpoints/").content.decode()
    assert auditor.get("/ledger/checkpoints/120.checkpoint").content.decode() == kept.text()
    assert auditor.get("/ledger/checkpoints/121.checkpoint").status_code == 404


@pytest.mark.parametrize("role", ["clinician", "clinical_engineer", "vendor"])
def test_nobody_else_reads_checks_or_exports_it(make_person: MakePerson, signed_in: SignedIn, role: str) -> None:
    ledger().append(record(1))
    browser = signed_in(make_person("eve", role))
    for address in ("/ledger/", "/ledger/0/", "/ledger/checkpoints/", "/ledger/export/"):
        assert browser.get(address).status_code == 403, address
    assert browser.post("/ledger/check/").status_code == 403
    assert "/ledger/" not in browser.get("/").content.decode()
