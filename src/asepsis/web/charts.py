"""Charts that the server draws: what is counted goes in, shapes with their places come out, templates write the SVG.

Why no charting library: ``docs/decisions/0012-charts.md``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import pi
from typing import Final

from asepsis.kernel.value import value

WIDTH: Final = 100.0
"""Bars are drawn in a box of this width and stretched to their place."""
RADIUS: Final = 41.0
GAP: Final = 1.5
"""Between two slices, in units of the ring's length."""
COLUMNS_HEIGHT: Final = 120.0
COLUMNS_WIDTH: Final = 720.0


@value
class Counted:
    """One thing that is counted, as a view gives it."""

    words: str
    count: int
    address: str = ""
    tone: str = ""
    """A class: ``medical``, ``good``, ``warn``, ``bad``, ``muted`` or none."""
    shown: str = ""
    """The count as people read it, where it is no plain number."""


@value
class Bar:
    """A row of a table of bars."""

    counted: Counted
    length: float
    """0..100."""


@value
class Slice:
    """An arc of a ring."""

    counted: Counted
    length: float
    offset: float


@value
class Column:
    """A column over time."""

    counted: Counted
    x: float
    y: float
    width: float
    height: float


def bars(rows: Iterable[Counted]) -> list[Bar]:
    """Bars as long as their share of the greatest; a count of one is still seen."""
    kept = list(rows)
    most = max((row.count for row in kept), default=0)
    return [Bar(counted=row, length=max(1.0, WIDTH * row.count / most) if row.count else 0.0) for row in kept]


def ring(rows: Iterable[Counted]) -> list[Slice]:
    """Arcs that together make a ring; what counts nothing has none."""
    kept = [row for row in rows if row.count > 0]
    total = sum(row.count for row in kept)
    around = 2 * pi * RADIUS
    slices = []
    done = 0.0
    for row in kept:
        share = around * row.count / total
        gap = GAP if len(kept) > 1 and share > 2 * GAP else 0.0
        slices.append(Slice(counted=row, length=share - gap, offset=-done))
        done += share
    return slices


def columns(rows: Sequence[Counted]) -> list[Column]:
    """Columns side by side, as high as their share of the highest."""
    if not rows:
        return []
    most = max(row.count for row in rows) or 1
    step = COLUMNS_WIDTH / len(rows)
    found = []
    for place, row in enumerate(rows):
        height = COLUMNS_HEIGHT * row.count / most
        if row.count:
            height = max(height, 2.0)
        width = max(step - 2, 1.0) if step > 4 else step
        found.append(
            Column(counted=row, x=place * step + 1, y=COLUMNS_HEIGHT - height, width=min(width, 40.0), height=height)
        )
    return found
