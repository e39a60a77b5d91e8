"""Which of two editions of a document is the newer one: nothing older ever overwrites newer."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from asepsis.exposure.matching.version import version

# Clocks differ, and a day without a time may already have begun elsewhere.
AHEAD: Final = timedelta(days=1)

_DAY_FIRST = re.compile(r"^([0-9]{4})(?:[.-]?)([0-9]{2})(?:[.-]?)([0-9]{2})$")


@lru_cache(maxsize=8192)
def moment(text: str) -> datetime | None:
    """The moment that a document names, None where it names none; a moment without a zone is taken for UTC."""
    day = _DAY_FIRST.match(text.strip())
    try:
        if day is not None:
            return datetime(int(day[1]), int(day[2]), int(day[3]), tzinfo=UTC)
        found = datetime.fromisoformat(re.sub(r"(\.[0-9]{6})[0-9]+", r"\1", text.strip()))
        # Before the year 2 a zone could carry it out of the calendar.
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def is_older(updated: str, revision: str, than_updated: str, than_revision: str) -> bool:
    """True when the first edition is older than the second, by its date and then by its revision.

    An edition without a date is older than one with a date: a file that lost its head must not undo a good one.
    """
    one, other = moment(updated), moment(than_updated)
    if one is None or other is None:
        if one is not None or other is not None:
            return one is None
    elif one != other:
        return one < other
    ours, theirs = version(revision), version(than_revision)
    return ours is not None and theirs is not None and ours < theirs


def is_ahead(text: str, now: datetime) -> bool:
    """True for a moment that has not come yet, by more than clocks differ."""
    found = moment(text)
    return found is not None and found > now + AHEAD


def is_overtaken(updated: str, held: str, loaded: datetime, now: datetime) -> bool:
    """True where what is held bore a date that had not come when it was taken in, nor has now, and this one has.

    A slip of a publisher, or its malice, would else keep every later edition out until the year 9999. A clock that was
    set back does not make what is held look so: then it was no future when it was taken in.
    """
    return is_ahead(held, loaded) and is_ahead(held, now) and moment(updated) is not None and not is_ahead(updated, now)
