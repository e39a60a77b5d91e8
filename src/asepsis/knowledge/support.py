"""When support ends: operating systems and SSH software, by the dates that their makers publish.

Out: ``Support``, a product with the last day of its ordinary security updates and the source of that date. What is
not in the table is unknown, which is no fault of the device.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from asepsis.knowledge.table import LONGEST_TEXT, rows

# Different systems and SSH identifications of one site; a hospital has some hundred.
REMEMBERED_ANSWERS = 2048


class Support(NamedTuple):
    """Until when a product is supported."""

    product: str
    ends: date
    """The last day."""
    source: str


@lru_cache(maxsize=1)
def _table() -> tuple[tuple[dict[str, Any], Support], ...]:
    path = Path(__file__).with_name("exposure") / "support_ends.jsonl"
    return tuple(
        (row, Support(product=row["product"], ends=date.fromisoformat(row["ends"]), source=row["source"]))
        for row in rows(path.read_text(encoding="utf-8"))
    )


@lru_cache(maxsize=REMEMBERED_ANSWERS)
def support_of_system(name: str) -> Support | None:
    """Of an operating system, by its whole name: ``Windows 7``."""
    return next((support for row, support in _table() if row.get("os") == name), None)


@lru_cache(maxsize=REMEMBERED_ANSWERS)
def support_of_ssh(identification: str) -> Support | None:
    """Of SSH software, by what follows ``SSH-2.0-``: ``OpenSSH_9.2p1 Debian-2+deb12u10``; the first row that fits."""
    text = identification[:LONGEST_TEXT]
    return next((support for row, support in _table() if "ssh" in row and row["ssh"] in text), None)
