"""Profiles -> rows of numbers: one column for each word and each measure that the training profiles had."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from asepsis.devices.behaviour.profile import Profile
from asepsis.kernel.value import value

Matrix = NDArray[np.float32]

# What only one profile had cannot tell types apart.
LEAST_PROFILES = 2
# A site's labelled devices use some thousands of words; trees over more columns than this take minutes.
COLUMNS_LIMIT = 1 << 13

# Words of these kinds bear one thing after the kind's one word; all others after two.
_SHORT_KINDS = frozenset(("asks", "serves", "speaks", "says", "ttl", "arp"))


def kind_of(word: str) -> str:
    """``dns asks time.example`` -> ``dns asks``; ``asks tcp/443`` -> ``asks``."""
    parts = word.split(" ", 2)
    return parts[0] if parts[0] in _SHORT_KINDS else " ".join(parts[:2])


def hidden(word: str) -> str:
    """A word of one profile alone as a model keeps it: its digest, because it may be a name that somebody gave."""
    return f"{kind_of(word)} ~{blake2b(word.encode(), digest_size=8).hexdigest()}"


@value
class Columns:
    """The names of the columns, in order: words, then measures."""

    words: tuple[str, ...]
    measures: tuple[str, ...]

    def matrix(self, profiles: Sequence[Profile]) -> Matrix:
        """One row a profile. Words count logarithmically; what a profile does not have is 0."""
        rows = np.zeros((len(profiles), len(self)), np.float32)
        places: Mapping[str, int] = {name: place for place, name in enumerate((*self.words, *self.measures))}
        for row, profile in zip(rows, profiles, strict=True):
            for word, times in profile.words.items():
                place = places.get(word)
                if place is not None:
                    row[place] = math.log1p(times)
            for name, amount in profile.measures.items():
                place = places.get(name)
                if place is not None:
                    row[place] = amount
        return rows

    def __len__(self) -> int:
        return len(self.words) + len(self.measures)


def columns_of(profiles: Sequence[Profile]) -> Columns:
    """The columns that at least ``LEAST_PROFILES`` profiles have, the most frequent where there are too many."""
    words: Counter[str] = Counter()
    measures: Counter[str] = Counter()
    for profile in profiles:
        words.update(profile.words.keys())
        measures.update(profile.measures.keys())
    # A word of all profiles tells by how often it comes, so it stays.
    return Columns(words=_kept(words), measures=_kept(measures))


def _kept(found: Counter[str]) -> tuple[str, ...]:
    kept = [name for name, count in found.items() if count >= LEAST_PROFILES]
    kept.sort(key=lambda name: (-found[name], name))
    return tuple(sorted(kept[: COLUMNS_LIMIT // 2]))
