"""``asepsis risk`` end to end, on the captures that come with the tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from asepsis.cli.exits import Exit
from asepsis.cli.main import run


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert run(["risk", *arguments]) == Exit.DONE
    return capsys.readouterr().out


def document(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    return json.loads(printed(capsys, "--json", *arguments))


def test_devices_stand_in_order_with_factors_that_add_up(ward: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, "--workspace", ward)
    scores = [device["score"] for device in found["devices"]]
    assert scores == sorted(scores, reverse=True)
    for device in found["devices"]:
        assert sum(factor["points"] for factor in device["factors"]) == pytest.approx(device["score"])
        assert device["low"] <= device["score"] <= device["high"]
    assert found["stability"]["mean"] >= 0.9
    assert found["devices"][0]["advice"]["changes_tier"]


def test_a_control_that_a_person_records_lowers_the_score(
    ward: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = document(capsys, "--workspace", ward, "--device", "PACS_MAIN")["devices"][0]
    controls = tmp_path / "controls.csv"
    controls.write_text("device,control\nPACS_MAIN,allow_list\n")
    after = document(capsys, "--workspace", ward, "--device", "PACS_MAIN", "--controls", str(controls))["devices"][0]
    assert after["score"] < before["score"]
    controls.write_text("device,control\nPACS_MAIN,prayer\nnobody,watched\n")
    assert run(["risk", "--workspace", ward, "--controls", str(controls)]) == Exit.USAGE
    error = capsys.readouterr().err
    assert f"{controls}:2" in error
    assert f"{controls}:3" in error


def test_people_get_a_table_and_one_device_in_full(ward: str, capsys: pytest.CaptureFixture[str]) -> None:
    table = printed(capsys, "--workspace", ward, "--limit", "3")
    assert "the riskiest 3 of " in table
    full = printed(capsys, "--workspace", ward, "--device", "PACS_MAIN")
    assert "function: it keeps all images" in full
    assert "of 100" in full
