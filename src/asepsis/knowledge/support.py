"""When support ends: operating systems, SSH software and components, by the dates that their makers publish.

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


@lru_cache(maxsize=1)
def _components() -> dict[str, tuple[tuple[str, Support], ...]]:
    path = Path(__file__).with_name("exposure") / "component_support.jsonl"
    found: dict[str, list[tuple[str, Support]]] = {}
    for row in rows(path.read_text(encoding="utf-8")):
        support = Support(product=row["product"], ends=date.fromisoformat(row["ends"]), source=row["source"])
        for name in (row["component"], *row.get("aliases", ())):
            found.setdefault(name, []).append((row["version"], support))
    return {name: tuple(listed) for name, listed in found.items()}


@lru_cache(maxsize=REMEMBERED_ANSWERS)
def support_of_component(name: str, version: str) -> Support | None:
    """Of a software component, by its name in any case and the beginning of its version: ``openssl``, ``1.0.2u``.

    A version that goes on with a digit is another one: ``1.10`` is not ``1.1``.
    """
    wanted = version[:LONGEST_TEXT].strip().lstrip("vV")
    for start, support in _components().get(name[:LONGEST_TEXT].strip().casefold(), ()):
        if wanted.startswith(start) and not wanted[len(start) : len(start) + 1].isdigit():
            return support
    return None
