"""A device is called idle only when enough days say so, and hardly ever wrongly."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from asepsis.exposure.plan.windows import (
    LEAST_WEEKS,
    TRIED,
    WRONG_AT_MOST,
    Answer,
    Days,
    days_for,
    idle_windows,
    upper_bound,
)
from asepsis.kernel.time import SECOND_NS

HOUR = 3600 * SECOND_NS
DAY = 24 * HOUR
MONDAY = int(datetime(2026, 1, 5, tzinfo=UTC).timestamp()) * SECOND_NS


def used_by_day(days: int, hours: range = range(7, 20)) -> list[int]:
    """In use at each of the hours, on every day."""
    return [MONDAY + day * DAY + hour * HOUR for day in range(days) for hour in hours]


def test_the_bound_is_that_of_the_exact_test() -> None:
    # No success in n trials: 1 - alpha**(1/n). Three of ten at 95 %: 0.6066 (Clopper and Pearson's own chart: 0.61).
    assert upper_bound(0, 28, 0.05) == pytest.approx(1 - 0.05 ** (1 / 28))
    assert upper_bound(3, 10, 0.05) == pytest.approx(0.6066, abs=1e-4)
    assert upper_bound(0, 0, 0.05) == upper_bound(5, 5, 0.05) == 1.0


def test_more_days_lower_the_bound_and_more_use_raises_it() -> None:
    assert upper_bound(0, 100, 0.01) < upper_bound(0, 50, 0.01) < upper_bound(1, 50, 0.01)


def test_a_device_that_works_by_day_is_idle_at_night_after_enough_days() -> None:
    days = days_for(WRONG_AT_MOST) + 1
    found = idle_windows(used_by_day(days), [(MONDAY, MONDAY + days * DAY)])
    assert found.answer is Answer.IDLE
    best = found.windows[0]
    assert best.days is Days.EVERY
    assert best.in_use == 0
    assert best.bound <= WRONG_AT_MOST
    for window in found.windows:
        assert not set(range(window.from_hour, window.from_hour + window.hours)) & set(range(7, 20))


def test_too_few_days_give_no_answer_but_how_many_more() -> None:
    found = idle_windows(used_by_day(10), [(MONDAY, MONDAY + 10 * DAY)])
    assert found.answer is Answer.CANNOT_TELL
    assert found.days == 10
    assert found.more_days == max(7 * LEAST_WEEKS, days_for(WRONG_AT_MOST)) - 10
    assert str(found.more_days) in found.why


def test_what_was_never_seen_in_use_is_not_called_idle() -> None:
    found = idle_windows([], [(MONDAY, MONDAY + 300 * DAY)])
    assert found.answer is Answer.CANNOT_TELL
    assert "may be at a patient" in found.why


def test_a_device_that_is_always_in_use_has_no_window() -> None:
    found = idle_windows(used_by_day(120, range(24)), [(MONDAY, MONDAY + 120 * DAY)])
    assert found.answer is Answer.IN_USE
    assert found.windows == ()


def test_hours_in_which_nobody_listened_say_nothing() -> None:
    watched = [(MONDAY + day * DAY + 6 * HOUR, MONDAY + day * DAY + 21 * HOUR) for day in range(120)]
    found = idle_windows(used_by_day(120), watched)
    assert found.answer is Answer.CANNOT_TELL


def test_an_office_that_rests_at_weekends_is_idle_then_by_the_clock_on_the_wall() -> None:
    zone = ZoneInfo("Europe/Berlin")
    start = datetime(2025, 1, 6, tzinfo=zone)
    uses = []
    for day in range(364):
        local = start + timedelta(days=day)
        if local.weekday() < 5:
            # In use around the clock, on workdays of the wall's clock.
            uses += [int((local + timedelta(hours=hour)).timestamp()) * SECOND_NS for hour in range(24)]
    first = int(start.timestamp()) * SECOND_NS
    found = idle_windows(uses, [(first, first + 364 * DAY)], zone=zone)
    assert found.answer is Answer.IDLE
    assert {window.days for window in found.windows} == {Days.WEEKENDS}


def test_a_night_that_is_used_now_and_then_is_hardly_ever_called_idle() -> None:
    """Nights in use more often than the bound allows; at most 5 % of such devices may be called idle then."""
    rng = random.Random(20260101)
    called = 0
    tried = 40
    for _ in range(tried):
        days = 90
        uses = used_by_day(days, range(24))
        # Each hour of the night is in use on 12 % of days, and every other hour on every day.
        kept = [one for one in uses if (one // HOUR) % 24 not in (1, 2) or rng.random() < 0.12]
        found = idle_windows(kept, [(MONDAY, MONDAY + days * DAY)], hours=1)
        called += found.answer is Answer.IDLE
    assert called <= 0.05 * tried


def test_a_window_over_midnight_counts_the_next_morning() -> None:
    days = 100
    uses = [*used_by_day(days, range(2, 22))]
    found = idle_windows(uses, [(MONDAY, MONDAY + days * DAY)], hours=4)
    assert {(window.from_hour, window.words) for window in found.windows if window.days is Days.EVERY} == {
        (22, "every day, 22:00 to 02:00")
    }
    assert TRIED == 72
