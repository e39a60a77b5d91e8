"""Locks between processes, kept by the kernel: they vanish with the process that held them, even when it is killed."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from asepsis.history.errors import HistoryError

# A commit holds the lock for some milliseconds; a process that holds it for a minute hangs.
LOCK_TIMEOUT_SECONDS: Final = 60.0
_LOCK_POLL_SECONDS: Final = 0.005


class FileLock:
    """An advisory lock on a file, exclusive or shared; released by ``close`` or by the end of the process."""

    def __init__(self, path: Path, *, shared: bool = False) -> None:
        # A shared lock needs no right to write, so that a person who may only read can keep files from being removed.
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CREAT if shared else os.O_RDWR | os.O_CREAT, 0o666)
        self._mode = fcntl.LOCK_SH if shared else fcntl.LOCK_EX

    def try_lock(self) -> bool:
        """Takes the lock now or says that somebody else has it."""
        try:
            fcntl.flock(self._descriptor, self._mode | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def wait(self) -> None:
        """Takes the lock when it is free; the others hold it for milliseconds."""
        fcntl.flock(self._descriptor, self._mode)

    def close(self) -> None:
        """Gives the lock back."""
        os.close(self._descriptor)


@contextmanager
def exclusive(path: Path, timeout_seconds: float = LOCK_TIMEOUT_SECONDS) -> Iterator[None]:
    """Holds the exclusive lock of ``path`` for the length of a ``with`` block.

    Raises:
        HistoryError: Another process held it longer than ``timeout_seconds``.
    """
    lock = FileLock(path)
    try:
        deadline = time.monotonic() + timeout_seconds
        while not lock.try_lock():
            if time.monotonic() > deadline:
                raise HistoryError(
                    f"another process has kept {path} locked for {timeout_seconds:.0f} seconds",
                    code="history-busy",
                    hint="See which asepsis process hangs, end it, and run this again.",
                )
            time.sleep(_LOCK_POLL_SECONDS)
        yield
    finally:
        lock.close()
