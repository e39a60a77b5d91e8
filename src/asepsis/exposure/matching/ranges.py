"""Ranges of versions, and the three answers to "is this version in it?"."""

from __future__ import annotations

from enum import StrEnum

from asepsis.exposure.matching.version import Version, comparable
from asepsis.kernel.value import value


class Answer(StrEnum):
    """Whether something is so, where not knowing is an answer."""

    YES = "yes"
    NO = "no"
    CANNOT_TELL = "cannot tell"


@value
class Bound:
    """One end of a part."""

    at: Version
    closed: bool
    """The version itself belongs to the part."""
    wild: bool = False
    """``11.x``: every version that begins so is meant."""


@value
class Part:
    """Versions from one end to the other; an end that is None is open. One version is both ends at once."""

    low: Bound | None
    high: Bound | None


@value
class Range:
    """Which versions the words of an advisory mean."""

    words: str
    everything: bool = False
    parts: tuple[Part, ...] = ()
    unread: bool = False
    """The words say something that is no version: a date, a system, a country."""
    note: str = ""
    """What stood in brackets beside a version: it may limit who is meant."""

    @property
    def is_read(self) -> bool:
        """Whether versions can be held against it."""
        return not self.unread and (self.everything or bool(self.parts))


@value
class Placing:
    """Whether a version is in a range, and why not more can be said."""

    answer: Answer
    why: str


def place(text: Version | None, inside: Range) -> Placing:
    """Holds a version against a range.

    "No" is said only where the version stands clearly outside: a version that a device shortens, or that is more exact
    than the advisory, or that is of another kind, cannot be told.
    """
    if inside.everything:
        return Placing(answer=Answer.YES, why="the advisory names all versions")
    if not inside.is_read:
        return Placing(answer=Answer.CANNOT_TELL, why=f"the advisory's words are no versions: {inside.words}")
    if text is None:
        return Placing(answer=Answer.CANNOT_TELL, why="the device's version is not known")
    found: list[Placing] = [_in_part(text, part) for part in inside.parts]
    for wanted in (Answer.YES, Answer.CANNOT_TELL):
        for placing in found:
            if placing.answer is wanted and placing.why != _OTHER_KIND:
                return placing if placing.why else Placing(answer=Answer.YES, why=f"{text.text} is in {inside.words}")
    if all(placing.why == _OTHER_KIND for placing in found):
        return Placing(
            answer=Answer.CANNOT_TELL,
            why=f"{text.text} and {inside.words} are versions of different kinds",
        )
    return Placing(answer=Answer.NO, why=f"{text.text} is outside {inside.words}")


_OTHER_KIND = "another kind"


def _in_part(text: Version, part: Part) -> Placing:
    ends = [end for end in (part.low, part.high) if end is not None]
    if not all(comparable(text, end.at) for end in ends):
        return Placing(answer=Answer.CANNOT_TELL, why=_OTHER_KIND)
    for end in ends:
        if end.wild and (end.at.same(text) or end.at.begins(text)):
            return Placing(answer=Answer.YES, why="")
    below = part.low is not None and (text < part.low.at or (not part.low.closed and text.same(part.low.at)))
    above = part.high is not None and (part.high.at < text or (not part.high.closed and text.same(part.high.at)))
    if not below and not above:
        return Placing(answer=Answer.YES, why="")
    for end in ends:
        # A device that says 9 may be a 9.33.
        if text.begins(end.at):
            return Placing(answer=Answer.CANNOT_TELL, why=f"the device says {text.text}, the advisory {end.at.text}")
        # "3.4 and prior" may or may not count 3.4.1; "prior to 3.4" does not.
        if end.closed and end.at.begins(text):
            return Placing(answer=Answer.CANNOT_TELL, why=f"the advisory says {end.at.text}, the device {text.text}")
    return Placing(answer=Answer.NO, why=f"{text.text} is outside")
