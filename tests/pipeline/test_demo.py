"""The recorded hospital comes with the package, once, and is found as its truth says."""

from __future__ import annotations

import hashlib
import json
import tomllib
from pathlib import Path

import pytest

from asepsis.kernel.errors import AsepsisError
from asepsis.pipeline import demo, registry
from asepsis.pipeline.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]


def test_the_files_are_those_of_the_manifest() -> None:
    shown = demo.recording()
    digests = {entry["file"]: entry["sha256"] for entry in shown.manifest["captures"]}
    for file in (shown.benign, shown.attacks):
        assert hashlib.sha256(file.read_bytes()).hexdigest() == digests[file.name]


def test_every_file_of_the_recording_is_put_into_the_wheel() -> None:
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    package = ROOT / "src" / "asepsis" / "pipeline"
    packed = {file for pattern in patterns["asepsis.pipeline"] for file in package.glob(pattern)}
    assert set(demo.recording().folder.iterdir()) <= packed


def test_an_installation_without_the_recording_says_so(tmp_path: Path) -> None:
    with pytest.raises(AsepsisError) as caught:
        demo.recording(tmp_path)
    assert caught.value.code == "demo-missing"


def test_every_host_that_the_truth_tells_of_is_found_and_progress_is_told(tmp_path: Path) -> None:
    shown = demo.recording()
    workspace = Workspace.resolve(tmp_path / "w")
    told: list[int] = []
    report = demo.analyze_benign(shown, workspace=workspace, progress=lambda step: told.append(step.bytes_done))
    assert report.captures[0].error is None
    assert told == sorted(told)
    assert 0 < told[-1] <= shown.benign.stat().st_size
    hosts = {host["mac"] for host in json.loads(shown.truth.read_text())["hosts"]}
    with registry.Registry.open(workspace.registry_path) as known:
        found = {mac for device in known.devices(demo.SITE) for mac in device.document()["addresses"]["mac"]}
    assert hosts <= found
