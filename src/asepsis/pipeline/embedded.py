"""Stores of a workspace that are one SQLite file each."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

# How long one process waits for another's transaction: folding a large site takes seconds.
BUSY_TIMEOUT_SECONDS: Final = 60.0


def connect(path: Path) -> sqlite3.Connection:
    """Opens the file, or makes it: readers beside one writer, and what was committed outlives a loss of power.

    Raises:
        sqlite3.Error: It cannot be opened, or is no such file.
    """
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
    except BaseException:
        connection.close()
        raise
    return connection


class Store:
    """An open file; a context manager."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    def close(self) -> None:
        """Closes the file; the last one to close it tidies the write-ahead log."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _failed(self, error: sqlite3.Error) -> Exception:
        """What whoever uses the store is told in place of the library's error."""
        return error

    def _select(self, statement: str, *arguments: Any) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(statement, arguments).fetchall()
        except sqlite3.Error as error:
            raise self._failed(error) from error

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Cursor]:
        """One change, whole or not at all."""
        try:
            cursor = self._connection.cursor()
            cursor.execute("BEGIN IMMEDIATE")
            try:
                yield cursor
            except BaseException:
                cursor.execute("ROLLBACK")
                raise
            cursor.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._failed(error) from error
