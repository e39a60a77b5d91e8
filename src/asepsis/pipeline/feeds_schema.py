"""The tables of the store of feeds, and how a store of an earlier format becomes one of this.

``tallies`` and ``changed`` are kept so that a page asks for what it shows and reads no document for it.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from asepsis.exposure.feeds.edition import moment

FORMAT_VERSION: Final = 3
RANKS: Final = ("affected", "cannot tell", "not affected", "")
"""What an answer is now, in the order in which changes are told: what can hurt comes first."""

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS documents (
    key TEXT PRIMARY KEY, kind TEXT NOT NULL, updated TEXT NOT NULL, revision TEXT NOT NULL, path TEXT NOT NULL,
    sha256 TEXT NOT NULL, loaded_ns INTEGER NOT NULL, problems TEXT NOT NULL, content BLOB NOT NULL,
    signature TEXT NOT NULL DEFAULT '', source TEXT NOT NULL DEFAULT 'folder'
) STRICT;
CREATE INDEX IF NOT EXISTS documents_by_kind ON documents (kind, key);
CREATE INDEX IF NOT EXISTS documents_tallied ON documents (source, kind, updated, signature, loaded_ns);
CREATE INDEX IF NOT EXISTS documents_with_problems ON documents (source, kind, key) WHERE problems <> '[]';
CREATE TABLE IF NOT EXISTS tallies (
    source TEXT NOT NULL, kind TEXT NOT NULL, documents INTEGER NOT NULL, newest TEXT NOT NULL,
    loaded_ns INTEGER NOT NULL, signatures TEXT NOT NULL, PRIMARY KEY (source, kind)
) STRICT;
CREATE TABLE IF NOT EXISTS updates (number INTEGER PRIMARY KEY, at_ns INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS changed (
    number INTEGER PRIMARY KEY, device TEXT NOT NULL, advisory TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL,
    rank INTEGER NOT NULL, vulnerabilities TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS changed_by_device ON changed (device, rank);
CREATE INDEX IF NOT EXISTS changed_by_rank ON changed (rank, number, device);
CREATE TABLE IF NOT EXISTS sources (name TEXT PRIMARY KEY, document TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS listed (
    source TEXT NOT NULL, url TEXT NOT NULL, updated TEXT NOT NULL, PRIMARY KEY (source, url)
) STRICT;
"""
# What the first format had not.
_SECOND_FORMAT: Final = (
    "ALTER TABLE documents ADD COLUMN signature TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE documents ADD COLUMN source TEXT NOT NULL DEFAULT 'folder'",
)


def form(connection: sqlite3.Connection) -> int:
    """Makes the tables, or brings those of an earlier format to this one.

    A store of this format is left alone: readers do not wait for the transaction of an update.

    Returns:
        The format that the store has: another than ``FORMAT_VERSION`` is not known here.
    """
    held = _format(connection)
    if held == FORMAT_VERSION or held not in range(FORMAT_VERSION):
        return held
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have been faster.
        held = _format(connection)
        if held == 1:
            for statement in _SECOND_FORMAT:
                connection.execute(statement)
        for statement in _TABLES.split(";"):
            connection.execute(statement)
        if held in (1, 2):
            _third_format(connection.cursor())
        connection.execute(f"PRAGMA user_version = {FORMAT_VERSION}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    return FORMAT_VERSION


def _format(connection: sqlite3.Connection) -> int:
    (held,) = connection.execute("PRAGMA user_version").fetchone()
    return int(held)


def _third_format(cursor: sqlite3.Cursor) -> None:
    tally(cursor, cursor.execute("SELECT DISTINCT source, kind FROM documents").fetchall())
    last = cursor.execute("SELECT at_ns, document FROM changes ORDER BY number DESC LIMIT 1").fetchone()
    if last is not None:
        write_changes(cursor, last[0], json.loads(last[1]))
    cursor.execute("DROP TABLE changes")


def tally(cursor: sqlite3.Cursor, kinds: Iterable[tuple[str, str]]) -> None:
    """Counts the documents of some (source, kind) anew; what is asked stands in an index, without any document."""
    for source, kind in kinds:
        count, loaded_ns, newest = 0, 0, None
        signatures: Counter[str] = Counter()
        for updated, signature, documents, latest_ns in cursor.execute(
            "SELECT updated, signature, count(*), max(loaded_ns) FROM documents WHERE source = ? AND kind = ?"
            " GROUP BY updated, signature",
            (source, kind),
        ):
            count += documents
            loaded_ns = max(loaded_ns, latest_ns)
            if signature:
                signatures[signature] += documents
            named = moment(updated)
            newest = named if newest is None or (named is not None and named > newest) else newest
        cursor.execute("DELETE FROM tallies WHERE source = ? AND kind = ?", (source, kind))
        if count:
            told = ("" if newest is None else newest.astimezone(UTC).isoformat(), loaded_ns)
            row = (source, kind, count, *told, json.dumps(dict(sorted(signatures.items()))))
            cursor.execute("INSERT INTO tallies VALUES (?, ?, ?, ?, ?, ?)", row)


def newest_of(text: str) -> datetime | None:
    """The date of a tally."""
    return datetime.fromisoformat(text) if text else None


def write_changes(cursor: sqlite3.Cursor, at_ns: int, changes: Iterable[dict[str, Any]]) -> None:
    """Keeps what an update changed in place of what an earlier one did."""
    cursor.execute("DELETE FROM changed")
    cursor.executemany(
        "INSERT INTO changed (device, advisory, before, after, rank, vulnerabilities) VALUES (?, ?, ?, ?, ?, ?)",
        (
            (
                *(one["device"], one["advisory"], one["before"] or "", one["after"] or ""),
                *(RANKS.index(one["after"] or ""), json.dumps(one["vulnerabilities"])),
            )
            for one in changes
        ),
    )
    cursor.execute("INSERT INTO updates (at_ns) VALUES (?)", (at_ns,))
