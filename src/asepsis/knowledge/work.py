"""How long each piece of work takes and whose it is: our judgement, which a hospital's own figures replace."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from asepsis.knowledge.table import rows


class Work(NamedTuple):
    """One sort of work."""

    action: str
    """The id that ``asepsis risk`` gives it."""
    kind: str
    """``patch``, ``mitigate``, ``segment``, ``replace`` or ``accept``."""
    title: str
    """What to do, as an order without a full stop."""
    who: str
    """Whose work it is: ``maker``, ``clinical engineering``, ``network team`` or ``security team``."""
    setup_hours: float
    """Once for a product."""
    each_hours: float
    """At each device."""
    source: str


@lru_cache(maxsize=1)
def table_of_work() -> Mapping[str, Work]:
    """By action."""
    path = Path(__file__).with_name("exposure") / "work.jsonl"
    return {row["action"]: Work(**row) for row in rows(path.read_text(encoding="utf-8"))}
