"""The ledger's SQLite file: its tables, how a connection to it is opened, and where the nodes of the tree stand.

``entries`` is the log. ``nodes`` are the hashes of complete subtrees of 16 leaves and more; smaller ones are hashed
from the entries when they are asked for. Indexes are cut into stretches of 16,384 entries (``position >> 14``): then an
append touches the few pages of the last stretch and costs the same at ten million entries as at ten; a search asks one
stretch after the other. ``patients`` are the entries that name a patient's pseudonym, which are few. ``head`` is the
signed checkpoint of the last commit, ``checkpoints`` are those that were kept. The columns beside ``body`` are for
searching; the check of the ledger compares them with it.
"""

from __future__ import annotations

import sqlite3
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from asepsis.ledger.errors import LedgerError
from asepsis.ledger.record import read_record

# 1 had no table of the entries that name a patient.
FORMAT_VERSION: Final = 2
FILE_NAME: Final = "ledger.sqlite"
# An answer waits for its record; a person waits for the answer.
BUSY_TIMEOUT_SECONDS: Final = 5.0
# Entries of one stretch of the indexes, as a power of two; it stands in the tables as well.
STRETCH_BITS: Final = 14
# Nodes below this level are hashed anew from at most 16 entries: one row for 16 entries instead of sixteen.
LOWEST_KEPT_LEVEL: Final = 4
# How the canonical bytes of a record spell that it names no patient, with the key that follows.
_NOBODY: Final = '"patient":"","policies":['
# The write-ahead log is moved into the file at 16 MiB: each move costs two forced writes.
_AUTOCHECKPOINT_PAGES: Final = 4096
# Holds the last stretch of the indexes.
_CACHE_KIB: Final = 8 * 1024
# As many texts of actors and subjects as a busy hospital has in a day.
_REMEMBERED_KEYS: Final = 65_536

_PATIENTS: Final = """
CREATE TABLE patients (position INTEGER PRIMARY KEY, patient INTEGER NOT NULL);
CREATE INDEX patients_by_patient ON patients (patient, position);
"""
_TABLES: Final = (
    """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE entries (
    position INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    time_ns INTEGER NOT NULL,
    actor INTEGER NOT NULL,
    subject INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    body BLOB NOT NULL
);
CREATE INDEX entries_by_time ON entries (position >> 14, time_ns);
CREATE INDEX entries_by_actor ON entries (position >> 14, actor, time_ns, kind, subject);
CREATE INDEX entries_by_subject ON entries (position >> 14, subject, time_ns, kind, actor);
CREATE INDEX entries_by_kind ON entries (position >> 14, kind, time_ns);
CREATE TABLE kinds (key INTEGER PRIMARY KEY, kind TEXT NOT NULL);
CREATE TABLE nodes (position INTEGER PRIMARY KEY, hash BLOB NOT NULL);
CREATE TABLE head (one INTEGER PRIMARY KEY CHECK (one = 1), note TEXT NOT NULL);
CREATE TABLE checkpoints (size INTEGER PRIMARY KEY, note TEXT NOT NULL, time_ns INTEGER NOT NULL);
CREATE TRIGGER entries_are_not_changed BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'entries stay'); END;
CREATE TRIGGER entries_are_not_removed BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'entries stay'); END;
"""
    + _PATIENTS
)


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """A connection in autocommit; forced to the disk at every commit. Raises sqlite3.Error."""
    address = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}"
    connection = sqlite3.connect(
        address, uri=True, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        if not read_only:
            connection.execute("PRAGMA journal_mode = WAL")
            # FULL: the write-ahead log is forced to the disk before COMMIT returns (sqlite.org/pragma.html).
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(f"PRAGMA wal_autocheckpoint = {_AUTOCHECKPOINT_PAGES}")
            connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    except BaseException:
        connection.close()
        raise
    return connection


def prepare(connection: sqlite3.Connection, path: Path, origin: str) -> str:
    """Makes the tables where there are none.

    Returns:
        The origin of the log: ``origin`` for a new one, else what it was made with.

    Raises:
        LedgerError: The file is of a newer format.
        sqlite3.Error: It is no database, or cannot be written.
    """
    if _version(connection) == 0:
        connection.execute("BEGIN IMMEDIATE")
        # Another process may have made them while this one waited.
        if _version(connection) == 0:
            for statement in _statements(_TABLES):
                connection.execute(statement)
            connection.execute("INSERT INTO meta VALUES ('origin', ?)", (origin,))
            connection.execute(f"PRAGMA user_version = {FORMAT_VERSION}")
        connection.execute("COMMIT")
    if _version(connection) == 1:
        connection.execute("BEGIN IMMEDIATE")
        if _version(connection) == 1:
            _add_patients(connection)
            connection.execute(f"PRAGMA user_version = {FORMAT_VERSION}")
        connection.execute("COMMIT")
    if _version(connection) > FORMAT_VERSION:
        raise LedgerError(
            f"the ledger {path} is of format {_version(connection)}, and this program knows up to {FORMAT_VERSION}",
            code="ledger-newer",
            hint="Use the version of asepsis that wrote it, or a newer one.",
        )
    return str(connection.execute("SELECT value FROM meta WHERE name = 'origin'").fetchone()[0])


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _add_patients(connection: sqlite3.Connection) -> None:
    """Makes the table that a ledger of format 1 lacks; the database passes over the entries that name nobody."""
    for statement in _statements(_PATIENTS):
        connection.execute(statement)
    named = connection.execute("SELECT position, body FROM entries WHERE instr(CAST(body AS TEXT), ?) = 0", (_NOBODY,))
    for position, body in named:
        record = read_record(body)
        if record is not None and record.patient:
            connection.execute("INSERT INTO patients VALUES (?, ?)", (position, text_key(record.patient)))


def _statements(tables: str) -> list[str]:
    # Not executescript, which would commit the transaction that they are part of.
    statements: list[str] = []
    statement = ""
    for line in tables.strip().splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            statements.append(statement)
            statement = ""
    return statements


def node_position(level: int, index: int) -> int:
    """Where a kept node stands: nodes are numbered in the order in which they become complete, so that they append."""
    last = ((index + 1) << (level - LOWEST_KEPT_LEVEL)) - 1
    return 2 * last - last.bit_count() + level - LOWEST_KEPT_LEVEL


@lru_cache(maxsize=_REMEMBERED_KEYS)
def text_key(text: str) -> int:
    """A number for a text in an index: the beginning of its digest. What is found by it is compared with the text."""
    return int.from_bytes(sha256(text.encode("utf-8", "replace")).digest()[:8], "big", signed=True)
