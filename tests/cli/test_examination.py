"""What ``asepsis doctor`` finds, on machines that lack something."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from asepsis.cli import examination
from asepsis.cli.examination import State
from asepsis.cli.exits import Exit
from asepsis.cli.main import run

# The lines of /proc/PID/status as Linux writes them: proc(5), capabilities(7); CAP_NET_RAW is bit 13.
ROOT = "Name:\tpython\nCapEff:\t000001ffffffffff\nCapBnd:\t000001ffffffffff\n"
NOBODY = "Name:\tpython\nCapEff:\t0000000000000000\nCapBnd:\t000001ffffffffff\n"
ONLY_NET_RAW = "CapEff:\t0000000000002000\n"
ALL_BUT_NET_RAW = "CapEff:\t000001ffffffdfff\n"


@pytest.mark.parametrize(
    ("status", "allowed"), [(ROOT, True), (NOBODY, False), (ONLY_NET_RAW, True), (ALL_BUT_NET_RAW, False), ("", False)]
)
def test_the_permission_to_capture_is_read_from_the_effective_capabilities(status: str, *, allowed: bool) -> None:
    assert examination.may_capture(status) is allowed


def test_without_the_permission_to_capture_watch_is_warned_about(tmp_path: Path) -> None:
    path = tmp_path / "status"
    path.write_text(NOBODY)
    (finding,) = examination.capture(path)
    assert finding.state is State.WARNING
    assert "asepsis watch" in finding.found
    assert "CAP_NET_RAW" in finding.remedy


def test_kernels_that_are_not_compiled_are_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASEPSIS_CACHE", str(tmp_path))
    (finding,) = examination.kernels()
    assert finding.state is State.WARNING
    assert "half a minute" in finding.found


def test_the_tables_that_are_shipped_are_good() -> None:
    (finding,) = examination.knowledge()
    assert finding.state is State.GOOD


def test_every_package_of_the_requirements_is_found_with_its_version() -> None:
    # A part that only some want may be absent: that is said and is no fault.
    finding, *others = examination.packages()
    assert finding.state is State.GOOD
    assert all(other.state is State.WARNING for other in others)
    for name in ("numpy", "numba", "duckdb", "click"):
        assert f"{name} " in finding.found


def test_a_package_is_found_by_its_name_whatever_stands_behind_it() -> None:
    (finding,) = examination.packages(
        ["numpy[fast,more]>=2.2", "click (>=8)", 'rich~=14; python_version > "3"', "duckdb"]
    )
    assert finding.state is State.GOOD
    assert [found.split(" ")[0] for found in finding.found.split(", ")] == ["numpy", "click", "rich", "duckdb"]


def test_a_package_that_is_absent_is_bad_unless_only_a_part_needs_it() -> None:
    found = examination.packages(["numpy", "no-such-thing>=1", 'nor-this[all]>=1; extra == "learn"'])
    assert [finding.state for finding in found] == [State.GOOD, State.BAD, State.WARNING]
    assert "no-such-thing" in found[1].found
    assert "nor-this" in found[2].found
    assert "asepsis[learn]" in found[2].remedy


def test_a_workspace_that_is_not_there_yet_is_no_fault(tmp_path: Path) -> None:
    findings = examination.workspace_health(tmp_path / "new")
    assert [finding.state for finding in findings] == [State.GOOD, State.GOOD]
    assert not (tmp_path / "new").exists()


def test_a_folder_that_is_no_workspace_is_bad_and_the_rest_is_still_examined(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "holiday.jpg").touch()
    assert run(["doctor", "--json", "--workspace", str(tmp_path)]) == Exit.REFUSED_OR_FOUND
    findings = json.loads(capsys.readouterr().out)
    bad = [finding for finding in findings if finding["state"] == "bad"]
    assert [finding["subject"] for finding in bad] == ["workspace"]
    assert "holiday.jpg" in bad[0]["found"]
    assert {finding["subject"] for finding in findings} >= {"python", "packages", "kernels", "knowledge", "capture"}


def test_a_healthy_machine_ends_with_0_and_shows_a_line_for_each_subject(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["doctor", "--workspace", str(tmp_path / "new")]) == Exit.DONE
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "CPython" in shown
