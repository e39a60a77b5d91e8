from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from django.utils import timezone

from asepsis.pipeline import reports
from asepsis.pipeline.analyze import analyze
from asepsis.pipeline.report import CaptureReport
from asepsis.pipeline.workspace import Workspace
from asepsis.web.jobs.models import Job
from asepsis.web.keeping.backup import LAST_NAME
from tests.web.conftest import MakePerson, SignedIn
from tests.web.jobs.test_upload import EMPTY


def report(path: str, packets: int, decoded: int, error: str | None = None) -> CaptureReport:
    undecoded = {"truncated": packets - decoded}
    return CaptureReport(path=path, packets=packets, decoded=decoded, undecoded=undecoded, error=error)


def test_coverage_is_summed_over_captures_and_damage_is_named(
    make_person: MakePerson, signed_in: SignedIn, workspace: Workspace
) -> None:
    reports.keep(workspace, "north", [report("/x/old.pcap", 100, 90), report("/x/ward.pcap", 100, 0)])
    # Analysed once more: only the latest counts.
    reports.keep(workspace, "north", [report("/x/ward.pcap", 100, 60, "/x/ward.pcap: the file ends early")])
    page = signed_in(make_person("nora", "network_engineer")).get("/health/")
    assert (page.context["packets"], page.context["share"]) == (200, 0.75)
    assert [reason.count for reason in page.context["reasons"]] == [50]
    assert "ward.pcap: ward.pcap: the file ends early" in page.content.decode()


def test_what_was_analysed_on_the_command_line_counts_too(
    make_person: MakePerson, signed_in: SignedIn, workspace: Workspace, tmp_path: Path
) -> None:
    capture = tmp_path / "ward.pcap"
    capture.write_bytes(EMPTY + b"\0" * 7)  # ends inside a packet
    analyze([capture], workspace=workspace, site="north", progress=None)
    told = signed_in(make_person("nora", "network_engineer")).get("/api/v1/health").json()["coverage"]
    assert told["captures"] == 1


def test_without_anything_the_page_says_so(make_person: MakePerson, signed_in: SignedIn, workspace: Workspace) -> None:
    page = signed_in(make_person("nora", "network_engineer")).get("/health/").content.decode()
    for words in (
        "Nothing was analysed yet",
        "No capture was read yet",
        "None was made of this workspace",
        "No witness",
    ):
        assert words in page, words


def test_drops_and_the_silence_of_a_sensor_are_shown(
    make_person: MakePerson, signed_in: SignedIn, workspace: Workspace
) -> None:
    browser = signed_in(make_person("nora", "network_engineer"))
    result = {"packets": 900, "drops": 100, "ring_share": 0.5, "waiting_bytes": 7, "at": timezone.now().isoformat()}
    job = Job.objects.create(kind=Job.SENSOR, title="s", state="running", begun=timezone.now(), result=result)
    told = browser.get("/api/v1/health").json()["sensor"]
    assert (told["state"], told["drops"], told["drop_share"], told["ring_share"]) == ("running", 100, 0.1, 0.5)
    assert "100 of 900 packets dropped" in browser.get("/health/").content.decode()
    Job.objects.filter(pk=job.pk).update(result={**result, "at": (timezone.now() - timedelta(hours=1)).isoformat()})
    assert browser.get("/api/v1/health").json()["sensor"]["state"] == "silent"
    Job.objects.filter(pk=job.pk).update(state="failed", message="it was ended from outside", ended=timezone.now())
    page = browser.get("/health/").content.decode()
    assert "it was ended from outside" in page
    assert "It ended 1 time in the last day" in page


def test_the_age_of_the_ledger_and_of_the_backup_are_told(
    make_person: MakePerson, signed_in: SignedIn, workspace: Workspace
) -> None:
    browser = signed_in(make_person("nora", "network_engineer"))
    browser.get("/api/v1/sites")
    browser.get("/api/v1/events")  # leaves a record
    at = timezone.now() - timedelta(days=3)
    (workspace.root / LAST_NAME).write_text(json.dumps({"at": at.isoformat()}))
    told = browser.get("/api/v1/health").json()
    assert told["ledger"]["size"] >= 1
    assert told["ledger"]["head"] is not None
    assert told["ledger"]["fault"] == ""
    assert told["last_backup"].startswith(f"{at:%Y-%m-%d}")
    assert "The last was made 3" in browser.get("/health/").content.decode()
