"""Writes the large capture that speed is measured on: a made-up hospital and, where present, copies of real captures.

``python -m bench.capture`` writes into ``bench/scratch`` (never committed): ``hospital.pcap`` (at least 1.4 GB and
three million packets), ``hospital-100.pcap`` (its first 100 MB), ``hospital-tenth.pcap`` (its first tenth, for the
linearity row) and ``hospital.json`` (seed, digests, counts). The same seed and the same real captures give the
same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import heapq
import json
import struct
import time
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any

from bench.hospital import ward
from bench.hospital.net import Packet
from bench.recorded import Frame, Recorded

ROOT = Path(__file__).resolve().parent.parent
SCRATCH = ROOT / "bench" / "scratch"
REAL = ROOT / ".cache" / "shared"
REAL_FOLDERS = ("ndpi", "medical")

SEED = 11
COPIES = 12
SHIFT_US = 1_700_000  # copy k begins k times this later
SCALE_WITHOUT_REAL = 1.7  # what the made-up part must grow by to reach the size alone
CUT_BYTES = 100_000_000
WRITE_BYTES = 1 << 22


def _whole(packets: Iterator[Packet]) -> Iterator[Frame]:
    return ((at_us, frame, len(frame)) for at_us, frame in packets)


def merged(seed: int, real: Recorded | None, copies: int, scale: float) -> tuple[Iterator[Frame], dict[str, int]]:
    """The stream of all frames in order of time, and what the made-up part holds."""
    planned, counts = ward.plan(seed, scale)
    streams: list[Iterator[Frame]] = [_whole(ward.packets(planned))]
    if real is not None:
        streams += [real.copy(number, number * SHIFT_US) for number in range(copies)]
    return heapq.merge(*streams, key=itemgetter(0)), dict(counts)


def write(frames: Iterator[Frame], path: Path) -> dict[str, Any]:
    """Writes a pcap file (little endian, microseconds, Ethernet) and returns its counts and digest."""
    record = struct.Struct("<IIII").pack
    digest = hashlib.sha256()
    pieces, held, count = [struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1)], 0, 0
    fresh = path.with_suffix(".new")  # who reads the old file goes on reading it
    with fresh.open("wb") as file:
        for at_us, frame, original in frames:
            seconds, micro = divmod(at_us, 1_000_000)
            pieces += (record(seconds, micro, len(frame), original), frame)
            held += len(frame)
            count += 1
            if held >= WRITE_BYTES:
                block = b"".join(pieces)
                digest.update(block)
                file.write(block)
                pieces, held = [], 0
        block = b"".join(pieces)
        digest.update(block)
        file.write(block)
        size = file.tell()
    fresh.replace(path)
    return {"packets": count, "bytes": size, "sha256": digest.hexdigest()}


def cut(source: Path, target: Path, limit: int) -> dict[str, Any]:
    """Copies the first whole records of ``source`` that fit into ``limit`` bytes."""
    with source.open("rb") as file:
        data = file.read(limit)
    at, count = 24, 0
    while at + 16 <= len(data):
        end = at + 16 + int.from_bytes(data[at + 8 : at + 12], "little")
        if end > len(data):
            break
        at, count = end, count + 1
    fresh = target.with_suffix(".new")
    fresh.write_bytes(data[:at])
    fresh.replace(target)
    return {"packets": count, "bytes": at, "sha256": hashlib.sha256(data[:at]).hexdigest()}


def build(folder: Path, *, seed: int = SEED, copies: int = COPIES, real_root: Path = REAL) -> dict[str, Any]:
    """Writes the three files and their description into ``folder`` and returns the description."""
    folder.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    folders = [real_root / name for name in REAL_FOLDERS if (real_root / name).is_dir()]
    real = Recorded(folders, ward.START_US) if folders else None
    frames, counts = merged(seed, real, copies, 1.0 if real else SCALE_WITHOUT_REAL)
    large = folder / "hospital.pcap"
    made = write(frames, large)
    description = {
        "seed": seed,
        "made_up": counts,
        "real": None
        if real is None
        else {"files": real.files, "packets": len(real.times), "copies": copies, "sha256": real.digest},
        "files": {
            "hospital.pcap": made,
            "hospital-100.pcap": cut(large, folder / "hospital-100.pcap", CUT_BYTES),
            "hospital-tenth.pcap": cut(large, folder / "hospital-tenth.pcap", made["bytes"] // 10),
        },
        "seconds": round(time.monotonic() - started, 1),
    }
    (folder / "hospital.json").write_text(json.dumps(description, indent=2) + "\n")
    return description


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=SCRATCH)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--copies", type=int, default=COPIES, help="copies of the real captures")
    options = parser.parse_args()
    print(json.dumps(build(options.folder, seed=options.seed, copies=options.copies), indent=2))


if __name__ == "__main__":
    main()
