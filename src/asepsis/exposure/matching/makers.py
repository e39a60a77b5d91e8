"""Who makes it: the makers that a text of an advisory or of a device names, in whatever spelling."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from asepsis.exposure.matching.vocabulary import SLIP_LENGTH, atoms, folded, kin, near
from asepsis.knowledge.table import LONGEST_TEXT
from asepsis.knowledge.vendors import known_vendor, normal, spellings

_BETWEEN: Final = re.compile(r"\s+(?:and|und|or)\s+|[,;/&()]|\s-\s")
# Words that a maker's name may bear or leave away.
_LOOSE: Final = frozenset(
    (
        *("healthcare", "health", "medical", "medizin", "devices", "software", "systems", "system", "solutions"),
        *("care", "diagnostics", "imaging", "technologies", "technology", "group", "holdings", "international"),
        *("inc", "ltd", "gmbh", "ag", "co", "corp", "corporation", "company", "limited", "llc", "plc", "kg", "hf"),
        *("as", "ab", "bv", "oy", "sa", "spa", "the", "and"),
    )
)


@lru_cache(maxsize=65536)
def makers(text: str) -> frozenset[str]:
    """The names of the makers that ``text`` may mean; empty where it names nobody.

    Makers that belong together are named together: whoever bought the maker of a pump publishes its advisories.
    """
    text = text[:LONGEST_TEXT]
    found: set[str] = set()
    whole = _one(text)
    if whole is not None:
        found.add(whole)
    pieces = [piece for piece in _BETWEEN.split(text) if piece and piece.strip()]
    if len(pieces) > 1:
        for piece in pieces:
            known = known_vendor(folded(piece))
            if known is not None:
                found.add(known.name)
            elif whole is None:
                found.add(_plain(piece))
    if not found:
        found.add(_plain(text))
    found.discard("")
    for group in _groups():
        if found & group:
            found |= group
    return frozenset(found)


def _one(text: str) -> str | None:
    words = list(dict.fromkeys(folded(text).split()))
    known = known_vendor(text) or known_vendor(" ".join(words))
    if known is not None:
        return known.name
    plain = _plain(" ".join(words))
    if plain in _plain_spellings():
        return _plain_spellings()[plain]
    # One slip in a long name: Phillips.
    name = normal(" ".join(words))
    first = name.split()[0] if name else ""
    for spelling, maker in _long_spellings().get(name[:1], ()):
        if near(name, spelling) or near(first, spelling):
            return maker
    return None


@lru_cache(maxsize=1)
def _long_spellings() -> dict[str, tuple[tuple[str, str], ...]]:
    """Spellings of one word in which a slip can be told, and whose they are, by their first sign."""
    found: dict[str, list[tuple[str, str]]] = {}
    for spelling, vendor in spellings().items():
        if len(spelling) >= SLIP_LENGTH and spelling.isalpha():
            found.setdefault(spelling[0], []).append((spelling, vendor.name))
    return {sign: tuple(same) for sign, same in found.items()}


@lru_cache(maxsize=65536)
def _plain(text: str) -> str:
    """The name of a maker whom no table knows, without what its name may leave away."""
    every = dict.fromkeys(atoms(text))
    words = [word for word in every if word not in _LOOSE]
    return " ".join(words or every)


@lru_cache(maxsize=1)
def _plain_spellings() -> dict[str, str]:
    """Plain names that belong to one known maker only: Contec is Contec Medical."""
    found: dict[str, set[str]] = {}
    for spelling, vendor in spellings().items():
        found.setdefault(_plain(spelling), set()).add(vendor.name)
    return {plain: min(names) for plain, names in found.items() if len(names) == 1}


@lru_cache(maxsize=1)
def _groups() -> tuple[frozenset[str], ...]:
    groups = []
    for group in kin():
        names = set()
        for name in group:
            known = known_vendor(name)
            names.add(_plain(name) if known is None else known.name)
        groups.append(frozenset(names))
    return tuple(groups)


@lru_cache(maxsize=4096)
def words_of(names: frozenset[str]) -> frozenset[str]:
    """Words that the makers' names are made of: they tell nothing in the name of a product."""
    found: set[str] = set()
    for name in names:
        found.update(atoms(name))
    for group, canonical in zip(kin(), _groups(), strict=True):
        if canonical & names:
            for name in group:
                found.update(atoms(name))
    return frozenset(found)
