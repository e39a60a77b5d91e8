"""Worn sensors and an insulin pump, recorded by Bluetooth LE, are what their truth says; so is a fresh recording."""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from asepsis.devices.fold import fold
from asepsis.devices.observed import combine
from asepsis.knowledge.vocabulary import Category
from asepsis.pipeline.analyze import Analysis
from lab import air, measures

SHIPPED = Path(__file__).resolve().parent / "air"


def check(folder: Path) -> None:
    document: dict[str, Any] = json.loads((folder / "air.json").read_text())
    files = [folder / entry["file"] for entry in document["captures"]]
    assert len(files) == len(air.READERS)
    for entry, file in zip(document["captures"], files, strict=True):
        assert hashlib.sha256(file.read_bytes()).hexdigest() == entry["sha256"]
        assert file.stat().st_size < 1 << 20
    analysis = Analysis(workspace=None, site="lab")
    report = analysis.run([str(file) for file in files])
    assert [one.packets for one in report.captures] == [entry["packets"] for entry in document["captures"]]
    devices = {mac: device for device in fold(combine(analysis._observed)).devices for mac in device.macs}
    assert len(document["hosts"]) == 6
    for host in document["hosts"]:
        device = devices[host["mac"]]
        said = {entry["field"]: entry["value"] for entry in host["announces"]}
        assert measures.category_verdict(device.category, host["plays"]) == "right", host["name"]
        assert (device.model, device.serial, device.firmware) == (said["model"], said["serial"], said["firmware"])
        assert device.vendor == said["maker"]
        assert said["name"] in device.names
        assert host["emulator"] == air.EMULATOR


def test_the_shipped_air_is_what_its_truth_says() -> None:
    check(SHIPPED)


def test_everything_that_is_played_is_a_word_of_the_closed_list_and_is_said_in_words() -> None:
    devices = [device for devices in air.READERS.values() for device in devices]
    assert {device["plays"] for device in devices} <= {str(category) for category in Category}
    assert {device["name"] for device in devices} == set(air.SAYS)
    assert all(device["name"].startswith("Lab") for device in devices), "no real product is claimed"


def test_a_seed_draws_addresses_that_stay_and_another_draws_others() -> None:
    one, other = air.scenes(1), air.scenes(2)
    assert one == air.scenes(1)
    addresses = [device["address"] for scene in (*one.values(), *other.values()) for device in scene["devices"]]
    assert len(set(addresses)) == len(addresses)
    assert all(int(address[:2], 16) >= 0xC0 for address in addresses)


@pytest.mark.slow
def test_the_air_is_recorded_anew_with_another_seed(tmp_path: Path) -> None:
    for program in ("tshark", "zstd", "setpriv"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    assert air.run(argparse.Namespace(output=tmp_path, seed=7)) == 0
    check(tmp_path)
