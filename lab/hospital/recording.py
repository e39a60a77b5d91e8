"""One recording of the hospital, from inside the namespaces that ``command`` made for it: build, act, label, write.

Not a command of its own: everything here takes for granted that the process id namespace ends with it.
"""

from __future__ import annotations

import platform
import random
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lab import capture, needs, truth
from lab.hospital import attacks, kinds, labels, plan
from lab.hospital.network import MIRROR, Hospital
from lab.hospital.parts import addressing, dicom
from lab.hospital.topology import Topology
from lab.recording import mount, python_packages, write

HANDS = 4
"""Tasks that are done at the same time: more would only wait for the two processors that record."""
TASK_SECONDS = 240.0
"""How long the last task may go on after the plan's end."""
FAILED_SHARE = 0.03
"""More failed tasks than this, and the recording is refused: the story did not happen."""
PACKAGES = frozenset(("bacpypes3", "hl7", "hl7apy", "pydicom", "pymodbus", "pynetdicom", "sdc11073"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be recorded."""

    patients: int
    seconds: float
    attack_names: tuple[str, ...]
    """Which attacks are made in the second recording; empty for none."""


def record(*, scratch: Path, target: Path, environment: Path, topology: Topology, wanted: Wanted) -> None:
    """Records into ``target``, an empty folder: ``benign.pcapng.zst``, ``attacks.pcapng.zst``, labels, manifest.

    Raises:
        RuntimeError: A program did not start, too much went wrong, or what was announced is not in the recording.
    """
    mount(scratch)
    kinds.check(topology)
    started = datetime.now(UTC)
    hospital = Hospital(
        scratch=scratch,
        environment=environment,
        names=list(topology.devices),
        topology=topology,
        chance=random.Random(f"{topology.seed} deeds"),
    )
    day = plan.draw(topology, patients=wanted.patients, seconds=wanted.seconds)
    _say(f"{len(topology.devices)} devices, {len(day.tasks)} tasks")
    hospital.build()
    _say("built")
    dicom.make(hospital, day.images)
    captures, failures = [], []
    entry, failed = _benign(hospital, day, target)
    captures.append(entry)
    failures += failed
    pcapng = scratch / "benign.pcapng"
    said = truth.announcements(hospital.announced, labels.host_of(hospital), pcapng)
    protocols = {"benign.pcapng.zst": truth.protocols(pcapng)}
    told = labels.devices(hospital, said)
    attack_labels: list[dict[str, Any]] = []
    if wanted.attack_names:
        entry, attack_labels, failed = _attacked(hospital, wanted, target)
        captures.append(entry)
        failures += failed
        protocols["attacks.pcapng.zst"] = truth.protocols(scratch / "attacks.pcapng")
    document = {
        "format": 2,
        "recorded": started.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "seed": topology.seed,
        "frames_of": "benign.pcapng.zst",
        "patients": "invented: TEST^PATIENT1 and so on, ids TEST00001 and so on",
        "hosts": told,
        "attacks": attack_labels,
        "failed": failures,
        "done": hospital.deeds(),
        "protocols": protocols,
    }
    write(target / "truth.json", document)
    manifest = {
        "format": 2,
        "recorded": document["recorded"],
        "recorded_by": "python -m lab record",
        "seed": topology.seed,
        "kernel": f"{platform.system()} {platform.release()}",
        "programs": {"debian": needs.package_versions(), "python": python_packages(environment, PACKAGES)},
        "mirror": "each frame once, where it entered the hospital's network; no VLAN tags",
        "captures": captures,
        "truth": "truth.json",
    }
    write(target / "manifest.json", manifest)
    hospital.close()


def _benign(hospital: Hospital, day: plan.Plan, target: Path) -> tuple[dict[str, Any], list[str]]:
    raw = hospital.scratch / "benign-raw.pcapng"
    recorder = capture.Recorder(file=raw, interface=MIRROR)
    recorder.start()
    _start(hospital)
    failures = _live(hospital, day)
    return _finish(hospital, recorder, raw, "benign", target), failures


def _start(hospital: Hospital) -> None:
    """Starts everybody in the order of what they need; waits until servers listen and clients have addresses."""
    for order in (0, 1, 2):
        for device in hospital.topology.devices.values():
            if kinds.order(device.kind) == order:
                kinds.start(hospital, device)
        hospital.settle()
        _say(f"started {order + 1} of 3")
    addressing.wait(hospital)
    _say("addresses are there")


def _live(hospital: Hospital, day: plan.Plan, *, beside: attacks.Campaign | None = None) -> list[str]:
    """Does the plan's tasks when they are due; returns one line for each that failed."""
    began = time.monotonic()
    futures: list[tuple[kinds.Task, Future[None]]] = []
    with ThreadPoolExecutor(HANDS) as hands:
        if beside is not None:
            # Attacks start programs that last; those belong to this thread, which outlives them.
            beside.begin()
        for task in day.tasks:
            while (left := began + task.at - time.monotonic()) > 0:
                if beside is not None and beside.step(hospital):
                    continue
                time.sleep(min(left, 0.2))
            futures.append((task, hands.submit(kinds.work, hospital, task)))
        while beside is not None and beside.step(hospital):
            pass
        end = time.monotonic() + TASK_SECONDS
        failures = []
        for task, future in futures:
            try:
                future.result(timeout=max(end - time.monotonic(), 0.1))
            except (RuntimeError, TimeoutError) as error:
                failures.append(f"{task.device} {task.what}: {str(error)[:400]}")
    _say(f"done: {len(day.tasks)} tasks, {len(failures)} failed")
    for line in failures[:10]:
        _say(f"  failed: {line}")
    if len(failures) > max(1, FAILED_SHARE * len(day.tasks)):
        raise RuntimeError(f"{len(failures)} of {len(day.tasks)} tasks failed; first: {failures[0]}")
    return failures


def _attacked(
    hospital: Hospital, wanted: Wanted, target: Path
) -> tuple[dict[str, Any], list[dict[str, Any]], list[str]]:
    raw = hospital.scratch / "attacks-raw.pcapng"
    campaign = attacks.Campaign(names=wanted.attack_names)
    day = plan.draw(
        hospital.topology, patients=max(2, wanted.patients // 2), seconds=campaign.seconds_expected(), again=True
    )
    dicom.make(hospital, day.images)
    campaign.prepare(hospital)
    recorder = capture.Recorder(file=raw, interface=MIRROR)
    recorder.start()
    failures = _live(hospital, day, beside=campaign)
    entry = _finish(hospital, recorder, raw, "attacks", target)
    return entry, campaign.labels, failures


def _finish(hospital: Hospital, recorder: capture.Recorder, raw: Path, name: str, target: Path) -> dict[str, Any]:
    packets = recorder.stop()
    _say(f"{name}: {packets} packets")
    whole = hospital.scratch / f"{name}.pcapng"
    altered = capture.without_machine(raw, whole)
    raw.unlink()
    capture.compressed(whole, target / f"{name}.pcapng.zst")
    return capture.describe(target / f"{name}.pcapng.zst", packets, altered)


def _say(text: str) -> None:
    print(f"lab: {text}", flush=True)
