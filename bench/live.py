"""Live capture: does anything get lost at the highest rate that tcpreplay reaches, and how fast is a full ring drained?

Needs root for a network namespace; says so and measures nothing where that is missing.
"""

from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from asepsis.wire.live import DEFAULT_BLOCKS
from bench.programs import ASEPSIS, ROOT, SCRATCH
from bench.sitting import KEPT, SMALL, digests, kept
from tests.system.namespaces import MTU, Wire, lacking

LIVE_FILE = "live.pcap"
LOOPS = 5
REPLAYS = 3
DRAINS = 3
RING_MIB = 1024  # holds every packet of a drain: the ring must not overflow while it is held
QUIET_SECONDS = 1.0  # after the last packet was sent, for the last block to be handed over


def live_file() -> Path:
    """The 100 MB cut without frames that the wire would refuse."""
    path = SCRATCH / LIVE_FILE
    if path.exists() and path.stat().st_mtime > (SCRATCH / SMALL).stat().st_mtime:
        return path
    data = (SCRATCH / SMALL).read_bytes()
    pieces, at = [data[:24]], 24
    while at + 16 <= len(data):
        kept_bytes, original = struct.unpack_from("<II", data, at + 8)
        end = at + 16 + kept_bytes
        if kept_bytes == original and 14 <= original <= MTU:
            pieces.append(data[at:end])
        at = end
    path.write_bytes(b"".join(pieces))
    return path


def _run(wire: Wire, *, work: str, held: bool, blocks: int) -> dict[str, Any]:
    """One replay at top speed with one receiver."""
    command = ["taskset", "-c", str(max(os.sched_getaffinity(0))), sys.executable, "-m", "bench.live_receiver"]
    command += [wire.receiver, str(blocks), work, "held" if held else "free"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    receiver = subprocess.Popen(wire.argv(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
    wire.wait_for_receiver(receiver, timeout_seconds=180)
    before, began = wire.arrived(), time.monotonic()
    sent = wire.replay(live_file(), topspeed=True, loops=LOOPS, cpu=min(os.sched_getaffinity(0)))
    time.sleep(QUIET_SECONDS)
    arrived, held_seconds = wire.arrived() - before, time.monotonic() - began
    printed, _ = receiver.communicate(b"now\n", timeout=180)
    if receiver.returncode:
        raise RuntimeError(f"the receiver ended with {receiver.returncode}")
    answer: dict[str, Any] = json.loads(printed)
    answer.update(
        work=work,
        arrived=arrived,
        refused_by_sender=sent.failed,
        offered_per_second=sent.packets / sent.seconds,
        held_seconds=held_seconds,
        lost=arrived - answer["packets"],
    )
    print(f"live: {answer}", file=sys.stderr, flush=True)
    return answer


def _watch(wire: Wire) -> dict[str, Any]:
    """One replay at top speed while the whole ``asepsis watch`` looks on."""
    command = ["taskset", "-c", str(max(os.sched_getaffinity(0)))]
    command += [ASEPSIS, "watch", wire.receiver, "--no-store", "--json"]
    with tempfile.TemporaryFile() as printed:
        receiver = subprocess.Popen(wire.argv(command), stdin=subprocess.DEVNULL, stdout=printed)
        wire.wait_for_receiver(receiver, timeout_seconds=180)
        before = wire.arrived()
        sent = wire.replay(live_file(), topspeed=True, loops=LOOPS, cpu=min(os.sched_getaffinity(0)))
        time.sleep(QUIET_SECONDS)
        arrived = wire.arrived() - before
        receiver.send_signal(signal.SIGTERM)
        _, status, usage = os.wait4(receiver.pid, 0)
        receiver.returncode = os.waitstatus_to_exitcode(status)
        printed.seek(0)
        document = json.loads(printed.read())
    packets = document["captures"][0]["packets"]
    answer = {
        "work": "watch",
        "said": document["captures"][0]["error"],
        "packets": packets,
        "arrived": arrived,
        "lost": arrived - packets,
        "offered_per_second": sent.packets / sent.seconds,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
    }
    print(f"live: {answer}", file=sys.stderr, flush=True)
    return answer


def sit() -> None:
    """Measures live capture and keeps it."""
    reasons = lacking()
    if reasons:
        print(f"live: not measured: {'; '.join(reasons)}", file=sys.stderr)
        return
    with Wire() as wire:
        replays = [_run(wire, work="pieces", held=False, blocks=DEFAULT_BLOCKS) for _ in range(REPLAYS)]
        replays += [_watch(wire) for _ in range(REPLAYS)]
        drains = [
            _run(wire, work=work, held=True, blocks=RING_MIB) for _ in range(DRAINS) for work in ("flows", "pieces")
        ]
    everything = kept()
    everything["live"] = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "digests": digests(),
        "replays": replays,
        "drains": drains,
    }
    KEPT.write_text(json.dumps(everything, indent=1) + "\n")


if __name__ == "__main__":
    sit()
