"""Descriptions of systems that name model, firmware or serial number at fixed places (SNMP sysDescr, LLDP).

A row of ``description_forms`` bears a ``form``: the words that are always there, with ``{model}``, ``{firmware}``,
``{serial}`` and ``{_}`` (what says nothing) between them. It is no regular expression: matching goes through the text
once for each form that begins alike, so that no text of a stranger can make it slow. A site's own forms come first.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from asepsis.knowledge.table import LONGEST_TEXT, OWN, folder, rows

TABLE = "description_forms"
FIELDS = ("model", "firmware", "serial")
_NOTHING = "_"
# What stands between two words of a form; a longer stretch is another sentence.
LONGEST_FIELD = 64
# A last field ends with one of these; a version or serial number with a blank too.
_ENDS = ',;()\r\n\t"'


class Form(NamedTuple):
    """One form, taken apart: ``start`` and then a field with the word behind it, again and again."""

    start: str
    parts: tuple[tuple[str, str], ...]
    vendor: str = ""
    category: str = ""
    weight: float = 0.6
    source: str = ""


class Reading(NamedTuple):
    """What a description says, by the form that it fits."""

    form: Form
    says: tuple[tuple[str, str], ...]
    """Field and text, in the order of the form."""


def parsed(row: dict[str, Any]) -> Form:
    """Takes a row's form apart.

    Raises:
        ValueError: It begins with a field, has two fields side by side, or names a field that there is not.
    """
    start, *rest = row["form"].lower().split("{")
    if len(start) < 2 or not rest:
        raise ValueError("a form begins with a word and has a field")
    parts: list[tuple[str, str]] = []
    for piece in rest:
        field, closed, word = piece.partition("}")
        if not closed or field not in (*FIELDS, _NOTHING):
            raise ValueError(f"no field {field!r}: one of {', '.join(FIELDS)} or _")
        if parts and not parts[-1][1]:
            raise ValueError("two fields need a word between them")
        parts.append((field, word))
    return Form(
        start=start,
        parts=tuple(parts),
        vendor=row.get("vendor", ""),
        category=row.get("category", ""),
        weight=row.get("weight", 0.6),
        source=row.get("source", ""),
    )


@lru_cache(maxsize=1)
def _forms() -> tuple[Form, ...]:
    """A site's own, then ours; the longest beginning first, which is the most exact."""
    ours = rows((folder() / f"{TABLE}.jsonl").read_text(encoding="utf-8"))
    return tuple(
        form
        for table in (OWN.rows(TABLE), ours)
        for form in sorted(map(parsed, table), key=lambda form: (-len(form.start), form.start))
    )


@lru_cache(maxsize=4096)
def read_description(text: str) -> Reading | None:
    """What a description says by the first form that it fits; None where it fits none."""
    text = " ".join(text[:LONGEST_TEXT].split(" "))
    return next((reading for form in _forms() if (reading := fitted(form, text)) is not None), None)


def fitted(form: Form, text: str) -> Reading | None:
    """What ``text`` says by one form."""
    lower = text.lower()
    if not lower.startswith(form.start):
        return None
    at = len(form.start)
    says: list[tuple[str, str]] = []
    for place, (field, word) in enumerate(form.parts):
        if word:
            end = lower.find(word, at, at + LONGEST_FIELD + len(word))
            if end < 0 and place == len(form.parts) - 1 and field != _NOTHING:
                return None
        else:
            end = _end(text, at, field)
        said = text[at:end].strip() if end >= 0 else ""
        if not said:
            return None
        if field != _NOTHING:
            says.append((field, said))
        at = end + len(word)
    return Reading(form=form, says=tuple(says))


def _end(text: str, at: int, field: str) -> int:
    end = at
    ends = _ENDS if field == "model" else f"{_ENDS} "
    limit = min(len(text), at + LONGEST_FIELD)
    while end < limit and text[end] not in ends:
        end += 1
    return end


def forget() -> None:
    """Reads the forms anew when they are next asked for."""
    _forms.cache_clear()
    read_description.cache_clear()


def faults(row: dict[str, Any]) -> Iterator[str]:
    """What is wrong with a row of forms, for the checker: its form, and whether it reads its own example."""
    if not isinstance(row.get("form"), str):
        yield "needs a form"
        return
    try:
        form = parsed(row)
    except ValueError as error:
        yield str(error)
        return
    example, expected = row.get("example"), row.get("reads")
    if not isinstance(example, str) or not isinstance(expected, dict):
        yield "needs an example, and what it reads of it"
        return
    reading = fitted(form, example)
    if reading is None:
        yield f"does not fit its example {example!r}"
    elif dict(reading.says) != expected:
        yield f"reads {dict(reading.says)} of its example"
