"""Versions of devices: one total order over what makers write, and a word on what cannot be compared.

Makers of devices obey no scheme: ``9.33``, ``v2.43.02``, ``1.3.1 Build 13``, ``2.6A``, ``012U000040``, ``U61``,
``2023.3_Build_9342``. A version is a row of segments, one for each number after a dot or a dash; letters and further
numbers belong to the segment that they follow. Numbers compare as numbers, so 9.33 is later than 9.5.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from asepsis.kernel.value import value

# A version with more signs than this is a sentence.
LONGEST_VERSION: Final = 80

# A number with more digits is no count of anything; Python would take quadratic time to read a million of them.
_LONGEST_NUMBER: Final = 30

_TOKEN: Final = re.compile(rf"[0-9]{{1,{_LONGEST_NUMBER}}}|[a-z]+|[.\-]|[^0-9a-z.\-]+")
_LEAD: Final = re.compile(r"^(?:(?:versions?|ver|rev(?:ision)?|release|firmware|software|fw|sw)\b[.:\s]*)+", re.I)
# The second edition of a pump is a pump and no version of its software.
_EDITION: Final = re.compile(r"\b[0-9]+(?:st|nd|rd|th)\b")
# v2.1, v.2.1, and vD25, but not VXU1.
_V: Final = re.compile(r"^v(?:[. ]\s*(?=[0-9])|(?=[0-9])|(?=[a-z][0-9]))")
# Words that stand for less than the version that they follow.
_EARLIER: Final = frozenset(("alpha", "beta", "rc", "pre", "preview", "dev", "snapshot"))
# Words between a version and what follows it that tell nothing by themselves.
_SYNONYMS: Final = {"servicepack": "sp", "service": "sp", "hotfix": "hf", "bld": "build", "patch": "p", "update": "u"}
_SILENT: Final = frozenset(("pack", "edition"))

Token = tuple[int, int, str]
"""(rank, number, word): a number outranks a word, a word outranks the end, the end outranks ``beta``."""
Segment = tuple[Token, ...]

_END: Final[Token] = (1, 0, "")
_ZERO: Final[Segment] = ((3, 0, ""), _END)


@value
class Version:
    """A version in the order of versions. Equal versions may be written differently: 1.0 is 1.0.0."""

    text: str
    lead: str
    """Letters before the first number, such as ``u`` of U61: versions with other letters are of another kind."""
    segments: tuple[Segment, ...]
    """Without the zeros at the end."""
    written: int
    """How many segments stand in the text: 2.3.0 is as exact as 2.3.1."""

    def __lt__(self, other: Version) -> bool:
        return self.order < other.order

    def __le__(self, other: Version) -> bool:
        return self.order <= other.order

    @property
    def order(self) -> tuple[str, tuple[Segment, ...]]:
        """What versions are ordered by. Across kinds the order is total and means nothing; see ``comparable``."""
        # A version that ends stands where a zero would: after 1.0-rc1 and before 1.0.1.
        return (self.lead, (*self.segments, _ZERO))

    def same(self, other: Version) -> bool:
        """One version, however it is written."""
        return self.lead == other.lead and self.segments == other.segments

    def begins(self, other: Version) -> bool:
        """True when ``other`` says the same and then more: 9 begins 9.33, and 1.8.4 begins 1.8.4 Service Pack 1."""
        if self.lead != other.lead or self.written > other.written:
            return False
        ours = (*self.segments, *(_ZERO,) * (self.written - len(self.segments)))
        theirs = (*other.segments, *(_ZERO,) * (other.written - len(other.segments)))
        if self.written < other.written:
            return bool(ours) and ours == theirs[: self.written]
        last, there = ours[-1], theirs[-1]
        return ours[:-1] == theirs[:-1] and len(last) < len(there) and last[:-1] == there[: len(last) - 1]


@lru_cache(maxsize=65536)
def version(text: str) -> Version | None:
    """The version that a text is, or None where it holds no number or is too long to be one."""
    if len(text) > LONGEST_VERSION:
        return None
    words = _LEAD.sub("", text.strip()).lower().strip(" .,;:()[]\"'")
    words = _V.sub("", words)
    if not words.isascii() or _EDITION.search(words):
        return None
    lead: list[str] = []
    segments: list[list[Token]] = []
    after_dot = False
    for part in _TOKEN.findall(words):
        if part in ".-":
            after_dot = True
        elif part.isdigit():
            if not segments or after_dot:
                segments.append([(3, int(part), "")])
            else:
                segments[-1].append((3, int(part), ""))
            after_dot = False
        elif part.isalpha():
            word = _SYNONYMS.get(part, part)
            if segments and word not in _SILENT:
                segments[-1].append((0 if word in _EARLIER else 2, 0, word))
            elif not segments:
                lead.append(word)
            after_dot = False
    if not segments:
        return None
    closed: list[Segment] = [(*segment, _END) for segment in segments]
    while len(closed) > 1 and closed[-1] == _ZERO:
        closed.pop()
    if closed == [_ZERO]:
        closed = []
    return Version(text=text.strip(), lead=" ".join(lead), segments=tuple(closed), written=len(segments))


def comparable(one: Version, other: Version) -> bool:
    """Whether earlier and later mean anything between the two.

    ``L81`` and ``U61`` are of two countries, and ``012U000061`` and ``028U000061`` of two products.
    """
    return one.lead == other.lead and _series(one) == _series(other)


def _series(of: Version) -> tuple[Token, ...]:
    """What stands before the last number of a code such as 012U000061; nothing for a version with dots."""
    if len(of.segments) != 1:
        return ()
    tokens = of.segments[0][:-1]
    if (
        len(tokens) >= 3
        and [rank for rank, _, _ in tokens[:3]] == [3, 2, 3]
        and tokens[0][1]
        and len(tokens[1][2]) == 1
    ):
        return tokens[:2]
    return ()
