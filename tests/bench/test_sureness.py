"""The calibration is learnt as its page says: by groups, pooled where it would fall, careful where little is known."""

from __future__ import annotations

from itertools import pairwise

from bench.accuracy.sureness import GROUPS_OF_A_RANGE, Answer, error, learnt


def answers(strength: float, count: int, *, wrong: int = 0, group: str = "g") -> list[Answer]:
    return [Answer(f"{group}{strength}{n}", "vendor", strength, n >= wrong, True) for n in range(count)]


def test_a_range_of_right_answers_comes_near_to_1_with_their_number() -> None:
    few, many = learnt(answers(0.6, 8)), learnt(answers(0.6, 80))
    assert 0.9 < few["vendor"][0][1] < many["vendor"][0][1] < 1.0


def test_wrong_answers_lower_the_share() -> None:
    ((_, share),) = learnt(answers(0.6, 20, wrong=10))["vendor"]
    assert 0.45 < share < 0.55


def test_a_hundred_devices_of_one_group_count_once() -> None:
    same = [Answer("pump A", "vendor", 0.6, False, True)] * 100
    ((_, share),) = learnt([*same, *answers(0.6, 19)])["vendor"]
    assert share > 0.9


def test_few_groups_are_joined_with_the_next_range() -> None:
    assert len(learnt([*answers(0.45, GROUPS_OF_A_RANGE - 1), *answers(0.75, 20)])["vendor"]) == 1
    assert len(learnt([*answers(0.45, GROUPS_OF_A_RANGE, wrong=4), *answers(0.75, 20)])["vendor"]) == 2


def test_stronger_evidence_never_gets_the_lower_number() -> None:
    points = learnt([*answers(0.45, 20), *answers(0.75, 20, wrong=10), *answers(0.95, 20)])["vendor"]
    assert all(low[1] <= high[1] for low, high in pairwise(points))


def test_the_error_is_that_of_what_is_shown() -> None:
    said = answers(0.6, 50)
    assert abs(error(said, after=False) - 0.4) < 1e-9
    assert error(said, after=True) < 0.1
