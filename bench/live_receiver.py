"""The capturing process of the live measurements; runs inside a ``Wire``'s namespace.

``python -m bench.live_receiver INTERFACE BLOCKS flows|pieces free|held``: captures until a line comes on standard
input. ``held`` lets the ring fill until then and measures how fast it is emptied. Prints one JSON line.
"""

from __future__ import annotations

import json
import select
import sys
import time

from asepsis.wire.engine import Emit, Engine
from asepsis.wire.live import LiveCapture

# The last block comes when its time is over (asepsis.wire.live.HAND_OVER_MS), or not at all.
PATIENCE_MS = 200


def main(interface: str, blocks: int, work: str, held: str) -> None:
    """Captures and says what it cost."""
    engine = Engine(emit=Emit.MESSAGES if work == "pieces" else Emit.NOTHING)
    live = LiveCapture(engine, interface, blocks=blocks)
    live.begin()
    if held == "held":
        sys.stdin.readline()
    started, cpu = time.monotonic(), time.process_time()
    conversations = pieces = 0
    while held == "held" or not select.select([sys.stdin], [], [], 0)[0]:
        before = engine.packets
        for output in live.outputs(wait_ms=0 if held == "held" else PATIENCE_MS):
            conversations += len(output.finished)
            pieces += len(output.pieces)
        if held == "held" and engine.packets == before:
            break
    seconds, cpu = time.monotonic() - started, time.process_time() - cpu
    for output in live.finish():
        conversations += len(output.finished)
    document = {
        "packets": live.account.packets,
        "bytes": live.account.bytes,
        "conversations": conversations,
        "pieces": pieces,
        "dropped_by_kernel": live.dropped,
        "seconds": seconds,
        "cpu_seconds": cpu,
    }
    sys.stdout.write(json.dumps(document) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4])
