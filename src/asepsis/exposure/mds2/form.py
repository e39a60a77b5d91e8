"""A form as values: answers by the ids of their questions."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from asepsis.kernel.errors import AsepsisError
from asepsis.kernel.value import value


class Mds2Error(AsepsisError):
    """A file is no form that can be read."""


class Edition(StrEnum):
    """The edition of ANSI/NEMA HN 1 that a form follows."""

    OF_2013 = "HN 1-2013"
    OF_2019 = "HN 1-2019"


class Said(StrEnum):
    """What an answer says."""

    YES = "yes"
    NO = "no"
    NOT_APPLICABLE = "not applicable"
    SEE_NOTES = "see notes"
    TEXT = "text"
    """Words, as the questions about the document and the product have."""
    NOTHING = "nothing"


@value
class Problem:
    """Something in a file that could not be read as part of a form; the rest was."""

    where: str
    """Sheet and row, or line."""
    why: str


@value
class Answer:
    """One answered question."""

    id: str
    """``TXCF-2``, ``18-2``."""
    said: Said
    text: str
    """The answer as it stands there."""
    note: str
    where: str
    """Sheet and row, or line."""

    def document(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "question": self.id,
            "answer": str(self.said),
            "text": self.text,
            "note": self.note or None,
            "where": self.where,
        }


@value
class Form:
    """One form."""

    edition: Edition
    manufacturer: str
    model: str
    answers: tuple[Answer, ...]
    """In the order of the file; each question once."""
    problems: tuple[Problem, ...] = ()
    version: str = ""
    """Of the software that the form speaks of, as it stands there; empty where it names none."""
    released: str = ""
    """The date on the form, as it stands there."""

    def by_id(self) -> dict[str, Answer]:
        """Answers by the ids of their questions."""
        return {answer.id: answer for answer in self.answers}

    def document(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "edition": str(self.edition),
            "manufacturer": self.manufacturer or None,
            "model": self.model or None,
            "version": self.version or None,
            "released": self.released or None,
            "answers": [answer.document() for answer in self.answers],
            "problems": [{"where": problem.where, "why": problem.why} for problem in self.problems],
        }
