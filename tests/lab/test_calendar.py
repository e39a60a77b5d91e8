"""A week is a row of sittings: in order, with quiet nights and weekends, and as long as was asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from lab.hospital import calendar

MONDAY = datetime(2026, 11, 9, tzinfo=UTC)


def test_a_week_has_nineteen_sittings_in_order_on_seven_days() -> None:
    sittings = calendar.week(MONDAY, seconds=600)
    assert [one.number for one in sittings] == list(range(19))
    assert all(before.begins < after.begins for before, after in pairwise(sittings))
    assert {one.begins.date() for one in sittings} == {(MONDAY + timedelta(days=n)).date() for n in range(7)}


def test_sittings_last_together_what_was_asked_for_but_none_is_too_short_for_a_monitors_report() -> None:
    assert sum(one.seconds for one in calendar.week(MONDAY, seconds=1200)) == pytest.approx(1200, rel=0.03)
    assert {one.seconds for one in calendar.week(MONDAY, seconds=1)} == {calendar.SHORTEST_SECONDS}


def test_the_work_of_a_week_is_shared_out_and_a_night_gets_least() -> None:
    sittings = calendar.week(MONDAY, seconds=600)
    assert sum(one.share for one in sittings) == pytest.approx(1)
    tuesday = {one.shift: one.share for one in sittings if one.day == 2}
    assert tuesday["night"] < tuesday["late"] < tuesday["early"]


def test_offices_are_open_by_day_on_working_days() -> None:
    is_open = {(one.day, one.shift) for one in calendar.week(MONDAY, seconds=600) if one.offices_open}
    assert is_open == {(day, shift) for day in range(1, 6) for shift in ("early", "late")}


@pytest.mark.parametrize("day", range(16, 23))
def test_the_week_before_begins_on_a_monday_and_is_over(day: int) -> None:
    recorded = datetime(2026, 11, day, 5, 30, tzinfo=UTC)
    monday = calendar.monday_before(recorded, weeks=1)
    assert monday == MONDAY
    assert monday + timedelta(days=7) <= recorded
