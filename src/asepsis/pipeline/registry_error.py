"""What the registry says when it cannot do what is asked."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from asepsis.kernel.errors import AsepsisError


class RegistryError(AsepsisError):
    """The registry cannot be read or written, or was asked for something that is not there."""


def unusable(path: Path, error: sqlite3.Error) -> RegistryError:
    """What SQLite said, as an error that names the file."""
    return RegistryError(
        f"{path}: the registry cannot be used: {error}",
        code="registry-unusable",
        hint="Is the disk full or the folder not writable? A backup can be put back with: asepsis restore",
    )
