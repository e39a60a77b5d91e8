"""The ledger of a workspace: records in, positions out, durable before ``append`` returns; and what stands in it.

Several processes and threads may append. Each commit writes the entries, the nodes of the tree that they complete and
a checkpoint signed over all of it, in one transaction that is forced to the disk. Threads that append at the same
time share a commit.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from asepsis.crypto.signing import SigningKey, signing_key_file
from asepsis.kernel.value import value
from asepsis.ledger.errors import LedgerError, LedgerUnwritableError, unreadable, unwritable
from asepsis.ledger.merkle import Growth, consistency_proof, growth_at, inclusion_proof, leaf_hash, range_root
from asepsis.ledger.note import ED25519, Checkpoint, Verifier, read_checkpoint, sign
from asepsis.ledger.record import Record, read_record, record_bytes
from asepsis.ledger.schema import (
    BUSY_TIMEOUT_SECONDS,
    FILE_NAME,
    LOWEST_KEPT_LEVEL,
    connect,
    node_position,
    prepare,
    text_key,
)

KEY_NAME: Final = "ledger.key"
# Records of one shared commit: what a hundred threads may wait for, some 5 ms.
SHARED_COMMIT_LIMIT: Final = 1000
# SQLite takes 32,766 parameters; this many ids are looked up at once.
_LOOKUP: Final = 500
# Another process holds the ledger for a fraction of a millisecond. The database's own way to wait sleeps longer and
# longer, up to a tenth of a second: whoever came first would be the last to see that it is free.
_TRY_AGAIN_SECONDS: Final = 0.0003
# Entries that are held in memory while all are walked through.
_WALK: Final = 2048


@value
class Entry:
    """A record where it stands."""

    position: int
    body: bytes

    @property
    def record(self) -> Record | None:
        """The record, or None where the bytes are damaged."""
        return read_record(self.body)


class _Row(NamedTuple):
    """The columns of an entry, but for its position, and the name of its kind."""

    id: str
    time_ns: int
    actor: int
    subject: int
    kind: int
    body: bytes
    kind_name: str
    patient: int | None


def _begin(connection: sqlite3.Connection) -> None:
    """Begins to write as soon as no other process does. Raises sqlite3.OperationalError when one goes on too long."""
    deadline = time.monotonic() + BUSY_TIMEOUT_SECONDS
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
            else:
                return
            time.sleep(_TRY_AGAIN_SECONDS)
    finally:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_SECONDS * 1000:.0f}")


class _Ticket:
    """A record that waits for a commit."""

    __slots__ = ("done", "error", "position", "row")

    def __init__(self, row: _Row) -> None:
        self.row = row
        self.done = False
        self.position = -1
        self.error: LedgerError | None = None


class Ledger:
    """The ledger of one workspace; a context manager. Safe for threads and for several processes."""

    def __init__(self, path: Path, key: SigningKey, origin: str) -> None:
        self.path = path
        self.origin = origin
        self.verifier = Verifier(name=origin, kind=ED25519, public_bytes=key.public_bytes)
        """The public key of this log, by which others check its checkpoints."""
        self._key = key
        self._process = os.getpid()
        self._write_lock = threading.Lock()
        self._waiting_lock = threading.Lock()
        self._waiting: list[_Ticket] = []
        self._writer: sqlite3.Connection | None = None
        self._growth: Growth | None = None
        self._kinds: set[int] = set()
        self._readers: list[sqlite3.Connection] = []

    @classmethod
    def open(cls, folder: Path, keys: Path) -> Ledger:
        """Opens the ledger in ``folder``, or makes it; its key is kept in the folder ``keys``.

        Raises:
            LedgerError: It cannot be opened or made, or is of a newer format.
            KeyFileError: Its key cannot be used.
        """
        path = folder / FILE_NAME
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            keys.mkdir(mode=0o700, parents=True, exist_ok=True)
            connection = connect(path)
            try:
                origin = prepare(connection, path, f"asepsis.invalid/ledger/{secrets.token_hex(8)}")
            finally:
                connection.close()
        except (sqlite3.Error, OSError) as error:
            raise unwritable(error, path) from error
        return cls(path, signing_key_file(keys / KEY_NAME), origin)

    def close(self) -> None:
        """Closes the connections; the ledger opens them again when it is used again."""
        with self._write_lock:
            self._forget_writer()
        while self._readers:
            self._readers.pop().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # Appending

    def append(self, record: Record) -> int:
        """Appends one record; when this returns, it is on the disk.

        Returns:
            Its position. A record that is there already stays where it is.

        Raises:
            LedgerUnwritableError: It is not on the disk. What should be recorded must not happen.
            LedgerError: Another record has this id, or the record is too large.
        """
        ticket = _Ticket(_row(record))
        with self._waiting_lock:
            self._waiting.append(ticket)
        while not ticket.done:
            with self._write_lock:
                if not ticket.done:
                    with self._waiting_lock:
                        together = self._waiting[:SHARED_COMMIT_LIMIT]
                        del self._waiting[:SHARED_COMMIT_LIMIT]
                    self._commit_together(together)
        if ticket.error is not None:
            raise ticket.error
        return ticket.position

    def append_all(self, records: Sequence[Record]) -> list[int]:
        """Appends all records or none, in one commit; when this returns, they are on the disk.

        Returns:
            Their positions. Records that are there already stay where they are.

        Raises:
            LedgerUnwritableError: None of them is on the disk by this call.
            LedgerError: Another record has the id of one of them, or one is too large.
        """
        rows = [_row(record) for record in records]
        with self._write_lock:
            return self._commit(rows)

    def _commit_together(self, tickets: list[_Ticket]) -> None:
        failed: LedgerError = unwritable(InterruptedError("interrupted"), self.path)
        try:
            positions = self._commit([ticket.row for ticket in tickets])
            for ticket, position in zip(tickets, positions, strict=True):
                ticket.position = position
                ticket.done = True
        except LedgerUnwritableError as error:
            failed = error
        except LedgerError as error:
            # One record takes the id of another: that is its own fault, not that of those beside it.
            failed = error
            if len(tickets) > 1:
                for ticket in tickets:
                    self._commit_together([ticket])
        finally:
            for ticket in tickets:
                if not ticket.done:
                    ticket.error = failed
                    ticket.done = True

    def _commit(self, rows: list[_Row]) -> list[int]:
        try:
            connection = self._writing()
            _begin(connection)
            growth = self._current(connection).copy()
            before = growth.size
            positions = self._insert(connection, rows, growth)
            if growth.size > before:
                note = sign(self.origin, growth.size, growth.root(), self._key).text()
                connection.execute("INSERT OR REPLACE INTO head VALUES (1, ?)", (note,))
            connection.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            self._forget_writer()
            raise unwritable(error, self.path) from error
        except BaseException:
            self._forget_writer()
            raise
        self._growth = growth
        self._kinds.update(row.kind for row in rows)
        return positions

    def _insert(self, connection: sqlite3.Connection, rows: list[_Row], growth: Growth) -> list[int]:
        there: dict[str, tuple[int, bytes]] = {}
        for at in range(0, len(rows), _LOOKUP):
            ids = [row.id for row in rows[at : at + _LOOKUP]]
            marks = ",".join("?" * len(ids))
            found = connection.execute(f"SELECT id, position, body FROM entries WHERE id IN ({marks})", ids)  # noqa: S608  # marks
            there.update((id_, (position, body)) for id_, position, body in found)
        positions = []
        entries = []
        nodes = []
        patients = []
        for row in rows:
            known = there.get(row.id)
            if known is None:
                known = there[row.id] = (growth.size, row.body)
                entries.append((growth.size, *row[:6]))
                if row.patient is not None:
                    patients.append((growth.size, row.patient))
                nodes += [
                    (node_position(level, index), hash_)
                    for level, index, hash_ in growth.add(leaf_hash(row.body))
                    if level >= LOWEST_KEPT_LEVEL
                ]
            elif known[1] != row.body:
                raise LedgerError(
                    f"another record has the id {row.id}",
                    code="record-id-taken",
                    hint="A record is never changed; a correction is a record of its own.",
                )
            positions.append(known[0])
        connection.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?)", entries)
        connection.executemany("INSERT INTO nodes VALUES (?, ?)", nodes)
        if patients:
            connection.executemany("INSERT INTO patients VALUES (?, ?)", patients)
        kinds = {row.kind: row.kind_name for row in rows if row.kind not in self._kinds}
        connection.executemany("INSERT OR IGNORE INTO kinds VALUES (?, ?)", kinds.items())
        return positions

    def _writing(self) -> sqlite3.Connection:
        if self._process != os.getpid():
            # SQLite forbids to use a connection that another process made; it must not even be closed here.
            self._process, self._writer, self._readers, self._growth = os.getpid(), None, [], None
        if self._writer is None:
            self._writer = connect(self.path)
        return self._writer

    def _forget_writer(self) -> None:
        self._growth = None
        self._kinds.clear()
        if self._writer is not None and self._process == os.getpid():
            with suppress(sqlite3.Error):
                self._writer.close()  # rolls back what is open
        self._writer = None

    def _current(self, connection: sqlite3.Connection) -> Growth:
        """The tree as it stands, from memory unless another process has appended meanwhile."""
        size = size_of(connection)
        if self._growth is None or self._growth.size != size:
            growth = growth_at(size, _Subtrees(connection).hash)
            self._check_head(connection, growth)
            self._growth = growth
        return self._growth

    def _check_head(self, connection: sqlite3.Connection, growth: Growth) -> None:
        """Appending to a tree that was cut or changed would sign the damage."""
        row = connection.execute("SELECT note FROM head").fetchone()
        if row is None and growth.size == 0:
            return
        head = read_checkpoint(row[0]) if row is not None else None
        whole = head is not None and (head.size, head.root) == (growth.size, growth.root())
        if head is None or not whole or not head.is_signed_by(self.verifier):
            raise LedgerUnwritableError(
                f"the ledger {self.path} is not what was last signed: entries were changed or removed",
                code="ledger-tampered",
                hint="Keep the file as evidence, restore the workspace from a backup, and compare both with a witness.",
            )

    # Reading

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection of one's own, in one consistent state of the ledger.

        Raises:
            LedgerError: The ledger cannot be read.
        """
        try:
            if self._process != os.getpid():
                self._writing()
            connection = self._readers.pop() if self._readers else connect(self.path)
        except IndexError:  # another thread took the last one in between
            connection = connect(self.path)
        except (sqlite3.Error, OSError) as error:
            raise unreadable(error, self.path) from error
        try:
            connection.execute("BEGIN")
            yield connection
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            connection.close()
            raise unreadable(error, self.path) from error
        except BaseException:
            connection.close()
            raise
        self._readers.append(connection)

    def size(self) -> int:
        """How many entries there are."""
        with self.reading() as connection:
            return size_of(connection)

    def head(self) -> Checkpoint:
        """The signed checkpoint of the last commit.

        Raises:
            LedgerError: There is no entry yet, or the ledger cannot be read.
        """
        with self.reading() as connection:
            row = connection.execute("SELECT note FROM head").fetchone()
        checkpoint = read_checkpoint(row[0]) if row is not None else None
        if checkpoint is None:
            raise LedgerError(f"nothing is recorded in {self.path} yet", code="ledger-empty")
        return checkpoint

    def root(self, size: int) -> bytes:
        """The root of the first ``size`` entries."""
        with self.reading() as connection:
            return range_root(0, size, _Subtrees(connection).hash)

    def entry(self, position: int) -> Entry | None:
        """The entry at a position, or None."""
        with self.reading() as connection:
            row = connection.execute("SELECT position, body FROM entries WHERE position = ?", (position,)).fetchone()
        return None if row is None else Entry(position=row[0], body=row[1])

    def find(self, record_id: str) -> Entry | None:
        """The entry of a record, or None."""
        with self.reading() as connection:
            row = connection.execute("SELECT position, body FROM entries WHERE id = ?", (record_id,)).fetchone()
        return None if row is None else Entry(position=row[0], body=row[1])

    def entries(self, first: int = 0, end: int | None = None) -> Iterator[Entry]:
        """The entries from ``first`` up to ``end``, in order. What is appended meanwhile may be among them."""
        while end is None or first < end:
            with self.reading() as connection:
                rows = connection.execute(
                    "SELECT position, body FROM entries WHERE position >= ? AND position < ? ORDER BY position LIMIT ?",
                    (first, 1 << 62 if end is None else end, _WALK),
                ).fetchall()
            if not rows:
                return
            yield from (Entry(position=position, body=body) for position, body in rows)
            first = rows[-1][0] + 1

    def inclusion(self, position: int, size: int) -> list[bytes]:
        """The proof that an entry stands in the tree of ``size`` entries. Raises ValueError where it does not."""
        with self.reading() as connection:
            return inclusion_proof(position, size, _Subtrees(connection).hash)

    def consistency(self, old: int, size: int) -> list[bytes]:
        """The proof that the tree of ``size`` only added to that of ``old``. Raises ValueError for impossible sizes."""
        with self.reading() as connection:
            return consistency_proof(old, size, _Subtrees(connection).hash)

    # Checkpoints

    def checkpoint(self, now_ns: int | None = None) -> Checkpoint:
        """Keeps the checkpoint of the last commit, so that it can be shown to others later on.

        Raises:
            LedgerError: There is no entry yet, or the ledger cannot be read or written.
        """
        head = self.head()
        self.keep(head, time.time_ns() if now_ns is None else now_ns)
        return head

    def keep(self, checkpoint: Checkpoint, now_ns: int) -> None:
        """Keeps a checkpoint of this log, in place of one of the same size: with more signatures, it is worth more."""
        with self._write_lock:
            try:
                self._writing().execute(
                    "INSERT INTO checkpoints VALUES (?, ?, ?) ON CONFLICT (size) DO UPDATE SET note = excluded.note "
                    "WHERE length(excluded.note) > length(note)",
                    (checkpoint.size, checkpoint.text(), now_ns),
                )
            except (sqlite3.Error, OSError) as error:
                self._forget_writer()
                raise unwritable(error, self.path) from error

    def checkpoints(self, limit: int = 100) -> list[tuple[Checkpoint, int]]:
        """The checkpoints that were kept and when (nanoseconds), the latest first."""
        with self.reading() as connection:
            rows = connection.execute(
                "SELECT note, time_ns FROM checkpoints ORDER BY size DESC LIMIT ?", (limit,)
            ).fetchall()
        read = [(read_checkpoint(note), time_ns) for note, time_ns in rows]
        return [(checkpoint, time_ns) for checkpoint, time_ns in read if checkpoint is not None]

    def kept(self, size: int) -> Checkpoint | None:
        """The kept checkpoint of a size, or None."""
        with self.reading() as connection:
            row = connection.execute("SELECT note FROM checkpoints WHERE size = ?", (size,)).fetchone()
        return None if row is None else read_checkpoint(row[0])

    def kinds(self) -> list[str]:
        """All kinds of records that were ever recorded, in the alphabet's order."""
        with self.reading() as connection:
            return [kind for (kind,) in connection.execute("SELECT kind FROM kinds ORDER BY kind")]


class _Subtrees:
    """The hashes of complete subtrees, as one connection sees them."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def hash(self, level: int, index: int) -> bytes:
        if level >= LOWEST_KEPT_LEVEL:
            row = self._connection.execute(
                "SELECT hash FROM nodes WHERE position = ?", (node_position(level, index),)
            ).fetchone()
            # A node that is missing makes every root and proof over it wrong, which is what the checks look for.
            return bytes(row[0]) if row is not None else b""
        growth = Growth()
        first = index << level
        for (body,) in self._connection.execute(
            "SELECT body FROM entries WHERE position >= ? AND position < ? ORDER BY position",
            (first, first + (1 << level)),
        ):
            growth.add(leaf_hash(body))
        return growth.root()


def size_of(connection: sqlite3.Connection) -> int:
    """How many entries there are, as this connection sees it."""
    (last,) = connection.execute("SELECT max(position) FROM entries").fetchone()
    return 0 if last is None else int(last) + 1


def _row(record: Record) -> _Row:
    return _Row(
        record.id,
        record.time_ns,
        text_key(record.actor),
        text_key(record.subject),
        text_key(record.kind),
        record_bytes(record),
        record.kind,
        text_key(record.patient) if record.patient else None,
    )
