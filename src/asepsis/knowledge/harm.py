"""What happens to patients when a device of a category does something else than it should, and by which source."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from asepsis.knowledge.table import rows

SEVERITIES = ("negligible", "minor", "serious", "critical", "catastrophic")
"""ISO/TR 24971:2020 5.5.3, from the least to the worst: no discomfort to speak of; temporary injury that needs no care;
injury that needs care; lasting or life-threatening injury; death."""


class Harm(NamedTuple):
    """Of one category."""

    category: str
    function: str
    """What it does for patients, in words that end the sentence "This device ..."."""
    severity: str
    sustains_life: bool
    fda_class: int | None
    """1 to 3; None for what is no medical device by 21 CFR."""
    regulation: str
    source: str


@lru_cache(maxsize=1)
def _table() -> dict[str, Harm]:
    path = Path(__file__).with_name("exposure") / "harm.jsonl"
    return {row["category"]: Harm(**row) for row in rows(path.read_text(encoding="utf-8"))}


def harm_of(category: str | None) -> Harm | None:
    """Of a category; None where it is not known what the device is."""
    return None if category is None else _table().get(category)
