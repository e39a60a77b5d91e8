"""One capture on its way into the history: rows and messages in, Parquet files by day out, one commit at the end.

Nothing is visible before ``commit``; memory stays bounded whatever the capture's size.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from asepsis.history.buffers import MessageBuffer
from asepsis.history.columns import Rows, conversation_batch
from asepsis.history.errors import history_error
from asepsis.history.facts import FactsText
from asepsis.history.layout import (
    CONVERSATIONS_TABLE,
    DAY_NS,
    MANY_DAYS,
    MAX_DAYS_OF_ONE_CAPTURE,
    MESSAGES_TABLE,
    TABLES,
    check_site,
    day_name,
    partition_folder,
)
from asepsis.history.manifest import Commit, Manifest, StoredCapture, StoredFile
from asepsis.history.schema import ROW_GROUP_ROWS, arrow_schema, parquet_options
from asepsis.history.staging import Staging
from asepsis.kernel.value import value
from asepsis.protocols.message import Malformed, Repeats, Sighting
from asepsis.wire.tables import CONVERSATIONS

# Messages held before they are written: 96 bytes each, and at most 8 MB of text.
BUFFERED_MESSAGES: Final = 8_192
BUFFERED_CHARACTERS: Final = 8 << 20


@value
class CaptureSource:
    """What a capture is, beside its rows."""

    path: str
    """Where it was read from, as the user wrote it."""
    kind: str = "packets"
    """``packets``, ``zeek`` or ``eve``."""
    size_bytes: int = 0
    """Size of the file, 0 for an interface."""
    digest: str | None = None
    """Digest of the content. None: what the writer was opened with; ``""``: no digest, it may come again and again."""


@value
class Stored:
    """What a commit did."""

    added: bool
    """False when the site held this content already; then nothing was changed."""
    conversations: int
    messages: int
    malformed: dict[str, int]
    """Protocol to count."""
    files: int


class CaptureWriter:
    """Takes what one capture says and stores it all at once, or nothing.

    As a context manager it aborts unless ``commit`` was called.
    """

    def __init__(self, manifest: Manifest, *, site: str, capture: str) -> None:
        self.site = check_site(site)
        self.capture = capture
        self._manifest = manifest
        self._root = manifest.root
        self._staging: Staging | None = None
        self._files: dict[tuple[str, str], _DayFile] = {}
        self._days: dict[str, set[str]] = {table: set() for table in TABLES}
        self._rows: list[npt.NDArray[np.uint8]] = []
        self._row_count = 0
        self._messages = MessageBuffer()
        self._facts = FactsText()
        self._malformed: Counter[str] = Counter()
        self._stored_rows: Counter[str] = Counter()
        self._done = False

    def conversations(self, rows: Rows) -> None:
        """Takes finished conversations.

        Args:
            rows: Dtype ``asepsis.wire.tables.CONVERSATIONS``; they are copied, so the engine may reuse the array.

        Raises:
            HistoryError: There is no room, or the history cannot be written.
        """
        if rows.dtype != CONVERSATIONS:
            raise TypeError(f"rows of dtype {rows.dtype}, wanted CONVERSATIONS")
        # Copied as bytes: NumPy copies rows of many fields field by field, which takes ten times as long.
        octets = np.ascontiguousarray(rows).view(np.uint8)
        size, begin = CONVERSATIONS.itemsize, 0
        while begin < len(rows):
            count = min(len(rows) - begin, ROW_GROUP_ROWS - self._row_count)
            self._rows.append(octets[begin * size : (begin + count) * size].copy())
            self._row_count += count
            begin += count
            if self._row_count == ROW_GROUP_ROWS:
                self._write_conversations()

    def message(self, sighting: Sighting) -> None:
        """Takes one message.

        Raises:
            HistoryError: There is no room, or the history cannot be written.
        """
        messages = self._messages
        messages.append(sighting, self._facts.of(sighting.message))
        if len(messages.facts) >= BUFFERED_MESSAGES or messages.characters > BUFFERED_CHARACTERS:
            self._write_messages()

    def repeats(self, repeats: Repeats) -> None:
        """Takes messages that repeat earlier ones.

        Raises:
            HistoryError: There is no room, or the history cannot be written.
        """
        texts = [self._facts.of(message) for message in repeats.messages]
        for begin in range(0, len(repeats.of), BUFFERED_MESSAGES):
            part = slice(begin, begin + BUFFERED_MESSAGES)
            messages = self._messages
            messages.extend(repeats._replace(of=repeats.of[part], rows=repeats.rows[part]), texts)
            if len(messages.facts) >= BUFFERED_MESSAGES or messages.characters > BUFFERED_CHARACTERS:
                self._write_messages()

    def malformed(self, malformed: Malformed) -> None:
        """Counts what claimed to be a protocol and was not; it is not stored."""
        self._malformed[malformed.protocol] += 1

    def commit(self, source: CaptureSource) -> Stored:
        """Makes everything visible at once, unless the site holds the same content already.

        Raises:
            HistoryError: Nothing of this capture is visible, and what was written is removed.
        """
        digest = self.capture if source.digest is None else source.digest
        try:
            self._write_conversations()
            self._write_messages()
            files = [(file.path, file.close()) for file in self._files.values()]
            if self._staging is None:
                self._staging = Staging(self._manifest)
            with self._manifest.locked() as state:
                added = (digest, self.site) not in state.held
                if added:
                    now_ns = time.time_ns()
                    capture = self._stored_capture(source, digest, now_ns)
                    commit = Commit(captures=[capture], add=[file for _, file in files])
                    self._staging.publish({path: file.path for path, file in files}, commit, now_ns)
                    self._staging = None
        except OSError as error:
            raise history_error(error, self._root) from error
        finally:
            self.abort()
        return Stored(
            added=added,
            conversations=self._stored_rows[CONVERSATIONS_TABLE],
            messages=self._stored_rows[MESSAGES_TABLE],
            malformed=dict(self._malformed),
            files=len(files),
        )

    def abort(self) -> None:
        """Forgets everything that was not committed; may be called at any time, also twice."""
        self._done = True
        for file in self._files.values():
            file.abandon()
        self._files.clear()
        if self._staging is not None:
            self._staging.discard()
            self._staging = None
        self._rows, self._row_count = [], 0
        self._messages = MessageBuffer()

    def __enter__(self) -> CaptureWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._done:
            self.abort()

    def _stored_capture(self, source: CaptureSource, digest: str, now_ns: int) -> StoredCapture:
        return StoredCapture(
            capture=self.capture,
            digest=digest,
            site=self.site,
            kind=source.kind,
            path=source.path,
            size_bytes=source.size_bytes,
            stored_ns=now_ns,
            conversations=self._stored_rows[CONVERSATIONS_TABLE],
            messages=self._stored_rows[MESSAGES_TABLE],
            malformed=self._malformed.total(),
        )

    def _write_conversations(self) -> None:
        if not self._rows:
            return
        octets = self._rows[0] if len(self._rows) == 1 else np.concatenate(self._rows)
        rows: Rows = octets.view(CONVERSATIONS)
        self._rows, self._row_count = [], 0

        def batch(places: npt.NDArray[np.intp] | None) -> Any:
            some = rows if places is None else rows[places]
            return conversation_batch(some, site=self.site, capture=self.capture)

        self._write(CONVERSATIONS_TABLE, rows["start_ns"], batch)

    def _write_messages(self) -> None:
        messages = self._messages
        if not messages.facts:
            return
        self._messages = MessageBuffer()
        whole, times = messages.take(site=self.site, capture=self.capture)

        def batch(places: npt.NDArray[np.intp] | None) -> Any:
            if places is None:
                return whole
            first, count = int(places[0]), len(places)
            # Messages come in time, so those of a day mostly stand together.
            return whole.slice(first, count) if places[-1] - first == count - 1 else whole.take(places)

        self._write(MESSAGES_TABLE, times, batch)

    def _write(
        self, table: str, times: npt.NDArray[np.int64], batch: Callable[[npt.NDArray[np.intp] | None], Any]
    ) -> None:
        """Writes rows to the file of their day, or parts of them to the files of theirs.

        Args:
            table: Which table.
            times: By which a row belongs to a day.
            batch: Gives the rows at some places, or all of them, as a record batch.
        """
        if self._done:
            raise ValueError("this writer was committed or aborted")
        try:
            days = times // DAY_NS
            first, last = int(days.min()), int(days.max())
            if first == last:
                self._day_file(table, self._day(table, first)).write(batch(None), times)
            else:
                by_name: dict[str, list[int]] = {}
                for day in np.unique(days).tolist():
                    by_name.setdefault(self._day(table, day), []).append(day)
                for name, members in by_name.items():
                    places = np.flatnonzero(np.isin(days, members))
                    self._day_file(table, name).write(batch(places), times[places])
        except OSError as error:
            self.abort()
            raise history_error(error, self._root) from error
        self._stored_rows[table] += len(times)

    def _day(self, table: str, day_number: int) -> str:
        """The name of the day that rows of a day are filed under; from now on it has a place of its own, or never."""
        day = day_name(day_number)
        days = self._days[table]
        if day not in days:
            if len(days) >= MAX_DAYS_OF_ONE_CAPTURE:
                return MANY_DAYS
            days.add(day)
        return day

    def _day_file(self, table: str, day: str) -> _DayFile:
        if (table, day) not in self._files:
            if self._staging is None:
                self._staging = Staging(self._manifest)
            self._files[table, day] = _DayFile(self._staging, table, self.site, day)
        return self._files[table, day]


class _DayFile:
    """One Parquet file that is being written."""

    def __init__(self, staging: Staging, table: str, site: str, day: str) -> None:
        import pyarrow.parquet as pq

        self.path: Path = staging.folder / f"{table}-{day}.parquet"
        self._place = f"{partition_folder(table, site, day)}/{staging.name}.parquet"
        self._table, self._site, self._day = table, site, day
        self._writer = pq.ParquetWriter(self.path, arrow_schema(table), **parquet_options(table))
        self._rows = 0
        self._first_ns, self._last_ns = 1 << 63, -(1 << 63)

    def write(self, batch: Any, times: npt.NDArray[np.int64]) -> None:
        """Appends a row group."""
        self._writer.write_batch(batch)
        self._rows += len(times)
        self._first_ns = min(self._first_ns, int(times.min()))
        self._last_ns = max(self._last_ns, int(times.max()))

    def close(self) -> StoredFile:
        """Writes the footer and says what the file holds."""
        self._writer.close()
        return StoredFile(
            path=self._place,
            table=self._table,
            site=self._site,
            day=self._day,
            rows=self._rows,
            size_bytes=self.path.stat().st_size,
            first_ns=self._first_ns,
            last_ns=self._last_ns,
        )

    def abandon(self) -> None:
        """Stops writing; the file itself goes with its staging folder."""
        with suppress(OSError):  # there is no room for the footer either, and nobody will read it
            self._writer.close()
