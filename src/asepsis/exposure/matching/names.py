"""Is this device the product that the advisory names? By what their names are made of, never by an identifier.

A name is taken apart into atoms (runs of letters, runs of digits). The maker's own words and the words that only say
what sort of thing it is are laid aside; what is left tells one product from its neighbours and must agree. A name in an
advisory often means several products (``ELI 150c/BUR 150c``) or says one thing twice (``Point-of-Care Unit (PCU)``), so
it is read as alternatives.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache
from typing import Final

from asepsis.exposure.matching.vocabulary import FAMILY, SLIP_LENGTH, VARIANTS, atoms, folded, generic, near, silent
from asepsis.kernel.value import value

# Readings of one name; more slashes than this are a list that nobody meant as a name.
ALTERNATIVES_LIMIT: Final = 24
LONGEST_NAME: Final = 300

_BRACKETS: Final = re.compile(r"\(([^()]{1,120})\)")
_EXCEPT: Final = re.compile(
    r",?\s*\(?\b(?:not including|except(?:ing)?(?: for)?|excluding|other than|does not include)\b", re.I
)
_ACRONYM: Final = re.compile(r"^[A-Z][A-Z0-9]{1,5}$")
_LETTERED: Final = re.compile(r"(?<![a-z0-9])[a-z]([0-9]+)")
# A shorter word, such as the RT of CT580 RT, tells one model from the next.
_DESCRIPTION: Final = 4
# A number with fewer digits stands in too many names to be a model.
_CODE_DIGITS: Final = 3


class Likeness(StrEnum):
    """How a device's name stands to a product's."""

    VERBATIM = "verbatim"
    """Word for word, the maker's included."""
    EXACT = "exact"
    """Word for word, but for the maker's."""
    SAME = "same"
    LESS = "less"
    """The device says less than the advisory: Infinity, where the advisory names Infinity Delta."""
    MORE = "more"
    """The device says more: Discovery XR656 Plus, where the advisory names Discovery XR656."""
    NUMBER = "number"
    """Its model number is one that the advisory lists, whatever it is called."""
    START = "start"
    """Its model number begins as one that the advisory lists."""
    UDI = "udi"
    """Its UDI-DI is one that the advisory names."""
    OTHER = "other"


@value
class Reading:
    """One way to read the name of a product."""

    telling: frozenset[str]
    """The atoms that tell it from other products of its maker."""
    everything: frozenset[str]
    own: frozenset[str]
    """Without the makers' words."""
    sorts: frozenset[str]
    """The words that only say what sort of thing it is, but for the silent ones."""
    lettered: frozenset[str]
    """Numbers with one letter right before them: the E9 of LOGIQ E9 is no 9."""
    code: frozenset[str] = frozenset()
    """The numbers of a version that is part of the name, as MMT-1711 is; none where it is not."""


@value
class Name:
    """The name of a product in an advisory."""

    text: str
    readings: tuple[Reading, ...]
    excluded: tuple[Reading, ...] = ()
    is_family: bool = False
    """It means every product that bears the name."""


@lru_cache(maxsize=65536)
def read_name(text: str, version: str, noise: frozenset[str]) -> Name:
    """The readings of a product's name.

    Args:
        text: The name as the advisory gives it.
        version: A version text that is rather a model number or a part of the name; empty where there is none.
        noise: The words of the makers' names.
    """
    text = text[:LONGEST_NAME]
    named, *rest = _EXCEPT.split(text, maxsplit=1)
    alternatives = _alternatives(named)
    readings = [_reading(one, noise) for one in alternatives]
    if version:
        for one in _slashed(version[:LONGEST_NAME]):
            code = frozenset(atom for atom in atoms(one) if atom.isdigit() and len(atom) >= _CODE_DIGITS)
            if code:
                readings.append(_reading(one, noise, code))
                readings.extend(_reading(f"{name} {one}", noise, code) for name in alternatives)
    excluded: list[Reading] = []
    brand = " ".join(sorted(readings[0].telling)) if readings else ""
    for piece in re.split(r",| and |;", " ".join(rest).strip(" )")) if rest else ():
        if atoms(piece):
            excluded.append(_reading(piece, noise))
            excluded.append(_reading(f"{brand} {piece}", noise))
    words = atoms(named)
    return Name(
        text=text,
        readings=tuple(dict.fromkeys(reading for reading in readings if reading.telling))[:ALTERNATIVES_LIMIT],
        excluded=tuple(dict.fromkeys(reading for reading in excluded if reading.telling)),
        is_family=bool(rest) or (len(words) > 1 and words[-1] in FAMILY),
    )


def _alternatives(text: str) -> list[str]:
    inner = _BRACKETS.findall(text)
    bare = " ".join(_BRACKETS.sub(" ", text).split())
    found = [bare]
    if inner:
        found.append(" ".join(text.replace("(", " ").replace(")", " ").split()))
    for words in inner:
        if _ACRONYM.match(words.strip()):
            found.extend(_with_acronym(text, words.strip()))
        elif re.search(r"\d", words) and len(atoms(words)) <= 4 and " " not in words.strip():
            found.append(words)  # VLFT10GEN
    for one in list(found):
        found.extend(_slashed(one))
    return list(dict.fromkeys(one for one in found if atoms(one)))[:ALTERNATIVES_LIMIT]


def _with_acronym(text: str, acronym: str) -> list[str]:
    """``Alaris Point-of-Care Unit (PCU) Model 8015`` is also ``Alaris PCU Model 8015``."""
    before, _, after = text.partition(f"({acronym})")
    words = re.split(r"[\s/-]+", before.strip())
    for count in range(1, len(words) + 1):
        initials = "".join(word[:1] for word in words[-count:] if word[:1].isupper()).upper()
        if initials == acronym:
            return [" ".join((*words[:-count], acronym, after))]
        if len(initials) > len(acronym):
            break
    return []


def _slashed(text: str) -> list[str]:
    """``ELI 150c/BUR 150c`` is two names, ``Paradigm 515/715 pumps`` too; ``NM/CT 670`` is one."""
    if "/" not in text:
        return [text]
    pieces = [piece.strip() for piece in text.split("/")]
    if not all(re.search(r"\d", piece) for piece in pieces) or len(pieces) > ALTERNATIVES_LIMIT:
        return [text]
    found: list[str] = []
    head, _, _ = pieces[0].rpartition(" ")
    for piece in pieces:
        code = piece.split()[0] if piece else ""
        if piece is not pieces[0] and code[:1].isdigit():
            found.append(f"{head} {piece}")
        else:
            found.append(piece)
            if piece is not pieces[0] and head:
                found.append(f"{head.split()[0]} {piece}")
    return found


@lru_cache(maxsize=4096)
def _reading(text: str, noise: frozenset[str], code: frozenset[str] = frozenset()) -> Reading:
    everything = atoms(text)
    own = [atom for atom in everything if atom not in noise] or list(everything)
    telling = [atom for atom in own if atom not in generic()] or own
    return Reading(
        telling=frozenset(telling),
        everything=frozenset(everything),
        own=frozenset(own),
        sorts=frozenset(own).intersection(generic()) - silent() - frozenset(telling),
        lettered=frozenset(_LETTERED.findall(folded(text))),
        code=code,
    )


def device_reading(model: str, noise: frozenset[str]) -> Reading:
    """The atoms of a device's model.

    Args:
        model: What the device calls itself.
        noise: The words of the makers' names. Those that the model lacks change nothing: whoever leaves them out
            meets a reading that is remembered.
    """
    return _reading(model[:LONGEST_NAME], noise)


Brands = frozenset[frozenset[str]]
"""Sets of telling atoms that several different products of a maker share: a brand, and no product's name."""


def brands(names: Iterable[Name]) -> Brands:
    """What among the names of one maker is only a brand: Alaris, where there is a gateway and a systems manager."""
    sorts: dict[frozenset[str], set[frozenset[str]]] = defaultdict(set)
    for name in names:
        for reading in name.readings:
            if not any(atom.isdigit() for atom in reading.telling):
                sorts[reading.telling].add(reading.sorts)
    return frozenset(telling for telling, found in sorts.items() if len(found) > 1)


def likeness(device: Reading, name: Name, shared: Brands) -> tuple[Likeness, bool]:
    """How a device's model stands to a product's name, and whether the version is thereby named as well."""
    if any(_RANK[_compare(device, reading, shared, family=False)] >= 3 for reading in name.excluded):
        return Likeness.OTHER, False
    best = (Likeness.OTHER, False)
    for reading in name.readings:
        found = _compare(device, reading, shared, family=name.is_family)
        if reading.code:
            if found not in (Likeness.OTHER, Likeness.MORE) and device.telling & reading.code:
                return Likeness.SAME, True
            # A part of a model number that is missing is no doubt about the name.
            continue
        if _RANK[found] > _RANK[best[0]]:
            best = (found, False)
    return best


_RANK: Final = {
    Likeness.OTHER: 0,
    Likeness.MORE: 1,
    Likeness.LESS: 2,
    Likeness.SAME: 3,
    Likeness.EXACT: 4,
    Likeness.VERBATIM: 5,
}


def _compare(device: Reading, product: Reading, shared: Brands, *, family: bool) -> Likeness:
    theirs = product.telling
    if device.everything == product.everything:
        return Likeness.VERBATIM
    if device.own == product.own:
        return Likeness.EXACT
    ours = device.telling if device.telling == theirs else _aligned(device.telling, theirs)
    common = ours & theirs
    if not common:
        return Likeness.OTHER
    numbers = {atom for atom in common if atom.isdigit() and len(atom) >= 2}
    if (
        any((atom in device.lettered) != (atom in product.lettered) for atom in common if atom.isdigit())
        and not numbers
    ):
        return Likeness.OTHER
    # What one side takes for a word of its sort is no difference where the other side says it too.
    more = {atom for atom in ours - theirs if atom not in product.everything}
    less = {atom for atom in theirs - ours if atom not in device.everything}
    if not numbers:
        # Without a number the sort of thing is part of the name: a gateway is no workstation of the same brand.
        sorts = (device.sorts - product.everything, product.sorts - device.everything)
        if (sorts[0] and sorts[1]) or (sorts[1] and more and not family) or (sorts[0] and less):
            return Likeness.OTHER
        if not more and not less and theirs in shared and (sorts[0] or sorts[1]):
            return Likeness.LESS if sorts[1] else Likeness.MORE
    if not more and not less:
        return Likeness.SAME
    if more and less:
        return Likeness.OTHER
    described = bool(numbers) and all(
        len(atom) >= _DESCRIPTION and atom not in VARIANTS and atom.isalpha() for atom in more | less
    )
    if described or (more and family):
        return Likeness.SAME
    # One short word in common, such as ES, is no likeness.
    if not any(len(atom) >= _DESCRIPTION or atom.isdigit() for atom in common):
        return Likeness.OTHER
    return Likeness.LESS if less else Likeness.MORE


def _aligned(ours: frozenset[str], theirs: frozenset[str]) -> frozenset[str]:
    """Our atoms, with one that is a slip of theirs written as theirs."""
    strange, missing = ours - theirs, theirs - ours
    if not strange or not missing:
        return ours
    # Most words are too short for a slip to be told; in sorted order two that fit are decided alike every time.
    long = sorted(word for word in missing if len(word) >= SLIP_LENGTH)
    if not long:
        return ours
    exchange = {one: other for one in strange if len(one) >= SLIP_LENGTH for other in long if near(one, other)}
    return frozenset(exchange.get(atom, atom) for atom in ours) if exchange else ours


def plain(text: str) -> str:
    """A name as it is compared when it must be the very same."""
    return " ".join(atoms(folded(text)))
