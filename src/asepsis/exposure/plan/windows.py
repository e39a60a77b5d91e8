"""Hours of the day in which a device was never in use, with an upper bound on being wrong about it.

In: the moments in which care used the device, and when somebody listened. A window (such as workdays from 2 to 4) is a
row of trials, one a day: in use or not. Its share of days in use is bounded from above by Clopper and Pearson (1934),
exactly, at 95 % for all windows together that were tried (Bonferroni): picking the quietest of many would flatter it.
Too few days give no answer but how many more are needed. Days count as independent; a device that is used in whole
weeks now and then breaks that, so that less than ``LEAST_WEEKS`` whole weeks never give an answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from functools import lru_cache
from math import ceil, comb, log
from typing import Any, Final

from asepsis.devices.rhythm import Span, watched_in
from asepsis.kernel.time import SECOND_NS
from asepsis.kernel.value import value

CONFIDENCE: Final = 0.95
WRONG_AT_MOST: Final = 0.1
"""Of ten visits at most one finds the device in use; whoever comes looks before anything is touched."""
LEAST_WEEKS: Final = 4
"""As long as rhythms are learnt from elsewhere: what comes once a week has come four times."""
DAYS_LIMIT: Final = 400
"""Rhythms of longer ago than a year are past."""
WATCHED_SHARE: Final = 0.98
"""Of a window, for its day to count: a file of a capture ends and the next begins within a minute."""
_STEPS: Final = 60
_HOUR_NS: Final = 3600 * SECOND_NS


class Days(StrEnum):
    """Which days a window is on."""

    EVERY = "every day"
    WORKDAYS = "Monday to Friday"
    WEEKENDS = "Saturday and Sunday"

    def has(self, day: date) -> bool:
        """Whether a day is one of them."""
        return self is Days.EVERY or (day.weekday() < 5) == (self is Days.WORKDAYS)


TRIED: Final = 24 * len(Days)
"""Windows that are looked at: one begins at each hour."""


@value
class Window:
    """Some hours of some days."""

    days: Days
    from_hour: int
    """0 to 23, by the clock on the wall."""
    hours: int
    watched: int
    """Days on which all of it was watched."""
    in_use: int
    """Of these, days on which the device was in use within it."""
    bound: float
    """The share of days on which it is in use is at most this, at 95 %."""

    @property
    def words(self) -> str:
        """As people say it."""
        return f"{self.days}, {self.from_hour:02}:00 to {(self.from_hour + self.hours) % 24:02}:00"

    def document(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "days": str(self.days),
            "from_hour": self.from_hour,
            "hours": self.hours,
            "days_watched": self.watched,
            "days_in_use": self.in_use,
            "in_use_at_most": self.bound,
        }


class Answer(StrEnum):
    """Whether there are hours in which the device is idle."""

    IDLE = "idle"
    CANNOT_TELL = "cannot tell"
    IN_USE = "in use at all hours"


@value
class Idle:
    """What is known of a device's idle hours."""

    answer: Answer
    windows: tuple[Window, ...]
    """Those that may be used, the surest first."""
    days: int
    """Whole days that were watched."""
    more_days: int
    """How many more have to be watched at least before there can be an answer; 0 where there is one."""
    why: str

    def document(self) -> dict[str, Any]:
        """The JSON document of ``asepsis plan windows --json``."""
        return {
            "answer": str(self.answer),
            "windows": [window.document() for window in self.windows],
            "days_watched": self.days,
            "more_days_needed": self.more_days,
            "why": self.why,
            "confidence": CONFIDENCE,
            "wrong_at_most": WRONG_AT_MOST,
        }


def idle_windows(
    uses_ns: Iterable[int], watched: Sequence[Span], *, hours: int = 2, zone: tzinfo = UTC, sees_use: bool = True
) -> Idle:
    """Learns when a device is idle.

    Args:
        uses_ns: Moments in which care used it: messages of clinical protocols or with data of patients.
        watched: When its site was watched, in order and without overlap.
        hours: How long the work takes, 1 to 12.
        zone: The clock on the hospital's walls.
        sees_use: False for a device whose use nobody can see on the network, whatever it says there.
    """
    uses = sorted(uses_ns)
    days = _days(watched, zone)
    needed = max(7 * LEAST_WEEKS, days_for(WRONG_AT_MOST))
    whole = sum(1 for day in days if _is_watched(_span(day, 0, 24, zone), watched))
    more = max(0, needed - whole)
    if not uses or not sees_use:
        why = "its use was never seen on the network, so that a quiet device may be at a patient"
        return Idle(answer=Answer.CANNOT_TELL, windows=(), days=whole, more_days=more, why=why)
    used = _used_hours(uses, zone)
    found = []
    for hour in range(24):
        trials = [
            (day, any((day + timedelta(days=(hour + n) // 24), (hour + n) % 24) in used for n in range(hours)))
            for day in days
            if _is_watched(_span(day, hour, hours, zone), watched)
        ]
        for kind in Days:
            busy = [is_used for day, is_used in trials if kind.has(day)]
            bound = upper_bound(sum(busy), len(busy), (1 - CONFIDENCE) / TRIED)
            window = Window(days=kind, from_hour=hour, hours=hours, watched=len(busy), in_use=sum(busy), bound=bound)
            found.append(window)
    good = [one for one in found if one.bound <= WRONG_AT_MOST]
    if whole >= 7 * LEAST_WEEKS and good:
        order = tuple(sorted(good, key=lambda one: (one.bound, list(Days).index(one.days), one.from_hour)))
        why = f"in use on at most {order[0].bound:.1%} of such days, by {order[0].watched} days that were watched"
        return Idle(answer=Answer.IDLE, windows=order, days=whole, more_days=0, why=why)
    if more:
        why = f"{whole} whole days were watched, and at least {more} more are needed"
        return Idle(answer=Answer.CANNOT_TELL, windows=(), days=whole, more_days=more, why=why)
    quietest = min(found, key=lambda one: (one.bound, list(Days).index(one.days), one.from_hour))
    why = f"even in the quietest hours ({quietest.words}) it was in use on {quietest.in_use} of {quietest.watched} days"
    return Idle(answer=Answer.IN_USE, windows=(), days=whole, more_days=0, why=why)


@lru_cache(maxsize=4096)
def upper_bound(successes: int, trials: int, alpha: float) -> float:
    """Clopper and Pearson's one-sided upper bound of a share: the greatest at which so few have a chance of ``alpha``.

    The Use of Confidence or Fiducial Limits Illustrated in the Case of the Binomial, Biometrika 26 (1934).
    """
    if successes >= trials:
        return 1.0
    low, high = successes / trials, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        chance = sum(comb(trials, k) * middle**k * (1 - middle) ** (trials - k) for k in range(successes + 1))
        low, high = (middle, high) if chance > alpha else (low, middle)
    return high


def days_for(share: float) -> int:
    """So many days without any use are needed before at most ``share`` can be said."""
    return ceil(log((1 - CONFIDENCE) / TRIED) / log(1 - share))


def _days(watched: Sequence[Span], zone: tzinfo) -> list[date]:
    if not watched:
        return []
    last = datetime.fromtimestamp(watched[-1][1] / SECOND_NS, zone).date()
    first = max(datetime.fromtimestamp(watched[0][0] / SECOND_NS, zone).date(), last - timedelta(days=DAYS_LIMIT))
    return [first + timedelta(days=count) for count in range((last - first).days + 1)]


def _span(day: date, hour: int, hours: int, zone: tzinfo) -> Span:
    begin = datetime.combine(day, time(hour), zone)
    end = datetime.combine(day + timedelta(days=(hour + hours) // 24), time((hour + hours) % 24), zone)
    return int(begin.timestamp()) * SECOND_NS, int(end.timestamp()) * SECOND_NS


def _is_watched(span: Span, watched: Sequence[Span]) -> bool:
    return watched_in(span, watched) >= WATCHED_SHARE * (span[1] - span[0])


def _used_hours(uses: Sequence[int], zone: tzinfo) -> set[tuple[date, int]]:
    found: set[tuple[date, int]] = set()
    for hour in {moment // (_HOUR_NS // 4) for moment in uses}:
        # Quarters of an hour: clocks on walls differ from UTC by whole quarters.
        local = datetime.fromtimestamp(hour * 900, zone)
        found.add((local.date(), local.hour))
    return found
