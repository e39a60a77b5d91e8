"""The history of one workspace: opens writers, opens readers, knows what it holds, tidies up."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from asepsis.history.compaction import Compaction, compact
from asepsis.history.intervals import AddressInterval
from asepsis.history.manifest import Manifest, StoredCapture
from asepsis.history.reader import Reader
from asepsis.history.writer import CaptureWriter

# Readers on this machine keep their files by a lock; a reader elsewhere (a cluster) has this long to finish.
GRACE_SECONDS: Final = 600.0


class History:
    """Conversations and messages by site and day. Making the object touches nothing; writing makes the folder.

    Keep the object: it remembers what it has read of the manifest, so that the thousandth commit costs what the
    first did. Several threads may use it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._manifest = Manifest(root)

    def holds(self, digest: str, site: str) -> bool:
        """Whether the site holds this content already, so that analysing it again would add nothing.

        Raises:
            HistoryError: The manifest cannot be read.
        """
        return (digest, site) in self._manifest.state().held

    def captures(self) -> list[StoredCapture]:
        """Every capture and log that is held, in the order in which they came."""
        return list(self._manifest.state().captures)

    def writer(self, *, site: str, capture: str) -> CaptureWriter:
        """Opens one capture for writing.

        Args:
            site: The hospital's site, such as ``north``.
            capture: What the rows are to bear: the digest of the capture, or ``interface:NAME``.

        Raises:
            HistoryError: The site's name cannot be used.
        """
        return CaptureWriter(self._manifest, site=site, capture=capture)

    def reader(self, addresses: Iterable[AddressInterval] = ()) -> Reader:
        """Opens the history as it is now, for reading; close it, or use it in a ``with`` block.

        Args:
            addresses: Which address belonged to which device when, for the columns that name devices.

        Raises:
            HistoryError: The manifest cannot be read.
        """
        return Reader(self.root, addresses)

    def compact(self, *, now_ns: int | None = None, grace_seconds: float = GRACE_SECONDS) -> Compaction:
        """Merges the small files of a day and deletes merged ones that nobody can be reading any more.

        Args:
            now_ns: The time; by default the clock's.
            grace_seconds: How long merged files stay for readers that hold no lock.

        Raises:
            HistoryError: There is no room, or the history cannot be written.
        """
        return compact(
            self.root,
            now_ns=time.time_ns() if now_ns is None else now_ns,
            grace_seconds=grace_seconds,
        )
