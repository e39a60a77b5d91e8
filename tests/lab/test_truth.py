"""No claim of the truth file is untrue of the program behind it: programs, versions, models, times, addresses."""

from __future__ import annotations

import ipaddress
import json
import re
import shutil
import subprocess
from datetime import datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from asepsis.pipeline import demo
from lab import needs
from lab.hospital import attacks, kinds, pieces, topology
from lab.hospital.labels import program
from lab.tellable import TOLD_BY

ROOT = Path(__file__).resolve().parents[2]
OF_PYPI = {"mllp_send": "hl7", "storescu": "pynetdicom", "python": "pymodbus"}
"""Commands that packages of the lab's own environment bring."""
ALSO = {
    "python3": "python3",
    "ssh": "openssh-client",
    "iodined": "iodine",
    "snmpwalk": "snmp",
    "lpadmin": "cups-client",
}


OF_LABELS = {"sdc11073": "sdc_consumer.py"}
"""Packages whose name stands in a label, and the program that uses them."""
STRANGER = "00:50:56:c5:d1:a9"
"""The attacker's host on the internet: its frames are not seen in the hospital, so that no answer is asked about it."""


@cache
def truth() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(demo.recording().truth.read_text())
    return document


def manifest() -> Any:
    return demo.recording().manifest


def entries(name: str) -> list[str]:
    """What a host announced under a field that ends so."""
    return [said["value"] for host in truth()["hosts"] for said in host["announces"] if said["field"].endswith(name)]


def upstream(package: str) -> str:
    version: str = manifest()["programs"]["debian"][package]
    return version.split(":")[-1].split("-")[0]


def test_every_program_of_a_host_is_of_a_package_whose_version_the_manifest_has_or_is_the_labs_own() -> None:
    debian, python = manifest()["programs"]["debian"], manifest()["programs"]["python"]
    own = {file.name for file in (ROOT / "lab" / "programs").iterdir()}
    for host in truth()["hosts"]:
        for name in host["programs"]:
            package = {**needs.HOSPITAL_PROGRAMS, **ALSO}.get(name)
            assert name in own or package in debian or OF_PYPI.get(name) in python, (host["name"], name)


def test_a_program_of_the_labs_own_that_plays_a_devices_protocol_is_called_an_emulator() -> None:
    for host in truth()["hosts"]:
        played = {"astm_analyser.py", "astm_receiver.py", "poct1a_meter.py", "poct1a_manager.py", "fhir_server.py"}
        played |= {"intellivue_monitor.py", "intellivue_client.py"}
        assert bool(played & set(host["programs"])) == ("emulator" in host), host["name"]


def test_versions_that_programs_announce_are_those_that_were_installed() -> None:
    classes = {text for text in entries("vendor_class_id") if text.startswith("udhcp ")}
    assert classes == {f"udhcp {upstream('udhcpc')}"}
    full = manifest()["programs"]["debian"]["openssh-server"].split(":")[-1]
    banner = f"SSH-2.0-OpenSSH_{upstream('openssh-server')} Debian-{full.split('-', 1)[1]}"
    assert set(entries("ssh.protocol")) == {banner}
    number = "".join(upstream("dcmtk").split(".")[:3]).partition("~")[0]
    assert set(entries("dicom.userinfo.version")) == {f"OFFIS_DCMTK_{number}"}


def test_a_model_and_a_firmware_are_those_that_the_topology_allows_and_the_week_changes() -> None:
    hospital = topology.read(seed=truth()["seed"])
    for host in truth()["hosts"]:
        device = hospital.devices[host["name"]]
        update = hospital.updates.get(host["name"])
        last = update.firmware if update is not None else device.model.firmware
        assert host["kind"] == device.kind
        assert host["plays"] == kinds.category(device.kind)
        move = hospital.moves.get(host["name"])
        assert host["segment"] == (move.to if move is not None else device.segment)
        assert host["mac_prefix_of"] == (device.model.prefix_of or None)
        assert host["answers"]["model"] in (None, device.model.model)
        assert host["answers"]["firmware"] in (None, last), host["name"]
        assert host["answers"]["serial"] in (None, device.serial)
        assert host.get("first_day") == hospital.arrivals.get(host["name"])
        if update is not None:
            assert host["updated"] == {"day": update.day, "firmware_before": [device.model.firmware]}


def test_what_tells_a_category_is_what_the_table_says_of_the_kind() -> None:
    for host in truth()["hosts"]:
        assert host["category_told_by"] == TOLD_BY[host["kind"]], host["name"]


def test_every_host_ran_what_the_diary_says_that_it_ran() -> None:
    ran: dict[str, set[str]] = {}
    for deed in truth()["done"]:
        ran.setdefault(deed["host"], set()).add(program(deed["argv"]))
    for host in truth()["hosts"]:
        assert set(host["programs"]) <= ran[host["name"]], host["name"]


def test_an_attack_was_made_by_the_tool_and_from_the_host_that_its_label_names() -> None:
    known = {host["mac"] for host in truth()["hosts"]}
    stories = attacks.catalogue()
    assert {label["name"] for label in truth()["attacks"]} == set(stories)
    for label in truth()["attacks"]:
        assert label["happened"], label["name"]
        assert label["tool"] == stories[label["name"]].tool
        assert stories[label["name"]].technique == f"{label['technique']['id']} {label['technique']['name']}"
        commands = " ".join(" ".join(deed["argv"]) for deed in label["done"])
        words = [OF_LABELS.get(word, word) for word in re.findall(r"[a-z_0-9]{4,}", label["tool"]) if word != "relay"]
        assert any(word in commands for word in words), label["name"]
        assert {target["mac"] for target in label["targets"]} <= known | {STRANGER}, label["name"]
        assert any(deed["host"] == label["source"]["name"] for deed in label["done"]), label["name"]


def test_an_updated_device_announced_both_versions() -> None:
    updated = [host for host in truth()["hosts"] if "updated" in host]
    assert updated
    for host in updated:
        texts = {said["value"]: said["first_frame"] for said in host["announces"]}
        before = host["updated"]["firmware_before"][0]
        assert texts[before] < texts[host["answers"]["firmware"]]


def test_an_address_lies_in_the_network_of_the_devices_segment_or_of_what_it_joins() -> None:
    hospital = topology.read(seed=truth()["seed"])
    joined = {router.device: router.joins for router in hospital.routers}
    for host in truth()["hosts"]:
        names = (host["segment"], hospital.devices[host["name"]].segment, *joined.get(host["name"], ()))
        networks = [hospital.segments[name].network for name in names]
        for address in host["ipv4"]:
            assert any(ipaddress.IPv4Address(address) in network for network in networks), (host["name"], address)


def test_both_weeks_have_seven_days_and_their_sittings_follow_each_other() -> None:
    captures = {entry["file"]: entry["sittings"] for entry in manifest()["captures"]}
    for sittings in captures.values():
        assert {one["day"] for one in sittings} == set(range(1, 8))
        for before, after in pairwise(sittings):
            assert before["begins"] < before["ends"] < after["begins"]
            assert before["recorded"] < after["recorded"]
        for one in sittings:
            moved = datetime.fromisoformat(one["begins"]) - datetime.fromisoformat(one["recorded"])
            assert moved.total_seconds() == one["moved_seconds"]
    for entry in manifest()["captures"]:
        assert sum(one["packets"] for one in entry["sittings"]) == entry["packets"]


def test_every_attack_lies_within_one_sitting_of_the_attack_week() -> None:
    sittings = next(entry["sittings"] for entry in manifest()["captures"] if entry["file"].startswith("attacks"))
    spans = [
        tuple(datetime.fromisoformat(one[word]).timestamp() * 1e9 for word in ("begins", "ends")) for one in sittings
    ]
    days = set()
    for label in truth()["attacks"]:
        inside = [
            number
            for number, (begins, ends) in enumerate(spans)
            if begins <= label["start_ns"] < label["end_ns"] <= ends
        ]
        assert len(inside) == 1, label["name"]
        days.add(sittings[inside[0]]["day"])
    assert len(days) >= 5


@pytest.mark.slow
@pytest.mark.parametrize("name", ["benign", "attacks"])
def test_no_connection_reaches_over_an_idle_gap(name: str, tmp_path: Path) -> None:
    if shutil.which("zstd") is None or shutil.which("tshark") is None:
        pytest.skip("zstd or tshark is not installed")
    file = tmp_path / f"{name}.pcapng"
    packed = demo.recording().folder / f"{name}.pcapng.zst"
    subprocess.run(["zstd", "-q", "-d", str(packed), "-o", str(file)], check=True)
    sittings = next(entry["sittings"] for entry in manifest()["captures"] if entry["file"] == packed.name)
    begins = [int(datetime.fromisoformat(one["begins"]).timestamp() * 1000) * 1_000_000 for one in sittings]
    packets = pieces.tcp_packets(file)
    assert pieces.across(packets, begins) == []
    # The check sees a stretched connection: with gaps put where there are none, it finds some.
    middle = [(start + end) // 2 for start, end in pairwise(begins)]
    ends = [int(datetime.fromisoformat(one["ends"]).timestamp() * 1000) * 1_000_000 for one in sittings]
    inside = [(start + end) // 2 for start, end in zip(begins, ends, strict=True)]
    assert pieces.across(packets, middle) == []
    assert pieces.across(packets, inside) != []
