"""``asepsis plan`` end to end, on the captures that come with the tests."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from asepsis.cli.exits import Exit
from asepsis.cli.main import run


def printed(capsys: pytest.CaptureFixture[str], *arguments: str, ends: Exit = Exit.DONE) -> str:
    capsys.readouterr()
    assert run(["plan", *arguments]) == ends
    return capsys.readouterr().out


def document(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    return json.loads(printed(capsys, *arguments))


def test_work_stands_in_order_and_a_budget_takes_the_first_of_it(ward: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, "--workspace", ward, "--json")
    ratios = [item["per_hour"] for item in found["items"]]
    assert ratios == sorted(ratios, reverse=True)
    assert ratios[0] > 0
    assert 0 < found["share_of_best"] <= 1
    few = document(capsys, "--workspace", ward, "--json", "--hours", "5")
    assert sum(item["hours"] for item in few["items"]) <= 5
    assert few["items"] == found["items"][: len(few["items"])]


def test_the_forms_for_other_programs_name_the_same_work(ward: str, capsys: pytest.CaptureFixture[str]) -> None:
    ids = [item["id"] for item in document(capsys, "--workspace", ward, "--json")["items"]]
    rows = list(csv.DictReader(io.StringIO(printed(capsys, "--workspace", ward, "--csv"))))
    assert [row["id"] for row in rows] == ids
    records = document(capsys, "--workspace", ward, "--servicenow")["records"]
    assert [record["correlation_id"] for record in records] == ids
    bulks = document(capsys, "--workspace", ward, "--jira", "MED")
    labels = [label for bulk in bulks for issue in bulk["issueUpdates"] for label in issue["fields"]["labels"]]
    assert [label.removeprefix("asepsis-") for label in labels if label.startswith("asepsis-")] == ids


def test_one_piece_of_work_is_shown_in_full_by_the_beginning_of_its_id(
    ward: str, capsys: pytest.CaptureFixture[str]
) -> None:
    first = document(capsys, "--workspace", ward, "--json")["items"][0]
    full = printed(capsys, "--workspace", ward, "--item", first["id"][:10])
    assert first["title"] in full
    assert first["why"][0] in full
    assert run(["plan", "--workspace", ward, "--item", "zzzz"]) == Exit.REFUSED_OR_FOUND


def test_people_get_a_table_with_what_all_of_it_comes_to(ward: str, capsys: pytest.CaptureFixture[str]) -> None:
    table = printed(capsys, "--workspace", ward)
    assert "points of risk" in table
    assert "times as much in the same hours" in table


def test_own_hours_of_the_workspace_count_and_wrong_ones_are_refused_with_their_line(
    ward: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = document(capsys, "--workspace", ward, "--json")
    item = before["items"][0]
    monkeypatch.setenv("ASEPSIS_PLAN_HOURS", f"{item['action']}=0.01+0")
    after = document(capsys, "--workspace", ward, "--json")
    assert next(one["hours"] for one in after["items"] if one["id"] == item["id"]) == 0.01
    monkeypatch.setenv("ASEPSIS_PLAN_HOURS", "prayer=1+1")
    assert run(["plan", "--workspace", ward]) != Exit.DONE
    assert "prayer" in capsys.readouterr().err


def test_a_few_days_do_not_tell_when_a_device_is_idle(ward: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(
        printed(capsys, "windows", "PACS_MAIN", "--workspace", ward, "--json", ends=Exit.REFUSED_OR_FOUND)
    )
    assert found["answer"] == "cannot tell"
    assert found["more_days_needed"] > 0
    assert "days" in printed(capsys, "windows", "PACS_MAIN", "--workspace", ward, ends=Exit.REFUSED_OR_FOUND)


def test_two_forms_at_once_are_refused(ward: str, tmp_path: Path) -> None:
    assert run(["plan", "--workspace", ward, "--json", "--csv"]) == Exit.USAGE
    assert run(["plan", "--workspace", str(tmp_path / "none")]) != Exit.DONE
