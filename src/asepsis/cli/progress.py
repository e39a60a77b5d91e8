"""The progress line: files, MB/s, packets/s and time left, on a terminal, for what takes more than two seconds.

It writes to standard error, so that what is printed on standard output stays clean; where standard error
is no terminal (a pipe, a log, CI) it writes nothing at all.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import PurePath
from types import TracebackType
from typing import TYPE_CHECKING, Final, TextIO

from asepsis.cli.text import showable

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

    from asepsis.pipeline.report import Progress

PATIENCE_SECONDS: Final = 2.0
"""What is over sooner shows nothing: a line that flashes by tells nobody anything."""

NAME_CHARACTERS: Final = 28
"""So much of a file's name leaves room for the figures on a terminal of 80 columns."""


class ProgressLine:
    """A context manager whose ``update`` is handed to the pipeline; it draws at most what the pipeline reports."""

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._clock = clock
        self._began = clock()
        self._display: RichProgress | None = None
        self._shown = self._stream.isatty()

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._display is not None:
            self._display.stop()

    def update(self, progress: Progress) -> None:
        """Takes where the analysis stands and redraws the line."""
        if not self._shown:
            return
        seconds = self._clock() - self._began
        if seconds < PATIENCE_SECONDS:
            return
        if self._display is None:
            self._display = self._open(progress)
        task = self._display.task_ids[0]
        total = progress.bytes_total or None
        self._display.update(
            task, completed=progress.bytes_done, total=total, description=describe(progress, seconds), refresh=True
        )

    def _open(self, progress: Progress) -> RichProgress:
        # Imported here: a run of less than two seconds never pays for it.
        from rich.console import Console
        from rich.progress import BarColumn, TaskProgressColumn, TextColumn
        from rich.progress import Progress as RichProgress

        columns = [TextColumn("{task.description}", markup=False)]
        bars = [BarColumn(bar_width=16), TaskProgressColumn()] if progress.bytes_total else []
        display = RichProgress(*columns, *bars, console=Console(file=self._stream), auto_refresh=False, transient=True)
        display.start()
        display.add_task("", total=progress.bytes_total or None)
        return display


def describe(progress: Progress, seconds: float) -> str:
    """``ward.pcapng 3/12  212 MB/s  480,000 packets/s  0:12 left`` (12 drops are named where there are any)."""
    name = showable(PurePath(progress.path).name or progress.path)
    if len(name) > NAME_CHARACTERS:
        name = "..." + name[3 - NAME_CHARACTERS :]
    parts = [name]
    if progress.files > 1:
        parts[0] += f" {min(progress.files_done + 1, progress.files)}/{progress.files}"
    rate = progress.bytes_done / seconds if seconds > 0 else 0.0
    parts.append(f"{rate / 1e6:.0f} MB/s")
    parts.append(f"{thousands(progress.packets / seconds if seconds > 0 else 0.0)} packets/s")
    if progress.bytes_total and rate > 0:
        parts.append(f"{clock_time((progress.bytes_total - progress.bytes_done) / rate)} left")
    if progress.drops:
        parts.append(f"{progress.drops:,} dropped")
    return "  ".join(parts)


def thousands(number: float) -> str:
    """``1234567`` -> ``1.2 M``; ``480000`` -> ``480 k``; below a thousand the number itself."""
    if number >= 999_500:
        return f"{number / 1e6:.1f} M"
    if number >= 1_000:
        return f"{number / 1e3:.0f} k"
    return f"{number:.0f}"


def clock_time(seconds: float) -> str:
    """``72.4`` -> ``1:12``; ``4000`` -> ``1:06:40``."""
    whole = max(0, round(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
