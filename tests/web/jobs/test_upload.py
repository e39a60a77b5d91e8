from __future__ import annotations

import os
import struct
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django_tasks_db.models import DBTaskResult

from asepsis.pipeline.workspace import Workspace
from asepsis.web.arriving import ArrivedFile
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.asking import Asker, keep, subject_of
from asepsis.web.authorisation.facts import Circumstances
from asepsis.web.facilities.models import Site
from asepsis.web.facilities.reach import sites_of
from asepsis.web.jobs import upload
from asepsis.web.jobs.interrupted import mark_interrupted
from asepsis.web.jobs.models import Job
from asepsis.web.jobs.work import analyze_captures
from asepsis.web.people.models import RoleGrant
from tests.web.conftest import MakeDevice, MakePerson, SignedIn

# pcap of the first version, Ethernet, no packet.
EMPTY = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)


def _capture(name: str = "ward.pcap", content: bytes = EMPTY) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


@pytest.fixture
def north(db: None) -> Site:
    return Site.objects.create(name="north")


def test_a_capture_is_stored_under_a_name_of_ours_and_a_job_waits(
    workspace: Workspace, north: Site, make_person: MakePerson, signed_in: SignedIn
) -> None:
    browser = signed_in(make_person("ada", "security_analyst"))
    answer = browser.post("/jobs/upload/", {"site": "north", "captures": _capture("../../etc/ward.pcap")})
    job = Job.objects.get()
    assert answer["Location"] == f"/jobs/{job.pk}/"
    assert job.title == "ward.pcap"
    stored = Path(job.arguments["paths"][0])
    assert stored.parent == workspace.root / "captures"
    assert stored.read_bytes() == EMPTY
    assert stored.stat().st_mode & 0o077 == 0
    assert DBTaskResult.objects.filter(status="READY").count() == 1


def test_a_file_on_the_same_disk_is_not_written_a_second_time(
    workspace: Workspace, north: Site, make_person: MakePerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(workspace.root))
    before = set(workspace.root.iterdir())
    given = ArrivedFile("ward.pcap", "application/octet-stream", None, None)
    given.write(EMPTY)
    given.seek(0)
    assert set(workspace.root.iterdir()) == before  # what is not kept is nowhere
    number = os.fstat(given.fileno()).st_ino
    job = upload.accept([given], site=north, person=make_person("ada"))
    given.close()
    stored = Path(job.arguments["paths"][0])
    assert stored.read_bytes() == EMPTY
    assert stored.stat().st_mode & 0o077 == 0
    assert stored.stat().st_ino == number


def test_a_file_on_another_disk_is_copied(
    workspace: Workspace, north: Site, make_person: MakePerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ArrivedFile, "keep_as", lambda *_: False)
    given = ArrivedFile("ward.pcap", "application/octet-stream", None, None)
    given.write(EMPTY)
    given.size = len(EMPTY)
    job = upload.accept([given], site=north, person=make_person("ada"))
    given.close()
    assert Path(job.arguments["paths"][0]).read_bytes() == EMPTY


def test_lists_and_documents_may_be_as_large_as_their_forms_say() -> None:
    assert upload.limit_of("/cmms/") == upload.limit_of("/api/v1/imports") == 50 * 1024 * 1024
    assert upload.limit_of("/devices/abc/documents/") == upload.limit_of("/api/v1/devices/abc/documents") == 20 << 20
    assert upload.limit_of("/papers/") == upload.limit_of("/api/v1/papers") == 16 << 20
    assert upload.limit_of("/plan/states/") == upload.limit_of("/api/v1/plan/states") == 8 << 20
    assert upload.limit_of("/vendors/philips/contracts/") == upload.limit_of("/api/v1/vendors/x/contracts") == 20 << 20
    assert upload.limit_of("/devices/abc/documents/7/") == upload.limit_of("/devices/") == 0


@pytest.mark.parametrize("content", [b"", b"MZ\x90\x00 a program", b"%PDF-1.7", b"\xa1\xb2"])
def test_what_is_no_capture_by_its_first_bytes_is_refused_and_not_kept(
    workspace: Workspace, north: Site, make_person: MakePerson, content: bytes
) -> None:
    with pytest.raises(upload.UploadError, match="no capture"):
        upload.accept([_capture(), _capture("x.pcap", content)], site=north, person=make_person("ada"))
    assert not list((workspace.root / "captures").iterdir())
    assert not Job.objects.exists()


def test_a_person_of_one_site_cannot_add_captures_to_another(
    workspace: Workspace, north: Site, make_person: MakePerson, signed_in: SignedIn
) -> None:
    Site.objects.create(name="south")
    browser = signed_in(make_person("ada", "security_analyst", site=north))
    browser.post("/jobs/upload/", {"site": "south", "captures": _capture()})
    assert not Job.objects.exists()


def test_an_auditor_cannot_add_captures(
    workspace: Workspace, north: Site, make_person: MakePerson, signed_in: SignedIn
) -> None:
    browser = signed_in(make_person("ines", "auditor"))
    assert browser.post("/jobs/upload/", {"site": "north", "captures": _capture()}).status_code == 403
    assert not Job.objects.exists()


def test_a_full_disk_refuses_before_anything_is_written(
    workspace: Workspace, north: Site, make_person: MakePerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload, "DISK_RESERVE_BYTES", 1 << 62)
    with pytest.raises(upload.UploadError, match="no room"):
        upload.accept([_capture()], site=north, person=make_person("ada"))
    assert not list((workspace.root / "captures").iterdir())


def test_a_job_that_fails_says_why_by_the_name_that_people_know(
    workspace: Workspace, north: Site, make_person: MakePerson
) -> None:
    damaged = _capture("ward.pcap.gz", b"\x1f\x8b\x08\x00 no gzip at all")
    job = upload.accept([damaged], site=north, person=make_person("ada"))
    analyze_captures.call(str(job.pk))
    job.refresh_from_db()
    assert job.state == Job.State.FAILED
    assert "gzip stream is damaged" in job.message
    assert [capture["path"] for capture in job.result["captures"]] == ["ward.pcap.gz"]
    assert str(workspace.root) not in str(job.message) + str(job.result)


def test_a_job_whose_worker_was_killed_is_marked_and_can_be_repeated(
    workspace: Workspace, north: Site, make_person: MakePerson, signed_in: SignedIn
) -> None:
    ada = make_person("ada", "security_analyst")
    job = upload.accept([_capture()], site=north, person=ada)
    Job.objects.update(state=Job.State.RUNNING)
    DBTaskResult.objects.update(status="RUNNING")
    assert mark_interrupted() == 1
    assert not DBTaskResult.objects.filter(status="RUNNING").exists()
    browser = signed_in(ada)
    assert "repeat it" in browser.get(f"/jobs/{job.pk}/").content.decode()
    browser.post(f"/jobs/{job.pk}/repeat/")
    assert Job.objects.filter(state=Job.State.WAITING).count() == 1


def test_a_cancelled_job_does_not_run(
    workspace: Workspace, north: Site, make_person: MakePerson, signed_in: SignedIn
) -> None:
    ada = make_person("ada", "security_analyst")
    job = upload.accept([_capture()], site=north, person=ada)
    signed_in(ada).post(f"/jobs/{job.pk}/cancel/")
    analyze_captures.call(str(job.pk))
    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED


def test_who_may_not_upload_is_told_apart_before_the_body_is_read(
    workspace: Workspace, make_person: MakePerson, signed_in: SignedIn
) -> None:
    def admitted(role: str) -> bool:
        cookies = signed_in(make_person(f"p-{role}", role)).cookies
        return upload.admits(upload.UPLOAD_PATH, {b"cookie": cookies.output(header="", sep=";").strip().encode()})

    assert admitted("security_analyst")
    assert not admitted("auditor")
    assert not upload.admits(upload.UPLOAD_PATH, {})
    assert not upload.admits(upload.UPLOAD_PATH, {b"cookie": b"asepsis=0123456789abcdef"})


def test_captures_are_added_where_the_role_that_allows_it_holds_and_nowhere_else(
    make_person: MakePerson, make_device: MakeDevice
) -> None:
    north, south = make_device("pump000001", site="north").site, make_device("pump000002", site="south").site
    person = make_person("ada", "clinical_engineer", site=north)
    # Of the whole hospital, but a role that uploads nothing.
    RoleGrant.objects.create(person=person, role="clinician")
    how = Circumstances(
        assurance_level=2, device_bound=False, signed_in_seconds_ago=5, now=datetime(2026, 3, 1, tzinfo=UTC)
    )
    keep(person, Asker(subject=subject_of(person), circumstances=how))
    assert sites_of(person, Action.CAPTURE_UPLOAD) == [north]
    assert south.pk
