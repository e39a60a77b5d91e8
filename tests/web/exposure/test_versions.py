"""Ranges of versions in the words of the pages."""

from __future__ import annotations

import pytest

from asepsis.web.exposure.templatetags.exposure import versions


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("9.33 is in <= 12.1.3", "Version 9.33 is one of: 12.1.3 and older"),
        (
            "LabPoint 8: <= 12.1.3, as LabPoint (known affected)",
            "LabPoint 8: 12.1.3 and older, as LabPoint (known affected)",
        ),
        ("2.1 is in >= 2.0, < 3.0", "Version 2.1 is one of: 2.0 and newer, older than 3.0"),
        ("the version is not known", "the version is not known"),
        ("a < b, and x is in the list", "a < b, and x is in the list"),
    ],
)
def test_a_range_of_versions_is_said_in_words(told: str, said: str) -> None:
    assert versions(told) == said
