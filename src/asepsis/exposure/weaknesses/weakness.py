"""What a passive weakness is, and the packets that show it."""

from __future__ import annotations

from typing import Any

from asepsis.exposure.weaknesses.kinds import Kind
from asepsis.kernel.time import iso_from_ns
from asepsis.kernel.value import value


@value
class Seen:
    """One thing that was seen, with its first packet. ``what`` never holds text of a patient or a secret."""

    what: str
    protocol: str
    partner: str
    """The device at the other end, or its address; empty where there is none."""
    capture: str
    packet: int
    """In that capture, from 1."""
    count: int
    """How many messages or conversations."""
    first_ns: int
    last_ns: int

    def document(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "what": self.what,
            "protocol": self.protocol,
            "partner": self.partner or None,
            "capture": self.capture,
            "packet": self.packet,
            "count": self.count,
            "first_seen": iso_from_ns(self.first_ns),
            "last_seen": iso_from_ns(self.last_ns),
        }


@value
class Weakness:
    """One weakness of one device."""

    device: str
    kind: Kind
    evidence: tuple[Seen, ...]
    """The most frequent first."""
    count: int
    """How often it was seen in all, also beyond ``evidence``."""
    first_ns: int
    last_ns: int

    def document(self) -> dict[str, Any]:
        """The JSON document of ``asepsis weaknesses --json``."""
        return {
            "device": self.device,
            "weakness": self.kind.id,
            "title": self.kind.title,
            "term": self.kind.term,
            "care": self.kind.care,
            "action": self.kind.action,
            "count": self.count,
            "first_seen": iso_from_ns(self.first_ns),
            "last_seen": iso_from_ns(self.last_ns),
            "evidence": [seen.document() for seen in self.evidence],
        }
