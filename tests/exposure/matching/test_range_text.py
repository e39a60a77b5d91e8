from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asepsis.exposure.matching.range_text import read_range, said_twice
from asepsis.exposure.matching.ranges import Answer, place
from asepsis.exposure.matching.version import version

YES, NO, UNSURE = Answer.YES, Answer.NO, Answer.CANNOT_TELL


@pytest.mark.parametrize(
    ("words", "shown", "answer"),
    [
        ("vers:all/*", "1", YES),
        ("*", "", YES),
        ("* (end-of-life 2011)", "7", YES),
        ("< 8.2.2", "8.2.1", YES),
        ("< 8.2.2", "8.2.2", NO),
        ("< 8.2.2", "8.2", YES),
        ("<=smart3250-2.6", "smart3250-2.7", NO),
        ("2.3.6 and  below", "2.3.6", YES),
        ("2.3.6 and  below", "2.3.7", NO),
        ("Versions 4.4 through 4.12", "4.9", YES),
        ("Versions 4.4 through 4.12", "4.13", NO),
        ("between 1.1 and 1.3.2", "1.3.2", YES),
        (">= 1.0.0 | <= 1.1.1", "1.1.2", NO),
        (">= 1.0 | <= 1.1 | >= 2.0 | < 2.3", "1.5", NO),
        (">= 1.0 | <= 1.1 | >= 2.0 | < 2.3", "2.2.9", YES),
        ("vers:generic/>=1.0|<2.0", "1.9", YES),
        ("vers:semver/<7.0.0|>=1.5.0", "8.0.0", NO),
        ("vers:semver/<7.0.0|>=1.5.0", "1.5.0", YES),
        ("vers:semver/<1.5.0|>=7.0.0", "3.0.0", NO),
        ("vers:semver/<1.5.0|>=7.0.0", "7.0.0", YES),
        ("11.x and earlier", "11.9", YES),
        ("14.1.x", "14.1.7", YES),
        ("14.1.x", "14.2", NO),
        ("A10 | A11", "A11", YES),
        ("A10 | A11", "A12", NO),
        ("<= U61 |<= L81", "U62", NO),
        ("<= U61 |<= L81", "L81", YES),
        ("<= U61 |<= L81", "2.0", UNSURE),
        ("5.0|5.1", "5.1", YES),
        ("053L000091 (global) / 054U000091 (U.S.)", "054U000091", YES),
        ("053L000091 (global) / 054U000091 (U.S.)", "054U000092", NO),
        ("distributed < april 1, 2018", "1", UNSURE),
        ("Windows 10 Professional", "10", UNSURE),
        ("A10 < A11", "A12", UNSURE),
        ("!= 3", "3", UNSURE),
        ("<= 9.33", "", UNSURE),
        # A device that shortens, and one that is more exact than the advisory.
        (">= 2.4", "2", UNSURE),
        ("<= 3.4", "3.4.1", UNSURE),
        ("9.7", "9.7.2", UNSURE),
        ("< 3.4", "3.4.1", NO),
    ],
)
def test_words_of_advisories(words: str, shown: str, answer: Answer) -> None:
    assert place(version(shown), read_range(words)).answer is answer


def test_a_range_that_is_said_twice_and_differently_is_kept_twice() -> None:
    first, second = said_twice("<= 1.0.0", "Pump: Version 1.1.0 and below", "Pump")
    assert second is not None
    assert place(version("1.1.0"), first).answer is NO
    assert place(version("1.1.0"), second).answer is YES
    assert said_twice("< 1.52", "Pump: versions prior to v1.52", "Pump")[1] is None


@given(
    st.text(alphabet="<>=|*.0123456789 andpriorlowev/()x-", max_size=60), st.text(alphabet="0123456789.A", max_size=8)
)
def test_any_words_get_an_answer(words: str, shown: str) -> None:
    assert place(version(shown), read_range(words)).answer in (YES, NO, UNSURE)


@given(st.lists(st.integers(0, 50), min_size=2, max_size=4), st.lists(st.integers(0, 50), min_size=2, max_size=4))
def test_a_bound_parts_all_versions_of_its_length(bound: list[int], shown: list[int]) -> None:
    at, here = ".".join(map(str, bound)), ".".join(map(str, shown))
    width = max(len(bound), len(shown))
    inside = (shown + [0] * (width - len(shown))) < (bound + [0] * (width - len(bound)))
    answer = place(version(here), read_range(f"< {at}")).answer
    assert answer is YES if inside else answer in (NO, UNSURE)
