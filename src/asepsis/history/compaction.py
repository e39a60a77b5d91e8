"""Merges the small files of a day into one, without taking a file from under a reader.

Merged files stay on the disk, retired, until no reader can be using them: readers on this machine hold a
shared lock, and for readers elsewhere a grace period must have passed.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any, Final

from asepsis.history.errors import HistoryError, history_error
from asepsis.history.layout import partition_folder
from asepsis.history.locks import FileLock
from asepsis.history.manifest import REWRITE_MIN_LINES, Commit, Manifest, StoredFile
from asepsis.history.reader import READERS_LOCK
from asepsis.history.schema import COLUMNS, NAME, ROW_GROUP_ROWS, arrow_schema, parquet_options
from asepsis.history.staging import Staging
from asepsis.kernel.time import SECOND_NS
from asepsis.kernel.value import value

COMPACTION_LOCK: Final = "compaction.lock"

# A query opens every file that may hold an answer, about 0.3 ms each; below this number merging is not worth a rewrite.
MIN_FILES: Final = 8
# A file of this size is read at full speed already.
LARGE_BYTES: Final = 64 << 20


@value
class Compaction:
    """What was done."""

    merged: int
    """Files that were merged into others."""
    written: int
    """Files that they became."""
    deleted: int
    """Retired files that left the disk."""


def compact(root: Path, *, now_ns: int, grace_seconds: float) -> Compaction:
    """Merges small files and deletes retired ones. Does nothing while another process compacts.

    Raises:
        HistoryError: There is no room, or the history cannot be written.
    """
    if not root.is_dir():
        return Compaction(merged=0, written=0, deleted=0)
    try:
        lock = FileLock(root / COMPACTION_LOCK)
        try:
            if not lock.try_lock():
                return Compaction(merged=0, written=0, deleted=0)
            manifest = Manifest(root)
            groups = _small_files(list(manifest.state().files.values()))
            for group in groups:
                _merge(manifest, group, now_ns)
            deleted = _delete_retired(manifest, now_ns, grace_seconds)
            with manifest.locked() as state:
                if state.lines > REWRITE_MIN_LINES and state.lines > 4 * len(state.files):
                    manifest.rewrite(now_ns)
            return Compaction(merged=sum(map(len, groups)), written=len(groups), deleted=deleted)
        finally:
            lock.close()
    except OSError as error:
        raise history_error(error, root) from error


def _small_files(files: list[StoredFile]) -> list[list[StoredFile]]:
    """Groups of files that are worth becoming one each."""
    partitions: dict[tuple[str, str, str], list[StoredFile]] = defaultdict(list)
    for file in files:
        if file.size_bytes < LARGE_BYTES:
            partitions[file.table, file.site, file.day].append(file)
    groups = [_worth_merging(members) for members in partitions.values()]
    return [group for group in groups if len(group) >= MIN_FILES]


def _worth_merging(members: list[StoredFile]) -> list[StoredFile]:
    """Those of a partition that are merged, in time.

    A file that is larger than all smaller ones together is left alone: it would be copied for little. So a row is
    copied a few times in all, however often the small files of a busy day are merged.
    """
    rest = sum(file.size_bytes for file in members)
    members = sorted(members, key=lambda file: file.size_bytes)
    while members and members[-1].size_bytes > rest - members[-1].size_bytes:
        rest -= members.pop().size_bytes
    group: list[StoredFile] = []
    size_bytes = 0
    for file in members:
        if size_bytes + file.size_bytes > 4 * LARGE_BYTES:
            break  # the next time
        group.append(file)
        size_bytes += file.size_bytes
    return sorted(group, key=lambda file: (file.first_ns, file.path))


def _one(batches: list[Any], schema: Any) -> Any:
    """Batches of several files as one table, so that they make one row group."""
    import pyarrow as pa

    return pa.Table.from_batches(batches).unify_dictionaries().cast(schema).combine_chunks()


def _merge(manifest: Manifest, group: list[StoredFile], now_ns: int) -> None:
    import pyarrow.parquet as pq

    first = group[0]
    schema = arrow_schema(first.table)
    names = [column for column, kind in COLUMNS[first.table].items() if kind == NAME]
    staging = Staging(manifest)
    try:
        path = staging.folder / "merged.parquet"
        with pq.ParquetWriter(path, schema, **parquet_options(first.table)) as writer:
            pending: list[Any] = []
            rows = 0
            for file in group:
                with pq.ParquetFile(manifest.root / file.path, read_dictionary=names) as source:
                    for batch in source.iter_batches(batch_size=ROW_GROUP_ROWS, columns=schema.names):
                        pending.append(batch)
                        rows += batch.num_rows
                        if rows >= ROW_GROUP_ROWS:
                            writer.write_table(_one(pending, schema))
                            pending, rows = [], 0
            if pending:
                writer.write_table(_one(pending, schema))
        merged = StoredFile(
            path=f"{partition_folder(first.table, first.site, first.day)}/{staging.name}.parquet",
            table=first.table,
            site=first.site,
            day=first.day,
            rows=sum(file.rows for file in group),
            size_bytes=path.stat().st_size,
            first_ns=min(file.first_ns for file in group),
            last_ns=max(file.last_ns for file in group),
        )
        with manifest.locked() as state:
            if any(file.path not in state.files for file in group):
                raise HistoryError(
                    f"the history in {manifest.root} changed while it was compacted",
                    code="history-changed",
                    hint="Run it again.",
                )
            commit = Commit(add=[merged], retire=[file.path for file in group])
            staging.publish({path: merged.path}, commit, now_ns)
    except BaseException:
        staging.discard()
        raise


def _delete_retired(manifest: Manifest, now_ns: int, grace_seconds: float) -> int:
    readers = FileLock(manifest.root / READERS_LOCK)
    try:
        if not readers.try_lock():
            return 0  # somebody reads; the files wait for the next time
        with manifest.locked() as state:
            old = [
                path for path, retired_ns in state.retired.items() if now_ns - retired_ns >= grace_seconds * SECOND_NS
            ]
            for path in old:
                (manifest.root / path).unlink(missing_ok=True)
            if old:
                manifest.append(Commit(gone=old), now_ns)
        return len(old)
    finally:
        readers.close()
