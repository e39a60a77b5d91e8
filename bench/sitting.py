"""A sitting: some programs on some files, one round after the other, so that all of them see the same machine.

The measurements of each sitting are kept in ``bench/scratch/sittings.json``; ``bench.results`` makes the tables of
them.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.measure import Series, measure
from bench.programs import CLUES, CLUES_COLD, FLOWS, FULL, PROGRAMS, SCRATCH, Program

KEPT = SCRATCH / "sittings.json"
LARGE, SMALL, TENTH = "hospital.pcap", "hospital-100.pcap", "hospital-tenth.pcap"
EMPTY = "empty.pcap"  # a capture's header and no packet: what a start costs


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """Which programs on which files, and how often."""

    name: str
    files: tuple[str, ...]
    programs: tuple[str, ...]
    rounds: int
    sample_memory: bool = False


SITTINGS = {
    sitting.name: sitting
    for sitting in (
        Sitting(name="identification", files=(LARGE,), programs=(CLUES, FULL, "nfstream", "ndpiReader -q"), rounds=5),
        Sitting(
            name="identification of 100 MB",
            files=(SMALL,),
            programs=(CLUES, FULL, "nfstream", "ndpiReader -q"),
            rounds=5,
        ),
        Sitting(name="first start", files=(SMALL,), programs=(CLUES_COLD, "nfstream"), rounds=3),
        Sitting(name="dissection", files=(LARGE,), programs=(CLUES, FULL, "tshark -T fields"), rounds=3),
        Sitting(
            name="flows",
            files=(LARGE,),
            programs=(FLOWS, "argus", "nfpcapd", "softflowd", "tcpdump -w /dev/null", "cat"),
            rounds=9,
        ),
        Sitting(name="conversation list", files=(LARGE,), programs=(FLOWS, "tshark -z conv"), rounds=3),
        Sitting(name="linearity", files=(EMPTY, TENTH, LARGE), programs=(FLOWS, CLUES, FULL), rounds=5),
        Sitting(
            name="memory", files=(EMPTY, TENTH, LARGE), programs=(FLOWS, CLUES, FULL), rounds=2, sample_memory=True
        ),
    )
}


def capture_is_there() -> bool:
    """Whether ``bench.capture`` has written all its files."""
    return (SCRATCH / "hospital.json").exists() and all((SCRATCH / name).exists() for name in (LARGE, SMALL, TENTH))


def digests() -> dict[str, str]:
    """The SHA-256 of each capture as its description has it."""
    described = json.loads((SCRATCH / "hospital.json").read_text())["files"]
    return {name: str(file["sha256"]) for name, file in described.items()}


def file_of(name: str) -> Path:
    """The capture of that name; the empty one is made on the spot."""
    path = SCRATCH / name
    if name == EMPTY and not path.exists():
        with (SCRATCH / SMALL).open("rb") as source:
            path.write_bytes(source.read(24))
    return path


def sit(sitting: Sitting, *, rounds: int | None = None, leave_out: Sequence[str] = ()) -> dict[str, Any]:
    """Measures one sitting and keeps it."""
    programs = [PROGRAMS[name] for name in sitting.programs if name not in leave_out]
    absent = [program.name for program in programs if not program.present()]
    programs = [program for program in programs if program.name not in absent]
    last_processor = max(os.sched_getaffinity(0))
    series = {f"{name}: {program.name}": Series() for name in sitting.files for program in programs}
    loads = [os.getloadavg()[0]]
    for name in sitting.files:
        _warm(file_of(name))
    for number in range(rounds or sitting.rounds):
        for program in programs:
            for name in sitting.files:
                processor = last_processor if program.pinned else None
                run = _once(program, file_of(name), processor, sitting.sample_memory)
                series[f"{name}: {program.name}"].add(run)
                if run.exit_code not in program.answers:
                    raise RuntimeError(f"{program.name} on {name} ended with {run.exit_code}: {run.output[-500:]}")
                cost = f"{run.cpu_seconds:8.2f} s CPU {run.wall_seconds:8.2f} s {run.peak_bytes >> 20:6d} MiB"
                print(f"{sitting.name} {number + 1}: {program.name:32s} {name:20s} {cost}", file=sys.stderr, flush=True)
        loads.append(os.getloadavg()[0])
    answer = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "load": [round(min(loads), 1), round(max(loads), 1)],
        "digests": digests(),
        "absent": absent,
        "versions": {program.name: program.version() for program in programs},
        "series": {name: asdict(one) for name, one in series.items()},
    }
    everything = kept()
    everything[sitting.name] = answer
    KEPT.write_text(json.dumps(everything, indent=1) + "\n")
    return answer


def _once(program: Program, path: Path, processor: int | None, sample_memory: bool) -> Any:
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=SCRATCH))
    try:
        return measure(
            program.command(path, folder),
            processor=processor,
            environment=program.environment(folder),
            sample_memory=sample_memory,
            discard_output=program.discard_output,
        )
    finally:
        shutil.rmtree(folder)


def _warm(path: Path) -> None:
    """Reads the file once, so that every program finds it in the page cache."""
    with path.open("rb") as file:
        while file.read(1 << 24):
            pass


def warm_compiled_object() -> None:
    """Makes sure that the compiled object lies in the cache before anything is timed."""
    started = time.monotonic()
    run = _once(PROGRAMS[CLUES], file_of(EMPTY), None, False)
    print(f"first start: {run.cpu_seconds:.1f} s CPU, {time.monotonic() - started:.1f} s", file=sys.stderr)


def kept() -> dict[str, Any]:
    """All sittings measured so far, the last of each name."""
    if not KEPT.exists():
        return {}
    found: dict[str, Any] = json.loads(KEPT.read_text())
    return found
