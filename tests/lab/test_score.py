"""The shipped recording is scored by the command: what identification promises holds on it."""

from __future__ import annotations

import argparse
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from asepsis.devices.fold import fold
from asepsis.devices.observed import combine
from asepsis.pipeline.analyze import Analysis
from lab import attacked, measures
from lab.score import RECORDING, run

pytestmark = pytest.mark.slow


@cache
def devices_of(capture: str) -> list[dict[str, Any]]:
    analysis = Analysis(workspace=None, site="lab")
    analysis.run([str(RECORDING / capture)])
    return [device.document() for device in fold(combine(analysis._observed)).devices]


@cache
def truth() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((RECORDING / "truth.json").read_text(encoding="utf-8"))
    return document


@cache
def score() -> dict[str, Any]:
    return measures.score([(devices_of("benign.pcapng.zst"), truth()["hosts"])])


@cache
def under_attack() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    return devices_of("attacks.pcapng.zst"), attacked.hosts(truth())


def test_kinds_that_tuning_may_see_are_known() -> None:
    assert score()["macro_f1"] >= 0.98
    assert score()["categories"][measures.KNOWN].get("wrong", 0) == 0


def test_hardly_a_kind_kept_from_tuning_gets_a_wrong_name() -> None:
    assert score()["wrong_on_kept"] <= 0.02


def test_hardly_a_claim_is_wrong_and_sureness_can_be_believed() -> None:
    assert score()["claims"] > 500
    assert score()["wrong_claims"] <= 0.005
    assert score()["expected_calibration_error"] <= 0.05


def test_every_host_is_one_device_and_no_device_has_no_host() -> None:
    addresses = score()["addresses"]
    assert addresses.get("hosts that were split", 0) == 0
    assert addresses.get("hosts without a device", 0) == 0
    assert addresses.get("addresses of others", 0) == 0
    assert addresses.get("addresses not tied", 0) <= 2, "addresses of firewalls on their outer side are not seen"


def test_no_attacker_is_taken_for_what_he_pretends_to_be() -> None:
    result = measures.score([under_attack()])
    assert result["wrong"] == []
    assert result["macro_f1"] >= 0.98
    assert result["expected_calibration_error"] <= 0.05
    assert result["addresses"].get("hosts that were split", 0) == 0


def test_attackers_are_judged_apart_and_what_they_ran_is_true_of_their_hosts() -> None:
    figures = attacked.apart([under_attack()])
    assert figures["hosts that attacks came from"]["hosts"] >= 10
    assert figures["hosts that attacks came from"]["claims"] > 30
    devices, hosts = under_attack()
    # Without the attacks' own programs the same answers would be wrong: the labels are what makes them true.
    assert measures.score([(devices, truth()["hosts"])])["wrong"]
    assert attacked.report(figures).count("0 wrong of") == 2
    assert {host["name"] for host in hosts if "network_scanner" in host["also_plays"]}


def test_a_pump_that_is_programmed_and_reports_is_no_engine() -> None:
    engines = {device["category"] for device in devices_of("benign.pcapng.zst") if device["role"] == "hl7_engine"}
    assert engines == {"interface_engine"}


def test_wrong_usage_and_absent_answers_have_their_exit_codes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def options(*workspaces: Path) -> argparse.Namespace:
        truth = [RECORDING / "truth.json"]
        return argparse.Namespace(workspaces=list(workspaces), truth=truth, picture=None, as_json=False, attacks=False)

    assert run(options(tmp_path, tmp_path)) == 2
    assert "2 workspaces and 1 truth files" in capsys.readouterr().err
    assert run(options(tmp_path / "absent")) == 2
    empty = tmp_path / "empty"
    empty.mkdir()
    assert run(options(empty)) == 3
