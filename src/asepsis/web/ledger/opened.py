"""The ledger and the journal of the workspace, opened once in each process."""

from __future__ import annotations

import threading
from functools import lru_cache

from asepsis.ledger import Ledger
from asepsis.ledger.journal import BreakGlassJournal
from asepsis.web.settings import WORKSPACE


class _Opened:
    """Holds the open ledger; opens it anew when another file took its place, as after a restore."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ledger: Ledger | None = None
        self._file: tuple[int, int] | None = None

    def ledger(self) -> Ledger:
        with self._lock:
            if self._ledger is not None and self._file == _identity(self._ledger):
                return self._ledger
            if self._ledger is not None:
                self._ledger.close()
                self._ledger = None
            self._ledger = Ledger.open(WORKSPACE.ledger_path, WORKSPACE.keys_path)
            self._file = _identity(self._ledger)
            return self._ledger


def _identity(ledger: Ledger) -> tuple[int, int] | None:
    try:
        found = ledger.path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


@lru_cache(maxsize=1)
def _opened() -> _Opened:
    return _Opened()


def ledger() -> Ledger:
    """The ledger of the workspace.

    Raises:
        LedgerError: It cannot be opened or made.
        KeyFileError: Its key cannot be used.
    """
    return _opened().ledger()


def journal() -> BreakGlassJournal:
    """The journal of broken glass of the workspace; opening it takes its room on the disk.

    Raises:
        LedgerUnwritableError: There is no room for it.
        KeyFileError: Its key cannot be used.
    """
    return BreakGlassJournal.open(WORKSPACE.ledger_path, WORKSPACE.keys_path)
