from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asepsis.exposure.matching.version import Version, comparable, version


def known(text: str) -> Version:
    found = version(text)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("9.5", "9.33"),
        ("2.6", "2.6A"),
        ("2.6A", "2.6B"),
        ("1.8.4", "1.8.4 Service Pack 01"),
        ("1.3.1 Build 13", "1.3.1 Build 14"),
        ("3.0 D15", "3.0 D16"),
        ("1.0-rc1", "1.0"),
        ("012U000040", "012U000061"),
        ("U60", "U61"),
        ("2023.3_Build_9342", "2024.2"),
        ("4.20", "4.20 SR1"),
        ("2.0.14.0", "2.0.14.1"),
    ],
)
def test_earlier_versions_come_first(earlier: str, later: str) -> None:
    assert known(earlier) < known(later)
    assert not known(later) < known(earlier)


@pytest.mark.parametrize(
    ("one", "other"),
    [("1.0", "1.0.0"), ("v2.43.02", "2.43.2"), ("Version 1.0", "1"), ("vD25", "D25"), ("HD 16", "HD16")],
)
def test_one_version_may_be_written_in_two_ways(one: str, other: str) -> None:
    assert known(one).same(known(other))


def test_versions_of_two_countries_are_not_compared() -> None:
    assert not comparable(known("L81"), known("U61"))
    assert not comparable(known("012U000061"), known("028U000061"))
    assert comparable(known("012U000061"), known("012U000062"))


def test_a_shorter_version_begins_a_longer_one_and_as_exact_a_one_does_not() -> None:
    assert known("9").begins(known("9.33"))
    assert known("1.8.4").begins(known("1.8.4 SP1"))
    assert not known("2.3.0").begins(known("2.3.1"))
    assert not known("9.3").begins(known("9.33"))


@pytest.mark.parametrize("text", ["", "Windows", "x" * 200, "٣.١", "all"])
def test_what_is_no_version_is_none(text: str) -> None:
    assert version(text) is None


VERSIONS = st.text(alphabet="0123456789.ABbcv -_()/", max_size=14).map(version).filter(lambda found: found is not None)


@given(VERSIONS, VERSIONS, VERSIONS)
def test_the_order_is_total(one: Version, two: Version, three: Version) -> None:
    assert (one < two) + (two < one) + (one.order == two.order) == 1
    if one <= two and two <= three:
        assert one <= three
    assert one.same(two) == (one.order == two.order)


@given(st.lists(st.integers(0, 9999), min_size=1, max_size=5), st.lists(st.integers(0, 9999), min_size=1, max_size=5))
def test_numbers_compare_as_numbers(one: list[int], other: list[int]) -> None:
    width = max(len(one), len(other))
    ours, theirs = (row + [0] * (width - len(row)) for row in (one, other))
    versions = [known(".".join(map(str, row))) for row in (one, other)]
    assert (versions[0] < versions[1]) == (ours < theirs)


@given(st.text(max_size=100))
def test_any_text_is_read_without_an_error(text: str) -> None:
    found = version(text)
    assert found is None or found.same(found)
