"""The evaluation of behaviour: its figures mean what they say, and on real set-ups they hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.accuracy import behaviour, behaviour_page
from tests.devices.behaviour.made import day, days

pytest.importorskip("sklearn", reason="scikit-learn grows the trees")


def found() -> behaviour.Found:
    return behaviour.Found(
        setups=10,
        types=2,
        plain=[0.8, 0.9],
        own=[0.9, 0.9],
        plain_f1=[0.8, 0.8],
        own_f1=[0.9, 0.9],
        fold_differences=[0.0, 0.1, 0.1, 0.05] * 5,
        unknown=0.2,
        unseen={"pump": 0.0, "lamp": 0.5},
        days={"5": {"device_days": 4, "accuracy": 1.0, "unknown": 0.0, "macro_f1": 0.9}},
    )


def test_a_shortfall_is_called_a_shortfall() -> None:
    page = "\n".join(behaviour_page.lines(found()))
    assert page.count("SHORTFALL") == 3
    assert "in 1 of 2 repetitions (equal in 1): met" in page


def test_the_part_replaces_its_earlier_self_and_nothing_else(tmp_path: Path) -> None:
    page = tmp_path / "ANSWERS.md"
    page.write_text("# Answers\n\n## Before\n\nkept\n")
    behaviour_page.put(found(), page)
    once = page.read_text()
    behaviour_page.put(found(), page)
    assert page.read_text() == once
    assert once.startswith("# Answers\n\n## Before\n\nkept\n\n## Devices, by what they do\n")


def test_the_interval_is_wider_than_independent_folds_would_give() -> None:
    low, high = behaviour.interval([0.0, 0.02] * 25)
    assert low < 0.0 < 0.01 < 0.02 < high


@pytest.mark.slow
def test_an_unseen_type_is_measured_by_a_model_without_it() -> None:
    profiles, types = days("pump", "monitor", "lamp", of=8)
    # The same device under two names: each without the other is called the other.
    profiles += [day("pump", number) for number in range(50, 58)]
    named = behaviour.leave_out(profiles, types + ["pump too"] * 8)
    assert named["lamp"] == named["monitor"] == 0.0
    assert named["pump"] > 0.5
    assert named["pump too"] > 0.5


@pytest.mark.slow
def test_real_set_ups_are_recognised_better_than_by_a_plain_forest() -> None:
    if not (behaviour.SHARED / "iot_sentinel").is_dir():
        pytest.skip("the captures of IoT Sentinel are not at hand (.cache/shared/iot_sentinel)")
    measured = behaviour.Found()
    behaviour.compare(measured, *behaviour.labelled("iot_sentinel"), repeats=1)
    assert measured.setups == 377
    # One repetition: the difference is a point or so either way, so it is bounded and not compared.
    assert measured.own[0] >= 0.96
    assert measured.own[0] >= measured.plain[0] - 0.01
    assert measured.unknown <= 0.06
    assert measured.named_right >= 0.98


@pytest.mark.slow
def test_real_devices_are_recognised_from_day_to_day() -> None:
    if not (behaviour.SHARED / "lsif").is_dir():
        pytest.skip("the captures of LSIF are not at hand (.cache/shared/lsif)")
    answer = behaviour.over_days(*behaviour.labelled("lsif"))
    assert answer["macro_f1"] >= 0.95
