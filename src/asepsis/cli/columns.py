"""A table whose columns share the width there is: fixed ones keep theirs, flexible ones give way, none vanishes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Literal

from asepsis.kernel.value import value

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

GAP: Final = 2
"""Spaces between two columns."""

AMPLE: Final = 30
"""A cell of so many signs says what it has to say; only then is one long name no reason to leave a column out."""


@value
class Column:
    """One column with all its cells."""

    title: str
    cells: Sequence[Text]
    least: int | None = None
    """How narrow it may become; None: it keeps the width of its widest cell."""
    justify: Literal["left", "right"] = "left"

    def natural(self) -> int:
        """The width at which nothing of it is cut."""
        return max([len(self.title), *(cell.cell_len for cell in self.cells)])


def with_room(needed: Sequence[Column], optional: Sequence[Column], width: int) -> list[Column]:
    """``needed``, and of ``optional`` those, in their order, that take nothing away from the ones before."""
    chosen = list(needed)
    room = width - sum(min(column.natural(), AMPLE) + GAP for column in needed) + GAP
    for column in optional:
        takes = min(column.natural(), AMPLE) + GAP
        if takes <= room:
            chosen.append(column)
            room -= takes
    return chosen


def fitted(columns: Sequence[Column], width: int) -> list[int]:
    """The width of each column, so that all fit into ``width`` if they can; the widest flexible one gives way first."""
    widths = [column.natural() for column in columns]
    least = [
        natural if column.least is None else min(natural, column.least)
        for column, natural in zip(columns, widths, strict=True)
    ]
    excess = sum(widths) + GAP * (len(columns) - 1) - width
    while excess > 0:
        widest = max(range(len(columns)), key=lambda place: widths[place] if widths[place] > least[place] else -1)
        if widths[widest] <= least[widest]:
            break
        widths[widest] -= 1
        excess -= 1
    return widths


def table(columns: Sequence[Column], *, width: int) -> Table:
    """The columns side by side, a rule below their titles."""
    from rich import box
    from rich.table import Table

    drawn = Table(box=box.SIMPLE_HEAD, padding=(0, GAP - 1, 0, 0), pad_edge=False, show_edge=False, header_style="bold")
    for column, its_width in zip(columns, fitted(columns, width), strict=True):
        drawn.add_column(column.title, justify=column.justify, width=its_width, no_wrap=True, overflow="ellipsis")
    for row in zip(*(column.cells for column in columns), strict=True):
        drawn.add_row(*row)
    return drawn
