"""What happens to patients when a device of a category does something else than it should, and by which source."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from asepsis.knowledge.table import rows

SEVERITIES = ("negligible", "minor", "serious", "critical", "catastrophic")
"""ISO/TR 24971:2020 5.5.3, from the least to the worst: no discomfort to speak of; temporary injury that needs no care;
injury that needs care; lasting or life-threatening injury; death."""
_AT_WORST = {
    "negligible": "at worst it is a nuisance",
    "minor": "at worst a patient is hurt for a short time",
    "serious": "at worst a patient is hurt and needs treatment for it",
    "critical": "at worst a patient is harmed for good",
    "catastrophic": "at worst a patient dies",
}


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

    @property
    def at_worst(self) -> str:
        """The severity as a nurse would say it."""
        return _AT_WORST[self.severity]

    @property
    def told(self) -> str:
        """What it does for patients and what hangs on it, in words that follow "it" or "each of these devices"."""
        return f"{self.function}{', and a life may hang on it' if self.sustains_life else ''}: {self.at_worst}"


@lru_cache(maxsize=1)
def _table() -> dict[str, Harm]:
    path = Path(__file__).with_name("exposure") / "harm.jsonl"
    return {row["category"]: Harm(**row) for row in rows(path.read_text(encoding="utf-8"))}


def harm_of(category: str | None) -> Harm | None:
    """Of a category; None where it is not known what the device is."""
    return None if category is None else _table().get(category)
