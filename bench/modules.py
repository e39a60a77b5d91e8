"""What the protocol modules cost: CPU of the dissectors alone on the large capture, and how many messages that is.

Each drain's pieces are put together by protocol (which keeps the order within a conversation) and each group is timed
as a whole; the engine, the clues and the history are outside of it.
"""

from __future__ import annotations

import json
import statistics
import time
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from asepsis.protocols.message import Malformed, Stream
from asepsis.protocols.registry import PROTOCOLS, dissector
from asepsis.wire.applications import Application
from asepsis.wire.capture import CaptureReader
from asepsis.wire.engine import Engine, Piece
from asepsis.wire.layout import P_CONVERSATION, P_META, P_PORTS
from asepsis.wire.source import open_source
from bench.programs import our_version
from bench.sitting import KEPT, LARGE, digests, file_of, kept

ROUNDS = 3
TCP = 6
_NAMES = {int(member): member.name.lower() for member in Application if member}


class Modules:
    """Every protocol's dissector with its open conversations."""

    def __init__(self) -> None:
        self.cpu_seconds: Counter[str] = Counter()
        self.read: Counter[str] = Counter()
        self._streams: dict[tuple[int, str], Stream] = {}
        for protocol in PROTOCOLS:
            dissector(protocol)  # imported before anything is timed

    def take(self, protocol: str, pieces: list[Piece]) -> None:
        """Reads one drain's pieces of one protocol."""
        known = dissector(protocol)
        streams, messages = self._streams, 0
        began = time.process_time()
        for words, data, gap in pieces:
            if known.open is not None and (words[P_PORTS] >> 56 & 255 == TCP or known.whole_datagrams):
                key = words[P_CONVERSATION], protocol
                stream = streams.get(key)
                if stream is None:
                    stream = streams[key] = known.open()
                results = stream.feed(words[P_META] >> 8 & 1, data, gap=gap)
            elif known.datagram is not None:
                results = known.datagram(data)
            else:
                continue
            for result in results:
                if not isinstance(result, Malformed):
                    messages += 1
        self.cpu_seconds[protocol] += time.process_time() - began
        self.read[protocol] += messages


def measured() -> dict[str, Any]:
    """One reading of the large capture."""
    engine, modules = Engine(), Modules()
    source, _ = open_source(file_of(LARGE))
    named: Counter[str] = Counter()
    for output in CaptureReader(engine, source).outputs():
        groups: dict[int, list[Piece]] = {}
        for piece in output.pieces:
            groups.setdefault(piece[0][P_META] & 255, []).append(piece)
        for code, pieces in groups.items():
            if code in _NAMES:
                modules.take(_NAMES[code], pieces)
        named.update(_NAMES.get(code, "") for code in (output.repeats[:, P_META] & 255).tolist())
    source.close()
    for code, count in engine.repeated().items():
        named[_NAMES.get(code, "")] += count
    del named[""]
    return {"cpu_seconds": dict(modules.cpu_seconds), "read": dict(modules.read), "named": dict(named)}


def main() -> None:
    """Measures and keeps."""
    runs = [measured() for _ in range(ROUNDS)]
    answer = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "digests": digests(),
        "version": our_version(),
        "read": runs[0]["read"],
        "named": runs[0]["named"],
        "cpu_seconds": {
            protocol: statistics.median(run["cpu_seconds"].get(protocol, 0.0) for run in runs)
            for protocol in runs[0]["cpu_seconds"]
        },
    }
    everything = kept()
    everything["modules"] = answer
    KEPT.write_text(json.dumps(everything, indent=1) + "\n")


if __name__ == "__main__":
    main()
