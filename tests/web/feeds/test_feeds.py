"""Feeds in the browser and by the API: sent, shown with their age, refused with reasons, fetched by schedule."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import re
import shutil
import sqlite3
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from asepsis.pipeline.advisories import update_feeds
from asepsis.pipeline.feeds import Feeds
from asepsis.pipeline.registry import Registry
from asepsis.web.configuration import Configuration
from asepsis.web.configuration import Feeds as Settings
from asepsis.web.devices.projection import refresh
from asepsis.web.facilities.models import Site
from asepsis.web.feeds import fetching, standing, views
from asepsis.web.feeds.taking import scratch
from asepsis.web.feeds.work import take_documents
from asepsis.web.jobs.models import Job
from asepsis.web.jobs.work import CancelledError
from asepsis.web.settings import WORKSPACE
from asepsis.web.settling import clear
from tests.devices.ward import arp, observed
from tests.exposure.documents import csaf
from tests.pipeline.publisher import LOOPBACK, publishing
from tests.web.conftest import MakePerson, Recorded, SignedIn

ADVISORY = json.dumps(csaf([("BD", "Vortan 8015", "<= 9.33")])).encode()
NAME = "CANARY-Maria-Musterfrau.zip"


def packed(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


@pytest.fixture
def ward(db: None) -> Iterator[None]:
    shutil.rmtree(WORKSPACE.root, ignore_errors=True)
    WORKSPACE.create()
    with Registry.open(WORKSPACE.registry_path) as registry:
        registry.merge(observed(arp("00:09:5c:00:00:01", "10.0.0.1")))
        (device,) = registry.devices()
        for attribute, text in (("vendor", "BD"), ("model", "Vortan 8015"), ("firmware", "9.33")):
            registry.override(device.id, attribute, text, "biomed")
    refresh(WORKSPACE)
    yield
    shutil.rmtree(WORKSPACE.root, ignore_errors=True)


@pytest.fixture
def engineer(ward: None, make_person: MakePerson, signed_in: SignedIn) -> Client:
    return signed_in(make_person("ada", "clinical_engineer", site=Site.objects.get()))


def send(browser: Client, content: bytes, name: str = NAME) -> Any:
    """Sends a file, lets its job run, and gives the page of the job, or the page that refuses it."""
    sent = browser.post("/feeds/", {"file": SimpleUploadedFile(name, content)})
    if sent.status_code != 302:
        return sent
    worked()
    return browser.get(sent["Location"])


def send_by_api(browser: Client, content: bytes, name: str = "a.zip") -> dict[str, Any]:
    """The same by the API; gives the job as it ended."""
    sent = browser.post("/api/v1/feeds", {"file": SimpleUploadedFile(name, content)})
    assert sent.status_code == 202, sent.content
    worked()
    job: dict[str, Any] = browser.get(f"/api/v1/jobs/{sent.json()['job']}").json()
    return job


def worked() -> None:
    """As the worker does, of every job that waits."""
    for job in Job.objects.filter(kind=Job.DOCUMENTS, state=Job.State.WAITING):
        take_documents.call(str(job.pk))


def test_a_folder_that_is_sent_is_taken_in_and_its_broken_files_are_named(engineer: Client, recorded: Recorded) -> None:
    assert b"No documents are held yet" in engineer.get("/feeds/").content
    page = send(engineer, packed({"white/2026/a.json": ADVISORY, "white/cut.json": b'{"document": '})).content.decode()
    assert "1 new" in page
    assert "is no JSON" in page
    page = engineer.get("/feeds/").content.decode()
    assert "1 new" in page
    assert "Advisories (CSAF)" in page
    assert f"{NAME}/white/cut.json" in page
    assert "is no JSON" in page
    assert "10.0.0.1" in page or "Vortan" in page, "the device that it changed is named"
    assert "affected" in page
    assert not list((WORKSPACE.root / "feeds-sent").iterdir())
    shown = engineer.get("/api/v1/feeds").json()
    (source,) = shown["sources"]
    assert source["kinds"][0]["documents"] == 1
    assert [one["path"] for one in source["problems"]] == [f"{NAME}/white/cut.json"]
    (change,) = shown["changes"]
    assert (change["advisory"], change["after"]) == ("TEST-26-001", "affected")
    assert {"feed.view", "feed.manage"} <= {entry.kind for entry in recorded()}


def test_what_an_update_changed_is_shown_for_own_devices_only(
    engineer: Client, make_person: MakePerson, signed_in: SignedIn
) -> None:
    send(engineer, packed({"a.json": ADVISORY}))
    other = signed_in(make_person("bo", "clinical_engineer", site=Site.objects.create(name="elsewhere")))
    shown = other.get("/api/v1/feeds").json()
    assert (shown["changes"], shown["changes_count"]) == ([], 0)
    assert b"Vortan" not in other.get("/feeds/").content


def test_who_may_only_look_sends_nothing_and_who_may_not_look_sees_nothing(
    engineer: Client, make_person: MakePerson, signed_in: SignedIn
) -> None:
    auditor = signed_in(make_person("eve", "auditor", site=Site.objects.get()))
    assert auditor.get("/feeds/").status_code == 200
    assert b"Take in" not in auditor.get("/feeds/").content
    assert send(auditor, ADVISORY, "a.json").status_code == 403
    assert auditor.post("/feeds/look/").status_code == 403
    assert auditor.post("/api/v1/feeds", {"file": SimpleUploadedFile("a.json", ADVISORY)}).status_code == 403
    clinician = signed_in(make_person("kim", "clinician", site=Site.objects.get()))
    assert clinician.get("/feeds/").status_code == 403
    assert clinician.get("/api/v1/feeds").status_code == 403


def test_files_of_an_archive_stay_within_its_folder(engineer: Client) -> None:
    names = ["../../escaped.json", "/etc/escaped.json", "a/../../b.json", "..\\..\\c.json", "d.json", "d.json/e.json"]
    job = send_by_api(engineer, packed(dict.fromkeys(names, ADVISORY)))
    assert job["state"] == "done", job
    assert job["result"]["documents"]["added"] == 1
    assert not list(WORKSPACE.root.rglob("*escaped*"))
    assert not list(WORKSPACE.root.parent.glob("*escaped*"))


@pytest.mark.parametrize("content", [b"PK\x03\x04 cut", packed({"a.json": ADVISORY})[:-30]])
def test_an_archive_that_is_broken_is_refused_with_a_way_on(engineer: Client, content: bytes) -> None:
    page = send(engineer, content).content.decode()
    assert "cannot be unpacked" in page
    assert "asepsis feeds update FOLDER" in page
    job = send_by_api(engineer, content)
    assert (job["state"], job["result"]["code"]) == ("failed", "feeds-sent")
    assert "cannot be unpacked" in job["message"]
    assert not list((WORKSPACE.root / "feeds-sent").iterdir())


def test_what_is_sent_is_cancelled_without_a_trace_and_only_by_who_may(
    engineer: Client, make_person: MakePerson, signed_in: SignedIn
) -> None:
    sent = engineer.post("/feeds/", {"file": SimpleUploadedFile("a.json", ADVISORY)})
    job = Job.objects.get()
    auditor = signed_in(make_person("eve", "auditor", site=Site.objects.get()))
    assert auditor.post(f"/jobs/{job.pk}/cancel/").status_code == 403
    assert b"Cancel" in engineer.get(sent["Location"]).content
    assert engineer.post(f"/jobs/{job.pk}/cancel/").status_code == 302
    worked()
    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED
    assert not list((WORKSPACE.root / "feeds-sent").iterdir())
    assert engineer.get("/api/v1/feeds").json()["sources"] == []


def test_an_update_that_is_cancelled_in_the_middle_takes_nothing(engineer: Client, tmp_path: Path) -> None:
    for number in range(3):
        document = csaf([("BD", "Vortan 8015", "<= 9.33")], number=f"A-{number}")
        (tmp_path / f"{number}.json").write_text(json.dumps(document))

    def cancelled(done: int) -> None:
        if done == 2:
            raise CancelledError

    with pytest.raises(CancelledError):
        update_feeds(WORKSPACE, tmp_path, 1, tell=cancelled)
    assert engineer.get("/api/v1/feeds").json()["sources"] == []


def test_what_a_worker_left_that_was_ended_is_swept_when_it_is_old(engineer: Client) -> None:
    left, fresh = scratch() / "left.sent", scratch() / "fresh.sent"
    for path in (left, fresh):
        path.write_bytes(ADVISORY)
    (scratch() / "feeds-dead").mkdir()
    for path in (left, scratch() / "feeds-dead"):
        os.utime(path, (0, 0))
    send(engineer, ADVISORY, "a.json")
    assert [path.name for path in scratch().iterdir()] == ["fresh.sent"]


def test_what_waits_for_the_worker_outlives_another_start_of_the_server(engineer: Client) -> None:
    engineer.post("/feeds/", {"file": SimpleUploadedFile("a.json", ADVISORY)})
    (scratch() / "feeds-dead").mkdir()
    clear()
    assert len(list(scratch().iterdir())) == 1
    worked()
    assert Job.objects.get().state == Job.State.DONE


def test_a_job_whose_file_went_says_so(engineer: Client) -> None:
    engineer.post("/feeds/", {"file": SimpleUploadedFile("a.json", ADVISORY)})
    for path in scratch().iterdir():
        path.unlink()
    worked()
    assert (Job.objects.get().state, Job.objects.get().message) == (
        Job.State.FAILED,
        "the file is no longer there: send it again",
    )


def test_a_bomb_is_stopped_while_it_is_unpacked(engineer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asepsis.web.feeds.taking.UNPACKED_LIMIT_BYTES", 2**20)
    page = send(engineer, packed({"a.json": b" " * 2**22})).content.decode()
    assert "holds more than 1 MiB when it is unpacked" in page


def test_sources_are_asked_when_they_are_due_and_when_somebody_asks(
    engineer: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert engineer.post("/api/v1/feeds/look").status_code == 409
    with publishing(tmp_path / "publisher") as publisher:
        catalogue = {"catalogVersion": "1", "dateReleased": "2026-01-01T00:00:00Z", "count": 0, "vulnerabilities": []}
        publisher.files["kev.json"] = json.dumps(catalogue).encode()
        settings = Settings(
            sources=(publisher.url("kev.json"),), networks=LOOPBACK, authority=str(publisher.authority), hours=720
        )
        configuration = dataclasses.replace(Configuration(), feeds=settings)
        monkeypatch.setattr(views, "CONFIGURATION", configuration)
        monkeypatch.setattr(standing, "CONFIGURATION", configuration)
        page = engineer.get("/feeds/").content.decode()
        assert "It was not looked at yet" in page
        fetching.fetch_due(WORKSPACE, settings)
        fetching.fetch_due(WORKSPACE, settings)
        assert publisher.paths() == ["kev.json"], "what was just looked at is not due"
        assert engineer.post("/feeds/look/", follow=True).status_code == 200
        fetching.fetch_due(WORKSPACE, settings)
        assert len(publisher.paths()) == 2
        page = engineer.get("/feeds/").content.decode()
        assert "Exploited vulnerabilities (KEV)" in page
        assert "Ask them now" in page
    fetching.ask(WORKSPACE)
    fetching.fetch_due(WORKSPACE, settings)
    assert "not reached" in engineer.get("/feeds/").content.decode()
    with Feeds.open(WORKSPACE.feeds_path) as feeds:
        assert len(feeds.held()) == 1, "a publisher that is down takes nothing away"


def test_what_is_shown_follows_the_store_whoever_changed_it(engineer: Client, tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "a.json").write_bytes(ADVISORY)
    # As by the command, in a process of its own: the web is told of nothing.
    update_feeds(WORKSPACE, tmp_path / "first", 1_700_000_000_000_000_000)
    shown = engineer.get("/api/v1/feeds").json()
    assert (shown["changes_count"], shown["owed"]) == (1, None)
    (tmp_path / "second").mkdir()
    second = csaf([("BD", "Vortan 8015", "< 9.33")], version="2", current_release_date="2026-03-01T00:00:00Z")
    (tmp_path / "second" / "a.json").write_text(json.dumps(second))
    with Feeds.open(WORKSPACE.feeds_path) as feeds:
        # As one that is killed after the documents were taken in, before it was worked out what they change.
        feeds.update(tmp_path / "second", 1_700_000_100_000_000_000)
    shown = engineer.get("/api/v1/feeds").json()
    assert shown["owed"] == "2023-11-14T22:15:00Z"
    assert b"What they change for your devices is not worked out" in engineer.get("/feeds/").content
    for path in WORKSPACE.root.glob("feeds.sqlite*"):
        path.unlink()
    shown = engineer.get("/api/v1/feeds").json()
    assert (shown["sources"], shown["changed"], shown["changes_count"]) == ([], None, 0)
    assert b"No documents are held yet" in engineer.get("/feeds/").content
    update_feeds(WORKSPACE, tmp_path / "first", 1_700_000_200_000_000_000)
    (change,) = engineer.get("/api/v1/feeds").json()["changes"]
    assert change["after"] == "affected"


def test_the_page_reads_no_document(engineer: Client) -> None:
    send(engineer, packed({"a.json": ADVISORY}))
    before = engineer.get("/feeds/").content.decode().partition("<h1>")[2]
    with sqlite3.connect(WORKSPACE.feeds_path) as store:
        store.execute("UPDATE documents SET content = x'00'")
    store.close()
    after = engineer.get("/feeds/").content.decode().partition("<h1>")[2]
    assert _without_tokens(after) == _without_tokens(before)


def _without_tokens(page: str) -> str:
    return re.sub(r'(value|nonce)="[^"]*"', "", page)
