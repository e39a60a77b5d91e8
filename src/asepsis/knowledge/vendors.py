"""Makers and their many spellings: one name for each, and what a maker's name on a network card is worth."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from asepsis.knowledge.table import LONGEST_TEXT, OWN, folder, rows

# Kinds of makers whose hardware addresses say little about the device around them.
COMPONENT = "component"  # chips, radio modules, boards, virtual network cards: in anybody's product
PLATFORM = "platform"  # makers of computers that other makers sell on as theirs


class Vendor(NamedTuple):
    """A maker: its one name here and its kind (``medical``, ``network``, ``platform``, ``component`` or empty)."""

    name: str
    kind: str = ""
    makes: str = ""
    """A category, for a maker that makes hardly anything else."""


# Words that a registry or a form adds to a name and that tell nothing.
_NOISE = frozenset(
    (
        *("inc", "incorporated", "ltd", "limited", "llc", "gmbh", "ag", "co", "corp", "corporation", "company"),
        *("sa", "spa", "srl", "bv", "nv", "ab", "as", "oy", "kg", "plc", "pty", "kk", "the", "group"),
        *("technologies", "technology", "electronics", "international", "holding", "holdings"),
    )
)


def normal(text: str) -> str:
    """A name in lower case without signs and legal forms: ``SIEMENS AG`` and ``Siemens`` are one."""
    words = "".join(sign if sign.isalnum() else " " for sign in text[:LONGEST_TEXT].lower()).split()
    kept = [word for word in words if word not in _NOISE]
    return " ".join(kept or words)


@lru_cache(maxsize=1)
def _aliases() -> dict[str, Vendor]:
    aliases: dict[str, Vendor] = {}
    for row in [*rows((folder() / "vendors.jsonl").read_text(encoding="utf-8")), *OWN.rows("vendors")]:
        vendor = Vendor(name=row["vendor"], kind=row.get("kind", ""), makes=row.get("makes", ""))
        for name in (row["vendor"], *row.get("aliases", ())):
            aliases[normal(name)] = vendor
    return aliases


@lru_cache(maxsize=8192)
def vendor(text: str) -> Vendor | None:
    """The maker that ``text`` names, or None when the text names nobody.

    The whole name is looked up first, then its beginnings, word by word: ``Philips Medical Systems Nederland``
    is found by ``philips medical systems``. A maker that no row knows keeps its own name.
    """
    words = normal(text).split()
    aliases = _aliases()
    for end in range(len(words), 0, -1):
        found = aliases.get(" ".join(words[:end]))
        if found is not None:
            return found
    name = " ".join(text.split())[:80]
    return Vendor(name=name) if words and any(sign.isalpha() for sign in name) else None


@lru_cache(maxsize=8192)
def known_vendor(text: str) -> Vendor | None:
    """Like ``vendor``, but None for a maker that no row knows."""
    found = vendor(text)
    return found if found is not None and normal(found.name) in _aliases() else None


def spellings() -> Mapping[str, Vendor]:
    """Every spelling that a row knows, as ``normal`` writes it, and whose it is."""
    return _aliases()


def forget() -> None:
    """Reads the makers anew when they are next asked for."""
    for remembered in (_aliases, vendor, known_vendor):
        remembered.cache_clear()
