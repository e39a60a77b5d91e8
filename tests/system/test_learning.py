"""The whole way on real set-ups: learn from labelled captures, ask how right that is, use the model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from asepsis.cli.exits import Exit
from asepsis.cli.main import run

ARCHIVE = Path(__file__).resolve().parents[2] / ".cache" / "shared" / "iot_sentinel"
TYPES = ("Aria", "HueBridge", "Withings", "Lightify")


@pytest.mark.slow
def test_a_model_learnt_from_some_set_ups_names_the_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("sklearn", reason="scikit-learn grows the trees")
    if not ARCHIVE.is_dir():
        pytest.skip("the captures of IoT Sentinel are not at hand (.cache/shared/iot_sentinel)")
    labels = tmp_path / "labels.csv"
    lines = ["capture,device,type,category,vendor"]
    shown, asked = [], []
    for name in (*TYPES, "MAXGateway"):
        mac = (ARCHIVE / name / "_iotdevice-mac.txt").read_text().strip()
        lines.append(f"{ARCHIVE / name},{mac},{name},smart_home,Maker of {name}")
        captures = sorted(str(path) for path in (ARCHIVE / name).glob("*.pcap"))
        shown += captures[:7] if name in TYPES else []
        asked += captures[7:10]
    labels.write_text("\n".join(lines) + "\n")
    model = tmp_path / "ours.model"

    assert run(["devices", "learn", "--labels", str(labels), *shown, "-o", str(model), "--json"]) == Exit.DONE
    learnt = json.loads(capsys.readouterr().out)
    assert (sorted(learnt["types"]), learnt["windows"], len(learnt["digest"])) == (sorted(TYPES), 28, 64)

    assert run(["devices", "evaluate", str(model), "--labels", str(labels), *asked, "--json"]) == Exit.DONE
    answer = json.loads(capsys.readouterr().out)
    assert answer["accuracy"] >= 0.9
    assert answer["unseen_profiles"] == 3
    assert answer["unseen_named"] == 0.0

    workspace = str(tmp_path / "workspace")
    hue = next(path for path in asked if "HueBridge" in path)
    unseen = next(path for path in asked if "MAXGateway" in path)
    assert run(["analyze", hue, unseen, "--model", str(model), "--workspace", workspace]) == Exit.DONE
    capsys.readouterr()
    assert run(["devices", "--json", "--workspace", workspace]) == Exit.DONE
    said = {
        (clue["attribute"], clue["value"])
        for device in json.loads(capsys.readouterr().out)
        for clue in device["evidence"]
        if clue["protocol"] == "behaviour"
    }
    assert said == {("category", "smart_home"), ("vendor", "Maker of HueBridge"), ("model", "HueBridge")}
