"""Columns that are grouped by some of them: the least of SQL that watching conversations needs, in numpy.

A table is a dict of arrays of one length. Grouping sorts by a 64-bit mixture of the key columns and then compares the
true columns, so that a collision of mixtures splits a group in two at worst; it never joins two.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Table = dict[str, Array]

# Odd numbers with well-spread bits (the golden ratio; a prime of a common mixer).
_M1, _M2 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
_SHIFT1, _SHIFT2 = np.uint64(29), np.uint64(32)


def mix(columns: Sequence[Array]) -> Array:
    """One 64-bit number for each row."""
    mixed: Array = np.zeros(len(columns[0]), np.uint64)
    for column in columns:
        mixed ^= column.astype(np.uint64, copy=False)
        mixed *= _M1
        mixed ^= mixed >> _SHIFT1
    mixed *= _M2
    mixed ^= mixed >> _SHIFT2
    return mixed


def starts_of_runs(columns: Sequence[Array]) -> Array:
    """Where a run of equal rows begins."""
    new = np.ones(len(columns[0]), bool)
    changed = new[1:]
    changed[:] = columns[0][1:] != columns[0][:-1]
    for column in columns[1:]:
        changed |= column[1:] != column[:-1]
    return np.flatnonzero(new)


def group(
    table: Table, keys: Sequence[str], *, least: Sequence[str], most: Sequence[str], total: Sequence[str]
) -> Table:
    """One row for each group of equal ``keys``, with the least, the most or the total of the other columns."""
    columns = [table[key] for key in keys]
    if not len(columns[0]):
        return table
    order = np.argsort(mix(columns))
    columns = [column[order] for column in columns]
    starts = starts_of_runs(columns)
    joined = {key: column[starts] for key, column in zip(keys, columns, strict=True)}
    return joined | _reduced(table, order, starts, least, most, total)


def join_runs(
    table: Table, keys: Sequence[str], *, least: Sequence[str], most: Sequence[str], total: Sequence[str]
) -> Table:
    """As ``group`` for a table in its own order: only rows that stand side by side are joined."""
    columns = [table[key] for key in keys]
    starts = starts_of_runs(columns)
    if len(starts) == len(columns[0]):
        return table
    joined = {key: column[starts] for key, column in zip(keys, columns, strict=True)}
    return joined | _reduced(table, None, starts, least, most, total)


def _reduced(
    table: Table, order: Array | None, starts: Array, least: Sequence[str], most: Sequence[str], total: Sequence[str]
) -> Table:
    joined: Table = {}
    for names, reduce in ((least, np.minimum), (most, np.maximum), (total, np.add)):
        for name in names:
            column = table[name] if order is None else table[name][order]
            joined[name] = reduce.reduceat(column, starts)
    return joined


def stacked(tables: Sequence[Table]) -> Table:
    """Tables one below the other."""
    if len(tables) == 1:
        return tables[0]
    return {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}


def rows_where(table: Table, chosen: Array) -> Table:
    """The chosen rows: a mask or places."""
    return {name: column[chosen] for name, column in table.items()}


def length(table: Table) -> int:
    """How many rows."""
    return len(next(iter(table.values())))
