"""A device as people and programs see it: what it is, how sure we are, and why."""

from __future__ import annotations

from typing import Any

from asepsis.devices.twins import Twin
from asepsis.kernel.time import iso_from_ns
from asepsis.kernel.value import value

# Attributes that hold one value, in the order of the document.
SINGLE = ("category", "vendor", "model", "os", "firmware", "serial", "udi", "role")


@value
class Evidence:
    """One reason for one value.

    A negative weight speaks against the value: another device claims it too.
    """

    attribute: str
    value: str
    protocol: str
    weight: float
    capture: str
    """Digest of the capture that shows it; empty for a statement by a person."""
    packet: int
    """The packet in that capture, from 1; 0 where there is none."""

    def document(self) -> dict[str, Any]:
        """The JSON member of the contract."""
        return {
            "attribute": self.attribute,
            "value": self.value,
            "protocol": self.protocol,
            "weight": self.weight,
            "capture": self.capture,
            "packet": self.packet,
        }


@value
class Device:
    """One device of one site. What is not known is None."""

    id: str
    """Without meaning; empty until the registry gives one."""
    site: str
    macs: tuple[str, ...]
    ips: tuple[str, ...]
    names: tuple[str, ...]
    """The most certain first."""
    category: str | None
    vendor: str | None
    model: str | None
    os: str | None
    firmware: str | None
    serial: str | None
    udi: str | None
    role: str | None
    first_seen_ns: int
    last_seen_ns: int
    confidence: dict[str, float]
    """Attribute to 0..1, for every attribute that there is evidence for, the shown value or not."""
    evidence: tuple[Evidence, ...]
    """By attribute, the strongest first."""
    twins: tuple[Twin, ...] = ()
    """What it shares with devices that it cannot be told apart from by it; not part of ``document``."""

    def document(self) -> dict[str, Any]:
        """The JSON document of ``asepsis devices --json``."""
        return {
            "id": self.id,
            "site": self.site,
            "addresses": {"mac": list(self.macs), "ip": list(self.ips)},
            "names": list(self.names),
            **{name: getattr(self, name) for name in SINGLE},
            "first_seen": iso_from_ns(self.first_seen_ns),
            "last_seen": iso_from_ns(self.last_seen_ns),
            "confidence": dict(self.confidence),
            "evidence": [reason.document() for reason in self.evidence],
        }
