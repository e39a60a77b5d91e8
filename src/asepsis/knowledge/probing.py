"""Which kinds of devices a program may ask something, and how much; whatever does not stand in the table, never."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from asepsis.knowledge.table import rows


class Probing(NamedTuple):
    """What a device of one category can bear in one scan."""

    category: str
    packets: int
    """That one device may get, from the first SYN to the last ACK."""
    bytes: int
    """That one device may get, counted as the network layer does (RFC 791 3.1, total length)."""
    idle_minutes: int
    """For so long it must have been silent; 0 for what is made to answer many at a time."""
    why: str


@lru_cache(maxsize=1)
def _table() -> dict[str, Probing]:
    path = Path(__file__).with_name("exposure") / "probing.jsonl"
    return {row["category"]: Probing(**row) for row in rows(path.read_text(encoding="utf-8"))}


def probing_of(category: str | None) -> Probing | None:
    """Of a category; None where a device of it is never asked, or where it is not known what the device is."""
    return None if category is None else _table().get(category)


def probed_categories() -> frozenset[str]:
    """Every category that may be asked."""
    return frozenset(_table())
