"""The words that matching goes by, read once from the knowledge: sorts of products, and makers that belong together."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

from asepsis.knowledge.table import folder, rows

_ATOM: Final = re.compile(r"[a-z]+|[0-9]+")
_MARKS: Final = dict.fromkeys(map(ord, "®™©"), " ")

VARIANTS: Final = frozenset(
    (
        *("plus", "pro", "lite", "max", "mini", "elite", "select", "premium", "advance", "advanced", "expert", "basic"),
        *("professional", "essential", "mobile", "portable", "upgrade", "neo", "ultra", "prime", "compact", "color"),
        *("quantum", "duo", "quattro", "next", "flex", "standard", "twin", "twins", "dual", "single", "large", "small"),
    )
)
"""Words that tell one product of a family from its neighbour, whatever their length."""

FAMILY: Final = frozenset(("products", "family", "series", "line", "lineup"))
"""Words at the end of a name by which an advisory means every product that bears it."""


def folded(text: str) -> str:
    """Lower case without accents and trade marks; text that was decoded wrongly is decoded rightly first."""
    if "Ã" in text or "Â" in text:
        try:
            text = text.encode("latin-1").decode("utf-8")
        except UnicodeError:
            text = text.strip()
    if text.isascii():
        return text.lower()
    marked = text.translate(_MARKS)
    return "".join(sign for sign in unicodedata.normalize("NFKD", marked).casefold() if not unicodedata.combining(sign))


@lru_cache(maxsize=65536)
def atoms(text: str) -> tuple[str, ...]:
    """Runs of letters and runs of digits: ``CMS-8000``, ``CMS8000`` and ``cms 8000`` are the same two.

    A plus sign behind a name is the word plus: XR656+ is not XR656.
    """
    return tuple(_ATOM.findall(re.sub(r"(?<=[a-z0-9])\+(?![a-z0-9])", " plus ", folded(text))))


@lru_cache(maxsize=1)
def generic() -> frozenset[str]:
    """Words that say what sort of product it is and not which one."""
    return _groups_of_words()[0]


@lru_cache(maxsize=1)
def silent() -> frozenset[str]:
    """Those of them that tell nothing at all: system, device, software."""
    return _groups_of_words()[1]


def _groups_of_words() -> tuple[frozenset[str], frozenset[str]]:
    text = (folder().parent / "matching" / "words.txt").read_text(encoding="utf-8")
    every: set[str] = set()
    mute: set[str] = set()
    for line in text.splitlines():
        heading, _, words = line.partition(":")
        if words and not line.startswith("#"):
            every.update(words.split())
            if heading in ("silent", "grammar"):
                mute.update(words.split())
    # A name is taken apart at its hyphens, so a hyphenated word is never met.
    return frozenset(word for word in every if "-" not in word), frozenset(mute)


@lru_cache(maxsize=1)
def kin() -> tuple[tuple[str, ...], ...]:
    """Groups of makers whose products bear one another's names."""
    text = (folder().parent / "matching" / "makers.jsonl").read_text(encoding="utf-8")
    return tuple(tuple(row["makers"]) for row in rows(text))


SLIP_LENGTH: Final = 6
"""In a shorter word a slip makes another word."""


def near(one: str, other: str) -> bool:
    """True for two long words that differ by one slip: a sign too many, too few, another, or two exchanged."""
    if one == other:
        return True
    if min(len(one), len(other)) < SLIP_LENGTH or abs(len(one) - len(other)) > 1 or one[0] != other[0]:
        return False
    if not (one.isalpha() and other.isalpha()):
        return False
    if len(one) > len(other):
        one, other = other, one
    at = next((place for place, sign in enumerate(one) if sign != other[place]), len(one))
    if len(one) < len(other):
        return one[at:] == other[at + 1 :]
    return one[at + 1 :] == other[at + 1 :] or (
        one[at + 2 :] == other[at + 2 :] and one[at : at + 2] == other[at : at + 2][::-1]
    )
