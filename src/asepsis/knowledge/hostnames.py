"""Names that many units bear by default, so that bearing the same one means nothing."""

from __future__ import annotations

from asepsis.knowledge.table import find

SHORTEST_NAME = 4
"""Shorter names are given again and again."""
_COMMON = "common"


def is_common(name: str) -> bool:
    """True for a name that many units have by default."""
    match = find("hostnames", name)
    return len(name) < SHORTEST_NAME or (match is not None and match.fact.kind == _COMMON)
