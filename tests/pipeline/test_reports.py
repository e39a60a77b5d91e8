from __future__ import annotations

from pathlib import Path

import pytest

from asepsis.pipeline import reports
from asepsis.pipeline.report import CaptureReport
from asepsis.pipeline.workspace import Workspace


def report(path: str, packets: int, decoded: int) -> CaptureReport:
    return CaptureReport(path=path, packets=packets, decoded=decoded, undecoded={"truncated": packets - decoded})


def test_the_latest_report_of_a_capture_counts_and_the_newest_comes_first(tmp_path: Path) -> None:
    workspace = Workspace.resolve(tmp_path / "w").create()
    reports.keep(workspace, "north", [report("/x/a.pcap", 10, 1), report("/x/b.pcap", 10, 10)])
    reports.keep(workspace, "south", [report("/x/a.pcap", 10, 5)])
    reports.keep(workspace, "north", [report("/x/a.pcap", 10, 9)])
    found = [(one.site, one.capture["path"], one.capture["decoded"]) for one in reports.latest(workspace)]
    assert found == [("north", "/x/a.pcap", 9), ("south", "/x/a.pcap", 5), ("north", "/x/b.pcap", 10)]


def test_what_the_workspace_held_already_is_no_news(tmp_path: Path) -> None:
    workspace = Workspace.resolve(tmp_path / "w").create()
    reports.keep(workspace, "north", [CaptureReport(path="/x/a.pcap", already_analyzed=True)])
    assert reports.latest(workspace) == []


def test_a_damaged_line_of_the_reports_is_passed_over(tmp_path: Path) -> None:
    workspace = Workspace.resolve(tmp_path / "w").create()
    reports.keep(workspace, "north", [report("/x/a.pcap", 10, 10)])
    with (workspace.root / reports.NAME).open("ab") as file:
        file.write(b'{"at": "x"}\n\xff\n[]\n{"at":"2026-01-01","site":"n","capture":{"packets":"1"}}\n{"cut')
    assert [one.capture["path"] for one in reports.latest(workspace)] == ["/x/a.pcap"]


def test_reports_are_kept_in_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = Workspace.resolve(tmp_path / "w").create()
    monkeypatch.setattr(reports, "SIZE_LIMIT_BYTES", 2000)
    for number in range(100):
        reports.keep(workspace, "north", [report(f"/x/{number}.pcap", 1, 1)])
    assert (workspace.root / reports.NAME).stat().st_size < 4000
    assert reports.latest(workspace)[0].capture["path"] == "/x/99.pcap"
