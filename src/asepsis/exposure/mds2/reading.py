"""Reads a form from bytes: a workbook or CSV. Rows are recognised by the id of their question, wherever its column is.

Makers add columns, merge cells and translate; the ids stay. The answer is the first cell behind the id that is one of
the words that the form offers; a question about the document is answered by the last words behind it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from asepsis.exposure.mds2.form import Answer, Edition, Form, Mds2Error, Problem, Said
from asepsis.exposure.mds2.workbook import CELL_LIMIT, COLUMNS_LIMIT, ROWS_LIMIT, workbook_rows

# A filled form is 100 to 300 KB; with pictures some megabytes.
FORM_LIMIT_BYTES = 16 * 1024 * 1024
# A form has some 300 questions; below this many it is another document that names some ids.
ANSWERS_LEAST = 5
PROBLEMS_LIMIT = 100
# A workbook is a ZIP archive (ECMA-376-2).
_ZIP: Final = b"PK\x03\x04"

_SECTIONS_2019: Final = "|".join(
    (
        *("DOC", "MPII", "ALOF", "AUDT", "AUTH", "CSUP", "DIDT", "DTBK", "EMRG", "IGAU", "MLDP", "NAUT", "CONN"),
        *("PAUT", "PLOK", "RDMP", "SBOM", "SAHD", "SGUD", "STCF", "TXCF", "TXIG", "RMOT", "OTHR"),
    )
)
_NUMBER: Final = r"\d{1,2}(?:\.\d{1,2}){0,2}"
_ID_2019: Final = re.compile(rf"({_SECTIONS_2019})\s*[-\u2010-\u2015]\s*({_NUMBER})\.?", re.IGNORECASE)
# Sections 1 to 20, and the parts A to D on private data.
_ID_2013: Final = re.compile(r"((?:1\d|20|[1-9])\s*[-\u2010-\u2015]\s*\d{1,2}(?:\.\d{1,2})?|[A-D](?:\.\d{1,2})?)\.?")
_DASH: Final = re.compile(r"\s*[-\u2010-\u2015]\s*")
_WORDS: Final = {
    **dict.fromkeys(("yes", "y"), Said.YES),
    **dict.fromkeys(("no", "n"), Said.NO),
    **dict.fromkeys(("n/a", "na", "not applicable"), Said.NOT_APPLICABLE),
    **dict.fromkeys(("see note", "see notes", "see note(s)"), Said.SEE_NOTES),
}
# HN 1-2019 DOC-1, DOC-3 and DOC-7; in 2013 the head of the form has labels and no ids.
_MANUFACTURER, _MODEL, _RELEASED = "DOC-1", "DOC-3", "DOC-7"
_LABELS_2013: Final = {
    "manufacturer name": "manufacturer",
    "manufacturer": "manufacturer",
    "device model": "model",
    "model": "model",
    "software revision": "version",
    "software version": "version",
    "document release date": "released",
}

Row = tuple[str, Sequence[str]]
"""Where it stands, and its cells."""


def read_form(name: str, content: bytes) -> Form:
    """Reads a form.

    Args:
        name: Of the file, for words about it.
        content: Its bytes: XLSX, or CSV in UTF-8 or Latin-1.

    Raises:
        Mds2Error: It is too large, damaged, or no form.
    """
    if len(content) > FORM_LIMIT_BYTES:
        raise Mds2Error(f"{name}: larger than {FORM_LIMIT_BYTES} bytes", code="mds2-too-large")
    rows = workbook_rows(name, content) if content.startswith(_ZIP) else _csv_rows(name, content)
    return _form(name, rows)


def _csv_rows(name: str, content: bytes) -> Iterator[Row]:
    if b"\0" in content:
        raise Mds2Error(
            f"{name}: neither a workbook (XLSX) nor text",
            code="mds2-unreadable",
            hint="Save an old workbook (XLS) as XLSX, and what a PDF holds as CSV.",
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    delimiter = max(",;\t", key=text[:CELL_LIMIT].count)
    reader = csv.reader(text.splitlines(), delimiter=delimiter)
    count = 0
    while count < ROWS_LIMIT:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise Mds2Error(f"{name}:{reader.line_num}: {error}", code="mds2-unreadable") from error
        count += 1
        yield f"line {reader.line_num}", [cell[:CELL_LIMIT] for cell in cells[:COLUMNS_LIMIT]]


def _form(name: str, rows: Iterable[Row]) -> Form:
    answers: dict[Edition, dict[str, Answer]] = {edition: {} for edition in Edition}
    problems: list[Problem] = []
    head: dict[str, str] = {}
    for where, cells in rows:
        _note_head(cells, head)
        edition, answer = _answer(where, cells)
        if answer is None:
            continue
        earlier = answers[edition].get(answer.id)
        if earlier is None or earlier.said is Said.NOTHING:
            answers[edition][answer.id] = answer
        elif (answer.said, answer.text) != (earlier.said, earlier.text) and len(problems) < PROBLEMS_LIMIT:
            why = f"{answer.id} is answered again and otherwise than at {earlier.where}; the first answer counts"
            problems.append(Problem(where=where, why=why))
    edition = max(Edition, key=lambda one: len(answers[one]))
    found = answers[edition]
    if len(found) < ANSWERS_LEAST:
        raise Mds2Error(
            f"{name} is no MDS2 form (HN 1-2013 or HN 1-2019): {_recognised(len(found))} of the questions was found",
            code="mds2-no-form",
            hint="Rows are recognised by the ids of the questions, such as TXCF-2 or 18-2.",
        )
    unanswered = [answer for answer in found.values() if answer.said is Said.NOTHING]
    for answer in unanswered[: PROBLEMS_LIMIT - len(problems)]:
        problems.append(Problem(where=answer.where, why=f"{answer.id} is not answered"))
    return Form(
        edition=edition,
        manufacturer=found[_MANUFACTURER].text if _MANUFACTURER in found else head.get("manufacturer", ""),
        model=found[_MODEL].text if _MODEL in found else head.get("model", ""),
        answers=tuple(found.values()),
        problems=tuple(problems),
        version=head.get("version", ""),
        released=found[_RELEASED].text if _RELEASED in found else head.get("released", ""),
    )


def _recognised(count: int) -> str:
    return f"only {count}" if count else "none"


def _note_head(cells: Sequence[str], head: dict[str, str]) -> None:
    for place, cell in enumerate(cells[:-1]):
        label = _LABELS_2013.get(cell.strip().rstrip(":").lower())
        if label is not None and cells[place + 1].strip():
            head.setdefault(label, cells[place + 1].strip())


def _answer(where: str, cells: Sequence[str]) -> tuple[Edition, Answer | None]:
    for place, cell in enumerate(cells):
        text = cell.strip()
        if not text or len(text) > 20:
            continue
        if matched := _ID_2019.fullmatch(text):
            return Edition.OF_2019, _read(where, f"{matched[1].upper()}-{matched[2]}", cells[place + 1 :])
        if matched := _ID_2013.fullmatch(text):
            # A cell with a letter only is an answer's column or a note elsewhere: it counts in front of a question.
            behind = cells[place + 1 :]
            if text[0].isdigit() or any(len(other.strip()) > 3 for other in behind):
                return Edition.OF_2013, _read(where, _DASH.sub("-", matched[1]), behind)
    return Edition.OF_2019, None


def _read(where: str, question: str, behind: Sequence[str]) -> Answer:
    texts = [cell.strip() for cell in behind]
    for place, text in enumerate(texts):
        # "Yes, optional": makers write the note into the answer's cell.
        word, _, rest = text.partition(",")
        said = _WORDS.get(text.lower()) or (_WORDS.get(word.strip().lower()) if len(word) < 15 else None)
        if said is not None:
            following = texts[place + 1] if place + 1 < len(texts) else ""
            note = rest.strip() if text.lower() not in _WORDS and rest.strip() else following
            return Answer(id=question, said=said, text=text, note=note, where=where)
    # Behind the question's own words stand those of the answer.
    words = [text for text in texts[1:] if text]
    if words:
        return Answer(id=question, said=Said.TEXT, text=words[0], note=words[1] if len(words) > 1 else "", where=where)
    return Answer(id=question, said=Said.NOTHING, text="", note="", where=where)
