"""Sittings are moved as a whole and joined in order; a connection that would be stretched is refused."""

from __future__ import annotations

import shutil
import struct
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lab.hospital import calendar, pieces

pytestmark = pytest.mark.skipif(
    any(shutil.which(tool) is None for tool in ("editcap", "mergecap", "tshark")),
    reason="Wireshark's tools are missing",
)
MONDAY = datetime(2026, 11, 9, tzinfo=UTC)
REAL_NS = 1_700_000_000_250_000_000
SYN, ACK, FIN = 0x02, 0x10, 0x11


def frame(flags: int, *, port: int, sequence: int = 1) -> bytes:
    """A TCP segment of 10.0.0.1 to 10.0.0.2 port 104 (RFC 9293 3.1), checksums left out."""
    tcp = struct.pack(">HHIIBBHHH", port, 104, sequence, 0, 0x50, flags, 1000, 0, 0)
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 40, 0, 0, 64, 6, 0, b"\x0a\0\0\x01", b"\x0a\0\0\x02")
    return b"\2\0\0\0\0\2" + b"\2\0\0\0\0\1" + b"\x08\0" + ip + tcp


def piece(folder: Path, sitting: calendar.Sitting, began_ns: int, frames: list[bytes]) -> pieces.Piece:
    """A capture whose packets come a second apart."""
    file = folder / f"{sitting.number}.pcapng"
    plain = folder / "plain.pcap"
    content = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 1)
    for number, data in enumerate(frames):
        seconds, rest = divmod(began_ns + number * pieces.SECOND_NS, pieces.SECOND_NS)
        content += struct.pack("<IIII", seconds, rest, len(data), len(data)) + data
    plain.write_bytes(content)
    subprocess.run(["editcap", "-F", "pcapng", str(plain), str(file)], check=True)
    return pieces.Piece(
        sitting=sitting,
        file=file,
        packets=len(frames),
        recorded_ns=began_ns,
        ended_ns=began_ns + 5 * pieces.SECOND_NS,
        moved_ns=pieces.moved_ns(sitting, began_ns),
    )


def two(folder: Path, second: list[bytes]) -> list[pieces.Piece]:
    early, late, _ = calendar.week(MONDAY, seconds=60, days=1)
    return [
        piece(folder, early, REAL_NS, [frame(SYN, port=4000), frame(FIN, port=4000)]),
        piece(folder, late, REAL_NS + 9 * pieces.SECOND_NS, second),
    ]


def test_every_packet_of_a_sitting_is_moved_by_the_same_whole_seconds(tmp_path: Path) -> None:
    target = tmp_path / "week.pcapng"
    pieces.joined(two(tmp_path, [frame(SYN, port=4001), frame(FIN, port=4001)]), target)
    argv = ["tshark", "-n", "-r", str(target), "-T", "fields", "-e", "frame.time_epoch"]
    times = subprocess.run(argv, check=True, capture_output=True, text=True).stdout.split()
    early, late = (int(one.begins.timestamp()) for one in calendar.week(MONDAY, seconds=60, days=1)[:2])
    assert times == [f"{second}.250000000" for second in (early, early + 1, late, late + 1)]


def test_a_connection_that_goes_on_after_the_gap_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="reach over an idle gap"):
        pieces.joined(two(tmp_path, [frame(ACK, port=4000)]), tmp_path / "week.pcapng")


def test_a_port_that_is_used_again_is_another_connection(tmp_path: Path) -> None:
    again = [frame(SYN, port=4000, sequence=70_000), frame(FIN, port=4000, sequence=70_001)]
    pieces.joined(two(tmp_path, again), tmp_path / "week.pcapng")


def test_sittings_that_overlap_are_refused(tmp_path: Path) -> None:
    early, late = two(tmp_path, [frame(SYN, port=4001)])
    with pytest.raises(RuntimeError, match="had not ended"):
        pieces.joined([late, early], tmp_path / "week.pcapng")
