"""The manifest: which files are the history. What is not in it does not exist for a reader.

One file of lines, each with a checksum; a commit is one line appended under a lock and forced to the disk.
A reader takes the whole lines and so sees the state after some commit, never half of one. A line that a
crash cut short is ignored by readers and removed by the next writer. ``docs/decisions/0003-history-manifest.md``.
"""

from __future__ import annotations

import json
import os
import secrets
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from asepsis.history.errors import HistoryError, history_error
from asepsis.history.locks import exclusive
from asepsis.kernel.value import value

FORMAT: Final = "asepsis-history"
FORMAT_VERSION: Final = 1

MANIFEST_NAME: Final = "manifest.jsonl"
LOCK_NAME: Final = "manifest.lock"

# Rewriting costs one pass over the log and saves every later reader the lines of files that are gone.
REWRITE_MIN_LINES: Final = 1_000


@value
class StoredFile:
    """One Parquet file of the history."""

    path: str
    """Relative to the history's folder, with forward slashes."""
    table: str
    site: str
    day: str
    """UTC day, or ``mixed``."""
    rows: int
    size_bytes: int
    first_ns: int
    """Smallest time of a row: a conversation's start, a message's time."""
    last_ns: int


@value
class StoredCapture:
    """One capture (or log) that the history holds."""

    capture: str
    """What the rows say in their column ``capture``."""
    digest: str
    """Digest of the content; empty for a live interface, which may come again and again."""
    site: str
    kind: str
    """``packets``, ``zeek`` or ``eve``."""
    path: str
    """Where it was read from."""
    size_bytes: int
    stored_ns: int
    """When it was committed."""
    conversations: int
    messages: int
    malformed: int
    """Pieces that claimed a protocol and were not; counted, not stored."""


@dataclass(slots=True, kw_only=True)
class Commit:
    """What one line of the manifest changes."""

    captures: list[StoredCapture] = field(default_factory=list)
    add: list[StoredFile] = field(default_factory=list)
    retire: list[str] = field(default_factory=list)
    """Files that are replaced by others: no new reader opens them, running readers may still."""
    gone: list[str] = field(default_factory=list)
    """Retired files that are deleted now."""

    def document(self, number: int, at_ns: int) -> dict[str, Any]:
        """The line, JSON-ready."""
        return {
            "number": number,
            "at_ns": at_ns,
            "captures": [_fields(c) for c in self.captures],
            "add": [_fields(f) for f in self.add],
            "retire": self.retire,
            "gone": self.gone,
        }


@dataclass(slots=True, kw_only=True)
class State:
    """What the lines read so far add up to."""

    number: int = 0
    """Number of the last commit."""
    files: dict[str, StoredFile] = field(default_factory=dict)
    captures: list[StoredCapture] = field(default_factory=list)
    held: set[tuple[str, str]] = field(default_factory=set)
    """(digest, site) of every capture that must not be added again."""
    retired: dict[str, int] = field(default_factory=dict)
    """Replaced file to the time of its retirement in nanoseconds."""
    lines: int = 0

    def apply(self, line: dict[str, Any]) -> None:
        """Adds one commit."""
        for document in line["captures"]:
            capture = StoredCapture(**document)
            self.captures.append(capture)
            if capture.digest:
                self.held.add((capture.digest, capture.site))
        for document in line["add"]:
            file = StoredFile(**document)
            self.files[file.path] = file
        for path in line["retire"]:
            self.files.pop(path, None)
            self.retired[path] = line["at_ns"]
        for path in line["gone"]:
            self.retired.pop(path, None)
        self.number = line["number"]
        self.lines += 1


class Manifest:
    """Reads and extends the manifest of one history folder. Cheap to ask again: only new lines are read."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.path = root / MANIFEST_NAME
        self._state = State()
        self._header = b""
        self._offset = 0
        self._mutex = threading.RLock()

    def state(self) -> State:
        """The state after the newest commit. It belongs to the manifest and goes on: copy what must not change.

        Raises:
            HistoryError: The file is not a manifest, is of a newer format, damaged, or unreadable.
        """
        with self._mutex:
            try:
                descriptor = os.open(self.path, os.O_RDONLY)
            except FileNotFoundError:
                self._forget()
                return self._state
            except OSError as error:
                raise history_error(error, self.root) from error
            try:
                self._read(descriptor)
            except OSError as error:
                raise history_error(error, self.root) from error
            finally:
                os.close(descriptor)
            return self._state

    @contextmanager
    def locked(self) -> Iterator[State]:
        """Holds the writers' lock, with the state as it is now. ``append`` is allowed inside only."""
        # The lock of the file keeps other processes out, and the mutex other threads that use this object.
        with exclusive(self.root / LOCK_NAME), self._mutex:
            yield self.state()

    def append(self, commit: Commit, now_ns: int) -> int:
        """Makes a commit visible and lasting, or changes nothing. Only while ``locked``.

        Returns:
            The number of the commit.

        Raises:
            OSError: It could not be written; the manifest is as it was.
        """
        number = self._state.number + 1
        document = commit.document(number, now_ns)
        header = b""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            # What a writer left that was killed in the middle of its line.
            os.ftruncate(descriptor, self._offset)
            if not self._header:
                sync_folder(self.root)
                header = _line({"format": FORMAT, "version": FORMAT_VERSION, "id": secrets.token_hex(8)})
            lines = header + _line(document)
            try:
                _write(descriptor, lines, self._offset)
                os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, self._offset)
                raise
        finally:
            os.close(descriptor)
        self._header = self._header or header
        self._offset += len(lines)
        self._state.apply(document)
        return number

    def rewrite(self, now_ns: int) -> None:
        """Replaces the lines by one that says the same, atomically. Only while ``locked``.

        Raises:
            OSError: It could not be written; the manifest is as it was.
        """
        state = self._state
        whole = Commit(captures=state.captures, add=list(state.files.values())).document(state.number, now_ns)
        lines = [_line({"format": FORMAT, "version": FORMAT_VERSION, "id": secrets.token_hex(8)}), _line(whole)]
        for path, retired_ns in state.retired.items():
            lines.append(_line(Commit(retire=[path]).document(state.number, retired_ns)))
        temporary = self.path.with_suffix(".new")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        try:
            _write(descriptor, b"".join(lines), 0)
            os.fsync(descriptor)
        except OSError:
            temporary.unlink()
            raise
        finally:
            os.close(descriptor)
        temporary.replace(self.path)
        sync_folder(self.root)

    def _forget(self) -> None:
        self._state, self._header, self._offset = State(), b"", 0

    def _read(self, descriptor: int) -> None:
        size = os.fstat(descriptor).st_size
        if self._header and (size < self._offset or os.pread(descriptor, len(self._header), 0) != self._header):
            self._forget()  # rewritten since
        new = _read_exactly(descriptor, self._offset, size)
        lines = new.split(b"\n")
        for index, line in enumerate(lines[:-1]):  # what follows the last line feed is not a line yet
            document = _parse(line)
            if not self._header:
                self._check_header(document)
                self._header = line + b"\n"
            elif document is not None:
                self._apply(document)
            elif index == len(lines) - 2 and not lines[-1]:
                return  # the newest line, written in part before a power cut: it never counted
            else:
                raise self._damaged()
            self._offset += len(line) + 1

    def _apply(self, document: dict[str, Any]) -> None:
        try:
            self._state.apply(document)
        except (KeyError, TypeError) as error:
            raise self._damaged() from error

    def _damaged(self) -> HistoryError:
        return HistoryError(
            f"{self.path}: line {self._state.lines + 2} is damaged",
            code="history-damaged",
            hint="Restore the file from a backup; the Parquet files beside it are not affected.",
        )

    def _check_header(self, document: dict[str, Any] | None) -> None:
        if document is None or document.get("format") != FORMAT:
            raise HistoryError(
                f"{self.path} is not the manifest of a history",
                code="history-format",
                hint="Choose another workspace, or move this file away.",
            )
        if document.get("version") != FORMAT_VERSION:
            raise HistoryError(
                f"{self.path} is of format {document.get('version')}, and this program knows {FORMAT_VERSION}",
                code="history-newer",
                hint="Use the version of asepsis that wrote it, or a newer one.",
            )


def sync_folder(folder: Path) -> None:
    """Forces a folder's entries (new names, renames) to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _fields(stored: StoredFile | StoredCapture) -> dict[str, Any]:
    return {name: getattr(stored, name) for name in stored.__slots__}  # type: ignore[union-attr]  # @value makes slots


def _line(document: dict[str, Any]) -> bytes:
    text = json.dumps(document, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _parse(line: bytes) -> dict[str, Any] | None:
    if len(line) < 10 or line[8:9] != b" ":
        return None
    text = line[9:]
    if b"%08x" % zlib.crc32(text) != line[:8]:
        return None
    try:
        document = json.loads(text)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _write(descriptor: int, text: bytes, offset: int) -> None:
    view = memoryview(text)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view = view[written:]
        offset += written


def _read_exactly(descriptor: int, offset: int, end: int) -> bytes:
    pieces = []
    while offset < end and (piece := os.pread(descriptor, end - offset, offset)):
        pieces.append(piece)
        offset += len(piece)
    return b"".join(pieces)
