"""``asepsis watch`` on a wire says what ``asepsis analyze`` says of the file, and ends in good order."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.system.namespaces import Wire

pytestmark = [pytest.mark.root, pytest.mark.slow]

ROOT = Path(__file__).resolve().parent.parent.parent
WARD = ROOT / "tests" / "recordings" / "ward.pcapng.zst"
COMPILE_SECONDS = 180.0
"""The first start on a machine compiles the kernels."""
ASEPSIS = [sys.executable, "-m", "asepsis.cli"]


def answer(*words: str, workspace: Path) -> Any:
    argv = [*ASEPSIS, *words, "--json", "--workspace", str(workspace)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=COMPILE_SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def watching(wire: Wire, *words: str) -> subprocess.Popen[bytes]:
    argv = [*ASEPSIS, "watch", wire.receiver, "--json", *words]
    process = wire.start(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ})
    wire.wait_for_receiver(process, timeout_seconds=COMPILE_SECONDS)
    return process


def finished(process: subprocess.Popen[bytes]) -> Any:
    printed, said = process.communicate(timeout=60)
    assert process.returncode == 0, said.decode()
    return json.loads(printed)


def arrival(wire: Wire, packets: int) -> None:
    """Waits until all packets are at the receiving end, and a moment for the ring to hand its last block over."""
    deadline = time.monotonic() + 120
    while wire.arrived() < packets:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(1.0)


def test_a_wire_and_a_file_with_the_same_packets_give_the_same_devices(wire: Wire, tmp_path: Path) -> None:
    from_file = answer("analyze", str(WARD), workspace=tmp_path / "file")
    process = watching(wire, "--workspace", str(tmp_path / "wire"))
    sent = wire.replay(WARD, topspeed=True)
    arrival(wire, sent.packets)
    process.send_signal(signal.SIGTERM)
    from_wire = finished(process)

    (file_report,), (wire_report,) = from_file["captures"], from_wire["captures"]
    assert wire_report["path"] == f"interface:{wire.receiver}"
    assert wire_report["error"] is None
    for key in ("link_types", "packets", "decoded", "undecoded", "bytes"):
        assert wire_report[key] == file_report[key], key
    assert from_wire["messages"] == from_file["messages"]

    def known(workspace: Path) -> dict[str, tuple[str | None, ...]]:
        devices = answer("devices", workspace=workspace)
        told = ("category", "vendor", "model", "serial", "firmware", "udi", "os", "role")
        return {",".join(device["addresses"]["mac"]): tuple(device[key] for key in told) for device in devices}

    assert known(tmp_path / "wire") == known(tmp_path / "file")


def test_an_interrupt_ends_the_capture_and_keeps_nothing_without_a_store(wire: Wire, tmp_path: Path) -> None:
    process = watching(wire, "--no-store", "--workspace", str(tmp_path / "none"))
    sent = wire.replay(WARD, topspeed=True)
    arrival(wire, sent.packets)
    process.send_signal(signal.SIGINT)
    assert finished(process)["captures"][0]["packets"] == sent.packets
    assert not (tmp_path / "none").exists()


def test_a_capture_of_some_seconds_ends_by_itself_on_a_silent_wire(wire: Wire) -> None:
    report = finished(watching(wire, "--no-store", "--seconds", "0.5"))
    assert report["captures"][0]["packets"] == 0
    assert report["captures"][0]["error"] is None


def test_an_interface_that_is_not_there_is_one_clear_line(wire: Wire) -> None:
    done = wire.run([*ASEPSIS, "watch", "nowhere0", "--no-store"], check=False, timeout_seconds=COMPILE_SECONDS)
    assert done.returncode == 3
    assert "nowhere0: no such interface" in done.stderr
    assert "Traceback" not in done.stderr
    assert wire.receiver in done.stderr


def test_an_interface_that_is_down_is_one_clear_line(wire: Wire) -> None:
    wire.run(["ip", "link", "set", wire.receiver, "down"])
    done = wire.run([*ASEPSIS, "watch", wire.receiver, "--no-store"], check=False, timeout_seconds=COMPILE_SECONDS)
    assert done.returncode == 3
    assert "down" in done.stderr


def test_a_capture_goes_on_when_its_interface_was_down_for_a_while(wire: Wire) -> None:
    process = watching(wire, "--no-store")
    wire.run(["ip", "link", "set", wire.receiver, "down"])
    time.sleep(0.5)
    before = cpu_seconds(process.pid)
    time.sleep(1.0)
    assert cpu_seconds(process.pid) - before < 0.5, "it must wait, not spin"
    wire.run(["ip", "link", "set", wire.receiver, "up"])
    sent = wire.replay(WARD, topspeed=True)
    arrival(wire, sent.packets)
    process.send_signal(signal.SIGTERM)
    assert finished(process)["captures"][0]["packets"] == sent.packets


def cpu_seconds(pid: int) -> float:
    """User and system time of a process: fields 14 and 15 of proc(5)'s stat, in clock ticks."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
