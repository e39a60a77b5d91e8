"""A few devices of the hospital are recorded anew, with an attack, labelled, scored; nothing is left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from lab import needs
from lab.hospital.labels import program
from lab.record import ENVIRONMENT
from tests.system.test_recording import Enclosure

ROOT = Path(__file__).resolve().parent.parent.parent
FEW = "ct1,pacs1,ris1,engine1,ehr1,pc1,pump1,pumpsrv1,hema1,lis1"
ATTACKS = "cfind_harvest,pump_settings"
# A pump reports every 25 seconds, and must have done so while it is recorded, also on a busy machine.
MINUTES = "1"
RECORD_SECONDS = 600


def command(output: Path) -> list[str]:
    argv = [sys.executable, "-m", "lab", "record", "--output", str(output), "--devices", FEW]
    return [*argv, "--patients", "3", "--days", "1", "--minutes", MINUTES, "--attacks", ATTACKS]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lacking = needs.missing(hospital=True)
    if lacking:
        pytest.skip("; ".join(lacking))
    output = tmp_path_factory.mktemp("hospital")
    running = subprocess.Popen(command(output), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    enclosure = Enclosure(running, output)
    said, _ = running.communicate(timeout=RECORD_SECONDS)
    assert running.returncode == 0, said.decode(errors="replace")
    assert enclosure.programs() == []
    assert not any(folder.exists() for folder in enclosure.folders)
    return output


def truth(recorded: Path) -> Any:
    return json.loads((recorded / "truth.json").read_text())


@pytest.mark.root
@pytest.mark.slow
def test_the_truth_names_what_each_device_announced_and_where(recorded: Path) -> None:
    hosts = {host["name"]: host for host in truth(recorded)["hosts"]}
    assert set(FEW.split(",")) <= set(hosts)
    assert hosts["pump1"]["plays"] == "infusion_pump"
    assert hosts["pump1"]["answers"]["serial"] in {entry["value"] for entry in hosts["pump1"]["announces"]}
    assert all(entry["first_frame"] >= 1 for host in hosts.values() for entry in host["announces"])
    assert hosts["pump1"]["ipv4"]
    assert hosts["pump1"]["programs"]


@pytest.mark.root
@pytest.mark.slow
def test_the_manifest_names_the_versions_that_are_installed_and_the_truth_the_programs_that_ran(recorded: Path) -> None:
    versions = json.loads((recorded / "manifest.json").read_text())["programs"]
    for package, version in versions["debian"].items():
        argv = ["dpkg-query", "-W", "-f", "${Version}", package]
        assert subprocess.run(argv, capture_output=True, text=True, check=True).stdout == version
    argv = [str(ENVIRONMENT / "bin" / "python"), "-m", "pip", "freeze"]
    installed = set(subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split())
    assert {f"{name}=={version}" for name, version in versions["python"].items()} <= installed
    ran = {(deed["host"], program(deed["argv"])) for deed in truth(recorded)["done"]}
    assert {(host["name"], name) for host in truth(recorded)["hosts"] for name in host["programs"]} <= ran


@pytest.mark.root
@pytest.mark.slow
def test_attacks_are_labelled_with_time_source_target_and_technique(recorded: Path) -> None:
    labels = {label["name"]: label for label in truth(recorded)["attacks"]}
    assert set(labels) == set(ATTACKS.split(","))
    for label in labels.values():
        assert label["happened"], label["why_not"]
        assert label["start_ns"] < label["end_ns"]
        assert label["source"]["ipv4"]
        assert label["technique"]["id"].startswith("T0")
        assert label["clinical_function"]
    assert {target["name"] for target in labels["cfind_harvest"]["targets"]} == {"pacs1"}


@pytest.mark.root
@pytest.mark.slow
def test_a_score_is_made_of_the_recording(recorded: Path, tmp_path: Path) -> None:
    workspace, file = str(tmp_path / "w"), str(recorded / "benign.pcapng.zst")
    argv = [sys.executable, "-m", "asepsis.cli", "analyze", file, "--workspace", workspace]
    subprocess.run(argv, cwd=ROOT, check=True, capture_output=True, timeout=300)
    argv = [sys.executable, "-m", "lab", "score", workspace, "--truth", str(recorded / "truth.json"), "--json"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode in (0, 1), done.stderr
    score = json.loads(done.stdout)
    assert score["claims"] > 10
    assert score["addresses"]["hosts that are one device"] >= 10
    assert score["categories"]["known"].get("right", 0) >= 3


@pytest.mark.root
@pytest.mark.slow
def test_a_recording_killed_half_way_leaves_no_process(recorded: Path, tmp_path: Path) -> None:
    running = subprocess.Popen(command(tmp_path), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    enclosure = Enclosure(running, tmp_path)
    end = time.monotonic() + 60
    while not {"dumpcap", "dnsmasq"} <= set(enclosure.programs()):
        assert running.poll() is None
        assert time.monotonic() < end
        time.sleep(0.05)
    running.kill()
    running.communicate()
    end = time.monotonic() + 60
    while left := enclosure.programs():
        assert time.monotonic() < end, left
        time.sleep(0.05)
    for folder in enclosure.folders:
        os.utime(folder, (0, 0))


def test_an_unknown_device_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "lab", "record", "--output", str(tmp_path / "out"), "--devices", "ct1,nobody"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "nobody" in done.stderr
    assert not (tmp_path / "out").exists()
