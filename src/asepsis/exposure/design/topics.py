"""What a premarket submission speaks of: the topics of section 524B and where guidance and standard treat them.

Sections are those of FDA's guidance "Cybersecurity in Medical Devices: Quality System Considerations and Content of
Premarket Submissions" (September 2023, kept in the edition of June 2025); clauses are those of IEC 81001-5-1:2021.
"""

from __future__ import annotations

from typing import Any, Final

from asepsis.kernel.value import value


@value
class Topic:
    """One topic."""

    id: str
    title: str
    law: str
    """Of section 524B of the Federal Food, Drug, and Cosmetic Act (21 U.S.C. 360n-2)."""
    guidance: str
    clause: str
    """Of IEC 81001-5-1."""

    def document(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "topic": self.id,
            "title": self.title,
            "law": self.law,
            "guidance": self.guidance,
            "clause": self.clause,
        }

    @property
    def source(self) -> str:
        """``524B(b)(3); FDA guidance V.A.4; IEC 81001-5-1 clause 8``."""
        return f"{self.law}; FDA guidance {self.guidance}; IEC 81001-5-1 clause {self.clause}"


def _topic(name: str, title: str, law: str, guidance: str, clause: str) -> Topic:
    return Topic(id=name, title=title, law=law, guidance=guidance, clause=clause)


_ALL: Final = (
    _topic("threat-model", "Threat model", "524B(b)(2)", "V.A.1", "7.2"),
    _topic("components", "Software components", "524B(b)(3)", "V.A.4", "5.3, 8"),
    _topic("authentication", "Authentication", "524B(b)(2)", "V.B.1 and appendix 1.A", "5.2"),
    _topic("authorization", "Authorization", "524B(b)(2)", "V.B.1 and appendix 1.B", "5.2"),
    _topic("cryptography", "Cryptography", "524B(b)(2)", "V.B.1 and appendix 1.C", "5.2, 5.4"),
    _topic("integrity", "Integrity of code, data and execution", "524B(b)(2)", "V.B.1 and appendix 1.D", "5.2, 5.4"),
    _topic("confidentiality", "Confidentiality", "524B(b)(2)", "V.B.1 and appendix 1.E", "5.2"),
    _topic("logging", "Detection and logging of events", "524B(b)(2)", "V.B.1 and appendix 1.F", "5.2"),
    _topic("resilience", "Resilience and recovery", "524B(b)(2)", "V.B.1 and appendix 1.G", "5.2"),
    _topic("updates", "Updates of firmware and software", "524B(b)(2)(A) and (B)", "V.B.1 and appendix 1.H", "6.3"),
    _topic("interfaces", "Interfaces and architecture views", "524B(b)(2)", "V.B.2 and appendix 2", "5.3"),
    _topic("testing", "Testing", "524B(b)(2)", "V.C", "5.7"),
    _topic("labeling", "What owners are told", "524B(b)(2)", "VI.A", "5.8"),
    _topic("after-sale", "Vulnerabilities after sale", "524B(b)(1)", "VI.B", "6.2, 9"),
)

TOPICS: Final[dict[str, Topic]] = {topic.id: topic for topic in _ALL}
"""By id, in the order of a report."""

OUTSIDE: Final[dict[str, str]] = {
    "testing": "Penetration tests, fuzzing and their results are records that no capture holds.",
    "after-sale": "The plan to watch for and disclose vulnerabilities, and how fast patches come, is a process.",
    "resilience": "What the device does when its network fails or is flooded shows in a test, not in ordinary traffic.",
}
"""Topics that these inputs can never judge, and why; a report says so."""
