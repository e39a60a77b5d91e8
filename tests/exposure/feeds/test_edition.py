from __future__ import annotations

import pytest

from asepsis.exposure.feeds.edition import is_older, moment


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
