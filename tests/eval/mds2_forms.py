"""Makes MDS2 forms as makers fill them: true answers about a device, or one planted lie, as a workbook or as CSV.

Ids of questions are those of HN 1-2019 and HN 1-2013; the words beside them are our own. Nothing here knows how the
product reads or judges a form.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from random import Random

from asepsis.kernel.value import value

YES, NO, SEE = "Yes", "No", "See Notes"


@value
class Truth:
    """What a device truly does. None: whoever wrote the truth down does not say."""

    name: str
    vendor: str
    model: str
    handles_patients: bool | None = None
    sends_patients_clear: bool | None = None
    talks_inside: bool | None = None
    talks_outside: bool | None = None
    speaks_tls: bool | None = None
    serves_anybody: bool | None = None
    """A clinical service that asks for no proof of who calls."""
    serviced_from_outside: bool | None = None


# Question to the member of the truth that it asks for, and whether it asks for the opposite.
ASKED_2019 = {
    "MPII-1": ("handles_patients", False),
    "CONN-3": ("talks_inside", False),
    "CONN-4": ("talks_outside", False),
    "CONN-7": ("speaks_tls", False),
    "TXCF-1": ("handles_patients", True),
    "TXCF-2": ("sends_patients_clear", True),
    "TXCF-4": ("serves_anybody", True),
    "RMOT-1": ("serviced_from_outside", False),
}
ASKED_2013 = {
    "A": ("handles_patients", False),
    "15-3": ("talks_inside", False),
    "18-1": ("handles_patients", True),
    "18-2": ("sends_patients_clear", True),
    "20-1": ("serviced_from_outside", False),
}
# Questions that no traffic answers, so that forms have their usual length and noise.
OTHERS_2019 = [
    f"{section}-{n}" for section in ("ALOF", "AUTH", "DTBK", "EMRG", "IGAU", "PLOK", "SGUD") for n in (1, 2, 3)
]
OTHERS_2013 = [f"{section}-{n}" for section in (1, 2, 3, 5, 8, 10, 13, 16) for n in (1, 2, 3)]


def true_answers(truth: Truth, *, edition_2019: bool = True) -> dict[str, str]:
    """Every question that the truth answers, answered truly."""
    asked = ASKED_2019 if edition_2019 else ASKED_2013
    answers = {}
    for question, (member, is_opposite) in asked.items():
        fact = getattr(truth, member)
        if fact is not None:
            answers[question] = YES if fact != is_opposite else NO
    return answers


def visible_lies(truth: Truth, *, edition_2019: bool = True) -> dict[str, str]:
    """Each question whose false answer traffic shows, with that answer.

    Only a thing that was done can be seen: "it talks with systems outside" is false and invisible where it does not.
    """
    asked = ASKED_2019 if edition_2019 else ASKED_2013
    lies = {}
    for question, (member, is_opposite) in asked.items():
        if getattr(truth, member):
            lies[question] = YES if is_opposite else NO
    return lies


def rows(truth: Truth, answers: Mapping[str, str], *, seed: int, edition_2019: bool = True) -> list[list[str]]:
    """The rows of a form, with other questions answered at random."""
    random = Random(seed)
    others = OTHERS_2019 if edition_2019 else OTHERS_2013
    made = [["Manufacturer Disclosure Statement", "", "", ""], ["Question ID", "Question", "Answer", "Note"]]
    if edition_2019:
        made += [
            ["DOC-1", "Maker", truth.vendor, ""],
            ["DOC-3", "Model", truth.model, ""],
            ["DOC-4", "Document", "X-1", ""],
        ]
    else:
        made += [["Manufacturer Name", truth.vendor, "", ""], ["Device Model", truth.model, "", ""]]
    body = [[question, "about this", answer, ""] for question, answer in answers.items()]
    body += [[q, "about that", random.choice((YES, NO, "N/A", SEE)), random.choice(("", "1"))] for q in others]
    random.shuffle(body)
    return made + body


def as_csv(made: list[list[str]]) -> bytes:
    """The form as CSV."""
    text = io.StringIO()
    csv.writer(text).writerows(made)
    return text.getvalue().encode()


def as_workbook(made: list[list[str]]) -> bytes:
    """The form as a workbook with a cover and a sheet."""
    import openpyxl

    book = openpyxl.Workbook()
    cover = book.active
    assert cover is not None
    cover.title = "Cover"
    cover.append(["A cover of our own"])
    sheet = book.create_sheet("MDS2")
    for row in made:
        sheet.append(["", *row])  # makers leave a narrow first column
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()
