"""The sittings of a recorded week: which shift of which day each is, and how long it is recorded.

A sitting is recorded without a break. Between two sittings the hospital rests, every TCP connection is closed, and the
clock is moved on to the next shift: so a week fits into minutes, and no conversation is stretched.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
SHIFTS = {"early": (time(7, 30), 1.0), "late": (time(14, 30), 0.7), "night": (time(23, 10), 0.35)}
"""When a shift's sitting begins, and how busy a shift is on a working day."""
WEEKEND_SHARE = 0.5
"""How much of a working day's planned work a weekend has."""
SHORTEST_SECONDS = 12.0
"""Monitors report every 12 s: a shorter sitting would miss some."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """One shift that is recorded."""

    number: int
    """From 0, in order of time."""
    day: int
    """From 1; 1 is a Monday."""
    shift: str
    begins: datetime
    """What the recording says; when it was really recorded is another matter."""
    seconds: float
    """How long it lasts, in the recording as in truth."""
    share: float
    """Its part of the week's planned work."""

    @property
    def weekend(self) -> bool:
        """Whether it is a Saturday or a Sunday."""
        return (self.day - 1) % 7 >= 5

    @property
    def offices_open(self) -> bool:
        """Whether those who work by day are there."""
        return not self.weekend and self.shift != "night"

    def __str__(self) -> str:
        return f"{DAYS[(self.day - 1) % 7]} {self.shift}"


def monday_before(recorded: datetime, *, weeks: int) -> datetime:
    """The Monday ``weeks`` whole weeks before the week of ``recorded``, midnight UTC."""
    today = datetime.combine(recorded.astimezone(UTC).date(), time(), UTC)
    return today - timedelta(days=today.weekday() + 7 * weeks)


def week(monday: datetime, *, seconds: float, days: int = 7, shifts: tuple[str, ...] = tuple(SHIFTS)) -> list[Sitting]:
    """Plans the sittings of a week.

    Args:
        monday: Midnight of the first day.
        seconds: How long all sittings together last; a busy shift gets more. None is shorter than
            ``SHORTEST_SECONDS``, so that very short weeks last longer than asked for.
        days: How many days from Monday on.
        shifts: Which of ``SHIFTS`` are recorded; a weekend has no late one.
    """
    chosen = [
        (day, shift, SHIFTS[shift][1] * (WEEKEND_SHARE if day % 7 >= 5 else 1.0))
        for day in range(days)
        for shift in SHIFTS
        if shift in shifts and not (day % 7 >= 5 and shift == "late")
    ]
    busy = sum(weight for _, _, weight in chosen)
    return [
        Sitting(
            number=number,
            day=day + 1,
            shift=shift,
            begins=datetime.combine((monday + timedelta(days=day)).date(), SHIFTS[shift][0], UTC),
            seconds=max(seconds * weight / busy, SHORTEST_SECONDS),
            share=weight / busy,
        )
        for number, (day, shift, weight) in enumerate(chosen)
    ]
