"""The journal of broken glass: where the records of emergency access wait while the ledger cannot be written.

One file beside the ledger, room for it taken in advance, so that it can be written when the disk is full. Each record
is sealed (nobody who reads the disk reads it) and bound to the one before it (nobody takes one out unseen), and forced
to the disk before ``append`` returns. When the ledger works again, ``drain`` moves the records there.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Final

from asepsis.crypto.sealing import OVERHEAD_BYTES, SealingKey, sealing_key_file
from asepsis.kernel.value import value
from asepsis.ledger.errors import LedgerError, LedgerUnwritableError, unwritable
from asepsis.ledger.record import RECORD_LIMIT_BYTES, Record, read_record, record_bytes
from asepsis.ledger.store import Ledger

FILE_NAME: Final = "break-glass.journal"
KEY_NAME: Final = "break-glass.key"
# Room for some 1,500 records, taken while there is room.
RESERVED_BYTES: Final = 1024 * 1024
# An emergency of a day writes some thousand records; more is a loop, and must end before the disk does.
JOURNAL_LIMIT_BYTES: Final = 8 * 1024 * 1024
_LENGTH_BYTES: Final = 4
_FRAME_LIMIT: Final = RECORD_LIMIT_BYTES + OVERHEAD_BYTES


@value
class Drained:
    """What came of moving the journal into the ledger."""

    records: int
    damaged: bool
    """What follows the records cannot be opened: the rest of the file is kept under another name."""


class BreakGlassJournal:
    """The journal of one workspace. Safe for several processes."""

    def __init__(self, path: Path, key: SealingKey) -> None:
        self.path = path
        self._key = key

    @classmethod
    def open(cls, folder: Path, keys: Path) -> BreakGlassJournal:
        """Opens the journal beside the ledger in ``folder``, and takes room for it where there is none yet.

        Raises:
            LedgerUnwritableError: There is no room.
            KeyFileError: Its key cannot be used.
        """
        path = folder / FILE_NAME
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            keys.mkdir(mode=0o700, parents=True, exist_ok=True)
            journal = cls(path, sealing_key_file(keys / KEY_NAME))
            with journal._locked() as descriptor:
                if os.fstat(descriptor).st_size < RESERVED_BYTES:
                    _reserve(descriptor)
        except OSError as error:
            raise unwritable(error, path) from error
        return journal

    def append(self, record: Record) -> None:
        """Seals and keeps a record; when this returns, it is on the disk.

        Raises:
            LedgerUnwritableError: It is not. Then even emergency access must be refused.
            LedgerError: The record is too large.
        """
        body = record_bytes(record)
        try:
            with self._locked() as descriptor:
                at, chain = 0, b""
                for end, frame in _frames(descriptor):
                    at, chain = end, sha256(frame).digest()
                frame = self._key.seal(body, chain)
                if at + _LENGTH_BYTES + len(frame) > JOURNAL_LIMIT_BYTES:
                    raise LedgerUnwritableError(
                        f"the journal {self.path} is full",
                        code="ledger-journal-full",
                        hint="Make the ledger writable again; then the journal is moved into it.",
                    )
                # The length comes last and makes the frame count: a crash before leaves none, not half a one. What
                # such a crash left behind must not be taken for a length, hence the zeroes at the end.
                _write(descriptor, frame + bytes(_LENGTH_BYTES), at + _LENGTH_BYTES)
                os.fsync(descriptor)
                _write(descriptor, len(frame).to_bytes(_LENGTH_BYTES, "big"), at)
                os.fsync(descriptor)
        except OSError as error:
            raise unwritable(error, self.path) from error

    def waiting(self) -> int:
        """How many records wait.

        Raises:
            LedgerError: The journal cannot be read.
        """
        try:
            with self._locked() as descriptor:
                return sum(1 for _ in _frames(descriptor))
        except OSError as error:
            raise unwritable(error, self.path) from error

    def drain(self, ledger: Ledger) -> Drained:
        """Moves what waits into the ledger. Killed at any moment, it loses nothing and doubles nothing.

        Raises:
            LedgerUnwritableError: The ledger cannot be written yet; everything stays in the journal.
        """
        try:
            with self._locked() as descriptor:
                records, damaged = self._read(descriptor)
                if records:
                    ledger.append_all(records)
                if damaged:
                    self._keep_damaged(descriptor)
                if records or damaged:
                    # The ledger knows records by their ids: killed here, the next drain appends none twice.
                    _reserve(descriptor)
        except OSError as error:
            raise unwritable(error, self.path) from error
        return Drained(records=len(records), damaged=damaged)

    def _read(self, descriptor: int) -> tuple[list[Record], bool]:
        records: list[Record] = []
        chain = b""
        for _, frame in _frames(descriptor):
            body = self._key.open(frame, chain)
            record = read_record(body) if body is not None else None
            if record is None:
                return records, True
            records.append(record)
            chain = sha256(frame).digest()
        return records, False

    def _keep_damaged(self, descriptor: int) -> None:
        for number in range(1000):
            kept = self.path.with_name(f"{FILE_NAME}.damaged-{number}")
            if not kept.exists():
                copy = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                try:
                    _write(copy, os.pread(descriptor, JOURNAL_LIMIT_BYTES, 0), 0)
                    os.fsync(copy)
                finally:
                    os.close(copy)
                return
        raise LedgerError(f"{self.path} was damaged a thousand times", code="ledger-journal-damaged")

    @contextmanager
    def _locked(self) -> Iterator[int]:
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
        finally:
            os.close(descriptor)


def _reserve(descriptor: int) -> None:
    """Empties the file and fills it with zeroes: blocks that were written once need no new room."""
    _write(descriptor, bytes(RESERVED_BYTES), 0)
    os.ftruncate(descriptor, RESERVED_BYTES)
    os.fsync(descriptor)


def _write(descriptor: int, content: bytes, at: int) -> None:
    while content:
        written = os.pwrite(descriptor, content, at)
        content = content[written:]
        at += written


def _frames(descriptor: int) -> Iterator[tuple[int, bytes]]:
    """Where each frame ends, and the frame, up to the first length that is none."""
    at = 0
    while True:
        length = int.from_bytes(os.pread(descriptor, _LENGTH_BYTES, at), "big")
        if not OVERHEAD_BYTES <= length <= _FRAME_LIMIT:
            return
        frame = os.pread(descriptor, length, at + _LENGTH_BYTES)
        if len(frame) < length:
            return
        at += _LENGTH_BYTES + length
        yield at, frame
