"""An answer of the history, read piece by piece: as rows, or written as CSV, JSON or Parquet."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

from asepsis.history.errors import history_error, unreadable

if TYPE_CHECKING:
    import duckdb

# Rows that are in memory at once while an answer is read.
BATCH_ROWS: Final = 1 << 14


class Listing:
    """Can be read once, from front to back."""

    def __init__(self, root: Path, cursor: duckdb.DuckDBPyConnection, relation: duckdb.DuckDBPyRelation) -> None:
        self._root = root
        self._cursor = cursor
        self._relation = relation
        self.columns: tuple[str, ...] = tuple(relation.columns)

    def batches(self) -> Iterator[Any]:
        """Arrow record batches.

        Raises:
            HistoryError: A file of the history cannot be read.
        """
        import duckdb
        import pyarrow as pa

        try:
            yield from self._relation.to_arrow_reader(BATCH_ROWS)
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            # DuckDB's errors come through Arrow's stream as its own kind once rows are flowing.
            raise unreadable(error, self._root) from error
        finally:
            self._cursor.close()

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Rows as tuples in the order of ``columns``; unknown is None."""
        for batch in self.batches():
            yield from zip(*map(_members, batch.columns), strict=True)

    def documents(self) -> Iterator[dict[str, Any]]:
        """Rows as dictionaries from column to value."""
        for row in self.rows():
            yield dict(zip(self.columns, row, strict=True))

    def write_csv(self, stream: TextIO) -> int:
        """Writes a header and one line a row (RFC 4180, but with plain line feeds); unknown is empty.

        Returns:
            The number of rows.
        """
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(self.columns)
        count = 0
        for batch in self.batches():
            writer.writerows(zip(*map(_members, batch.columns), strict=True))
            count += batch.num_rows
        return count

    def write_json(self, stream: TextIO) -> int:
        """Writes one array of objects, one a line; unknown is null.

        Returns:
            The number of rows.
        """
        # One template and the texts of a batch are three times as fast as an encoder for each row.
        template = "{" + ", ".join(f"{json.dumps(name)}: %s" for name in self.columns) + "}"
        count = 0
        stream.write("[")
        for batch in self.batches():
            lines = [template % row for row in zip(*map(_json_members, batch.columns), strict=True)]
            stream.write((",\n" if count else "\n") + ",\n".join(lines))
            count += batch.num_rows
        stream.write("\n]\n")
        return count

    def write_parquet(self, path: Path) -> int:
        """Writes one Parquet file; it appears under its name only when it is whole.

        Returns:
            The number of rows.

        Raises:
            HistoryError: The file cannot be written.
        """
        import pyarrow.parquet as pq

        temporary = path.with_name(path.name + ".part")
        types = self._relation.limit(0).to_arrow_table().schema
        count = 0
        try:
            with pq.ParquetWriter(temporary, types, compression="zstd", store_schema=False) as writer:
                for batch in self.batches():
                    writer.write_batch(batch)
                    count += batch.num_rows
            temporary.replace(path)
        except OSError as error:
            raise history_error(error, path.parent) from error
        finally:
            temporary.unlink(missing_ok=True)  # only there if it did not become the file itself
        return count


def _members(column: Any) -> list[Any]:
    """An Arrow column as Python objects; through NumPy and through its different texts, which is much faster."""
    import pyarrow as pa

    members: list[Any]
    if pa.types.is_string(column.type):
        members = _texts(column, lambda text: text)
    elif column.null_count == 0 and pa.types.is_integer(column.type):
        members = column.to_numpy().tolist()
    else:
        members = column.to_pylist()
    return members


def _json_members(column: Any) -> list[Any]:
    """An Arrow column as pieces of JSON that ``%s`` prints."""
    import pyarrow as pa

    if pa.types.is_string(column.type):
        return _texts(column, lambda text: json.dumps(text, ensure_ascii=False))
    members = _members(column)
    return ["null" if member is None else member for member in members] if column.null_count else members


def _texts(column: Any, shown: Callable[[str | None], Any]) -> list[Any]:
    encoded = column.dictionary_encode()
    words = [shown(word) for word in [*encoded.dictionary.to_pylist(), None]]
    places = encoded.indices.fill_null(len(words) - 1) if column.null_count else encoded.indices
    return [words[place] for place in places.to_numpy().tolist()]
