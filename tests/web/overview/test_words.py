"""How words, shares and moments are shown to people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from asepsis.web.overview.templatetags.words import ago, percent, size, words

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (timedelta(), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=-30), "just now"),
        (timedelta(seconds=60), "1\u00a0minute ago"),
        (timedelta(hours=26), "1\u00a0day, 2\u00a0hours ago"),
    ],
)
def test_a_moment_is_told_as_people_tell_it(before: timedelta, said: str) -> None:
    assert ago(NOW - before, NOW) == said


def test_what_never_was_was_no_time_ago() -> None:
    assert ago(None) == ""


def test_words_of_programs_are_spelt_as_people_spell_them() -> None:
    assert [words(name) for name in ("infusion_pump", "ct", "opcua", "OS_version")] == [
        "Infusion pump",
        "CT",
        "OPC UA",
        "OS version",
    ]


def test_shares_and_sizes_are_rounded_for_reading() -> None:
    assert (percent(0.934), percent(None), size(999), size(1536), size(2_000_000)) == (
        "93 %",
        "",
        "999 B",
        "1.5 kB",
        "2.0 MB",
    )
