"""The section on exposure: its rows stand in the page, and what could not be measured is told, not counted as zero."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bench.exposure.__main__ import ask_statements
from bench.exposure.figures import PARTS, page
from bench.exposure.statements import planted_recalls
from bench.results import RESULTS

MEASURED = [
    "findings, precision",
    "findings, recall",
    "findings, cannot tell",
    "findings, called safe",
    "use cases of CycloneDX VEX, expected answers",
    "examples of CSAF VEX, statuses read",
    "examples of CSAF VEX, answers for devices",
    "real list of components narrow.sbom.json, expected answers",
    "real list of components extended.sbom.json, expected answers",
    "planted recalls, expected answers",
    "weaknesses of the recorded hospital",
    "lies in disclosure forms",
    "risk, rank correlation under 20 % noise",
    "advice that promises a lower tier, and keeps it",
    "plan, promised scores that hold when the work is done",
    "plan, removed of the most that any plan could remove in the same hours, at the worst moment",
    "idle windows promised after less than 4 weeks",
    "hours in which care used a device, taken for idle",
]


def section() -> str:
    _, found, after = RESULTS.read_text(encoding="utf-8").partition("\n## Exposure\n")
    assert found, "the page has no section Exposure"
    return after.partition("\n## ")[0]


@pytest.mark.parametrize("what", MEASURED)
def test_the_page_has_a_measured_row_of_each_evaluation(what: str) -> None:
    rows = [line.split(" | ") for line in section().splitlines() if line.startswith(f"| {what} | ")]
    assert len(rows) == 1, f"one row of: {what}"
    assert re.match(r"[\d,.]+ of |[\d.]+, least |[\d.]+%, |precision |\d+ of ", rows[0][2]), rows[0]


def test_a_page_without_any_figures_says_of_each_part_that_it_was_not_measured() -> None:
    lines = page({})
    for part, archive in PARTS.items():
        (row,) = [line for line in lines if line.startswith(f"| {part} |")]
        assert "not measured" in row
        assert not re.search(r"\d", row)
        assert f"`{archive}`" in row or not archive
    assert "Scale: not measured." in lines


def test_a_goal_that_is_missed_is_called_so_and_a_part_says_when_it_was_measured() -> None:
    rows = [["this", "all", "9 of 10", False], ["that", "all", "10 of 10", True], ["other", "", "0.5", None]]
    lines = page({"recalls": {"rows": rows, "when": "2026-01-02", "version": "1.2"}})
    assert "| this | all | 9 of 10 | **SHORTFALL** |" in lines
    assert "| that | all | 10 of 10 | met |" in lines
    assert "| other |  | 0.5 |  |" in lines
    assert "Measured: recalls on 2026-01-02, Asepsis 1.2." in lines


def test_an_absent_archive_is_told_and_leaves_the_page_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = RESULTS.read_bytes()
    assert ask_statements(tmp_path / "absent")
    assert "sbom_vex is not at hand" in capsys.readouterr().err
    assert RESULTS.read_bytes() == before


def test_the_row_of_recalls_counts_every_answer() -> None:
    ((what, goal, measured, is_met),) = planted_recalls()
    assert (what, goal, is_met) == ("planted recalls, expected answers", "all", True)
    assert measured == "276 of 276"
