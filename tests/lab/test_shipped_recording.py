"""The shipped recording is what its manifest says, and its labels are true of the packets, as tshark reads them."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import shutil
import subprocess
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import blake3
import pytest

from asepsis.knowledge.vocabulary import Category
from lab.hospital import attacks, topology

FOLDER = Path(__file__).resolve().parent.parent.parent / "src" / "asepsis" / "pipeline" / "recordings"
LARGEST_FILE_BYTES = 5_000_000
LARGEST_SUM_BYTES = 25_000_000
DECODE = [
    *("-d", "tcp.port==6661,hl7", "-d", "tcp.port==2575,hl7", "-d", "tcp.port==2576,hl7", "-d", "tcp.port==6664,hl7"),
    *("-d", "tcp.port==4106,dicom"),
]


@cache
def read(name: str) -> Any:
    return json.loads((FOLDER / name).read_text())


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    if shutil.which("zstd") is None or shutil.which("tshark") is None:
        pytest.skip("zstd or tshark is not installed")
    target = tmp_path_factory.mktemp("recordings")
    made = {}
    for name in ("benign", "attacks"):
        made[name] = target / f"{name}.pcapng"
        subprocess.run(["zstd", "-q", "-d", str(FOLDER / f"{name}.pcapng.zst"), "-o", str(made[name])], check=True)
    return made


def test_every_capture_has_the_digests_and_the_size_of_the_manifest() -> None:
    captures = read("manifest.json")["captures"]
    assert {entry["file"] for entry in captures} == {"benign.pcapng.zst", "attacks.pcapng.zst"}
    for entry in captures:
        content = (FOLDER / entry["file"]).read_bytes()
        assert blake3.blake3(content).hexdigest() == entry["blake3"]
        assert hashlib.sha256(content).hexdigest() == entry["sha256"]
        assert len(content) == entry["size_bytes"] < LARGEST_FILE_BYTES


def test_the_recording_is_small_enough_to_ship() -> None:
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < LARGEST_SUM_BYTES


def test_the_truth_speaks_of_the_devices_of_its_seed() -> None:
    hospital = topology.read(seed=read("truth.json")["seed"])
    told = {host["name"]: host for host in read("truth.json")["hosts"]}
    assert len(told) >= 120
    for name, host in told.items():
        assert host["mac"] == hospital.devices[name].mac, name
        assert host["plays"] in {str(category) for category in Category}
        assert host["programs"], name
        assert host["ipv4"], name


def test_a_model_counts_as_an_answer_only_when_it_was_announced() -> None:
    for host in read("truth.json")["hosts"]:
        texts = [entry["value"] for entry in host["announces"]]
        for word in ("model", "firmware", "serial"):
            answer = host["answers"][word]
            assert answer is None or any(answer in text for text in texts), (host["name"], word)


def test_the_attacks_happened_and_none_overlaps_another() -> None:
    labels = read("truth.json")["attacks"]
    assert {label["name"] for label in labels} <= set(attacks.catalogue())
    assert len(labels) >= 22
    assert [label["name"] for label in labels if not label["happened"]] == []
    for before, after in pairwise(labels):
        assert before["start_ns"] < before["end_ns"] < after["start_ns"]


@pytest.mark.slow
def test_an_announcement_stands_in_the_frame_that_the_truth_names(unpacked: dict[str, Path]) -> None:
    wanted: dict[int, list[tuple[str, str, str]]] = {}
    for host in read("truth.json")["hosts"]:
        for said in host["announces"]:
            wanted.setdefault(said["first_frame"], []).append((host["mac"], said["field"], said["value"]))
    shown = f"frame.number in {{{','.join(map(str, sorted(wanted)))}}}"
    argv = ["tshark", "-n", "-2", "-r", str(unpacked["benign"]), *DECODE, "-Y", shown, "-V", "-P"]
    text = subprocess.run(argv, capture_output=True, text=True, check=True, errors="replace").stdout
    pieces = {int(piece.split(":")[0]): piece for piece in text.split("\nFrame ")[1:]}
    assert set(pieces) == set(wanted)
    for number, values in wanted.items():
        for mac, field, value in values:
            assert f"Source: {mac}" in pieces[number] or f"({mac})" in pieces[number], number
            # What tshark has no field for is in a payload that its text shows as bytes only.
            assert field == "payload" or value in pieces[number], (number, value)


@pytest.mark.slow
def test_each_attack_shows_packets_of_its_source_between_its_start_and_its_end(unpacked: dict[str, Path]) -> None:
    argv = ["tshark", "-n", "-r", str(unpacked["attacks"]), "-T", "fields", "-e", "frame.time_epoch"]
    argv += ["-e", "eth.src", "-e", "ip.src"]
    rows = [
        (int(time.replace(".", "")[:19].ljust(19, "0")), mac, ip)
        for time, mac, ip in (
            line.split("\t")
            for line in subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()
        )
    ]
    inside = {host["mac"] for host in read("truth.json")["hosts"]}
    for label in read("truth.json")["attacks"]:
        window = [row for row in rows if label["start_ns"] <= row[0] <= label["end_ns"]]
        source = label["source"]
        if source["mac"] in inside or source["name"] == "rogue1":
            assert any(mac == source["mac"] for _, mac, _ in window), label["name"]
        else:
            # It comes through the provider's network: its own address is what the firewall lets in.
            assert any(ip in source["ipv4"] for _, _, ip in window), label["name"]


@pytest.mark.slow
def test_no_address_is_outside_the_private_and_documentation_ranges(unpacked: dict[str, Path]) -> None:
    for capture in unpacked.values():
        argv = ["tshark", "-n", "-r", str(capture), "-T", "fields", "-e", "ip.src", "-e", "ip.dst"]
        lines = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()
        for text in {cell for line in lines for cell in line.replace("\t", ",").split(",") if cell}:
            address = ipaddress.ip_address(text)
            assert address.is_private or address.is_link_local or address.is_multicast, text
