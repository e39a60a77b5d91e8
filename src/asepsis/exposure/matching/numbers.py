"""Model and serial numbers as product identification helpers list them, against those that a device shows.

A listed number may be whole, may have ``?`` for one sign and ``*`` for any number of signs, and may stop early
(CSAF 2.0, 3.1.3.3.5 and 3.1.3.3.6). Whether one that fits only the beginning is short or another device's cannot be
told, so there are three answers here too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import lru_cache
from itertools import dropwhile
from typing import Final

from asepsis.kernel.value import value

# Of one product; an advisory that lists more is not held to have listed every one.
NUMBERS_LIMIT: Final = 5_000
# The longest that devices show are some thirty signs.
SIGNS_LIMIT: Final = 128
# A shorter number stands in too many texts by chance.
MODEL_LEAST: Final = 4
SERIAL_LEAST: Final = 5
# Signs of a model number that an index goes by; fewer than MODEL_LEAST.
START: Final = 3
# Pieces of a device's name that are looked at as numbers.
PIECES_LIMIT: Final = 16
# Listed numbers that are remembered taken apart: those of one maker's advisories.
REMEMBERED: Final = 65536

# In a listed number; a literal sign is one letter, so these are none.
ANY: Final = "any number of signs"
ONE: Final = "one sign"
_SPLIT: Final = re.compile(r"[\s(),;|\[\]]+")


class Fit(StrEnum):
    """How a number stands to those that are listed."""

    YES = "yes"
    MAYBE = "maybe"
    """One of the two may be written short, or with other signs before it."""
    NO = "no"


@lru_cache(maxsize=REMEMBERED)
def taken_apart(listed: str) -> tuple[str, ...]:
    """The signs of a listed number, without regard to case; a backslash before ``*``, ``?`` or itself is laid aside."""
    signs: list[str] = []
    text = listed.casefold()
    place = 0
    while place < len(text):
        sign = text[place]
        if sign == "\\" and text[place + 1 : place + 2] in ("*", "?", "\\"):
            place += 1
            signs.append(text[place])
        elif sign == "*":
            signs.append(ANY)
        elif sign == "?":
            signs.append(ONE)
        else:
            signs.append(sign)
        place += 1
    return tuple(signs)


def fits(signs: tuple[str, ...], text: str) -> bool:
    """True where a text is what ``taken_apart`` signs stand for, from end to end; in the product of both lengths."""
    here = there = 0
    again, behind = -1, 0
    while there < len(text):
        if here < len(signs) and signs[here] == ANY:
            # Where what follows fits nowhere, this one takes a sign more; earlier ones need not.
            again, behind = here, there
            here += 1
        elif here < len(signs) and (signs[here] == ONE or signs[here] == text[there]):
            here += 1
            there += 1
        elif again >= 0:
            behind += 1
            here, there = again + 1, behind
        else:
            return False
    return all(sign == ANY for sign in signs[here:])


@value
class _Listed:
    """One listed number."""

    signs: tuple[str, ...]
    bare: tuple[str, ...]
    """Without what sets signs apart, and without letters and zeros before the first telling sign."""
    literals: int
    """How many letters and digits it names."""


@value
class Numbers:
    """The numbers that an advisory lists of one product; at least one."""

    texts: tuple[str, ...]
    """As they are listed, the first of them."""
    listed: tuple[_Listed, ...]
    is_whole: bool
    """None was left out."""

    @property
    def starts(self) -> frozenset[str]:
        """How the listed model numbers begin, for an index: empty where one begins with any sign."""
        return frozenset(_start(_plain(one.signs)) for one in self.listed if one.literals >= MODEL_LEAST)

    def serial(self, shown: str) -> Fit:
        """How a device's serial number stands to these."""
        text = shown.strip().casefold()
        if any(fits(one.signs, text) for one in self.listed):
            return Fit.YES
        bare = _bare_text(text)
        if not self.is_whole or len(text) < SERIAL_LEAST or len(text) > SIGNS_LIMIT or not bare:
            return Fit.MAYBE
        return Fit.MAYBE if any(_may_fit(one.bare, bare) for one in self.listed) else Fit.NO

    def names(self, shown: str) -> bool:
        """True where a serial number is listed, and by enough signs that it is no other product's by chance."""
        text = shown.strip().casefold()
        return any(one.literals >= SERIAL_LEAST and fits(one.signs, text) for one in self.listed)

    def model(self, shown: str) -> Fit:
        """How the number in a device's name, if it has one, stands to these; ``NO`` is no proof of another device."""
        found = Fit.NO
        for text in numbers_in(shown):
            plain = "".join(filter(str.isalnum, text))
            for one in self.listed:
                if one.literals < MODEL_LEAST:
                    continue
                if fits(one.signs, text) or tuple(plain) == _plain(one.signs):
                    return Fit.YES
                if fits((*_plain(one.signs), ANY), plain):
                    found = Fit.MAYBE
        return found

    def other(self, shown: str, name: str) -> str:
        """The number in a device's name that is written as the listed ones and is none of them; empty without one.

        Args:
            shown: The device's name.
            name: That of the product: what stands in it is no number of another.
        """
        shapes = {_shape(one.signs) for one in self.listed if ANY not in one.signs and ONE not in one.signs}
        own = "".join(filter(str.isalnum, name.casefold()))
        return next(
            (
                text
                for text in numbers_in(shown)
                if _shape(text) in shapes and "".join(filter(str.isalnum, text)) not in own
            ),
            "",
        )


def numbers(texts: Iterable[str]) -> Numbers | None:
    """The listed numbers made ready; None where there are none."""
    every = tuple(dict.fromkeys(text.strip() for text in texts if text.strip()))
    kept = [text for text in every[:NUMBERS_LIMIT] if len(text) <= SIGNS_LIMIT]
    if not every:
        return None
    listed = tuple(
        _Listed(signs=signs, bare=_bare(signs), literals=sum(map(str.isalnum, signs)))
        for signs in map(taken_apart, kept)
    )
    return Numbers(texts=every[:3], listed=listed, is_whole=len(kept) == len(every))


@lru_cache(maxsize=REMEMBERED)
def numbers_in(shown: str) -> tuple[str, ...]:
    """What may be a model number in a device's name: the whole of it and its pieces, without regard to case."""
    text = shown.casefold().strip()[:SIGNS_LIMIT]
    pieces = (one for one in _SPLIT.split(text)[:PIECES_LIMIT] if len(one) > MODEL_LEAST or not one.isdigit())
    return tuple(dict.fromkeys(filter(_is_number, (text, *pieces))))


def starts_of(text: str) -> Iterator[str]:
    """By what ``Numbers.starts`` a model number may be found, besides the empty one."""
    yield _start(tuple(filter(str.isalnum, text)))


def _start(plain: tuple[str, ...]) -> str:
    start = plain[:START]
    return "" if any(len(sign) > 1 for sign in start) else "".join(start)


def _is_number(text: str) -> bool:
    return any(map(str.isdigit, text)) and sum(map(str.isalnum, text)) >= MODEL_LEAST


def _shape(signs: Iterable[str]) -> str:
    return "".join("9" if sign.isdigit() else "a" if sign.isalpha() else sign for sign in signs)


@lru_cache(maxsize=REMEMBERED)
def _plain(signs: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sign for sign in signs if len(sign) > 1 or sign.isalnum())


def _bare(signs: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dropwhile(_is_before, _plain(signs)))


def _bare_text(text: str) -> str:
    return "".join(dropwhile(_is_before, filter(str.isalnum, text)))


def _is_before(sign: str) -> bool:
    """Letters and zeros that some write before a number and others do not."""
    return sign == "0" or (len(sign) == 1 and sign.isalpha())


def _may_fit(bare: tuple[str, ...], shown: str) -> bool:
    """One is the other with something left out at an end."""
    if not bare or fits((*bare, ANY), shown) or fits((ANY, *bare), shown):
        return True
    plain = "".join(_until_wild(bare))
    return plain.startswith(shown) or (len(plain) == len(bare) and plain.endswith(shown))


def _until_wild(signs: tuple[str, ...]) -> Iterator[str]:
    for sign in signs:
        if len(sign) > 1:
            return
        yield sign
