"""One recording of the hospital, from inside the namespaces that ``command`` made for it: build, act, label, write.

Not a command of its own: everything here takes for granted that the process id namespace ends with it.
"""

from __future__ import annotations

import platform
import random
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lab import capture, needs, truth
from lab.hospital import attacks, calendar, kinds, labels, pieces, plan, rest
from lab.hospital.network import MIRROR, Hospital
from lab.hospital.parts import addressing, dicom
from lab.hospital.topology import Topology
from lab.recording import mount, python_packages, write

HANDS = 4
"""Tasks that are done at the same time: more would only wait for the two processors that record."""
TASK_SECONDS = 120.0
"""How long the last task may go on after a sitting's end."""
FAILED_SHARE = 0.03
"""More failed tasks than this, and the recording is refused: the story did not happen."""
PACKAGES = frozenset(("bacpypes3", "hl7", "hl7apy", "pydicom", "pymodbus", "pynetdicom", "sdc11073"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be recorded."""

    patients: int
    seconds: float
    """How long the sittings of the benign week last together."""
    days: int
    attack_names: tuple[str, ...]
    """Which attacks are made in the second recording; empty for none."""


@dataclass(slots=True, kw_only=True)
class _Week:
    """A week that is being recorded."""

    name: str
    plan: plan.Plan
    campaign: attacks.Campaign | None = None
    pieces: list[pieces.Piece]
    failures: list[str]


def record(*, scratch: Path, target: Path, environment: Path, topology: Topology, wanted: Wanted) -> None:
    """Records into ``target``, an empty folder: ``benign.pcapng.zst``, ``attacks.pcapng.zst``, labels, manifest.

    Raises:
        RuntimeError: A program did not start, too much went wrong, or what was announced is not in the recording.
    """
    mount(scratch, size="2g")
    kinds.check(topology)
    started = datetime.now(UTC)
    at_first = {name: device for name, device in topology.devices.items() if name not in topology.arrivals}
    hospital = Hospital(
        scratch=scratch,
        environment=environment,
        names=list(at_first),
        topology=replace(topology, devices=at_first),
        chance=random.Random(f"{topology.seed} deeds"),
        coming={name: topology.devices[name] for name in topology.arrivals},
    )
    sittings = calendar.week(calendar.monday_before(started, weeks=2), seconds=wanted.seconds, days=wanted.days)
    benign = _planned("benign", plan.draw(topology, patients=wanted.patients, sittings=sittings))
    _say(f"{len(topology.devices)} devices, {len(benign.plan.tasks)} tasks in {len(sittings)} sittings")
    hospital.build()
    _say("built")
    captures = [_recorded(hospital, benign, target)]
    weeks = [benign]
    pcapng = scratch / "benign.pcapng"
    said = truth.announcements(hospital.announced, labels.host_of(hospital), pcapng)
    protocols = {"benign.pcapng.zst": truth.protocols(pcapng)}
    told = labels.devices(hospital, said)
    pcapng.unlink()
    if wanted.attack_names:
        attacked = _attack_week(hospital, wanted, started)
        captures.append(_recorded(hospital, attacked, target))
        weeks.append(attacked)
        protocols["attacks.pcapng.zst"] = truth.protocols(scratch / "attacks.pcapng")
    document = {
        "format": 3,
        "recorded": started.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "seed": topology.seed,
        "frames_of": "benign.pcapng.zst",
        "patients": "invented: TEST^PATIENT1 and so on, ids TEST00001 and so on",
        "hosts": told,
        "attacks": [label for week in weeks if week.campaign is not None for label in week.campaign.labels],
        "failed": [line for week in weeks for line in week.failures],
        "done": hospital.deeds(),
        "protocols": protocols,
    }
    write(target / "truth.json", document)
    manifest = {
        "format": 3,
        "recorded": document["recorded"],
        "recorded_by": "python -m lab record",
        "seed": topology.seed,
        "kernel": f"{platform.system()} {platform.release()}",
        "programs": {"debian": needs.package_versions(), "python": python_packages(environment, PACKAGES)},
        "mirror": "each frame once, where it entered the hospital's network; no VLAN tags",
        "time": (
            "Each week is made of sittings, one a shift. Within a sitting nothing was moved. Between two sittings all "
            "TCP connections were closed, the hospital rested unrecorded, and the clock of the recording went on to "
            "the next shift. Attack labels, the diary and HL7 messages tell the recording's time; what programs write "
            "of their own accord (NTP, HTTP, TLS) tells the time of the machine that recorded."
        ),
        "captures": captures,
        "truth": "truth.json",
    }
    write(target / "manifest.json", manifest)
    hospital.close()


def _planned(name: str, week: plan.Plan, campaign: attacks.Campaign | None = None) -> _Week:
    return _Week(name=name, plan=week, campaign=campaign, pieces=[], failures=[])


def _attack_week(hospital: Hospital, wanted: Wanted, started: datetime) -> _Week:
    campaign = attacks.Campaign(names=wanted.attack_names)
    campaign.prepare(hospital)
    sittings = calendar.week(
        calendar.monday_before(started, weeks=1),
        # The attacks themselves take their time besides.
        seconds=wanted.seconds / 2,
        days=wanted.days,
        shifts=("early", "night"),
    )
    drawn = plan.draw(hospital.topology, patients=max(2, wanted.patients // 2), sittings=sittings, again=True)
    return _planned("attacks", drawn, campaign)


def _recorded(hospital: Hospital, week: _Week, target: Path) -> dict[str, Any]:
    """Records a week, sitting by sitting, and gives its entry of the manifest."""
    dicom.make(hospital, week.plan.images)
    tasks = len(week.plan.tasks)
    for shift in week.plan.shifts:
        _sit(hospital, week, shift)
        if len(week.failures) > max(1, FAILED_SHARE * tasks):
            raise RuntimeError(f"{len(week.failures)} of {tasks} tasks failed; first: {week.failures[0]}")
    if week.campaign is not None and week.campaign.undone:
        raise RuntimeError(f"no sitting had room for these attacks: {', '.join(week.campaign.undone)}")
    whole = hospital.scratch / f"{week.name}.pcapng"
    altered = pieces.joined(week.pieces, whole)
    capture.compressed(whole, target / f"{week.name}.pcapng.zst")
    packets = sum(piece.packets for piece in week.pieces)
    _say(f"{week.name}: {packets} packets")
    entry = capture.describe(target / f"{week.name}.pcapng.zst", packets, altered)
    return {**entry, "sittings": [piece.told() for piece in week.pieces]}


def _sit(hospital: Hospital, week: _Week, shift: plan.Shift) -> None:
    """Records one sitting."""
    sitting = shift.sitting
    boot = not hospital.diary
    recorded_ns = time.time_ns()
    hospital.moved_ns = pieces.moved_ns(sitting, recorded_ns)
    # The diary counts from the beginning of the first week, by the recording's clock.
    began = week.plan.shifts[0].sitting.begins if boot else hospital.week_began
    hospital.week_began = began
    hospital.began = time.monotonic() - (hospital.told_ns() / 1e9 - began.timestamp())
    file = hospital.scratch / f"{week.name}-{sitting.number}.pcapng"
    recorder = capture.Recorder(file=file, interface=MIRROR)
    recorder.start()
    if boot:
        _start(hospital)
    else:
        rest.switch(hospital, shift.off)
        rest.end(hospital)
        if week.campaign is None:
            for name, day in hospital.topology.arrivals.items():
                if name in hospital.coming and day <= sitting.day:
                    rest.arrive(hospital, name)
            for name, move in hospital.topology.moves.items():
                if sitting.day == move.day and hospital.device(name).segment != move.to:
                    rest.move(hospital, name, move.to)
    if week.campaign is not None:
        later = [one for one in week.plan.shifts if one.sitting.number >= sitting.number]
        days_left = sum(one.sitting.offices_open for one in later) if sitting.offices_open else 0
        week.campaign.begin(hospital, off=shift.off, days_left=days_left)
    week.failures += _live(hospital, shift, beside=week.campaign)
    rest.begin(hospital)
    packets = recorder.stop()
    ended_ns = time.time_ns()
    week.pieces.append(
        pieces.Piece(
            sitting=sitting,
            file=file,
            packets=packets,
            recorded_ns=recorded_ns,
            ended_ns=ended_ns,
            moved_ns=hospital.moved_ns,
        )
    )
    _say(f"{week.name}, {sitting}: {packets} packets in {(ended_ns - recorded_ns) / 1e9:.0f} s")


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


def _live(hospital: Hospital, shift: plan.Shift, *, beside: attacks.Campaign | None = None) -> list[str]:
    """Does a sitting's tasks when they are due; returns one line for each that failed."""
    began = time.monotonic()
    futures: list[tuple[kinds.Task, Future[None]]] = []
    with ThreadPoolExecutor(HANDS) as hands:
        for task in shift.tasks:
            while (left := began + task.at - time.monotonic()) > 0:
                if beside is not None and beside.step(hospital):
                    continue
                time.sleep(min(left, 0.2))
            futures.append((task, hands.submit(kinds.work, hospital, task)))
        # Attacks start programs that last; those belong to this thread, which outlives them.
        while beside is not None and beside.step(hospital):
            pass
        while (left := began + shift.sitting.seconds - time.monotonic()) > 0:
            time.sleep(left)
        end = time.monotonic() + TASK_SECONDS
        failures = []
        for task, future in futures:
            try:
                future.result(timeout=max(end - time.monotonic(), 0.1))
            except (RuntimeError, TimeoutError) as error:
                failures.append(f"{shift.sitting}: {task.device} {task.what}: {str(error)[:400]}")
    for line in failures[:5]:
        _say(f"  failed: {line}")
    return failures


def _say(text: str) -> None:
    print(f"lab: {text}", flush=True)
