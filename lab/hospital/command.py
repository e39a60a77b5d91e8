"""``python -m lab record``: checks what is there, makes the enclosure, and moves the result to where it belongs."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from lab import needs
from lab.hospital import attacks, drawing, kinds, recording, topology
from lab.record import ENVIRONMENT, PREFIX, ROOT, environment, sweep

INSIDE = "ASEPSIS_LAB_HOSPITAL"
TIME_LIMIT_SECONDS = 2400
"""The whole hospital with its attacks takes a quarter of an hour; forty minutes is a machine in trouble."""
WARD = (
    *("ct1", "pacs1", "ris1", "engine1", "ehr1", "read1", "pump1", "pumpsrv1", "central1", "mon1"),
    *("hema1", "lis1", "gas1"),
)
"""A few devices that have work with each other: what CI records."""


def add(verbs: Any) -> None:
    """Adds the verb to the command line."""
    parser = verbs.add_parser("record", help="record the hospital anew (root)")
    parser.add_argument("--output", type=Path, metavar="DIR", help="gets the files")
    parser.add_argument("--topology", type=Path, default=topology.TOPOLOGY, metavar="FILE")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another hospital (default: 1)")
    parser.add_argument("--devices", default="", metavar="A,B", help="only these, and the network; `ward` for a few")
    parser.add_argument("--patients", type=int, default=40, help="how many are admitted in the benign week")
    parser.add_argument("--days", type=int, default=7, choices=range(1, 8), help="of each week, from Monday on")
    parser.add_argument(
        "--minutes", type=float, default=7.0, help="length of all sittings of the benign week together, at least"
    )
    parser.add_argument("--attacks", default="all", metavar="A,B", help="which; `none`, `all` (the default)")
    parser.add_argument("--check", action="store_true", help="only say what is missing for a recording here")
    parser.set_defaults(run=run)
    picture = verbs.add_parser("draw", help="draw the hospital's network as a picture (SVG)")
    picture.add_argument("file", type=Path, metavar="FILE.svg")
    picture.add_argument("--topology", type=Path, default=topology.TOPOLOGY, metavar="FILE")
    picture.set_defaults(run=draw)


def draw(options: argparse.Namespace) -> int:
    """Draws the topology."""
    try:
        hospital = topology.read(options.topology)
        kinds.check(hospital)
    except (topology.TopologyError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    options.file.write_text(drawing.svg(hospital))
    return 0


def run(options: argparse.Namespace) -> int:
    """Records; see ``add`` for the options."""
    try:
        hospital = topology.read(options.topology, seed=options.seed)
        kinds.check(hospital)
    except (topology.TopologyError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    wanted = set(WARD if options.devices == "ward" else options.devices.split(",")) - {""}
    known = attacks.catalogue()
    chosen = {"all": list(known), "none": []}.get(options.attacks, options.attacks.split(","))
    unknown = sorted(wanted - set(hospital.devices)) + sorted(set(chosen) - set(known))
    if unknown:
        print(f"no such device or attack: {', '.join(unknown)}", file=sys.stderr)
        return 2
    if options.output is None and not options.check:
        print("--output is missing", file=sys.stderr)
        return 2
    lacking = needs.missing(hospital=True)
    for line in lacking:
        print(line, file=sys.stderr)
    if lacking or options.check:
        return 3 if lacking else 0
    if not environment():
        return 3
    job = {
        "topology": str(options.topology.resolve()),
        "seed": options.seed,
        "devices": sorted(wanted),
        "patients": options.patients,
        "seconds": options.minutes * 60,
        "days": options.days,
        "attacks": chosen,
    }
    return _enclosed(options.output, job)


def _enclosed(output: Path, job: dict[str, Any]) -> int:
    output.mkdir(parents=True, exist_ok=True)
    sweep(Path(tempfile.gettempdir()), output)
    with (
        tempfile.TemporaryDirectory(prefix=PREFIX) as scratch,
        tempfile.TemporaryDirectory(prefix=f".{PREFIX}", dir=output) as target,
    ):
        plan = Path(target) / "job.json"
        plan.write_text(json.dumps(job))
        argv = [sys.executable, "-m", "lab", scratch, target]
        variables = {"PATH": needs.search_path(), "HOME": "/nonexistent", "LC_ALL": "C.UTF-8", INSIDE: "1"}
        try:
            done = subprocess.run(
                needs.enclosed(argv), cwd=ROOT, env=variables, timeout=TIME_LIMIT_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            print(f"the recording took longer than {TIME_LIMIT_SECONDS} s and was ended", file=sys.stderr)
            return 3
        if done.returncode != 0:
            return 3
        plan.unlink()
        for file in sorted(Path(target).iterdir()):
            file.replace(output / file.name)
    return 0


def inside(folders: list[Path]) -> int:
    """What runs in the enclosure: ``folders`` are the scratch folder and the target, which holds ``job.json``."""
    scratch, target = folders
    job = json.loads((target / "job.json").read_text())
    hospital = topology.read(Path(job["topology"]), seed=job["seed"])
    if job["devices"]:
        hospital = hospital.only(set(job["devices"]))
    wanted = recording.Wanted(
        patients=job["patients"], seconds=job["seconds"], days=job["days"], attack_names=tuple(job["attacks"])
    )
    try:
        recording.record(scratch=scratch, target=target, environment=ENVIRONMENT, topology=hospital, wanted=wanted)
    except RuntimeError as error:
        print(f"no recording: {error}", file=sys.stderr)
        return 3
    return 0
