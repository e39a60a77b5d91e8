"""``python -m asepsis.wire CAPTURE``: the flow stage alone, for benchmarks and for looking into the engine.

Prints one JSON line: packets, conversations, bytes, evicted.
"""

from __future__ import annotations

import json
import os
import sys

# NumPy's linear algebra would start a thread for each processor and let it spin; the engine has no use for it.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from asepsis.wire.capture import CaptureReader
from asepsis.wire.engine import Emit, Engine
from asepsis.wire.source import open_source


def main(path: str) -> None:
    """Counts conversations of one capture; payloads are not looked at."""
    engine = Engine(emit=Emit.NOTHING)
    source, _ = open_source(path)
    reader = CaptureReader(engine, source)
    conversations = sum(len(output.finished) for output in reader.outputs())
    source.close()
    account = reader.account
    document = {
        "packets": account.packets,
        "decoded": account.decoded,
        "conversations": conversations,
        "bytes": account.bytes,
        "evicted": engine.evicted,
    }
    sys.stdout.write(json.dumps(document) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
