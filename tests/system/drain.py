"""A program for tests: reads a live interface with the engine and prints what it counted, as JSON.

``python -m tests.system.drain INTERFACE PACKETS SECONDS``: ends when PACKETS came or SECONDS are over. It runs inside
the namespace of a ``Wire``. ``totals`` is shared with the test, which reads the same capture from its file.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from asepsis.wire.engine import Engine
from asepsis.wire.live import LiveCapture


def totals(finished: Iterable[NDArray[np.void]]) -> dict[str, list[int]]:
    """Packets and bytes of every pair of ends, both directions together, so that a split conversation is one."""
    counted: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for table in finished:
        for row in table:
            client = (int(row["client_high"]), int(row["client_low"]), int(row["client_port"]))
            server = (int(row["server_high"]), int(row["server_low"]), int(row["server_port"]))
            key = f"{int(row['ip_protocol'])} {min(client, server)} {max(client, server)}"
            counted[key] += int(row["packets_to_server"]) + int(row["packets_to_client"])
            sizes[key] += int(row["bytes_to_server"]) + int(row["bytes_to_client"])
    return {key: [counted[key], sizes[key]] for key in sorted(counted)}


def main(interface: str, packets: int, seconds: float) -> None:
    """Drains the interface."""
    engine = Engine()
    live = LiveCapture(engine, interface)
    live.begin()
    finished = []
    end = time.monotonic() + seconds
    while engine.packets < packets and time.monotonic() < end:
        finished += [output.finished for output in live.outputs()]
    finished += [output.finished for output in live.finish()]
    account = live.account
    document = {
        "packets": account.packets,
        "decoded": account.decoded,
        "undecoded": account.undecoded,
        "bytes": account.bytes,
        "dropped": live.dropped,
        "totals": totals(finished),
    }
    sys.stdout.write(json.dumps(document))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
