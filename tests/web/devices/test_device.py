"""A device's page, what people add to it, and the packet behind a claim, on the recorded hospital."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from asepsis.history.queries import Selection
from asepsis.pipeline.analyze import analyze
from asepsis.pipeline.demo import recording
from asepsis.pipeline.registry import Registry
from asepsis.pipeline.workspace import Workspace
from asepsis.web.devices import documents
from asepsis.web.devices.models import Device, DeviceRecord, Document, Note
from asepsis.web.devices.projection import refresh
from asepsis.web.devices.traffic import Spoken, rows_markup
from asepsis.web.facilities.models import Department, DeviceGroup, Site
from tests.web.conftest import MakePerson, Recorded, SignedIn


@pytest.fixture
def capture(workspace: Workspace, analyzed: Path) -> Path:
    """The recorded capture, where it was analysed; the workspace holds what came of it."""
    for part in ("history", "registry.sqlite"):
        if (analyzed / "workspace" / part).is_dir():
            shutil.copytree(analyzed / "workspace" / part, workspace.root / part, dirs_exist_ok=True)
        else:
            shutil.copy(analyzed / "workspace" / part, workspace.root / part)
    capture = analyzed / "ward.pcapng.zst"
    shutil.copy(recording().benign, capture)
    return capture


@pytest.fixture(scope="module")
def analyzed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Analysed once; each test works on a copy."""
    folder = tmp_path_factory.mktemp("analyzed")
    capture = Path(shutil.copy(recording().benign, folder / "ward.pcapng.zst"))
    analyze([capture], workspace=Workspace(folder / "workspace"), site="lab")
    return folder


@pytest.fixture
def pump(workspace: Workspace, db: None, capture: Path) -> Device:
    """The recorded hospital's infusion pump whose kind was read from an HL7 message."""
    refresh(workspace)
    return Device.objects.filter(category="infusion_pump", patient_messages__gt=0).order_by("title")[0]


@pytest.fixture
def engineer(make_person: MakePerson, signed_in: SignedIn) -> Client:
    return signed_in(make_person("erik", "clinical_engineer"))


def hl7_evidence(pump: Device, workspace: Workspace) -> int:
    with Registry.open(workspace.registry_path) as registry:
        known = registry.device(pump.pk)
    assert known is not None
    return next(
        number
        for number, clue in enumerate(known.evidence)
        if (clue.attribute, clue.value, clue.protocol) == ("category", "infusion_pump", "hl7")
    )


def page(browser: Client, pump: Device, rest: str = "") -> str:
    answer = browser.get(f"/devices/{pump.pk}/{rest}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_page_says_what_it_is_how_sure_why_and_what_would_tell_more(engineer: Client, pump: Device) -> None:
    shown = page(engineer, pump)
    assert "Infusion pump" in shown
    assert "because its HL7 messages" in shown
    assert "would be told by" in shown
    assert "Whom it talks to" in shown
    assert pump.macs[0] in shown


def test_a_clinician_sees_the_device_without_evidence_conversations_or_forms(
    make_person: MakePerson, signed_in: SignedIn, pump: Device
) -> None:
    browser = signed_in(make_person("cleo", "clinician"))
    shown = page(browser, pump)
    assert "Infusion pump" in shown
    for hidden in ("down to the packet", "Whom it talks to", "<textarea", "Correct what it is"):
        assert hidden not in shown
    for rest in ("evidence/0/", "conversations/"):
        assert browser.get(f"/devices/{pump.pk}/{rest}").status_code == 403


def test_a_vendor_sees_the_device_and_its_evidence_without_what_the_hospital_wrote(
    make_person: MakePerson, signed_in: SignedIn, pump: Device, engineer: Client
) -> None:
    assert engineer.post(f"/devices/{pump.pk}/notes/", {"text": "CANARY-NOTE"}).status_code == 302
    assert "CANARY-NOTE" in page(engineer, pump)
    group = DeviceGroup.objects.create(name="Pumps")
    group.devices.add(pump)
    end = timezone.now() + timedelta(days=1)
    browser = signed_in(make_person("vic", "vendor", device_group=group, expires=end))
    shown = page(browser, pump)
    assert "down to the packet" in shown
    for hidden in ("CANARY-NOTE", "What people know", "<h2>Notes", "<h2>Documents"):
        assert hidden not in shown
    assert page(browser, pump, "evidence/0/")


def test_conversations_of_the_last_day_are_counted_and_listed(
    engineer: Client, pump: Device, workspace: Workspace
) -> None:
    answer = engineer.get(f"/devices/{pump.pk}/conversations/")
    day = answer.context["day"]
    with Registry.open(workspace.registry_path) as registry:
        known = registry.device(pump.pk)
        intervals = registry.intervals()
    assert known is not None
    with workspace.history().reader(intervals) as reader:
        begun = [row["start_ns"] for row in reader.conversations(Selection(device=pump.pk)).documents()]
    second, day_ns = 1_000_000_000, 86_400_000_000_000
    since = (known.last_seen_ns // second + 1) * second - day_ns
    assert day.total == sum(start >= since for start in begun) > 0
    assert sum(column.count for column in day.columns) == day.total
    assert "HL7" in answer.content.decode()


def test_a_device_counts_what_began_in_the_last_24_hours_of_the_data_and_no_more(
    pump: Device, workspace: Workspace
) -> None:
    with Registry.open(workspace.registry_path) as registry:
        until = max(device.last_seen_ns for device in registry.devices())
        intervals = registry.intervals()
    with workspace.history().reader(intervals) as reader:
        begun = [row["start_ns"] for row in reader.conversations(Selection(device=pump.pk)).documents()]
    assert pump.conversations == sum(start >= until - 86_400_000_000_000 for start in begun)


def test_the_packet_is_shown_with_its_payload_masked(engineer: Client, pump: Device, workspace: Workspace) -> None:
    shown = page(engineer, pump, f"evidence/{hl7_evidence(pump, workspace)}/")
    assert "HL7 ORU^R01" in shown
    assert "IPv4" in shown
    assert "is masked" in shown
    assert "4d</span> <span" not in shown.split("The headers")[0]  # the M of MSH, in the dump
    assert "MSH|" not in shown.replace("</span>", "")


def test_who_may_open_packets_sees_the_payload_and_that_is_recorded(
    engineer: Client, pump: Device, workspace: Workspace, recorded: Recorded
) -> None:
    address = f"/devices/{pump.pk}/evidence/{hl7_evidence(pump, workspace)}/?payload=shown"
    answer = engineer.get(address)
    signs = "".join(cell.sign for row in answer.context["rows"] for cell in row.cells)
    assert "MSH|^~" in signs
    assert any(
        one.kind == "packet.view" and one.subject == f"device:{pump.pk}" and (one.details or {})["payload"]
        for one in recorded()
    )


def test_who_sees_headers_alone_never_gets_the_payload(
    make_person: MakePerson, signed_in: SignedIn, pump: Device, workspace: Workspace
) -> None:
    browser = signed_in(make_person("nora", "network_engineer"))
    answer = browser.get(f"/devices/{pump.pk}/evidence/{hl7_evidence(pump, workspace)}/?payload=shown")
    signs = "".join(cell.sign for row in answer.context["rows"] for cell in row.cells)
    assert "MSH" not in signs
    assert not answer.context["opened"]


def test_a_capture_that_is_gone_is_named_with_where_it_was(
    engineer: Client, pump: Device, workspace: Workspace, capture: Path
) -> None:
    number = hl7_evidence(pump, workspace)
    capture.unlink()
    shown = page(engineer, pump, f"evidence/{number}/")
    assert "no longer where it was analysed" in shown
    assert str(capture) in shown


@pytest.mark.parametrize("other", ["attacks", "junk"])
def test_no_packet_of_another_file_is_shown_for_the_one_that_was_analysed(
    engineer: Client, pump: Device, workspace: Workspace, capture: Path, other: str
) -> None:
    number = hl7_evidence(pump, workspace)
    if other == "attacks":  # a capture too, with a packet of that number
        shutil.copy(recording().attacks, capture)
    else:
        capture.write_bytes(b"something else")
    answer = engineer.get(f"/devices/{pump.pk}/evidence/{number}/")
    assert "Another file lies where the capture was" in answer.content.decode()
    assert "rows" not in answer.context


def test_evidence_that_is_not_there_is_nothing(engineer: Client, pump: Device) -> None:
    assert engineer.get(f"/devices/{pump.pk}/evidence/9999/").status_code == 404


def test_a_record_is_edited_and_the_ledger_holds_old_and_new(
    engineer: Client, pump: Device, recorded: Recorded
) -> None:
    ward = Department.objects.create(site=pump.site, name="Ward 3")
    engineer.post(f"/devices/{pump.pk}/record/", {"department": ward.pk, "place": "Bed 4", "criticality": "high"})
    engineer.post(f"/devices/{pump.pk}/record/", {"department": ward.pk, "place": "Bed 5", "criticality": "high"})
    held = DeviceRecord.objects.get(device=pump)
    assert (held.place, held.department, held.criticality) == ("Bed 5", ward, "high")
    changes = [dict(one.details or {}) for one in recorded() if one.kind == "device.edit"]
    assert changes[-1] == {"changed.place.old": "Bed 4", "changed.place.new": "Bed 5"}
    assert "Bed 5" in page(engineer, pump)


def test_a_department_of_another_site_is_refused(engineer: Client, pump: Device) -> None:
    other = Department.objects.create(site=Site.objects.create(name="south"), name="Ward 9")
    engineer.post(f"/devices/{pump.pk}/record/", {"department": other.pk})
    assert not DeviceRecord.objects.filter(device=pump).exists()


def test_fields_of_the_machine_cannot_be_set_by_a_form(engineer: Client, pump: Device) -> None:
    engineer.post(f"/devices/{pump.pk}/record/", {"place": "x", "category": "printer", "device": "other", "title": "y"})
    again = Device.objects.get(pk=pump.pk)
    assert (again.category, again.title) == (pump.category, pump.title)


def test_who_may_only_look_changes_nothing(make_person: MakePerson, signed_in: SignedIn, pump: Device) -> None:
    browser = signed_in(make_person("cleo", "clinician"))
    for rest, sent in (
        ("record/", {"place": "x"}),
        ("notes/", {"text": "x"}),
        ("override/", {"attribute": "model", "value": "x"}),
    ):
        assert browser.post(f"/devices/{pump.pk}/{rest}", sent).status_code == 403
    assert not Note.objects.exists()
    assert not DeviceRecord.objects.exists()


def test_a_correction_wins_and_is_taken_back(engineer: Client, pump: Device) -> None:
    engineer.post(f"/devices/{pump.pk}/override/", {"attribute": "model", "value": "Plum 360", "note": "label"})
    assert Device.objects.get(pk=pump.pk).model == "Plum 360"
    shown = page(engineer, pump)
    assert "erik set model to “Plum 360”" in shown
    engineer.post(f"/devices/{pump.pk}/override/", {"attribute": "model", "value": ""})
    assert Device.objects.get(pk=pump.pk).model == pump.model


def test_a_word_that_is_no_kind_is_refused_with_what_was_meant(engineer: Client, pump: Device) -> None:
    answer = engineer.post(
        f"/devices/{pump.pk}/override/", {"attribute": "category", "value": "infusion_pumps"}, follow=True
    )
    assert "Did you mean: infusion_pump" in answer.content.decode()
    assert Device.objects.get(pk=pump.pk).category == "infusion_pump"


def test_a_note_is_signed(engineer: Client, pump: Device) -> None:
    engineer.post(f"/devices/{pump.pk}/notes/", {"text": "<b>battery</b> changed"})
    shown = page(engineer, pump)
    assert "&lt;b&gt;battery" in shown
    assert Note.objects.get().author.username == "erik"


def test_a_document_is_kept_by_its_digest_and_given_back_as_a_download(
    engineer: Client, pump: Device, workspace: Workspace
) -> None:
    file = SimpleUploadedFile("manual.pdf", b"%PDF-1.7 words", content_type="text/html")
    engineer.post(f"/devices/{pump.pk}/documents/", {"file": file})
    kept = Document.objects.get()
    assert (kept.kind, kept.size_bytes) == ("application/pdf", 14)
    assert documents.place(workspace, kept.sha256).read_bytes() == b"%PDF-1.7 words"
    answer = engineer.get(f"/devices/{pump.pk}/documents/{kept.pk}/")
    assert answer["Content-Disposition"] == 'attachment; filename="manual.pdf"'
    assert answer["Content-Type"] == "application/octet-stream"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert b"".join(answer) == b"%PDF-1.7 words"
    engineer.post(f"/devices/{pump.pk}/documents/{kept.pk}/remove/")
    assert not Document.objects.exists()
    assert not documents.place(workspace, kept.sha256).exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("page.html", b"<script>alert(1)</script>"),
        ("picture.svg", b"<svg onload='x'/>"),
        ("manual.pdf", b"MZ\x90\x00 a program"),
        ("words.txt", b"text\x00with zeros"),
        ("words.txt", b"\xff\xfe\xff\xfe words"),
        ("empty.txt", b""),
    ],
)
def test_other_files_are_not_taken(engineer: Client, pump: Device, name: str, content: bytes) -> None:
    engineer.post(f"/devices/{pump.pk}/documents/", {"file": SimpleUploadedFile(name, content)})
    assert not Document.objects.exists()


def test_a_document_of_one_device_is_not_had_through_another(engineer: Client, pump: Device) -> None:
    engineer.post(f"/devices/{pump.pk}/documents/", {"file": SimpleUploadedFile("a.txt", b"words")})
    other = Device.objects.exclude(pk=pump.pk)[0]
    assert engineer.get(f"/devices/{other.pk}/documents/{Document.objects.get().pk}/").status_code == 404


def test_too_large_a_document_is_refused() -> None:
    file = SimpleUploadedFile("a.txt", b"x")
    file.size = documents.LARGEST_BYTES + 1
    assert "larger than 20 MiB" in documents.refusal(file)


def test_what_a_peer_calls_itself_is_shown_as_text() -> None:
    said = "<script>alert(1)</script>"
    one = Spoken(at_ns=0, seconds=1.25, outward=True, peer_ip="", port=0, application="a<b", bytes=1536, peer=said)
    rows = rows_markup([one])
    assert said not in rows
    assert "&lt;script&gt;" in rows
    assert "A&lt;b" in rows
    assert "1.5 kB" in rows
