"""Where files are written before they count, and how they are published: all of them or none.

Each writer has a folder of its own under ``staging/`` and keeps a lock on it. The kernel drops the lock when
the process ends, however it ends, so the next writer knows which folders are orphans and removes them,
together with files that a killed writer had already moved into place but not yet committed.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from asepsis.history.locks import FileLock, exclusive
from asepsis.history.manifest import LOCK_NAME, Commit, Manifest, sync_folder

STAGING_NAME: Final = "staging"
_LOCK: Final = "lock"
_INTENT: Final = "intent"


class Staging:
    """The folder of one writer. ``publish`` or ``discard`` ends it."""

    def __init__(self, manifest: Manifest) -> None:
        """Makes the folder, and removes what dead writers left.

        Raises:
            OSError: The folder cannot be made.
        """
        self._manifest = manifest
        self._root = manifest.root
        self.name = secrets.token_hex(8)
        self.folder = self._root / STAGING_NAME / self.name
        self._root.mkdir(parents=True, exist_ok=True)
        # Under the manifest's lock nobody can take the new folder for an orphan before its own lock is held.
        with exclusive(self._root / LOCK_NAME):
            remove_orphans(manifest)
            self.folder.mkdir(parents=True)
            self._lock = FileLock(self.folder / _LOCK)
            self._lock.try_lock()

    def publish(self, targets: Mapping[Path, str], commit: Commit, now_ns: int) -> int:
        """Moves the staged files to their places and commits them. Only while the manifest is ``locked``.

        Args:
            targets: Staged file to its place, relative to the history.
            commit: What the manifest is to say.
            now_ns: The time of the commit.

        Returns:
            The number of the commit.

        Raises:
            OSError: Nothing is visible, and nothing was left in place.
        """
        try:
            for staged in targets:
                _sync_file(staged)
            if targets:
                self._declare(targets)
            for staged, place in targets.items():
                final = self._root / place
                _make_folder(final.parent, self._root)
                staged.rename(final)
            for folder in {(self._root / place).parent for place in targets.values()}:
                sync_folder(folder)
            number = self._manifest.append(commit, now_ns)
        except OSError:
            committed = self._manifest.state().files
            for place in targets.values():
                if place not in committed:
                    (self._root / place).unlink(missing_ok=True)
            raise
        self.discard()
        return number

    def discard(self) -> None:
        """Removes the folder and everything still in it."""
        # A successor that takes the folder for an orphan meanwhile does the same work.
        shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.close()

    def _declare(self, targets: Mapping[Path, str]) -> None:
        """Writes down what will be moved where, so that a successor can take it back.

        It is not forced to the disk: it serves when a process dies. When the machine does, files without it would
        only take up room; they are in no manifest.
        """
        (self.folder / _INTENT).write_text("\n".join(targets.values()), encoding="utf-8")


def remove_orphans(manifest: Manifest) -> int:
    """Removes the folders of writers that are no more. Only while the manifest is locked.

    Returns:
        How many there were.
    """
    removed = 0
    staging = manifest.root / STAGING_NAME
    if not staging.is_dir():
        return 0
    for folder in staging.iterdir():
        try:
            lock = FileLock(folder / _LOCK)
        except (FileNotFoundError, NotADirectoryError):
            continue  # its writer has just removed it, or it is no writer's folder
        try:
            if lock.try_lock():
                _take_back(folder, manifest)
                shutil.rmtree(folder, ignore_errors=True)
                removed += 1
        finally:
            lock.close()
    return removed


def _take_back(folder: Path, manifest: Manifest) -> None:
    """Removes the files that a writer had moved into place when it died before its commit."""
    intent = folder / _INTENT
    if intent.exists():
        committed = manifest.state().files
        for place in intent.read_text(encoding="utf-8", errors="replace").split("\n"):
            # After a power cut the last place may be cut short, or no text at all.
            if place.endswith(f"/{folder.name}.parquet") and place not in committed:
                (manifest.root / place).unlink(missing_ok=True)


def _make_folder(folder: Path, root: Path) -> None:
    """Makes a folder below ``root`` so that it lasts: each new name is forced to the disk in its parent."""
    missing = []
    while folder != root and not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        sync_folder(path.parent)


def _sync_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
