"""How the table of confidence is counted."""

from __future__ import annotations

import pytest

from bench.accuracy.calibration import PRODUCTS, Reliability, Truth, below, is_right, lab, page

CAMERA = next(truth for truth in PRODUCTS if truth.name == "D-LinkDayCam")
HOST = Truth("ct1", frozenset({"GE Healthcare"}), frozenset({"ct"}), ("LabCT 16", "4.2.1"))


@pytest.mark.parametrize(
    ("attribute", "said", "truth", "right"),
    [
        ("category", "camera", CAMERA, True),
        ("category", "smart_home", CAMERA, True),
        ("category", "printer", CAMERA, False),
        ("vendor", "D-Link", CAMERA, True),
        ("vendor", "Realtek", CAMERA, False),
        ("model", "DCS-930L", CAMERA, True),
        ("model", "DCS-5020L", CAMERA, False),
        ("firmware", "1.0", CAMERA, None),
        ("firmware", "lab_ct 4.2.1", HOST, True),
        ("firmware", "9", HOST, False),
    ],
)
def test_an_answer_is_right_by_its_label(attribute: str, said: str, truth: Truth, *, right: bool | None) -> None:
    assert is_right(attribute, said, truth) is right


def test_answers_that_are_less_often_right_than_said_are_told() -> None:
    good = Reliability(said=[(0.65, number % 10 < 7, f"d{number}: x") for number in range(40)])
    bad = Reliability(said=[(0.65, number % 10 < 3, f"d{number}: x") for number in range(40)])
    few = Reliability(said=[(0.65, False, "d: x")] * 5)
    assert below({"vendor": good, "model": few}) == []
    assert below({"vendor": bad}) == ["vendor 0.6: 0.30 right, 0.65 said"]


def test_wrong_answers_are_named_and_silence_is_counted() -> None:
    text = page({"vendor": Reliability(said=[(0.65, False, "Aria: Realtek"), (0.65, True, "b: B")], silent=3)})
    assert "| 0.6 to 0.70 | 2 | 2 | 0.65 | 0.50 (1 of 2) |" in text
    assert "Wrong: Aria: Realtek (0.65)." in text
    assert "Nothing was said 3 times." in text


@pytest.mark.slow
def test_nothing_said_of_the_recorded_lab_is_wrong() -> None:
    wrong = [
        f"{truth.name}: {attribute} {said}"
        for truth, device in lab()
        for attribute in ("category", "vendor", "model", "firmware", "serial")
        if (said := getattr(device, attribute)) is not None and is_right(attribute, said, truth) is False
    ]
    assert wrong == []
