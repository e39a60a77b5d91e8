"""The questionnaire before a purchase: questions by topic, what a form or traffic says to each, and what follows.

Questions are our own words. Beside each stand the ids of HN 1-2019 whose answers say the same, the topic of section
524B, and the clause of IEC 81001-5-1, as facts; and the weaknesses that would contradict a good answer where the
hospital already has the model.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import asepsis.knowledge
from asepsis.exposure.design.topics import TOPICS, Topic
from asepsis.exposure.mds2 import Form
from asepsis.exposure.mds2.form import Edition
from asepsis.exposure.mds2.form import Said as FormSaid
from asepsis.kernel.value import value
from asepsis.knowledge.table import rows


class Said(StrEnum):
    """An answer, in the sense of the question: yes is good."""

    YES = "yes"
    PARTLY = "partly"
    NO = "no"
    NOT_APPLICABLE = "not applicable"
    OPEN = ""
    """Not answered yet."""


@value
class Question:
    """One question; *yes* is the good answer."""

    id: str
    topic: Topic
    words: str
    weight: float
    """How much it counts; 3 where a patient can be hurt by a no."""
    condition: str
    """What to make a condition of the purchase where the answer is not good."""
    forms: tuple[tuple[str, bool], ...]
    """(question of HN 1-2019, whether its yes is our yes)."""
    weaknesses: tuple[str, ...]
    """Kinds that contradict a yes."""


@lru_cache(maxsize=1)
def _questions() -> tuple[Question, ...]:
    path = Path(asepsis.knowledge.__file__).with_name("exposure") / "questionnaire.jsonl"
    return tuple(
        Question(
            id=row["id"],
            topic=TOPICS[row["topic"]],
            words=row["words"],
            weight=row["weight"],
            condition=row["condition"],
            forms=tuple((one.removeprefix("not "), not one.startswith("not ")) for one in row.get("mds2", ())),
            weaknesses=tuple(row.get("weaknesses", ())),
        )
        for row in rows(path.read_text(encoding="utf-8"))
    )


QUESTIONS: Final[Mapping[str, Question]] = {question.id: question for question in _questions()}
"""By id, in the order of the topics."""


@value
class Reply:
    """One answer of an assessment."""

    question: str
    said: Said
    is_contradicted: bool
    """Traffic of the same model shows something else."""


@value
class Assessed:
    """What the answers amount to."""

    points: float
    of: float
    answered: int
    questions: int
    contradicted: tuple[str, ...]
    """Questions whose good answer traffic contradicts."""
    conditions: tuple[tuple[str, str], ...]
    """(question, condition) for each answer that is not good."""

    @property
    def percent(self) -> float:
        """0 to 100 of what applies."""
        return 100.0 * self.points / self.of if self.of else 0.0


_WORTH: Final = {Said.YES: 1.0, Said.PARTLY: 0.5, Said.NO: 0.0, Said.OPEN: 0.0}


def assess(replies: Iterable[Reply]) -> Assessed:
    """Adds the answers up: a good one counts its weight, a partial one half, a contradicted one nothing."""
    by_id = {reply.question: reply for reply in replies}
    points = of = 0.0
    answered = 0
    contradicted, conditions = [], []
    for question in QUESTIONS.values():
        reply = by_id.get(question.id)
        said = Said.OPEN if reply is None else reply.said
        answered += said is not Said.OPEN
        if said is Said.NOT_APPLICABLE:
            continue
        of += question.weight
        is_contradicted = reply is not None and reply.is_contradicted and said in (Said.YES, Said.PARTLY)
        if is_contradicted:
            contradicted.append(question.id)
        else:
            points += question.weight * _WORTH[said]
        if said is not Said.YES or is_contradicted:
            conditions.append((question.id, question.condition))
    return Assessed(
        points=points,
        of=of,
        answered=answered,
        questions=len(QUESTIONS),
        contradicted=tuple(contradicted),
        conditions=tuple(conditions),
    )


def from_form(form: Form) -> dict[str, tuple[Said, str]]:
    """What a disclosure form answers: question to (answer, where it stands). Ids of HN 1-2013 ask other things
    and answer nothing here.

    Several questions of a form under one of ours: all good is yes, all bad is no, mixed is partly.
    """
    if form.edition is not Edition.OF_2019:
        return {}
    answers = form.by_id()
    found: dict[str, tuple[Said, str]] = {}
    for question in QUESTIONS.values():
        goods: list[bool] = []
        where: list[str] = []
        for name, is_good_yes in question.forms:
            answer = answers.get(name)
            if answer is not None and answer.said in (FormSaid.YES, FormSaid.NO):
                goods.append((answer.said is FormSaid.YES) is is_good_yes)
                where.append(f"{name}: {answer.said}")
        if goods:
            said = Said.YES if all(goods) else Said.PARTLY if any(goods) else Said.NO
            found[question.id] = said, f"MDS2 {', '.join(where)}"
    return found


def document(question: Question) -> dict[str, Any]:
    """JSON-ready."""
    return {
        "id": question.id,
        "topic": question.topic.document(),
        "words": question.words,
        "weight": question.weight,
        "condition": question.condition,
        "mds2": [name for name, _ in question.forms],
    }
