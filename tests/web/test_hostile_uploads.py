"""What people send in: bombs, documents that fetch, lists that are none. And what is never repeated of it."""

from __future__ import annotations

import gzip
import logging
import struct
from collections.abc import Callable

import pytest
import zstandard
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DataError
from django.test import Client

from asepsis.pipeline.workspace import Workspace
from asepsis.web import logs
from asepsis.web.cmms.models import AssetImport
from asepsis.web.devices import views as devices
from asepsis.web.devices.models import Document
from asepsis.web.facilities.models import Site
from asepsis.web.jobs import upload
from asepsis.web.jobs.models import Job
from asepsis.web.jobs.work import analyze_captures
from asepsis.wire import source
from tests.web.conftest import MakeDevice, MakePerson, Recorded, SignedIn

CAPTURE = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
NAME = "CANARY-Maria-Musterfrau"
SECRET = "CANARY-hunter2-password"
XXE = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:' + b'///etc/passwd">]><x>&e;</x>'
DOCUMENTS = {
    "manual.xml": XXE,
    "picture.svg": XXE.replace(b"<x>", b'<svg xmlns="http://www.w3.org/2000/svg">').replace(b"</x>", b"</svg>"),
    "sheet.xlsx": b"PK\x03\x04" + bytes(26) + b"xl/workbook.xml",
    "archive.zip": b"PK\x03\x04" + bytes(2000),
    "page.html": b"<script>alert(1)</script>",
    "manual.pdf": XXE,
    "notes.txt": b"\0" * 4096,
    "bomb.txt": gzip.compress(bytes(1 << 20)),
}


@pytest.fixture
def analyst(db: None, make_person: MakePerson, signed_in: SignedIn) -> Client:
    return signed_in(make_person("ada", "security_analyst"))


@pytest.mark.django_db
@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress], ids=["gzip", "zstd"])
def test_a_capture_that_unpacks_without_measure_ends_its_job_and_nothing_else(
    workspace: Workspace, make_person: MakePerson, monkeypatch: pytest.MonkeyPatch, pack: Callable[[bytes], bytes]
) -> None:
    monkeypatch.setattr(source, "EXPANSION_FREE_BYTES", 1 << 20)
    # After the head of the file come frames of no length, for as long as it lasts.
    bomb = pack(CAPTURE + bytes(16 << 20))
    assert len(bomb) < 65536
    honest = pack(CAPTURE)
    site = Site.objects.create(name="north")
    files = [SimpleUploadedFile("bomb.pcap", bomb), SimpleUploadedFile("ward.pcap", honest)]
    job = upload.accept(files, site=site, person=make_person("ada"))
    analyze_captures.call(str(job.pk))
    job.refresh_from_db()
    said = {one["path"]: one["error"] for one in job.result["captures"]}
    assert "when it is unpacked" in said["bomb.pcap"]
    assert said["ward.pcap"] is None
    assert job.state == Job.State.DONE


def test_a_document_of_a_device_is_taken_by_its_content_and_never_read(
    workspace: Workspace, make_device: MakeDevice, analyst: Client
) -> None:
    make_device("pump000001")
    address = "/devices/pump000001/documents/"
    for name, content in DOCUMENTS.items():
        analyst.post(address, {"file": SimpleUploadedFile(name, content)})
        assert not Document.objects.exists(), name
    assert not [path for path in (workspace.root / "documents").rglob("*") if path.is_file()]
    # The same as text is kept as it came, given back to be saved, and nothing in it is looked up.
    analyst.post(address, {"file": SimpleUploadedFile("manual.txt", XXE)})
    kept = analyst.get(f"{address}{Document.objects.get().pk}/")
    assert kept["Content-Disposition"].startswith("attachment")
    assert kept["X-Content-Type-Options"] == "nosniff"
    assert kept.getvalue() == XXE


@pytest.mark.parametrize("name", ["sheet.xlsx", "archive.zip", "bomb.txt"])
def test_a_list_of_devices_that_is_none_is_refused_unread(
    make_device: MakeDevice, make_person: MakePerson, signed_in: SignedIn, name: str
) -> None:
    site = make_device("pump000001").site
    browser = signed_in(make_person("grace", "clinical_engineer"))
    answer = browser.post("/cmms/", {"site": site.pk, "file": SimpleUploadedFile("list.csv", DOCUMENTS[name])})
    assert "errorlist" in answer.content.decode()
    assert not AssetImport.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "content",
    [
        b"asset," + b"x" * (1 << 20) + b"\n1,2\n",
        b",".join(b"c%d" % number for number in range(5000)) + b"\n",
    ],
    ids=["a wide heading", "many columns"],
)
def test_a_list_that_is_made_to_be_too_much_is_refused(
    make_device: MakeDevice, make_person: MakePerson, signed_in: SignedIn, content: bytes
) -> None:
    site = make_device("pump000001").site
    browser = signed_in(make_person("grace", "clinical_engineer"))
    answer = browser.post("/cmms/", {"site": site.pk, "file": SimpleUploadedFile("list.csv", content)})
    assert answer.status_code == 200
    assert not AssetImport.objects.exists()


def test_markup_that_fetches_is_text_in_a_list(
    make_device: MakeDevice, make_person: MakePerson, signed_in: SignedIn
) -> None:
    site = make_device("pump000001").site
    browser = signed_in(make_person("grace", "clinical_engineer"))
    answer = browser.post("/cmms/", {"site": site.pk, "file": SimpleUploadedFile("l.csv", XXE + b"\n1\n")}, follow=True)
    page = answer.content.decode()
    assert "&lt;!DOCTYPE x" in page
    assert "root:" not in page


def shown(record: logging.LogRecord) -> str:
    return logs.FactFormatter().format(record)


def test_what_somebody_typed_is_in_no_log_no_error_page_and_no_record(
    workspace: Workspace,
    make_device: MakeDevice,
    analyst: Client,
    recorded: Recorded,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    make_device("pump000001")
    analyst.raise_request_exception = False
    headers = {"referer": f"http://x/{NAME}", "user-agent": NAME, "authorization": f"Basic {SECRET}"}

    def fail(*_: object, **__: object) -> None:
        # A database quotes the value that it refuses.
        raise DataError(f"value too long: {NAME} {SECRET}")

    pages = [
        analyst.get(f"/{NAME}/", headers=headers),
        analyst.get(f"/devices/{NAME}/?token={SECRET}", headers=headers),
        analyst.get(f"/access/why/?action={NAME}", headers={"accept": "application/json"}),
        analyst.get(f"/api/v1/devices/{NAME}?token={SECRET}", headers={"authorization": f"Bearer {SECRET}"}),
        analyst.post("/people/invite/", {"name": NAME, "password": SECRET}),
        analyst.post("/devices/pump000001/notes/", {"text": NAME}, headers={"host": f"{NAME}.example"}),
    ]
    monkeypatch.setattr(devices, "render", fail)
    pages.append(analyst.get(f"/devices/pump000001/?q={NAME}", headers=headers))
    assert pages[-1].status_code == 500
    assert {page.status_code for page in pages} >= {403, 404, 500}
    printed = "".join(capfd.readouterr()) + "\n".join(map(shown, caplog.records))
    assert "DataError" in printed  # what went wrong is said
    assert analyst.get(f"/devices/?q={NAME}&{SECRET}={SECRET}").status_code == 200
    told = printed + str(recorded()) + "".join(map(str, (page.headers for page in pages)))
    # A page may repeat a wrong choice to whoever made it; an error page repeats nothing.
    told += "".join(page.content.decode() for page in pages if page.status_code >= 400)
    assert "CANARY" not in told
    kinds = {one.kind: one.details for one in recorded()}
    assert kinds["device.list"] == {"filters.searched": True}
