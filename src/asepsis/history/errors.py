"""The family of errors of the history store, and how the operating system's errors become one of them."""

from __future__ import annotations

import errno
from pathlib import Path

from asepsis.kernel.errors import AsepsisError

# What the system says when there is no room: a full device, a file-size limit, a quota.
NO_ROOM = frozenset({errno.ENOSPC, errno.EFBIG, errno.EDQUOT})
NOT_ALLOWED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


class HistoryError(AsepsisError):
    """The history could not be read or written; what was committed before is still there."""


def history_error(error: OSError, root: Path) -> HistoryError:
    """Says in one line what an ``OSError`` under ``root`` means for the user."""
    reason = error.strerror or str(error)
    if error.errno in NO_ROOM:
        return HistoryError(
            f"no room to write the history in {root}: {reason}",
            code="history-full",
            hint="Free some space and run it again. Nothing of this capture was stored; earlier captures are intact.",
        )
    if error.errno in NOT_ALLOWED:
        return HistoryError(
            f"the history in {root} cannot be written: {reason}",
            code="history-unwritable",
            hint="Choose a workspace that you may write (--workspace DIR), or correct the folder's owner.",
        )
    return HistoryError(
        f"the history in {root} failed: {reason}",
        code="history-failed",
        hint="Check the disk. Nothing of this capture was stored; earlier captures are intact.",
    )


def unreadable(error: Exception, root: Path) -> HistoryError:
    """What the query engine says of a file that it cannot read, in one line."""
    return HistoryError(
        f"the history in {root} cannot be read: {str(error).splitlines()[0]}",
        code="history-unreadable",
        hint="Run 'asepsis doctor'; if a file is damaged, restore the workspace from a backup.",
    )
