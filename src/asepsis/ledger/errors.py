"""The family of errors of the ledger; a caller that must record turns each of them into a refusal."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from asepsis.kernel.errors import AsepsisError

# Result codes whose low byte says that there was no room: SQLITE_FULL, and SQLITE_IOERR of a write (770).
_FULL: Final = sqlite3.SQLITE_FULL
_BUSY: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


class LedgerError(AsepsisError):
    """The ledger could not be read or written; what was recorded before is still there."""


class LedgerUnwritableError(LedgerError):
    """A record could not be made durable. Whoever asked for what should be recorded must be refused."""


def unwritable(error: Exception, path: Path) -> LedgerUnwritableError:
    """Says in one line why nothing could be appended to the ledger at ``path``."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == _FULL:
        return LedgerUnwritableError(
            f"no room to write the ledger {path}",
            code="ledger-full",
            hint="Free some space. Until then nothing that must be recorded is answered.",
        )
    if code in _BUSY:
        return LedgerUnwritableError(
            f"another process holds the ledger {path}",
            code="ledger-busy",
            hint="See which asepsis process hangs, and end it.",
        )
    return LedgerUnwritableError(
        f"the ledger {path} cannot be written: {error}",
        code="ledger-unwritable",
        hint="Check the disk and the folder's owner. Until then nothing that must be recorded is answered.",
    )


def unreadable(error: Exception, path: Path) -> LedgerError:
    """Says in one line why the ledger at ``path`` cannot be read."""
    return LedgerError(
        f"the ledger {path} cannot be read: {error}",
        code="ledger-unreadable",
        hint="Restore the workspace from a backup and compare it with a checkpoint that a witness kept.",
    )
