"""``python -m lab air``: what is worn and carried, recorded where a telephone or a hub hears it by Bluetooth LE.

Comes in: a seed. Goes out: for each reader of ``READERS`` a capture of what passes between its host and its controller,
and ``air.json``: who there was, what each announced and in which frame, and which programs played it. The kernel that
records has no Bluetooth, so that the link is played in one process, by Bumble; nothing here needs root.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lab import capture
from lab.namespaces import WITH_PARENT
from lab.record import ENVIRONMENT, environment
from lab.recording import python_packages, write
from lab.stage import PROGRAM_FILES

PROGRAM = "bluetooth_air.py"
TIME_LIMIT_SECONDS = 120
READINGS = 12
MAKER = "Lab Works"
"""Invented, as every name of a model is that begins with "Lab"."""
EMULATOR = f"Bluetooth services made by the lab (lab/programs/{PROGRAM}) on Bumble's stack, without pairing"
READERS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    # Who reads -> whom. The appearance is a value of Bluetooth SIG, Assigned Numbers 2.6; services of 3.4.
    "hub": (
        {"name": "LabWrist", "plays": "medical_device", "appearance": 0x0C42, "services": ["1822"]},
        {"name": "LabStrap", "plays": "wearable", "appearance": 0x0341, "services": ["180D"]},
        {"name": "LabCuff", "plays": "blood_pressure_monitor", "appearance": 0x0381, "services": ["1810"]},
        {"name": "LabScale", "plays": "scale", "appearance": 0x0C80, "services": ["181D"]},
    ),
    "phone": (
        {"name": "LabPatch", "plays": "insulin_pump", "appearance": 0x0D44, "services": ["183A"]},
        {"name": "LabSense", "plays": "medical_device", "appearance": 0x0D00, "services": ["181F"]},
    ),
}
SAYS = {
    "LabWrist": "a pulse oximeter worn at the wrist",
    "LabStrap": "a heart rate sensor worn at the chest",
    "LabCuff": "a blood pressure cuff",
    "LabScale": "a weighing scale",
    "LabPatch": "an insulin pump worn as a patch; the telephone that reads it is its controller",
    "LabSense": "a continuous glucose monitor",
}
_FIELDS = ("name", "maker", "model", "serial", "firmware")


def add(verbs: Any) -> None:
    """Adds the verb to the command line."""
    parser = verbs.add_parser("air", help="record worn sensors and an insulin pump by Bluetooth LE")
    parser.add_argument("--output", type=Path, metavar="DIR", required=True, help="gets the files")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other addresses and numbers (default: 1)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Records; 0 when the files are there, 3 when they could not be made."""
    if not environment():
        return 3
    options.output.mkdir(parents=True, exist_ok=True)
    try:
        record(options.output, options.seed)
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        print(f"no recording: {error}", file=sys.stderr)
        return 3
    return 0


def scenes(seed: int) -> dict[str, dict[str, Any]]:
    """Who reads whom: addresses, serial numbers and firmware drawn from the seed."""
    chance = random.Random(f"{seed} air")
    return {
        reader: {
            "reader": {"name": reader, "address": _address(chance)},
            "devices": [
                {
                    **device,
                    "address": _address(chance),
                    "maker": MAKER,
                    "model": f"{device['name']} {chance.randrange(1, 9)}",
                    "serial": f"LAB{chance.randrange(10**7):07d}",
                    "firmware": f"{chance.randrange(1, 5)}.{chance.randrange(10)}",
                }
                for device in devices
            ],
        }
        for reader, devices in READERS.items()
    }


def _address(chance: random.Random) -> str:
    """A static random address: its two highest bits are 1 (Bluetooth Core 6.B.1.3.2.1)."""
    return ":".join(f"{number:02X}" for number in (chance.randrange(0xC0, 0x100), *chance.randbytes(5)))


def record(output: Path, seed: int) -> None:
    """Records both scenes into ``output``.

    Raises:
        RuntimeError: A program failed, or what a device announces is not in the recording.
    """
    captures, hosts = [], []
    with tempfile.TemporaryDirectory(prefix="asepsis-lab-") as scratch:
        for reader, scene in scenes(seed).items():
            told, file = Path(scratch) / f"{reader}.json", Path(scratch) / f"air-{reader}.pcap"
            told.write_text(json.dumps(scene))
            argv = [str(ENVIRONMENT / "bin" / "python"), str(PROGRAM_FILES / PROGRAM), str(told), str(file)]
            _said([*WITH_PARENT, *argv, str(READINGS)])
            packets = len(_frames(file, "frame"))
            target = output / f"{file.name}.zst"
            capture.compressed(file, target)
            captures.append(capture.describe(target, packets, "no frame; as Bumble's log of its host wrote them"))
            for device in scene["devices"]:
                hosts.append(_label(device, reader, file, target.name))
    document = {
        "format": 1,
        "recorded": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "recorded_by": "python -m lab air",
        "seed": seed,
        "programs": {"python": python_packages(ENVIRONMENT, ("bumble",))},
        "patients": "none: readings are one constant a service",
        "captures": captures,
        "hosts": hosts,
    }
    write(output / "air.json", document)


def _label(device: Mapping[str, Any], reader: str, file: Path, name: str) -> dict[str, Any]:
    """The truth of a device; what it announces is looked up by tshark."""
    announces = []
    for field in _FIELDS:
        frames = _frames(file, f'frame contains "{device[field]}"')
        if not frames:
            raise RuntimeError(f"announced but not in the recording: {device['name']} {field} {device[field]}")
        announces.append({"field": field, "value": device[field], "frames": len(frames), "first_frame": frames[0]})
    return {
        "name": device["name"],
        "plays": device["plays"],
        "says": SAYS[device["name"]],
        "mac": device["address"].lower(),
        "read_by": reader,
        "file": name,
        "services": device["services"],
        "emulator": EMULATOR,
        "programs": [PROGRAM],
        "announces": announces,
    }


def _frames(file: Path, wanted: str) -> list[int]:
    said = _said(["tshark", "-n", "-r", str(file), "-Y", wanted, "-T", "fields", "-e", "frame.number"])
    return [int(line) for line in said.split()]


def _said(argv: Sequence[str]) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, timeout=TIME_LIMIT_SECONDS, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{Path(argv[-1]).name}: {done.stderr.strip()[-500:]}")
    return done.stdout
