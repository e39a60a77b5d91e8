"""What ``asepsis watch`` tells a service manager's journal: start, a line a minute, drops, end.

Lines are ``key=value`` on standard error, where there is no terminal to draw a progress line on. They hold
counts and the interface's name, never anything that a device sent.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, TextIO

import structlog

from asepsis.pipeline.report import Progress

EVERY_SECONDS: Final = 60.0
"""Often enough to see when something stopped, seldom enough to keep a year of it."""


class Journal:
    """A context manager whose ``update`` is handed to the pipeline."""

    def __init__(
        self, interface: str, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._log = structlog.wrap_logger(
            structlog.PrintLogger(sys.stderr if stream is None else stream),
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
            ],
        ).bind(interface=interface)
        self._clock = clock
        self._next = clock() + EVERY_SECONDS
        self._drops = 0
        self._last: Progress | None = None

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._last is None:
            return  # it never began; the error line says why
        counts = _counts(self._last)
        if error is None:
            self._log.info("stopped", **counts)
        else:
            self._log.error("failed", error=type(error).__name__, **counts)

    def update(self, progress: Progress) -> None:
        """Takes where the capture stands; writes when a minute is over, and at once when packets were dropped."""
        if self._last is None:
            self._log.info("watching")
        self._last = progress
        now = self._clock()
        # One line about drops a minute says it; a thousand would fill the disk and cost packets themselves.
        newly_dropped = progress.drops > self._drops and (self._drops == 0 or now >= self._next)
        if newly_dropped:
            self._log.warning("packets dropped by the kernel", **_counts(progress))
            self._drops = progress.drops
        elif now >= self._next:
            self._log.info("counted", **_counts(progress))
        if now >= self._next:
            self._next = now + EVERY_SECONDS


def _counts(progress: Progress) -> dict[str, int]:
    return {
        "packets": progress.packets,
        "bytes": progress.bytes_done,
        "conversations": progress.conversations,
        "drops": progress.drops,
    }
