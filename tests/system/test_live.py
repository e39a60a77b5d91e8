"""A live interface says the same as the file that is replayed onto it, and drops nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from asepsis.wire.capture import Account, CaptureReader
from asepsis.wire.engine import Engine
from asepsis.wire.source import open_source
from tests.system.drain import totals
from tests.system.namespaces import Replayed, Wire, lacking

pytestmark = [pytest.mark.root, pytest.mark.slow]

ROOT = Path(__file__).resolve().parent.parent.parent
WARD = ROOT / "tests" / "recordings" / "ward.pcapng.zst"
GIANT_MTU = 65000
"""The capture was made with offloads on: its frames are longer than any wire carries."""
COMPILE_SECONDS = 180.0
"""The first start on a machine compiles the kernels."""


def from_file(capture: Path) -> tuple[Account, dict[str, list[int]]]:
    source, _ = open_source(capture)
    reader = CaptureReader(Engine(), source)
    finished = [output.finished for output in reader.outputs()]
    source.close()
    return reader.account, totals(finished)


def live(wire: Wire, capture: Path, packets: int, **how: int | bool) -> tuple[dict[str, Any], Replayed]:
    argv = [sys.executable, "-m", "tests.system.drain", wire.receiver, str(packets), "60"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    receiver = wire.start(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
    wire.wait_for_receiver(receiver, timeout_seconds=COMPILE_SECONDS)
    sent = wire.replay(capture, **how)  # type: ignore[arg-type] # the options of replay, by name
    printed, said = receiver.communicate(timeout=90)
    assert receiver.returncode == 0, said.decode()
    answer: dict[str, Any] = json.loads(printed)
    return answer, sent


def test_the_ward_replayed_says_what_its_file_says(wire: Wire) -> None:
    account, conversations = from_file(WARD)
    heard, sent = live(wire, WARD, account.packets, topspeed=True)
    assert (sent.packets, sent.failed) == (account.packets, 0)
    assert heard["dropped"] == 0
    assert heard["packets"] == account.packets
    assert heard["bytes"] == account.bytes
    assert heard["decoded"] + sum(heard["undecoded"].values()) == heard["packets"]
    assert heard["undecoded"] == account.undecoded
    assert heard["totals"] == conversations


def test_nothing_is_dropped_at_the_highest_rate_that_tcpreplay_reaches(
    archive: Callable[[str], Path],
) -> None:
    if missing := lacking():
        pytest.skip("; ".join(missing))
    capture = archive("ndpi") / "1kxun.pcap"
    account, conversations = from_file(capture)
    loops = 20  # 51 MB fit into the ring of 64 MiB: a busy machine cannot make this test fail
    with Wire(mtu=GIANT_MTU) as wire:
        heard, sent = live(wire, capture, loops * account.packets, topspeed=True, loops=loops, cpu=0)
    assert (sent.packets, sent.failed) == (loops * account.packets, 0)
    assert heard["dropped"] == 0
    assert heard["packets"] == sent.packets
    assert heard["bytes"] == loops * account.bytes
    assert heard["totals"] == {key: [loops * count for count in counts] for key, counts in conversations.items()}
