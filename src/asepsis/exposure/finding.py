"""Findings: what an advisory means for a device, in the advisory's own words and with the evidence on our side."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from asepsis.devices.device import Evidence
from asepsis.kernel.value import value


class Exposed(StrEnum):
    """The three answers."""

    AFFECTED = "affected"
    NOT_AFFECTED = "not affected"
    CANNOT_TELL = "cannot tell"


@value
class Verdict:
    """What one advisory says of one identity, for vulnerabilities that share the answer."""

    advisory: str
    """The advisory's key."""
    answer: Exposed
    vulnerabilities: tuple[str, ...]
    product: str
    """The product as the advisory names it."""
    version: str
    """The advisory's words on versions."""
    words: str
    """The full product name and the status, as they stand in the document."""
    why: str
    """One sentence on how the answer follows."""
    tells: str = ""
    """What would tell, where it cannot be told; empty elsewhere."""
    note: str = ""
    """A condition that the advisory makes and that nobody can see from the network."""


@value
class Finding:
    """A verdict on one device, with the evidence for what it rests on."""

    device: str
    """The device's id."""
    site: str
    verdict: Verdict
    model: Evidence | None
    version: Evidence | None
    component: str = ""
    """The part of the product that the verdict is about, by the maker's list of components; empty for the device."""
    paper: str = ""
    """The id of that list."""

    def document(self) -> dict[str, Any]:
        """The JSON object of ``asepsis findings --json``."""
        return {
            "device": self.device,
            "site": self.site,
            "advisory": self.verdict.advisory.rpartition("\n")[2].upper(),
            "answer": str(self.verdict.answer),
            "vulnerabilities": list(self.verdict.vulnerabilities),
            "product": self.verdict.product,
            "versions": self.verdict.version,
            "words": self.verdict.words,
            "why": self.verdict.why,
            "tells": self.verdict.tells or None,
            "note": self.verdict.note or None,
            "component": self.component or None,
            "paper": self.paper or None,
            "evidence": [one.document() for one in (self.model, self.version) if one is not None],
        }
