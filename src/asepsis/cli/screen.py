"""Where tables are drawn: a terminal in its width, or a pipe or file in as much width as they need."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from asepsis.kernel.errors import AsepsisError

if TYPE_CHECKING:
    from rich.console import Console

PIPE_COLUMNS: Final = 400
"""Nothing is cut for ``grep``: wider than any row, and rich draws no wider than the rows are."""


@contextmanager
def screen(output: Path | None = None) -> Iterator[Console]:
    """A console on standard output, or on ``output``; without colours and cuts where nobody looks."""
    from rich.console import Console

    if output is None:
        width = None if sys.stdout.isatty() else PIPE_COLUMNS
        yield Console(width=width, highlight=False, emoji=False, markup=False, soft_wrap=False)
        return
    try:
        with output.open("w", encoding="utf-8") as stream:
            yield Console(file=stream, width=PIPE_COLUMNS, highlight=False, emoji=False, markup=False)
    except OSError as error:
        raise AsepsisError(
            f"cannot write {output}: {error.strerror or error}",
            code="output-unwritable",
            hint="Name a file in a folder that you may write.",
        ) from error
