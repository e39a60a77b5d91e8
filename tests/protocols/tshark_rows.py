"""What tshark's dissectors print about the packets of a capture, field by field."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

Row = dict[str, list[str]]
"""For each field, all its values in one packet, in order."""


def need_tshark() -> None:
    """Skips the test where tshark is not installed."""
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed")


def rows(capture: Path, shown: str, names: Sequence[str]) -> Iterator[Row]:
    """One row for each packet that a display filter shows."""
    argv = ["tshark", "-n", "-r", str(capture), "-Y", shown, "-T", "fields"]
    argv += ["-E", "occurrence=a", "-E", "aggregator=\x01", "-E", "separator=\x02"]
    for name in names:
        argv += ["-e", name]
    # A capture that is cut in the middle ends with an error; what stands before is read.
    done = subprocess.run(argv, capture_output=True, check=False)
    for line in done.stdout.decode("utf-8", "replace").split("\n")[:-1]:
        columns = line.split("\x02")
        if len(columns) == len(names):
            yield {name: column.split("\x01") if column else [] for name, column in zip(names, columns, strict=True)}


def layers(capture: Path, protocol: str, shown: str = "") -> Iterator[bytes]:
    """The bytes of one protocol's layer, to the end of its frame, of each packet that has it once (and is shown)."""
    argv = ["tshark", "-n", "-r", str(capture), "-Y", shown or protocol, "-T", "json", "-x", "-j", protocol]
    done = subprocess.run(argv, capture_output=True, check=False)
    for packet in json.loads(done.stdout or b"[]"):
        found = packet["_source"]["layers"]
        frame, start = found["frame_raw"][0], found[f"{protocol}_raw"][1]
        assert isinstance(start, int)
        yield bytes.fromhex(frame)[start:]
