"""Real conversations for tests: what tshark says of a capture, and the same capture's TCP payload in order."""

from __future__ import annotations

import shutil
import subprocess
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pytest

from asepsis.protocols.message import Dissector, Result

Segment = tuple[int, bytes, bool]
"""Sender, payload, and whether bytes are missing before it."""

SEPARATOR = "\x1e"
AGGREGATOR = "\x1f"


def fields(capture: Path, wanted: str, *names: str, options: Sequence[str] = ()) -> list[list[list[str]]]:
    """Of every packet that the display filter takes, all values of every field; skips the test without tshark."""
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed")
    command = ["tshark", "-r", str(capture), "-Y", wanted, "-T", "fields", *options]
    command += ["-E", f"separator={SEPARATOR}", "-E", f"aggregator={AGGREGATOR}", "-E", "occurrence=a"]
    for name in names:
        command += ["-e", name]
    # A capture that ends in the middle makes tshark fail after it has printed what it read.
    done = subprocess.run(command, capture_output=True, check=False)
    lines = done.stdout.decode("utf-8", "replace").split("\n")
    return [[value.split(AGGREGATOR) if value else [] for value in line.split(SEPARATOR)] for line in lines if line]


def conversations(capture: Path) -> dict[int, list[Segment]]:
    """The payload of every TCP conversation by tshark's number of it, put in order, with gaps where bytes are lost."""
    rows = fields(
        capture, "tcp.len > 0", "tcp.stream", "ip.src", "ipv6.src", "tcp.srcport", "tcp.seq_raw", "tcp.payload"
    )
    packets: dict[int, list[tuple[str, int, bytes]]] = defaultdict(list)
    for stream, ip, ipv6, port, sequence, payload in rows:
        if stream and payload:
            packets[int(stream[-1])].append(
                ("".join(ip[-1:] + ipv6[-1:] + port[-1:]), int(sequence[-1]), bytes.fromhex(payload[-1]))
            )
    return {stream: _in_order(found) for stream, found in packets.items()}


def _in_order(packets: list[tuple[str, int, bytes]]) -> list[Segment]:
    first = packets[0][0]
    bases: dict[str, int] = {}
    for source, sequence, _ in packets:
        bases.setdefault(source, sequence)
    # Numbers of bytes from the first packet seen, so that an earlier one that came later is negative.
    placed = [
        (source != first, ((sequence - bases[source] + (1 << 31)) & 0xFFFF_FFFF) - (1 << 31), payload)
        for source, sequence, payload in packets
    ]
    expected = {side: min(place for one, place, _ in placed if one == side) for side in {side for side, _, _ in placed}}
    waiting: dict[bool, dict[int, bytes]] = {False: {}, True: {}}
    ordered: list[Segment] = []

    def give(side: bool, place: int, payload: bytes, *, gap: bool) -> None:
        if place + len(payload) > expected[side]:
            ordered.append((int(side), payload[max(expected[side] - place, 0) :], gap))
            expected[side] = place + len(payload)

    for side, place, payload in placed:
        waiting[side].setdefault(place, payload)
        for early in sorted(waiting[side]):
            if early > expected[side]:
                break
            give(side, early, waiting[side].pop(early), gap=False)
    for side, left in waiting.items():
        for place in sorted(left):
            give(side, place, left[place], gap=place > expected[side])
    return ordered


def messages(dissector: Dissector, segments: Sequence[Segment]) -> list[Result]:
    """What a dissector reads in one conversation."""
    assert dissector.open is not None
    stream = dissector.open()
    results: list[Result] = []
    for sender, payload, gap in segments:
        results.extend(stream.feed(sender, payload, gap=gap))
    results.extend(stream.close())
    return results
