"""What changed between two forms of one product: answers, notes, questions that came and went."""

from __future__ import annotations

from typing import Any

from asepsis.exposure.mds2.form import Answer, Form, Mds2Error, Said
from asepsis.kernel.value import value


@value
class Change:
    """One question that is answered otherwise."""

    id: str
    before: Answer | None
    after: Answer | None

    @property
    def only_note(self) -> bool:
        """The answer is the same and the note is another."""
        return self.before is not None and self.after is not None and _answer(self.before) == _answer(self.after)

    def document(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "question": self.id,
            "before": None if self.before is None else self.before.document(),
            "after": None if self.after is None else self.after.document(),
            "only_note": self.only_note,
        }


def difference(before: Form, after: Form) -> tuple[Change, ...]:
    """The questions that are answered otherwise, in the order of the newer form, then those that are gone.

    Raises:
        Mds2Error: The forms are of two editions, whose questions have other ids.
    """
    if before.edition != after.edition:
        raise Mds2Error(
            f"forms of two editions ({before.edition} and {after.edition}) cannot be compared question by question",
            code="mds2-editions",
        )
    old, new = before.by_id(), after.by_id()
    order = [*new, *(name for name in old if name not in new)]
    return tuple(
        Change(id=name, before=old.get(name), after=new.get(name))
        for name in order
        if _whole(old.get(name)) != _whole(new.get(name))
    )


def _answer(answer: Answer) -> tuple[Said, str]:
    return answer.said, answer.text.casefold() if answer.said is Said.TEXT else ""


def _whole(answer: Answer | None) -> tuple[Said, str, str] | None:
    return None if answer is None else (*_answer(answer), " ".join(answer.note.split()))
