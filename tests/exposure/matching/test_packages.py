"""Packages are ordered as their ecosystems do; the cases are those of the ecosystems' own specifications."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asepsis.exposure.feeds.sbom import Component
from asepsis.exposure.finding import Exposed
from asepsis.exposure.matching.components import ComponentMatcher
from asepsis.exposure.matching.packages import placed
from asepsis.exposure.matching.range_text import read_range
from asepsis.exposure.matching.ranges import Answer, Bound, Part, Range
from asepsis.exposure.matching.version import version
from tests.exposure.matching.test_parts import cve

# Semantic Versioning 2.0.0 11; PEP 440; deb-version(7); RPM's version comparison; Maven's ComparableVersion; the rules
# of pre-releases of NuGet and Go; Gem::Version.
ORDERED = [
    ("npm", "1.0.0-alpha.1", "1.0.0-alpha.beta"),
    ("npm", "1.0.0-beta.2", "1.0.0-beta.11"),
    ("npm", "1.0.0-rc.1", "1.0.0"),
    ("npm", "1.9.0", "1.10.0"),
    ("pypi", "1.0b1", "1.0rc1"),
    ("pypi", "1.0rc1", "1.0"),
    ("pypi", "1.0", "1.0.post1"),
    ("pypi", "2.0", "1!1.0"),
    ("deb", "1.0~rc1", "1.0"),
    ("deb", "2.0", "1:1.0"),
    ("deb", "9.2p1-2+deb12u1", "9.2p1-2+deb12u10"),
    ("rpm", "2.0-1", "1:1.0-1"),
    ("maven", "1.0-milestone-1", "1.0-rc1"),
    ("maven", "1.0-sp", "1.0.1"),
    ("nuget", "1.0.0-beta", "1.0.0"),
    ("gem", "1.0.a", "1.0"),
    ("golang", "v1.0.0-rc.1", "v1.0.0"),
]


@pytest.mark.parametrize(("kind", "earlier", "later"), ORDERED)
def test_an_earlier_version_is_below_a_later_one_and_not_the_other_way_round(
    kind: str, earlier: str, later: str
) -> None:
    end = version(later)
    assert end is not None
    below = Range(words=f"< {later}", parts=(Part(low=None, high=Bound(at=end, closed=False)),))
    told = [placed(kind, shown, below) for shown in (earlier, later)]
    assert [None if one is None else one.answer for one in told] == [Answer.YES, Answer.NO]


@pytest.mark.parametrize(
    ("kind", "shown", "words", "answer"),
    [
        ("npm", "1.0.0-rc.1", "< 1.0.0", Answer.YES),
        ("npm", "1.0.0", "< 1.0.0", Answer.NO),
        ("npm", "1.0.0", "<= 1.0.0", Answer.YES),
        ("nuget", "4.5.2.1", ">= 4.5.2 | < 5", Answer.YES),
        ("nuget", "9.0.1", "< 13.0.1", Answer.YES),
        ("unheard", "1.0", "< 2.0", None),
        ("npm", "", "< 2.0", None),
        ("npm", "not a version", "< 2.0", None),
        ("npm", "1.0.0", "vers:all/*", None),
    ],
)
def test_a_range_is_read_in_the_order_of_the_ecosystem(
    kind: str, shown: str, words: str, answer: Answer | None
) -> None:
    found = placed(kind, shown, read_range(words))
    assert (None if found is None else found.answer) is answer


def test_a_release_candidate_of_the_fixed_version_is_affected_still() -> None:
    url = "pkg:npm/fluxlib@1.4.0-rc.1"
    part = Component(name="fluxlib", version="1.4.0-rc.1", maker="", purls=(url,), cpes=(), ref="")
    (found,) = ComponentMatcher([cve(below="1.4.0")]).verdicts(part)
    assert found.answer is Exposed.AFFECTED


@given(st.sampled_from(("deb", "maven", "npm", "pypi", "rpm", "gem")), st.text(max_size=300))
def test_whatever_a_version_is_there_is_an_answer_or_none(kind: str, shown: str) -> None:
    placed(kind, shown, read_range("< 2.0"))
    placed(kind, shown * 1000, read_range("< 2.0"))
