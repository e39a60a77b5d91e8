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
from lab import measures
from lab.score import RECORDING, run

pytestmark = pytest.mark.slow


@cache
def score() -> dict[str, Any]:
    analysis = Analysis(workspace=None, site="lab")
    analysis.run([str(RECORDING / "benign.pcapng.zst")])
    devices = [device.document() for device in fold(combine(analysis._observed)).devices]
    hosts = json.loads((RECORDING / "truth.json").read_text(encoding="utf-8"))["hosts"]
    return measures.score([(devices, hosts)])


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


def test_wrong_usage_and_absent_answers_have_their_exit_codes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def options(*workspaces: Path) -> argparse.Namespace:
        truth = [RECORDING / "truth.json"]
        return argparse.Namespace(workspaces=list(workspaces), truth=truth, picture=None, as_json=False)

    assert run(options(tmp_path, tmp_path)) == 2
    assert "2 workspaces and 1 truth files" in capsys.readouterr().err
    assert run(options(tmp_path / "absent")) == 2
    empty = tmp_path / "empty"
    empty.mkdir()
    assert run(options(empty)) == 3
