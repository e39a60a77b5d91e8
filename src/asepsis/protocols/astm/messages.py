"""What laboratory analysers and laboratory systems say by ASTM E1394 (CLSI LIS02-A2); section numbers are LIS02's.

Of patients and specimens there is only which fields were filled; of results only how many there were.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from asepsis.kernel.value import value
from asepsis.protocols.fields import facts_of


@value
class LisMessage:
    """A message from its header (H) to its terminator (L)."""

    PROTOCOL: ClassVar[str] = "astm"

    sender: tuple[str, ...]
    """H-5, sender name or id, by components: makers put model, version and serial number there, each in its order."""
    receiver: str = ""
    """H-10."""
    control_id: str = ""
    """H-3."""
    processing_id: str = ""
    """H-12: ``P`` production, ``T`` training, ``D`` debugging, ``Q`` quality control."""
    version: str = ""
    """H-13."""
    delimiters: str = ""
    password: bool = False
    """H-4 was filled: a password went over the network in clear."""
    records: tuple[tuple[str, int], ...] = ()
    """Types of records and their counts, in the order of their first use."""
    results: int = 0
    orders: int = 0
    queries: int = 0
    tests: int = 0
    """How many different tests the results name; the orders, where there are no results."""
    patient_fields: tuple[int, ...] = ()
    """Numbers of the fields of patient records (P) that held something."""
    bad_checksums: int = 0
    complete: bool = True
    """False when its end was not seen."""
    sender_is_server: bool | None = None

    @property
    def kind(self) -> str:
        """What it brings: ``results``, ``query``, ``orders``, or a ``header`` alone."""
        if self.results:
            return "results"
        if self.queries:
            return "query"
        return "orders" if self.orders else "header"

    def facts(self) -> dict[str, Any]:
        """Everything but the kind."""
        facts = _lis_facts(self)
        if self.records:
            facts["records"] = dict(self.records)
        if "P" in facts.get("records", {}):
            facts["patient_data_in_clear"] = any(number > 2 for number in self.patient_fields)
        if not self.complete:
            facts["complete"] = False
        return facts


@value
class BioMerieuxMessage:
    """A message of bioMérieux's own records, which go in the same frames; its fields begin with two letters each."""

    PROTOCOL: ClassVar[str] = "astm"

    kind: str
    """``mtrsl`` for results, ``mtmpr`` for orders."""
    tests: int = 0
    patient_data_in_clear: bool = False
    sender_is_server: bool | None = None

    def facts(self) -> dict[str, Any]:
        """How many tests, and whether a patient was named."""
        return _biomerieux_facts(self)


@value
class PrintOut:
    """What an electrolyte analyser SPOTCHEM EL prints, in a frame: date, ID, specimen, electrolytes; no records."""

    PROTOCOL: ClassVar[str] = "astm"
    kind: ClassVar[str] = "print-out"

    tests: int = 0
    sender_is_server: bool | None = None

    def facts(self) -> dict[str, Any]:
        """How many tests."""
        return {"tests": self.tests} if self.tests else {}


_lis_facts: Final = facts_of(LisMessage, without=("records", "complete", "sender_is_server"))
_biomerieux_facts: Final = facts_of(BioMerieuxMessage, without=("kind", "sender_is_server"))
