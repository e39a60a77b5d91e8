from __future__ import annotations

from datetime import UTC, datetime

import pytest

from asepsis.exposure.feeds.edition import is_older, is_overtaken, moment


@pytest.mark.parametrize(
    ("one", "other", "older"),
    [
        (("2026-01-01T00:00:00Z", "1"), ("2026-01-02T00:00:00Z", "1"), True),
        (("2026-01-02T00:00:00+02:00", "1"), ("2026-01-01T22:00:00.000000Z", "1"), False),
        (("2026-01-01T00:00:00Z", "9"), ("2026-01-01T00:00:00Z", "10"), True),
        (("", "9"), ("2026-01-01", "1"), True),
        (("2026-01-01", ""), ("", ""), False),
        (("", ""), ("", ""), False),
        (("nonsense", "2"), ("20260101", "1"), True),
    ],
)
def test_an_edition_is_older_by_its_date_and_then_by_its_revision(
    one: tuple[str, str], other: tuple[str, str], older: bool
) -> None:
    assert is_older(*one, *other) is older


def test_a_moment_that_is_none_is_none() -> None:
    assert moment("0001-01-01T00:00:00+23:00") is None
    assert moment("2026-13-40") is None


NOW = datetime(2026, 6, 1, tzinfo=UTC)
LONG_AGO = datetime(2016, 6, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("updated", "held", "loaded", "now", "overtaken"),
    [
        ("2026-05-30", "9999-12-31", NOW, NOW, True),
        # What was the past when it was taken in is no future because a clock was set back.
        ("2015-01-01", "2026-05-30", NOW, LONG_AGO, False),
        # What was taken in while the clock was back is no future once the clock is right.
        ("2025-01-01", "2026-05-30", LONG_AGO, NOW, False),
        ("9998-12-31", "9999-12-31", NOW, NOW, False),
        ("", "9999-12-31", NOW, NOW, False),
        ("2026-05-30", "2026-06-01T20:00:00Z", NOW, NOW, False),
    ],
)
def test_an_edition_from_the_future_keeps_no_other_out_and_a_clock_set_back_lets_no_older_in(
    updated: str, held: str, loaded: datetime, now: datetime, overtaken: bool
) -> None:
    assert is_overtaken(updated, held, loaded, now) is overtaken
