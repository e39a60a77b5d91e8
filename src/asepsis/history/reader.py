"""Reading the history: a snapshot of the manifest, DuckDB over its files, and answers in bounded pieces."""

from __future__ import annotations

import atexit
import re
import threading
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final

from asepsis.history.errors import NOT_ALLOWED, history_error, unreadable
from asepsis.history.intervals import AddressInterval, interval_table
from asepsis.history.listing import Listing
from asepsis.history.locks import FileLock
from asepsis.history.manifest import Manifest, StoredFile
from asepsis.history.queries import CATALOGUE, Selection, bind
from asepsis.history.schema import arrow_schema

if TYPE_CHECKING:
    import duckdb

READERS_LOCK: Final = "readers.lock"

# DuckDB sorts and joins beyond this on the disk, beside the history and never in the current folder.
QUERY_MEMORY: Final = "1GB"
SPILL_NAME: Final = "spill"

EVERYTHING: Final = Selection()


class Reader:
    """The history as it was when this was opened: later commits do not show, and compaction removes no file of it.

    Several threads may ask one reader; each answer has its own cursor.
    """

    def __init__(self, root: Path, addresses: Iterable[AddressInterval] = ()) -> None:
        self._root = root
        self._cursors: list[duckdb.DuckDBPyConnection] = []
        self._lock = _keep_files(root)  # before the snapshot: what it names cannot go any more
        try:
            state = Manifest(root).state()
            self._files: list[StoredFile] = list(state.files.values())
            self.number = state.number
            """The commit that this snapshot ends with."""
            self._addresses = interval_table(addresses)
        except BaseException:
            self.close()
            raise

    def ask(self, name: str, selection: Selection = EVERYTHING) -> Listing:
        """Asks one question of the catalogue.

        Args:
            name: A key of ``asepsis.history.queries.CATALOGUE``.
            selection: What narrows it.

        Returns:
            The answer, read piece by piece while it is used; valid until the reader is closed.

        Raises:
            KeyError: There is no such question.
            ValueError: It cannot be narrowed that way.
            HistoryError: A file of the history cannot be read.
        """
        import duckdb

        query = CATALOGUE[name]
        sql, parameters = bind(query, selection)
        cursor = self._cursor()
        try:
            self._show(cursor, query.table, selection)
            return Listing(self._root, cursor, cursor.sql(sql, params=parameters))
        except duckdb.Error as error:
            raise unreadable(error, self._root) from error

    def conversations(self, selection: Selection = EVERYTHING) -> Listing:
        """Conversations in time, with the columns of the contract (``schema.CONTRACT_COLUMNS``)."""
        return self.ask("conversations", selection)

    def messages(self, selection: Selection = EVERYTHING) -> Listing:
        """Messages in time, with the stored columns and the devices at both ends."""
        return self.ask("messages", selection)

    def close(self) -> None:
        """Lets compaction have the files again."""
        while self._cursors:
            self._cursors.pop().close()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def __enter__(self) -> Reader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        cursor = _database(self._root)
        self._cursors.append(cursor)
        return cursor

    def _show(self, cursor: duckdb.DuckDBPyConnection, table: str, selection: Selection) -> None:
        """Gives a cursor the two tables that a question names; only files that can hold an answer are opened."""
        begin, end = selection.from_ns(), selection.until_ns()
        paths = [
            self._root / file.path
            for file in self._files
            if file.table == table
            and file.last_ns >= begin
            and (file.first_ns < end or selection.last_day is None)
            and selection.site in (None, file.site)
        ]
        cursor.register("addresses", self._addresses)
        if paths:
            names = ", ".join(_literal(path) for path in paths)
            cursor.execute(
                f"CREATE OR REPLACE TEMP VIEW {table} AS "  # noqa: S608  # our table names, our quoted paths
                f"SELECT * FROM read_parquet([{names}], hive_partitioning = false)"
            )
        else:
            cursor.register(table, arrow_schema(table).empty_table())


_making: Final = threading.Lock()
_made: dict[Path, duckdb.DuckDBPyConnection] = {}
_more: dict[str, str | int] = {}
atexit.register(_made.clear)  # DuckDB complains of what is left when Python itself is gone


def share_processors() -> None:
    """Lets each question of this process take one processor: who answers many at once loses by splitting one.

    For histories that were not asked yet.
    """
    _more["threads"] = 1


def _database(root: Path) -> duckdb.DuckDBPyConnection:
    """A cursor of the one DuckDB of this process for a history, which holds no data of its own.

    To start and end one costs as much as a question about a day.
    """
    import duckdb

    with _making:
        if root not in _made:
            # Another history's goes with the last answer that is still read from it.
            _made.clear()
            _made[root] = duckdb.connect(
                config={
                    # Nothing is fetched from the network, whatever a query names.
                    "autoinstall_known_extensions": "false",
                    "autoload_known_extensions": "false",
                    "memory_limit": QUERY_MEMORY,
                    "temp_directory": str(root / SPILL_NAME),
                    **_more,
                }
            )
            # Files are never changed, only added and removed; their footers need not be read at each question.
            _made[root].execute("SET GLOBAL parquet_metadata_cache = true")
        return _made[root].cursor()


def _literal(path: Path) -> str:
    """A path as text of SQL that DuckDB neither ends early nor expands as a pattern."""
    return "'" + re.sub(r"([*?\[])", r"[\1]", str(path)).replace("'", "''") + "'"


def _keep_files(root: Path) -> FileLock | None:
    """A shared lock that keeps compaction from deleting files; None where there is no history to protect."""
    if not root.is_dir():
        return None
    try:
        lock = FileLock(root / READERS_LOCK, shared=True)
    except OSError as error:
        if error.errno in NOT_ALLOWED:
            return None  # read-only medium or account: nobody here deletes files, elsewhere the grace period must do
        raise history_error(error, root) from error
    lock.wait()
    return lock
