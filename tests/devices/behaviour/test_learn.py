"""Learning types from behaviour, and saying "unknown" for what was not shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from asepsis.devices.behaviour.arrays import HEADER, Unfit, from_arrays, to_arrays
from asepsis.devices.behaviour.clues import MOST, behaviour_clues
from asepsis.devices.behaviour.evaluate import evaluate
from asepsis.devices.behaviour.learn import BehaviourError, calibration_of, digest_of, folds_of, learn, twins_among
from asepsis.devices.behaviour.model import Facts, Model
from asepsis.devices.behaviour.novelty import has_only_joined
from tests.devices.behaviour.made import day, days, profile

pytest.importorskip("sklearn", reason="scikit-learn grows the trees")

TODAY = date(2026, 1, 31)
PUMP = Facts(category="infusion_pump", vendor="Maker", model="Pump 1")


@pytest.fixture(scope="module")
def model() -> Model:
    profiles, types = days("pump", "monitor", "lamp", of=30)
    return learn(profiles, types, {"pump": PUMP}, today=TODAY)


def test_days_that_were_not_shown_are_named(model: Model) -> None:
    for type_ in ("pump", "monitor", "lamp"):
        verdicts = model.verdicts([day(type_, number) for number in range(1000, 1040)])
        named = [verdict for verdict in verdicts if verdict.types]
        assert {verdict.types for verdict in named} == {(type_,)}
        assert len(named) >= 32
        assert all(0.8 < verdict.chance < 1.0 for verdict in named)


def test_a_type_that_was_not_shown_is_unknown_with_the_reason(model: Model) -> None:
    (verdict,) = model.verdicts([day("ventilator", 1)])
    assert verdict.types == ()
    assert any("ventilator" in reason and "has said" in reason for reason in verdict.reasons)


def test_a_device_that_has_only_joined_the_network_is_unknown(model: Model) -> None:
    joined = profile({"says dhcp DISCOVER": 1, "dhcp parameters 1,3,6": 1, "asks udp/67": 2, "arp probe": 3})
    assert has_only_joined(joined)
    assert model.verdicts([joined])[0].types == ()
    assert not has_only_joined(profile({**joined.words, "dhcp name hs110(eu)": 1}))
    assert has_only_joined(profile({**joined.words, "dhcp name esp_#": 1}))
    assert not has_only_joined(profile({**joined.words, "asks tcp/443": 1}))


def test_the_same_profiles_give_the_same_model(model: Model) -> None:
    profiles, types = days("pump", "monitor", "lamp", of=30)
    again = to_arrays(learn(profiles, types, {"pump": PUMP}, today=TODAY))
    assert {name: array.tobytes() for name, array in to_arrays(model).items()} == {
        name: array.tobytes() for name, array in again.items()
    }


def test_the_digest_follows_words_and_labels_but_not_paths_and_addresses() -> None:
    profiles, types = days("pump", "lamp", of=3)
    moved = [replace(one, capture="elsewhere", subject="02:00:00:00:00:77") for one in profiles]
    assert digest_of(moved, types) == digest_of(profiles, types)
    assert digest_of(profiles, types[::-1]) != digest_of(profiles, types)
    assert digest_of([day("pump", 99), *profiles[1:]], types) != digest_of(profiles, types)


def test_twins_are_named_together() -> None:
    profiles, types = days("pump", "monitor", of=20)
    halves = [("left" if place % 2 else "right") if type_ == "pump" else type_ for place, type_ in enumerate(types)]
    model = learn(profiles, halves, {}, today=TODAY)
    assert [sorted(model.types[place] for place in group) for group in model.twins] == [["left", "right"]]
    named = [verdict.types for verdict in model.verdicts([day("pump", number) for number in range(50, 70)])]
    assert any(set(types) == {"left", "right"} for types in named)
    clues = behaviour_clues(model, [day("pump", number) for number in range(50, 70)])
    assert {"left or right", "right or left"} & {clue.value for clue in clues}


def test_clues_say_what_the_labels_say_and_are_never_certain(model: Model) -> None:
    clues = {clue.attribute: clue for clue in behaviour_clues(model, [day("pump", 500)])}
    assert {name: clue.value for name, clue in clues.items()} == {
        "category": "infusion_pump",
        "vendor": "Maker",
        "model": "Pump 1",
    }
    assert all(clue.protocol == "behaviour" and 0.5 < clue.weight <= MOST for clue in clues.values())
    assert clues["model"].endpoint == ("02:00:00:00:00:01", "")
    assert behaviour_clues(model, [day("ventilator", 1)]) == []


def test_too_little_to_learn_from_is_refused_by_name() -> None:
    profiles, types = days("pump", "lamp", of=3)
    with pytest.raises(BehaviourError, match="lamp 2"):
        learn(profiles[:-1], types[:-1], {}, today=TODAY)
    with pytest.raises(BehaviourError, match="fewer than two"):
        learn(profiles[:3], types[:3], {}, today=TODAY)


def test_folds_spread_every_type() -> None:
    truth = np.repeat(np.arange(4), 10)
    fold = folds_of(truth, 5, seed=3)
    for type_ in range(4):
        assert np.bincount(fold[truth == type_], minlength=5).tolist() == [2] * 5


def test_types_are_twins_only_where_much_is_mixed_up() -> None:
    truth = np.array([0, 0, 1, 1, 2, 2])
    unseen = np.array([[0.9, 0.1, 0], [0.9, 0.1, 0], [0.3, 0.7, 0], [0.4, 0.6, 0], [0, 0.05, 0.95], [0, 0, 1.0]])
    assert twins_among(unseen, truth) == [(0, 1)]


def test_calibration_rises_and_stays_between_nothing_and_certainty() -> None:
    chance = np.random.default_rng(1).uniform(0.3, 1.0, 400)
    right = np.random.default_rng(2).uniform(size=400) < chance**2
    unseen = np.stack([chance, 1 - chance], axis=1)
    best = unseen.argmax(axis=1)
    points = calibration_of(unseen, np.where(right, best, 1 - best), [])
    raw, told = zip(*points, strict=True)
    assert list(raw) == sorted(raw)
    assert list(told) == sorted(told)
    assert 0.0 < told[0] < told[-1] < 1.0
    assert abs(float(np.interp(0.9, raw, told)) - 0.81) < 0.15


def test_an_evaluation_counts_types_that_were_not_shown_apart(model: Model) -> None:
    profiles = [*(day("pump", number) for number in range(300, 310)), day("ventilator", 1), day("ventilator", 2)]
    found = evaluate(model, model.verdicts(profiles), ["pump"] * 9 + ["monitor"] + ["ventilator"] * 2)
    assert found.profiles == 10
    assert found.accuracy == pytest.approx(0.9)
    assert found.unseen_named == 0.0
    assert found.confusions == (("monitor", "pump", 1),)
    assert found.document()["unseen_profiles"] == 2


def test_a_model_survives_its_arrays(model: Model) -> None:
    again = from_arrays(to_arrays(model))
    assert isinstance(again, Model)
    profiles = [day(type_, 77) for type_ in ("pump", "monitor", "lamp", "ventilator")]
    assert again.verdicts(profiles) == model.verdicts(profiles)
    assert again.training == model.training


def test_arrays_that_point_outside_are_no_model(model: Model) -> None:
    for name, broken in (
        ("forest.left", lambda array: array + len(array)),
        ("forest.right", lambda array: array * 0),
        ("forest.roots", lambda array: array - 1),
        ("forest.feature", lambda array: array + 100_000),
        ("forest.chances", lambda array: array * np.float32("nan")),
        ("forest.threshold", lambda array: array[:-1]),
        (HEADER, lambda array: array[:-5]),
        (HEADER, lambda array: np.frombuffer(array.tobytes().replace(b'"format":1', b'"format":9'), np.uint8)),
        (HEADER, lambda array: np.frombuffer(array.tobytes().replace(b"infusion_pump", b"infusion_PUMP"), np.uint8)),
    ):
        arrays = to_arrays(model)
        arrays[name] = broken(arrays[name])
        assert isinstance(from_arrays(arrays), Unfit), name
    assert isinstance(from_arrays({}), Unfit)
