"""The shipped recording is what its manifest and truth say; a new one can be made and leaves nothing behind."""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import aiooui
import blake3
import pytest

from asepsis.knowledge.vocabulary import Category
from lab import needs
from lab.hosts import HOSTS

ROOT = Path(__file__).resolve().parent.parent.parent
WARD = ROOT / "tests" / "recordings"
SIZE_LIMIT_BYTES = 2_000_000
FEW = ["gw", "pacs1", "engine1", "ct1", "mon-b07", "chem1"]


def read(name: str, folder: Path = WARD) -> Any:
    return json.loads((folder / name).read_text())


@cache
def frames(capture: Path, *fields: str) -> list[list[str]]:
    tshark = shutil.which("tshark")
    if tshark is None:
        pytest.skip("tshark is not installed")
    argv = [tshark, "-n", "-r", str(capture), "-d", "tcp.port==6661,hl7", "-T", "fields", "-E", "separator=/t"]
    for field in fields:
        argv += ["-e", field]
    content = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    return [line.split("\t") for line in content.splitlines()]


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped capture, unpacked for tools that do not read zstd."""
    zstd = shutil.which("zstd")
    if zstd is None:
        pytest.skip("zstd is not installed")
    target = tmp_path_factory.mktemp("demo") / "ward.pcapng"
    subprocess.run([zstd, "-q", "-d", str(WARD / "ward.pcapng.zst"), "-o", str(target)], check=True)
    return target


def test_every_capture_has_the_digests_and_the_size_of_the_manifest() -> None:
    captures = read("manifest.json")["captures"]
    assert {entry["file"] for entry in captures} == {"ward.pcapng.zst", "imaging.pcap.gz"}
    for entry in captures:
        content = (WARD / entry["file"]).read_bytes()
        assert blake3.blake3(content).hexdigest() == entry["blake3"]
        assert hashlib.sha256(content).hexdigest() == entry["sha256"]
        assert len(content) == entry["size_bytes"]
        assert entry["altered"]


def test_the_recording_is_small_enough_to_ship() -> None:
    assert sum(file.stat().st_size for file in WARD.iterdir()) < SIZE_LIMIT_BYTES


def test_hosts_play_parts_of_the_closed_list_of_categories() -> None:
    known = {str(category) for category in Category}
    assert {plan.plays for plan in HOSTS} <= known


async def registered(mac: str) -> str | None:
    await aiooui.async_load()
    return aiooui.get_vendor(mac)


def test_every_hardware_address_bears_the_prefix_of_the_vendor_that_is_named() -> None:
    for plan in HOSTS:
        assert asyncio.run(registered(plan.mac)) == (plan.prefix_of or None), plan.name
        locally_administered = bool(int(plan.mac[:2], 16) & 2)
        assert locally_administered == (not plan.prefix_of)


def test_the_truth_speaks_of_the_hosts_that_the_lab_has() -> None:
    told = {host["name"]: host["mac"] for host in read("truth.json")["hosts"]}
    assert told == {plan.name: plan.mac for plan in HOSTS}


def test_every_deed_of_the_recording_ended_as_it_should() -> None:
    failed = [deed for deed in read("truth.json")["done"] if deed["exit_code"] not in (None, 0)]
    # Called by a wrong title an archive rejects; a gateway without a public address is none to upnpc.
    assert [deed["argv"][0] for deed in failed] == ["upnpc", "echoscu"]


@pytest.mark.slow
def test_the_manifest_counts_the_packets_that_tshark_counts(ward: Path) -> None:
    counted = {entry["file"]: entry["packets"] for entry in read("manifest.json")["captures"]}
    assert len(frames(ward, "frame.number")) == counted["ward.pcapng.zst"]
    assert len(frames(WARD / "imaging.pcap.gz", "frame.number")) == counted["imaging.pcap.gz"]


@pytest.mark.slow
def test_no_frame_was_sent_by_anything_but_the_hosts(ward: Path) -> None:
    assert {row[0] for row in frames(ward, "eth.src")} == {plan.mac for plan in HOSTS}


@pytest.mark.slow
def test_no_address_is_outside_the_private_ranges(ward: Path) -> None:
    for row in frames(ward, "ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "dns.a", "dns.aaaa", "arp.src.proto_ipv4"):
        for cell in row:
            for text in filter(None, cell.split(",")):
                address = ipaddress.ip_address(text)
                assert address.is_private or address.is_link_local or address.is_multicast, text


@pytest.mark.slow
def test_every_tagged_frame_has_the_vlan_that_the_manifest_names() -> None:
    rows = frames(WARD / "imaging.pcap.gz", "vlan.id")
    assert {row[0] for row in rows} == {"120"}
    (entry,) = [entry for entry in read("manifest.json")["captures"] if entry["file"] == "imaging.pcap.gz"]
    assert "VLAN 120" in entry["altered"]


@pytest.mark.slow
def test_an_announcement_stands_in_the_frame_that_the_truth_names(ward: Path) -> None:
    """Another look than the recorder's own: one frame, all its text."""
    by_frame: dict[int, list[str]] = {}
    for host in read("truth.json")["hosts"]:
        for said in host["announces"]:
            by_frame.setdefault(said["first_frame"], []).append(said["value"])
    shown = " or ".join(f"frame.number=={number}" for number in by_frame)
    decode = ["-d", "tcp.port==6661,hl7", "-d", "tcp.port==2575,hl7", "-d", "tcp.port==4106,dicom"]
    argv = ["tshark", "-n", "-2", "-r", str(ward), *decode, "-Y", shown, "-V", "-P"]
    text = subprocess.run(argv, capture_output=True, text=True, check=True, errors="replace").stdout
    pieces = {int(piece.split(":")[0]): piece for piece in text.split("\nFrame ")[1:]}
    assert len(pieces) == len(by_frame)
    for number, values in by_frame.items():
        for value in values:
            assert value in pieces[number], (number, value)


class Enclosure:
    """The process id namespace of a running recording, found by the output folder on its command line."""

    def __init__(self, running: subprocess.Popen[bytes], output: Path) -> None:
        ours = Path("/proc/self/ns/pid").readlink()
        deadline = time.monotonic() + 60
        while True:
            for process, words in processes():
                if any(word.startswith(str(output)) for word in words) and process_namespace(process) not in (
                    ours,
                    None,
                ):
                    self.namespace = process_namespace(process)
                    self.folders = [Path(word) for word in words if "asepsis-lab-" in word]
                    return
            assert running.poll() is None, running.communicate()[1]
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def programs(self) -> list[str]:
        return [words[0] for process, words in processes() if process_namespace(process) == self.namespace]


def processes() -> Iterator[tuple[Path, list[str]]]:
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield line.parent, line.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue  # it ended while we looked


def process_namespace(process: Path) -> Path | None:
    try:
        return (process / "ns" / "pid").readlink()
    except OSError:
        return None


@pytest.fixture
def recordable() -> None:
    lacking = needs.missing()
    if lacking:
        pytest.skip("; ".join(lacking))


def command(output: Path) -> list[str]:
    return [sys.executable, "-m", "lab.record", "--output", str(output), "--short", "--hosts", ",".join(FEW)]


def start(output: Path, hosts: Sequence[str]) -> subprocess.Popen[bytes]:
    argv = [sys.executable, "-m", "lab.record", "--output", str(output), "--short", "--hosts", ",".join(hosts)]
    return subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def finish(running: subprocess.Popen[bytes]) -> None:
    _, said = running.communicate(timeout=240)
    assert running.returncode == 0, said


@pytest.mark.root
@pytest.mark.slow
@pytest.mark.usefixtures("recordable")
def test_a_few_hosts_can_be_recorded_anew_and_nothing_is_left_behind(tmp_path: Path) -> None:
    running = start(tmp_path, FEW)
    enclosure = Enclosure(running, tmp_path)
    finish(running)
    assert enclosure.programs() == []
    assert not any(folder.exists() for folder in enclosure.folders)
    written = {file.name for file in tmp_path.iterdir()}
    assert written == {"imaging.pcap.gz", "manifest.json", "truth.json", "ward.pcapng.zst"}
    truth = read("truth.json", tmp_path)
    assert [host["name"] for host in truth["hosts"]] == FEW
    assert {"ARP", "DHCP", "DICOM", "DNS", "HL7", "LLDP", "SSDP", "TCP"} <= set(truth["protocols"]["ward.pcapng.zst"])
    (monitor,) = [host for host in truth["hosts"] if host["name"] == "mon-b07"]
    assert monitor["ipv4"]
    said = {(entry["field"], entry["value"]) for entry in monitor["announces"]}
    assert ("hl7.field", "LABMON^0009FBFFFE4A0B07^EUI-64") in said
    assert ("dhcp.option.hostname", "mon-b07") in said
    assert ("lldp.media.model", "LabMon MP5") in said


@pytest.mark.root
@pytest.mark.slow
@pytest.mark.usefixtures("recordable")
def test_a_killed_recording_takes_everything_with_it_and_the_next_one_sweeps(tmp_path: Path) -> None:
    running = start(tmp_path, FEW)
    enclosure = Enclosure(running, tmp_path)
    deadline = time.monotonic() + 60
    while not {"dumpcap", "dnsmasq"} <= set(enclosure.programs()):
        assert running.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    running.kill()
    running.communicate()
    deadline = time.monotonic() + 60
    while left := enclosure.programs():
        assert time.monotonic() < deadline, left
        time.sleep(0.05)
    assert all(folder.exists() for folder in enclosure.folders), "a killed process cannot remove its folders"
    for folder in enclosure.folders:
        os.utime(folder, (0, 0))  # as if it had been killed long ago
    finish(start(tmp_path, ["gw"]))
    assert not any(folder.exists() for folder in enclosure.folders)


def test_an_unknown_host_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "lab.record", "--output", str(tmp_path / "out"), "--hosts", "gw,nobody"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "nobody" in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_missing_program_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(needs.PROGRAMS, "no-such-program", "no-such-package")
    first = needs.missing()[0]
    assert "no-such-program" in first
    assert "apt-get install" in first
    assert "no-such-package" in first


def test_every_package_that_a_recording_needs_is_in_the_list_that_make_test_installs() -> None:
    rows = [line.split() for line in (ROOT / "requirements" / "debian.txt").read_text().splitlines()]
    listed = {row[0] for row in rows if row and not row[0].startswith("#") and {"test", "lab"} & {*row[1].split(",")}}
    assert set(needs.HOSPITAL_PROGRAMS.values()) <= listed
