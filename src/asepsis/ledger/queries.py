"""Questions that pages ask of the ledger: by time, person, subject and kind, a page at a time, the newest first.

The order is that of the ledger. Each stretch of it is asked by an index of its own, the last one first, until the page
is full: a page of 50 out of a million entries costs a millisecond or two.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from asepsis.kernel.value import value
from asepsis.ledger.schema import STRETCH_BITS, text_key
from asepsis.ledger.store import Entry, Ledger, size_of

PAGE_LIMIT: Final = 1000


@value
class Query:
    """What is asked for; what is None is not asked for."""

    actor: str | None = None
    subject: str | None = None
    kind: str | None = None
    since_ns: int | None = None
    before_ns: int | None = None


@value
class Page:
    """A part of the answer, the newest first."""

    entries: tuple[Entry, ...]
    next: int | None
    """The position that the next page ends before; None where this is the last page."""


def ask(ledger: Ledger, query: Query, *, before: int | None = None, limit: int = 50) -> Page:
    """One page of the entries that ``query`` asks for.

    Args:
        ledger: The ledger.
        query: What is asked for.
        before: Only entries before this position: ``next`` of the page before.
        limit: At most so many entries.

    Raises:
        LedgerError: The ledger cannot be read.
    """
    limit = max(1, min(limit, PAGE_LIMIT))
    with ledger.reading() as connection:
        size = size_of(connection)
        end = size if before is None else max(0, min(before, size))
        positions = _positions(connection, query, end, limit + 1)
        marks = ",".join("?" * len(positions[:limit]))
        rows = connection.execute(
            f"SELECT position, body FROM entries WHERE position IN ({marks}) ORDER BY position DESC",  # noqa: S608  # marks
            positions[:limit],
        ).fetchall()
    entries = tuple(Entry(position=position, body=body) for position, body in rows)
    return Page(entries=entries, next=positions[limit - 1] if len(positions) > limit else None)


def ask_of_patient(ledger: Ledger, patient: str, *, before: int | None = None, limit: int = 50) -> Page:
    """One page of the entries that name a patient.

    Args:
        ledger: The ledger.
        patient: The pseudonym, as records bear it.
        before: As for ``ask``.
        limit: As for ``ask``.

    Raises:
        LedgerError: The ledger cannot be read.
    """
    limit = max(1, min(limit, PAGE_LIMIT))
    with ledger.reading() as connection:
        rows = connection.execute(
            "SELECT position, body FROM patients JOIN entries USING (position) "
            "WHERE patient = ? AND position < ? ORDER BY position DESC LIMIT ?",
            (text_key(patient), size_of(connection) if before is None else before, limit + 1),
        ).fetchall()
    found = [Entry(position=position, body=body) for position, body in rows[:limit]]
    # Whoever else's pseudonym has the same key is somebody else.
    entries = tuple(one for one in found if one.record is not None and one.record.patient == patient)
    return Page(entries=entries, next=found[-1].position if len(rows) > limit else None)


def _positions(connection: sqlite3.Connection, query: Query, end: int, limit: int) -> list[int]:
    wanted = {"subject": query.subject, "actor": query.actor, "kind": query.kind}
    given = [(column, text_key(text)) for column, text in wanted.items() if text is not None]
    conditions = [f"{column} = ?" for column, _ in given]
    parameters = [key for _, key in given]
    for condition, bound in (("time_ns >= ?", query.since_ns), ("time_ns < ?", query.before_ns)):
        if bound is not None:
            conditions.append(condition)
            parameters.append(bound)
    if not conditions:
        return list(range(end - 1, max(-1, end - 1 - limit), -1))
    # The index of the rarest: a subject has the fewest entries, a kind the most. The indexes of subjects and actors
    # hold the other columns too, so that what does not fit is passed over without reading the entry.
    index = f"entries_by_{given[0][0] if given else 'time'}"
    statement = (
        f"SELECT position FROM entries INDEXED BY {index} WHERE position >> {STRETCH_BITS} = ? "  # noqa: S608  # our own names
        f"AND {' AND '.join(conditions)} AND position < ? ORDER BY position DESC LIMIT ?"
    )
    found: list[int] = []
    for stretch in range((end - 1) >> STRETCH_BITS, -1, -1):
        rows = connection.execute(statement, (stretch, *parameters, end, limit - len(found)))
        found += [position for (position,) in rows]
        if len(found) == limit:
            break
    return found
