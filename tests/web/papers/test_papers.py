"""Papers in the browser and by the API: sent, tied, set beside the traffic, and shown to whom they are for."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from asepsis.cli.exits import Exit
from asepsis.cli.main import run
from asepsis.exposure.paper import Subject, Tie
from asepsis.pipeline.disclosure import disclose
from asepsis.pipeline.papers import Papers
from asepsis.pipeline.papers_reading import read_paper
from asepsis.pipeline.workspace import Workspace
from asepsis.web.devices.models import Device
from asepsis.web.devices.projection import refresh
from asepsis.web.exposure import projection
from asepsis.web.exposure.models import Finding
from asepsis.web.facilities.models import Site
from asepsis.web.papers.shelf import holders
from asepsis.web.settings import WORKSPACE
from tests.eval.mds2_forms import Truth, as_csv, as_workbook, rows, true_answers
from tests.exposure.matching.test_parts import CVE
from tests.pipeline.test_papers import bill
from tests.pipeline.test_parts import RECORD
from tests.web.conftest import MakeDevice, MakePerson, Recorded, SignedIn

RECORDINGS = Path(__file__).resolve().parents[2] / "recordings"
ARCHIVE = Truth(
    name="PACS_MAIN", vendor="", model="", handles_patients=True, sends_patients_clear=True, talks_inside=True
)
LYING = as_workbook(rows(ARCHIVE, {**true_answers(ARCHIVE), "TXCF-2": "Yes"}, seed=1))
HONEST = as_csv(rows(ARCHIVE, true_answers(ARCHIVE), seed=1))
NAME = "CANARY-Maria-Musterfrau.csv"
XXE = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:' + b'///etc/passwd">]><bom>&e;</bom>'


@pytest.fixture(scope="module")
def analysed() -> Iterator[Workspace]:
    shutil.rmtree(WORKSPACE.root, ignore_errors=True)
    assert run(["analyze", str(RECORDINGS), "--site", "lab", "--workspace", str(WORKSPACE.root)]) == Exit.DONE
    yield WORKSPACE
    shutil.rmtree(WORKSPACE.root, ignore_errors=True)


@pytest.fixture
def ward(analysed: Workspace, db: None) -> Workspace:
    """The captures that come with the tests, with rows of their devices and no papers."""
    for path in analysed.root.glob("papers.sqlite*"):
        path.unlink()
    shutil.rmtree(analysed.ledger_path, ignore_errors=True)
    refresh(analysed)
    return analysed


@pytest.fixture
def engineer(ward: Workspace, make_person: MakePerson, signed_in: SignedIn) -> Client:
    return signed_in(make_person("ada", "clinical_engineer", site=Site.objects.get(name="lab")))


def send(browser: Client, content: bytes, name: str = "form.xlsx", **product: str) -> Any:
    return browser.post("/papers/", {"file": SimpleUploadedFile(name, content), **product}, follow=True)


def only_paper() -> Any:
    with Papers.open(WORKSPACE.papers_path) as papers:
        (paper,) = papers.papers()
    return paper


def test_a_lie_is_contradicted_with_the_packet_that_shows_it(engineer: Client, recorded: Recorded) -> None:
    page = send(engineer, LYING)
    assert "No device that you may see is of this product" in page.content.decode()
    paper = only_paper()
    archive = Device.objects.get(title="PACS_MAIN")
    engineer.post(f"/papers/{paper.id}/ties/", {"device": "PACS_MAIN", "said": "yes"})
    disclose(WORKSPACE, now_ns=1)
    page = engineer.get(f"/papers/{paper.id}/")
    assert b"Contradicted" in page.content
    assert b"Something changed" not in page.content
    opened = engineer.get(f"/papers/{paper.id}/claims/{archive.pk}/TXCF-2/")
    assert opened.status_code == 200
    assert b"What the packet carries" in opened.content
    assert engineer.get(f"/papers/{paper.id}/claims/{archive.pk}/ALOF-1/").status_code == 404
    listed = engineer.get("/papers/").content.decode()
    assert "1 contradicted" in listed
    acts = [entry.kind for entry in recorded()]
    assert acts.count("paper.manage") == 2
    assert "device.evidence" in acts
    shown = engineer.get(f"/api/v1/papers/{paper.id}").json()
    (lie,) = [claim for claim in shown["claims"] if claim["standing"] == "contradicted"]
    assert (lie["question"], lie["device"]) == ("TXCF-2", archive.pk)
    packet = engineer.get(f"/api/v1/papers/{paper.id}/claims/{archive.pk}/TXCF-2").json()
    assert packet["claim"]["evidence"]["packet"] == lie["evidence"]["packet"]
    assert packet["octets"]
    assert engineer.get("/api/v1/papers").json()["makers"][0]["answers"]["contradicted"] == 1


def test_the_lists_follow_papers_and_claims_though_they_are_kept(engineer: Client) -> None:
    Device.objects.filter(title="PACS_MAIN").update(vendor="Acme", model="Archive 7", medical=True)

    def product() -> Any:
        listed = engineer.get("/api/v1/papers/products").json()
        return next(one for one in listed if one["model"] == "Archive 7")

    assert product()["forms"] == []
    assert engineer.get("/api/v1/papers").json()["makers"] == []
    send(engineer, LYING, maker="Acme", model="Archive 7")
    paper = only_paper()
    assert product()["forms"] == [paper.id]
    assert f"/papers/{paper.id}/" in engineer.get("/papers/").content.decode()
    engineer.post(f"/papers/{paper.id}/ties/", {"device": "PACS_MAIN", "said": "yes"})
    assert engineer.get("/api/v1/papers").json()["makers"] == []
    disclose(WORKSPACE, now_ns=1)
    assert engineer.get("/api/v1/papers").json()["makers"][0]["answers"]["contradicted"] == 1
    engineer.delete(f"/api/v1/papers/{paper.id}")
    assert product()["forms"] == []
    assert engineer.get("/api/v1/papers").json()["makers"] == []


def test_two_forms_stand_side_by_side(engineer: Client) -> None:
    send(engineer, LYING)
    send(engineer, HONEST, "honest.csv")
    with Papers.open(WORKSPACE.papers_path) as papers:
        by_name = {paper.name: paper.id for paper in papers.papers()}
    before, after = by_name["honest.csv"], by_name["form.xlsx"]
    page = engineer.get("/papers/compare/", {"before": before, "after": after}).content.decode()
    assert "1 question answered otherwise" in page
    assert "TXCF-2" in page
    (change,) = engineer.get(f"/api/v1/papers/{after}/difference", {"before": before}).json()
    assert (change["question"], change["before"]["answer"], change["after"]["answer"]) == ("TXCF-2", "no", "yes")


def test_a_component_with_a_known_weakness_is_a_finding_of_its_devices(engineer: Client, tmp_path: Path) -> None:
    send(engineer, bill(maker=""), "bom.json", maker="GE Healthcare", model="LabCT 16")
    record = tmp_path / "record.json"
    record.write_text(json.dumps(RECORD))
    assert run(["feeds", "update", str(record), "--workspace", str(WORKSPACE.root)]) == Exit.DONE
    assert projection.is_stale(WORKSPACE)
    projection.refresh(WORKSPACE)
    assert not projection.is_stale(WORKSPACE)
    found = Finding.objects.get(source=Finding.Source.COMPONENT)
    assert (found.answer, found.vulnerabilities) == ("cannot tell", [CVE])
    assert found.title.startswith("fluxlib 1.2.0: ")
    paper = only_paper()
    page = engineer.get(f"/papers/{paper.id}/").content.decode()
    assert CVE in page
    assert "1</strong> known weakness" in page
    shown = engineer.get(f"/api/v1/papers/{paper.id}").json()
    assert [part["name"] for part in shown["components"]] == ["fluxlib"]
    assert [one["answer"] for one in shown["verdicts"]] == ["affected"]
    (product,) = [one for one in engineer.get("/api/v1/papers/products").json() if one["model"] == "LabCT 16"]
    assert (product["lists"], product["forms"]) == ([paper.id], [])
    WORKSPACE.feeds_path.unlink()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (NAME, b"dear colleague, we take security seriously"),
        ("bomb.xlsx", b"PK\x03\x04" + bytes(4000)),
        ("list.xml", XXE),
        ("list.json", b'{"bomFormat":"CycloneDX","components":' + b"[" * 100 + b"]" * 100 + b"}"),
        ("list.json", b'{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"name":7}]}'),
        ("packed.json.gz", b"\x1f\x8b" + bytes(100)),
        ("empty.csv", b"\xef\xbb\xbf"),
        ("nothing.csv", b"\0" * 100),
    ],
)
def test_what_is_no_paper_is_refused_and_not_kept(engineer: Client, name: str, content: bytes) -> None:
    page = send(engineer, content, name)
    assert page.status_code == 200
    assert b"errorlist" in page.content
    sent = engineer.post("/api/v1/papers", {"file": SimpleUploadedFile(name, content)})
    assert sent.status_code == 422
    assert b"root:" not in sent.content
    with Papers.open(WORKSPACE.papers_path) as papers:
        assert papers.papers() == []


def test_the_file_comes_back_as_it_was_and_runs_nowhere(engineer: Client) -> None:
    send(engineer, LYING, '"><script>alert(1)</script>.xlsx')
    paper = only_paper()
    answer = engineer.get(f"/papers/{paper.id}/file/")
    assert answer.content == LYING
    assert answer["Content-Disposition"] == f'attachment; filename="mds2-{paper.id[:12]}.xlsx"'
    assert "sandbox" in answer["Content-Security-Policy"]
    assert b"<script>alert(1)" not in engineer.get(f"/papers/{paper.id}/").content


def test_people_see_only_what_papers_say_of_their_own_devices(
    engineer: Client, make_person: MakePerson, signed_in: SignedIn
) -> None:
    send(engineer, LYING)
    paper = only_paper()
    archive = Device.objects.get(title="PACS_MAIN")
    engineer.post(f"/papers/{paper.id}/ties/", {"device": archive.pk, "said": "yes"})
    disclose(WORKSPACE, now_ns=1)
    south = Site.objects.create(name="south")
    other = signed_in(make_person("bob", "clinical_engineer", site=south))
    page = other.get(f"/papers/{paper.id}/").content.decode()
    assert "PACS_MAIN" not in page
    assert archive.pk not in page
    assert "Contradicted" not in page
    shown = other.get(f"/api/v1/papers/{paper.id}").json()
    assert (shown["claims"], shown["devices"]) == ([], [])
    assert other.get(f"/papers/{paper.id}/claims/{archive.pk}/TXCF-2/").status_code == 404
    assert other.get(f"/api/v1/papers/{paper.id}/claims/{archive.pk}/TXCF-2").status_code == 404
    tied = other.post(
        f"/api/v1/papers/{paper.id}/ties", {"device": archive.pk, "tied": False}, content_type="application/json"
    )
    assert tied.status_code == 404
    assert other.get("/api/v1/papers/products").json() == []
    assert other.get("/api/v1/papers").json()["makers"] == []


def test_who_may_not_keep_papers_sees_them_and_changes_nothing(
    engineer: Client, make_person: MakePerson, signed_in: SignedIn
) -> None:
    send(engineer, LYING)
    paper = only_paper()
    auditor = signed_in(make_person("eve", "auditor"))
    page = auditor.get(f"/papers/{paper.id}/").content.decode()
    assert "Remove it" not in page
    assert send(auditor, HONEST).status_code == 403
    assert auditor.post(f"/papers/{paper.id}/remove/").status_code == 403
    assert auditor.delete(f"/api/v1/papers/{paper.id}").status_code == 403
    vendor = signed_in(make_person("vic", "clinician", site=Site.objects.get(name="lab")))
    assert vendor.get("/papers/").status_code == 403
    assert only_paper() == paper
    assert engineer.delete(f"/api/v1/papers/{paper.id}").status_code == 204
    assert engineer.get(f"/papers/{paper.id}/").status_code == 404


def test_a_product_is_said_and_its_devices_follow(engineer: Client) -> None:
    send(engineer, bill(maker=""), "bom.json")
    paper = only_paper()
    said = {"maker": "GE Healthcare", "model": "LabCT 16", "version": ""}
    engineer.post(f"/papers/{paper.id}/product/", said)
    page = engineer.get(f"/papers/{paper.id}/").content.decode()
    assert "CTROOM1" in page
    scanner = Device.objects.get(title="CTROOM1")
    engineer.post(f"/papers/{paper.id}/ties/", {"device": scanner.pk, "said": "no"})
    assert "No device that you may see is of this product" in engineer.get(f"/papers/{paper.id}/").content.decode()
    changed = engineer.patch(
        f"/api/v1/papers/{paper.id}", {**said, "model": "Something Else"}, content_type="application/json"
    )
    assert changed.json()["model"] == "Something Else"


def test_a_paper_of_a_model_in_a_thousand_versions_finds_its_devices(tmp_path: Path, make_device: MakeDevice) -> None:
    first = make_device("pump0000", vendor="Acme", model="Pump 7", firmware="0")
    others = [
        Device(
            **{name: getattr(first, name) for name in ("site", "vendor", "model", "first_seen", "last_seen")},
            id=f"pump{number:04}",
            title=f"pump{number:04}",
            firmware=str(number),
        )
        for number in range(1, 1200)
    ]
    Device.objects.bulk_create(others)
    make_device("pump9999", vendor="Other", model="Pump 7")
    with Papers.open(tmp_path / "papers.sqlite") as papers:
        paper, _ = papers.take(
            read_paper(None, "form.csv", HONEST), 1, subject=Subject(maker="Acme", model="Pump 7", version="")
        )
        papers.tie(paper.id, "pump0000", is_tied=False, by="ada", now_ns=2)
        papers.tie(paper.id, "pump9999", is_tied=True, by="ada", now_ns=2)
        found = holders(papers, paper, Device.objects.all())
    assert [one.pk for one, _ in found] == [*(one.pk for one in others), "pump9999"]
    assert [held for _, held in found].count(Tie.PERSON) == 1
