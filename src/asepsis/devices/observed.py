"""What an observer hands on: clues and ties in compact form, to be folded, kept and joined with earlier ones."""

from __future__ import annotations

from collections.abc import Iterable

from asepsis.devices.clue import Clue, Tie
from asepsis.kernel.value import value


@value
class Observed:
    """Everything that one or more captures of one site say about endpoints.

    One clue for each (endpoint, attribute, value, protocol); the order means nothing.
    """

    site: str
    captures: tuple[str, ...]
    """Digests, sorted."""
    clues: tuple[Clue, ...]
    ties: tuple[Tie, ...]
    dropped: int = 0
    """Statements that were not kept because an endpoint or the run said too much (see ``observe.observer``)."""


def combine(parts: Iterable[Observed]) -> Observed:
    """Joins what several captures of one site say; raises ``ValueError`` for none or for more than one site."""
    all_parts = list(parts)
    sites = {part.site for part in all_parts}
    if len(sites) != 1:
        raise ValueError(f"observations of {len(sites)} sites cannot be combined: addresses mean nothing across sites")
    clues: dict[object, Clue] = {}
    for part in all_parts:
        for clue in part.clues:
            key = clue.key()
            earlier = clues.get(key)
            clues[key] = clue if earlier is None else earlier.joined(clue)
    return Observed(
        site=sites.pop(),
        captures=tuple(sorted({capture for part in all_parts for capture in part.captures})),
        clues=tuple(clues.values()),
        ties=tuple(tie for part in all_parts for tie in part.ties),
        dropped=sum(part.dropped for part in all_parts),
    )
