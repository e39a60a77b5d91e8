"""Exports: entries, proofs, checkpoints and the public key in one file of JSON lines, to be checked anywhere.

The first line says what follows. Of a whole ledger, each entry bears its hash, and after each 256 a line proves that
these hashes stand in the signed tree; of a selection, each entry bears a proof of its own.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator
from typing import Any, Final

from asepsis.ledger.errors import LedgerError
from asepsis.ledger.merkle import leaf_hash
from asepsis.ledger.note import Checkpoint, Verifier
from asepsis.ledger.record import canonical
from asepsis.ledger.store import Entry, Ledger

FORMAT: Final = "asepsis-ledger-export/1"
# Large enough that proofs are a small part of the file, small enough to say where something is wrong.
BLOCK_LEVEL: Final = 8
BLOCK: Final = 1 << BLOCK_LEVEL
# Kept checkpoints that go along, the latest ones: each costs a proof of some 20 hashes.
CHECKPOINTS_LIMIT: Final = 1000


def export_all(ledger: Ledger, witnesses: Iterable[Verifier] = ()) -> Iterator[bytes]:
    """The lines of an export of all entries, as of the last commit.

    Raises:
        LedgerError: There is no entry yet, or the ledger cannot be read.
    """
    head = ledger.head()
    yield _head_line(ledger, head, witnesses, whole=True)
    for first in range(0, head.size, BLOCK):
        end = min(first + BLOCK, head.size)
        for entry in ledger.entries(first, end):
            hash_ = b64encode(leaf_hash(entry.body)).decode()
            yield b'{"position":%d,"hash":"%s","entry":%s}\n' % (entry.position, hash_.encode(), entry.body)
        proof = ledger.inclusion(first, head.size)
        # The path from a block begins where the path from its first entry leaves the block.
        below = _steps_inside(first, end, head.size)
        yield _line({"block": first >> BLOCK_LEVEL, "first": first, "end": end, "proof": _texts(proof[below:])})


def export_some(ledger: Ledger, entries: Iterable[Entry], witnesses: Iterable[Verifier] = ()) -> Iterator[bytes]:
    """The lines of an export of some entries; those that were appended after it began are left out.

    Raises:
        LedgerError: There is no entry yet, or the ledger cannot be read.
    """
    head = ledger.head()
    yield _head_line(ledger, head, witnesses, whole=False)
    for entry in entries:
        if entry.position < head.size:
            proof = canonical({"p": _texts(ledger.inclusion(entry.position, head.size))})[5:-1]
            yield b'{"position":%d,"entry":%s,"proof":%s}\n' % (entry.position, entry.body, proof)


def _head_line(ledger: Ledger, head: Checkpoint, witnesses: Iterable[Verifier], *, whole: bool) -> bytes:
    kept = [checkpoint for checkpoint, _ in ledger.checkpoints(CHECKPOINTS_LIMIT) if 0 < checkpoint.size <= head.size]
    return _line(
        {
            "format": FORMAT,
            "origin": ledger.origin,
            "key": ledger.verifier.text(),
            "witnesses": [witness.text() for witness in witnesses],
            "whole": whole,
            "checkpoint": head.text(),
            "checkpoints": [
                {"note": one.text(), "consistency": _texts(ledger.consistency(one.size, head.size))}
                for one in reversed(kept)
            ],
        }
    )


def _steps_inside(first: int, end: int, size: int) -> int:
    """How many hashes of the path from entry ``first`` lie inside the block [first, end) of a tree of ``size``."""
    steps = 0
    low, high = 0, size
    path = []
    while high - low > 1:
        middle = low + (1 << (high - low - 1).bit_length() - 1)
        path.append((low, high))
        low, high = (low, middle) if first < middle else (middle, high)
    for low, high in reversed(path):
        if low < first or high > end:
            break
        steps += 1
    if not any(part == (first, end) for part in path) and end - first > 1:
        raise LedgerError(f"[{first}, {end}) is no part of a tree of {size}", code="ledger-export")
    return steps


def _texts(hashes: list[bytes]) -> list[str]:
    return [b64encode(hash_).decode() for hash_ in hashes]


def _line(document: dict[str, Any]) -> bytes:
    return canonical(document) + b"\n"
