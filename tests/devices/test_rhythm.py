"""A device is overdue by its own rhythm: an hourly talker sooner than a weekly one."""

from __future__ import annotations

import pytest

from asepsis.devices.rhythm import UNKNOWN, Rhythm, Span, Status, joined, rhythm_of, status_at, watched_in
from asepsis.kernel.time import SECOND_NS

MINUTE = 60 * SECOND_NS
HOUR = 60 * MINUTE
DAY = 24 * HOUR
MONTH: list[Span] = [(0, 35 * DAY)]


def every(step: int, until: int = 35 * DAY, *, speaks: int = MINUTE) -> list[Span]:
    """The gaps of a device that speaks for a minute every ``step``."""
    return [(begin + speaks, begin + step) for begin in range(0, until - step, step)]


HOURLY = rhythm_of(every(HOUR), MONTH, 35 * DAY)
DAILY = rhythm_of(every(DAY), MONTH, 35 * DAY)
WEEKLY = rhythm_of(every(7 * DAY), MONTH, 35 * DAY)
ALWAYS = rhythm_of([], MONTH, 35 * DAY)


@pytest.mark.parametrize(
    ("rhythm", "silence", "status"),
    [
        (HOURLY, 30 * MINUTE, Status.ONLINE),
        (HOURLY, 80 * MINUTE, Status.SILENT),
        (HOURLY, 2 * HOUR, Status.OVERDUE),
        (DAILY, 2 * HOUR, Status.ONLINE),
        (DAILY, 30 * HOUR, Status.SILENT),
        (DAILY, 2 * DAY, Status.OVERDUE),
        (WEEKLY, 2 * DAY, Status.ONLINE),
        (WEEKLY, 9 * DAY, Status.SILENT),
        (WEEKLY, 11 * DAY, Status.OVERDUE),
        (ALWAYS, 5 * MINUTE, Status.ONLINE),
        (ALWAYS, 30 * MINUTE, Status.SILENT),
        (ALWAYS, 2 * HOUR, Status.OVERDUE),
        (UNKNOWN, 5 * MINUTE, Status.ONLINE),
        (UNKNOWN, 400 * DAY, Status.SILENT),
    ],
)
def test_status_follows_the_device_s_own_rhythm(rhythm: Rhythm, silence: int, status: Status) -> None:
    assert status_at(100 * DAY + silence, 100 * DAY, rhythm) is status


def test_one_night_a_day_counts_for_as_much_as_it_lasts() -> None:
    # Twenty minutes of silence forty times a day, and a night of ten hours: by count the night is one in forty.
    gaps = [
        gap
        for day in range(30)
        for gap in (
            *((day * DAY + n * 21 * MINUTE, day * DAY + n * 21 * MINUTE + 20 * MINUTE) for n in range(40)),
            (day * DAY + 14 * HOUR, day * DAY + 24 * HOUR),
        )
    ]
    rhythm = rhythm_of(gaps, MONTH, 30 * DAY)
    assert status_at(40 * DAY + 9 * HOUR, 40 * DAY, rhythm) is Status.SILENT
    assert status_at(40 * DAY + 16 * HOUR, 40 * DAY, rhythm) is Status.OVERDUE


def test_one_repair_is_no_rhythm() -> None:
    gaps = [*every(HOUR, 20 * DAY), (20 * DAY, 30 * DAY)]
    assert rhythm_of(gaps, MONTH, 35 * DAY).overdue_after_ns == HOURLY.overdue_after_ns


def test_nobody_is_silent_while_nobody_listens() -> None:
    watched = [(day * DAY, day * DAY + 2 * HOUR) for day in range(20)]
    # Heard in every capture, from its beginning to its end but for the hour's pauses.
    gaps = [(day * DAY + 2 * HOUR, (day + 1) * DAY) for day in range(19)]
    assert watched_in(gaps[0], watched) == 0
    assert rhythm_of(gaps, watched, 40 * HOUR) == rhythm_of([], watched, 40 * HOUR)


def test_too_little_is_no_rhythm() -> None:
    assert rhythm_of(every(HOUR, 3 * HOUR), [(0, 3 * HOUR)], 3 * HOUR).overdue_after_ns is None


def test_spans_that_nearly_touch_are_one() -> None:
    assert joined([(5 * HOUR, 6 * HOUR), (0, HOUR), (HOUR + MINUTE, 2 * HOUR), (0, MINUTE)]) == [
        (0, 2 * HOUR),
        (5 * HOUR, 6 * HOUR),
    ]
