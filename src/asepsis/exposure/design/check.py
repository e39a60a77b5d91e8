"""What one check of a design found, as values."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from asepsis.exposure.design.topics import Topic
from asepsis.exposure.weaknesses.weakness import Seen
from asepsis.kernel.value import value


class Outcome(StrEnum):
    """How a check ended."""

    FOUND = "found"
    CANNOT_TELL = "cannot tell"
    NOTHING = "nothing found"
    NOT_LOOKED_AT = "not looked at"
    """What it needs was not given."""


@value
class Item:
    """One thing that a check found, or that it could not tell."""

    title: str
    why: str
    severity: str
    """Harm to a patient at worst, a word of ISO/TR 24971:2020 5.5.3."""
    source: str
    """Which document and where: ``SBOM: openssl 1.0.2u``, ``MUD: rule to-0``; empty for what was seen."""
    seen: Seen | None
    action: str

    def document(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "title": self.title,
            "why": self.why,
            "severity": self.severity,
            "source": self.source or None,
            "evidence": None if self.seen is None else self.seen.document(),
            "action": self.action or None,
        }


@value
class Check:
    """One question that was put to the documents and the traffic."""

    id: str
    title: str
    topic: Topic
    outcome: Outcome
    says: str
    """One sentence: what was looked at and how it came out."""
    found: tuple[Item, ...] = ()
    unsure: tuple[Item, ...] = ()

    def document(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "check": self.id,
            "title": self.title,
            "topic": self.topic.document(),
            "outcome": str(self.outcome),
            "says": self.says,
            "found": [item.document() for item in self.found],
            "cannot_tell": [item.document() for item in self.unsure],
        }
