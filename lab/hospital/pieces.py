"""A recording in pieces: each sitting is a capture of its own, moved in time as a whole, and all are joined.

Comes in: pieces with the time that each tells. Goes out: one capture, and for the manifest what was moved by how much.
That no TCP connection reaches from one piece into another is asked of an independent reader (tshark).
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from lab.hospital.calendar import Sitting

SECOND_NS = 1_000_000_000
READ_SECONDS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """The capture of one sitting."""

    sitting: Sitting
    file: Path
    packets: int
    recorded_ns: int
    """When it was begun, by the clock of the machine that records."""
    ended_ns: int
    moved_ns: int
    """What is added to every packet's time; whole seconds."""

    def told(self) -> dict[str, Any]:
        """What the manifest says of it."""
        return {
            "day": self.sitting.day,
            "shift": self.sitting.shift,
            "begins": _iso(self.recorded_ns + self.moved_ns),
            "ends": _iso(self.ended_ns + self.moved_ns),
            "recorded": _iso(self.recorded_ns),
            "moved_seconds": self.moved_ns // SECOND_NS,
            "packets": self.packets,
        }


def moved_ns(sitting: Sitting, recorded_ns: int) -> int:
    """By how much a piece that begins now is to be moved: whole seconds, so that no digit of a time is rounded."""
    return (int(sitting.begins.timestamp()) - recorded_ns // SECOND_NS) * SECOND_NS


def joined(pieces: Sequence[Piece], target: Path) -> str:
    """Writes one capture of all pieces; the pieces' files are removed.

    Returns:
        A sentence for the manifest.

    Raises:
        RuntimeError: A tool failed, pieces overlap, or a TCP connection reaches from one piece into another.
    """
    for before, after in pairwise(pieces):
        if before.ended_ns + before.moved_ns >= after.recorded_ns + after.moved_ns:
            raise RuntimeError(f"{before.sitting} had not ended when {after.sitting} began")
    parts = []
    for piece in pieces:
        # editcap carries the section header's "hardware" option over, but not through a format that has none.
        part = piece.file.with_suffix(".pcap")
        shift = str(piece.moved_ns // SECOND_NS)
        _run("editcap", "-F", "nsecpcap", "-t", shift, str(piece.file), str(part))
        piece.file.unlink()
        parts.append(part)
    whole = target.with_suffix(".joined.pcap")
    _run("mergecap", "-a", "-F", "nsecpcap", "-w", str(whole), *map(str, parts))
    for part in parts:
        part.unlink()
    _run("editcap", "-F", "pcapng", str(whole), str(target))
    whole.unlink()
    if stretched := across(tcp_packets(target), [piece.recorded_ns + piece.moved_ns for piece in pieces]):
        raise RuntimeError(f"connections reach over an idle gap: {'; '.join(stretched[:10])}")
    return (
        "no frame; the times of each sitting's packets were moved together by the whole seconds that `sittings` names "
        "(editcap -t), and the sittings were joined (mergecap); times inside messages were not changed; the "
        "recorder's description of its own hardware was left out"
    )


def tcp_packets(capture: Path) -> list[tuple[int, str, str]]:
    """For each packet of TCP its time in nanoseconds, its connection as tshark numbers them, and that one's ends."""
    argv = ["tshark", "-n", "-r", str(capture), "-Y", "tcp", "-T", "fields"]
    argv += ["-e", "frame.time_epoch", "-e", "tcp.stream", "-e", "ip.src", "-e", "tcp.srcport"]
    argv += ["-e", "ip.dst", "-e", "tcp.dstport"]
    packets = []
    for row in _run(*argv).splitlines():
        when, stream, *ends = row.split("\t")
        seconds, _, fraction = when.partition(".")
        packets.append((int(seconds) * SECOND_NS + int(fraction[:9].ljust(9, "0")), stream, " ".join(ends)))
    return packets


def across(packets: Iterable[tuple[int, str, str]], begins_ns: Sequence[int]) -> list[str]:
    """TCP connections with packets on both sides of the beginning of a sitting."""
    first: dict[str, int] = {}
    found = []
    for time_ns, stream, ends in packets:
        sitting = sum(time_ns >= begin for begin in begins_ns)
        if first.setdefault(stream, sitting) != sitting:
            found.append(ends)
            first[stream] = sitting
    return found


def _iso(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns / SECOND_NS, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _run(*argv: str) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=READ_SECONDS)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(argv[:6])}: {(done.stderr or done.stdout).strip()[-400:]}")
    return done.stdout
