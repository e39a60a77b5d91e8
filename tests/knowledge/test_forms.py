"""Descriptions with model, firmware and serial number at fixed places."""

from __future__ import annotations

import json
import time

import pytest

from asepsis.knowledge.forms import LONGEST_FIELD, faults, fitted, parsed, read_description
from asepsis.knowledge.table import LONGEST_TEXT, folder, rows

ROWS = rows((folder() / "description_forms.jsonl").read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["form"][:24])
def test_every_example_is_answered_by_its_own_form(row: dict[str, object]) -> None:
    reading = read_description(str(row["example"]))
    assert reading is not None
    assert reading.form == parsed(row)
    assert dict(reading.says) == row["reads"]


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_description_that_ends_early_says_nothing_wrong(cut: int) -> None:
    text = "Lexmark C524 version NS.NP.N212 kernel 2.6.6"
    reading = read_description(text[:cut])
    assert reading is None or dict(reading.says) == {"model": "C524", "firmware": "NS.NP.N212"}


def test_words_that_merely_begin_alike_fit_nothing() -> None:
    assert read_description("Lexmark sells printers") is None
    assert read_description("HP") is None
    assert read_description("") is None


def test_a_field_is_no_longer_than_a_name() -> None:
    form = parsed({"form": "Pump {model} v{firmware} "})
    assert fitted(form, f"Pump {'x' * (LONGEST_FIELD + 1)} v1 ") is None
    assert fitted(form, f"Pump {'x' * LONGEST_FIELD} v1 ") is not None


def test_a_hostile_description_takes_no_longer_than_its_length() -> None:
    began = time.process_time()
    for number in range(300):
        read_description(f"Cisco IOS Software, {'{_} Software (' * 100}{number}"[:LONGEST_TEXT])
    assert time.process_time() - began < 1.0


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ({}, "needs a form"),
        ({"form": "{model} x"}, "begins with a word"),
        ({"form": "Pump {colour}"}, "no field 'colour'"),
        ({"form": "Pump {model}{firmware}"}, "a word between"),
        ({"form": "Pump {model}"}, "needs an example"),
        ({"form": "Pump {model}", "example": "Bed 1", "reads": {"model": "1"}}, "does not fit"),
        ({"form": "Pump {model}", "example": "Pump 1", "reads": {"model": "2"}}, "reads"),
    ],
)
def test_a_faulty_form_is_told(row: dict[str, object], what: str) -> None:
    assert any(what in fault for fault in faults(row)), json.dumps(row)
