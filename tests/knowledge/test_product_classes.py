"""Product codes of the FDA: our rows against its classification, and which devices they reach."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from asepsis.knowledge.answers import answers
from asepsis.knowledge.table import folder, rows
from asepsis.knowledge.vocabulary import Category

TABLE = "fda_product_classes"
ROWS = rows((folder() / f"{TABLE}.jsonl").read_text(encoding="utf-8"))


def classification(path: Path) -> Iterator[dict[str, str]]:
    """The FDA's file: members divided by bars, and no quoting."""
    header, *lines = path.read_text(encoding="cp1252").splitlines()
    names = header.split("|")
    return (dict(zip(names, line.split("|"), strict=True)) for line in lines)


def described(entry: dict[str, str]) -> str:
    """Device class, regulation and flags as our rows write them."""
    device_class = entry["DEVICECLASS"]
    words = [f"class {device_class}" if device_class in "123" else "not classified"]
    if entry["REGULATIONNUMBER"]:
        words.append(f"21 CFR {entry['REGULATIONNUMBER']}")
    words += ["implant"] * (entry["Implant_Flag"] == "Y")
    words += ["life-sustaining"] * (entry["Life_Sustain_support_flag"] == "Y")
    return ", ".join(words)


def test_every_row_says_what_the_classification_says(archive: Callable[[str], Path]) -> None:
    known = {entry["PRODUCTCODE"]: entry for entry in classification(archive("fda") / "foiclass_2020-10.txt")}
    assert len(known) > 6_000
    for row in ROWS:
        entry = known[row["exact"]]
        name = " ".join(entry["DEVICENAME"].split())
        assert row["source"] == f"FDA Product Classification of October 2020: {name}"
        assert row["kind"] == described(entry), name


def test_the_devices_of_a_ward_a_laboratory_and_an_imaging_department_have_codes() -> None:
    codes = Counter(row["category"] for row in ROWS)
    several = "infusion_pump insulin_pump ventilator dialysis defibrillator patient_monitor fetal_monitor ecg eeg "
    several += "lab_analyser blood_gas_analyser poc_glucose_meter ct mr ultrasound xray mammography nuclear_medicine "
    several += "radiotherapy endoscopy ophthalmic electrosurgery spirometer blood_pressure_monitor scale pacs"
    for category in several.split():
        assert codes[category] >= 2, category
    for category in ("anaesthesia_machine", "implant_programmer", "central_station", "pharmacy_compounder"):
        assert codes[category] == 1, category  # the classification has no other
    assert set(codes) <= set(Category)


@pytest.mark.parametrize(
    ("code", "category", "kind"),
    [
        # Not flagged as life-sustaining, whatever it pumps: the flag alone is no measure of danger.
        ("FRN", "infusion_pump", "class 2, 21 CFR 880.5725"),
        ("cbk", "ventilator", "class 2, 21 CFR 868.5895, life-sustaining"),
        ("KRG", "implant_programmer", "class 3, 21 CFR 870.3700"),
    ],
)
def test_a_code_is_looked_up(code: str, category: str, kind: str) -> None:
    (answer,) = [answer for answer in answers(code) if answer.table == TABLE]
    assert answer.says == (("category", category), ("kind", kind))


def test_a_code_inside_another_word_is_none() -> None:
    assert not [answer for answer in answers("FRNX") if answer.table == TABLE]
