"""What all tables say of one text, for people who look something up."""

from __future__ import annotations

from typing import Any, NamedTuple

from asepsis.knowledge.forms import TABLE, read_description
from asepsis.knowledge.hardware import registered_vendor
from asepsis.knowledge.table import find, folder
from asepsis.knowledge.vendors import known_vendor

_WORDS = ("category", "role", "vendor", "model", "os", "kind")
_MAKERS = "vendors"


class Answer(NamedTuple):
    """The row of one table that fits."""

    table: str
    says: tuple[tuple[str, str], ...]
    """Attribute and value, the version behind the match among them."""
    weight: float
    source: str

    def document(self) -> dict[str, Any]:
        """The JSON object."""
        return {"table": self.table, "says": dict(self.says), "weight": self.weight, "source": self.source}


def answers(text: str) -> list[Answer]:
    """One answer for each table that has a row for ``text``, by the tables' names."""
    found = []
    for path in sorted(folder().glob("*.jsonl")):
        match = None if path.stem in (_MAKERS, TABLE) else find(path.stem, text)
        if match is None:
            continue
        fact, version = match
        says = tuple((word, getattr(fact, word)) for word in _WORDS if getattr(fact, word))
        if version:
            says = (*says, (fact.version, version))
        found.append(Answer(table=path.stem, says=says, weight=fact.weight, source=fact.source))
    reading = read_description(text)
    if reading is not None:
        form = reading.form
        also = tuple((name, word) for name, word in (("category", form.category), ("vendor", form.vendor)) if word)
        found.append(Answer(table=TABLE, says=(*also, *reading.says), weight=form.weight, source=form.source))
    maker = known_vendor(text) or known_vendor(registered_vendor(text))
    if maker is not None:
        says = tuple((name, word) for name, word in (("vendor", maker.name), ("kind", maker.kind)) if word)
        found.append(Answer(table=_MAKERS, says=says, weight=1.0, source="spellings of makers' names"))
    elif registered_vendor(text):
        says = (("vendor", registered_vendor(text)),)
        found.append(Answer(table="vendor prefix", says=says, weight=1.0, source="IEEE RA public listing (MA-L)"))
    return found
