from __future__ import annotations

from itertools import pairwise
from math import pi

import pytest
from hypothesis import given
from hypothesis import strategies as some

from asepsis.web import charts
from asepsis.web.charts import Counted

counts = some.lists(some.integers(min_value=0, max_value=10**9), max_size=40)


def counted(numbers: list[int]) -> list[Counted]:
    return [Counted(words=str(place), count=number) for place, number in enumerate(numbers)]


def test_bars_are_as_long_as_their_share_of_the_greatest() -> None:
    assert [bar.length for bar in charts.bars(counted([50, 100, 25, 0]))] == [50, 100, 25, 0]


def test_one_among_many_is_still_seen() -> None:
    assert charts.bars(counted([1, 100_000]))[0].length == 1


@given(counts)
def test_bars_never_leave_their_place(numbers: list[int]) -> None:
    assert all(0 <= bar.length <= charts.WIDTH for bar in charts.bars(counted(numbers)))


@given(counts)
def test_arcs_with_their_gaps_make_one_ring(numbers: list[int]) -> None:
    arcs = charts.ring(counted(numbers))
    around = 2 * pi * charts.RADIUS
    assert len(arcs) == sum(number > 0 for number in numbers)
    if arcs:
        last = arcs[-1]
        assert -last.offset + last.length <= around + 1e-6
        assert -last.offset + last.length >= around - charts.GAP - 1e-6
    assert all(arc.length > 0 for arc in arcs)


@given(some.lists(some.integers(min_value=0, max_value=10**9), min_size=1, max_size=200))
def test_columns_stand_side_by_side_on_the_axis(numbers: list[int]) -> None:
    drawn = charts.columns(counted(numbers))
    for one, after in pairwise(drawn):
        assert one.x + one.width <= after.x + 1e-6
    for one in drawn:
        assert one.y + one.height == pytest.approx(charts.COLUMNS_HEIGHT)
        assert one.y >= -1e-6
