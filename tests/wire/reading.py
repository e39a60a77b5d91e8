"""Runs captures that a test made through the engine."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from asepsis.wire.capture import Account, CaptureReader
from asepsis.wire.engine import Engine, Limits, Piece
from asepsis.wire.layout import PAYLOAD_WORDS
from asepsis.wire.source import open_source
from asepsis.wire.tables import CONVERSATIONS


@dataclass(slots=True)
class Reading:
    account: Account
    pieces: list[Piece]
    conversations: NDArray[np.void]
    repeats: NDArray[np.int64]
    """Rows whose bytes were left out, because an earlier piece said the same."""

    @property
    def messages(self) -> int:
        """Pieces that were handed on, with their bytes or as repeats."""
        return len(self.pieces) + len(self.repeats)

    def bytes_of(self, sender: int) -> bytes:
        """All bytes handed on of one sender, in order."""
        return b"".join(data for words, data, _ in self.pieces if words[12] >> 8 & 1 == sender)

    def applications(self) -> set[int]:
        return {words[12] & 255 for words, _, _ in self.pieces}


@lru_cache(maxsize=1)
def shared_engine() -> Engine:
    return Engine()


def read(capture: bytes | Path, engine: Engine | None = None) -> Reading:
    """Reads a capture from bytes or from a file."""
    engine = engine or shared_engine()
    if isinstance(capture, Path):
        path = capture
    else:
        descriptor, name = tempfile.mkstemp(suffix=".pcap")
        with os.fdopen(descriptor, "wb") as file:
            file.write(capture)
        path = Path(name)
    try:
        source, _ = open_source(path)
        reader = CaptureReader(engine, source)
        pieces: list[Piece] = []
        finished = []
        repeats = [np.zeros((0, PAYLOAD_WORDS), np.int64)]
        for output in reader.outputs():
            pieces += output.pieces
            finished.append(output.finished)
            repeats.append(output.repeats)
        source.close()
    finally:
        if not isinstance(capture, Path):
            path.unlink()
    conversations = np.concatenate([np.zeros(0, CONVERSATIONS), *finished])
    return Reading(reader.account, pieces, conversations, np.concatenate(repeats))


def engine_with(rows: int = 1 << 10, **limits: int) -> Engine:
    return Engine(rows=rows, limits=Limits(**limits), seed=7)
