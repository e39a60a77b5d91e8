"""Moves what waits into the ledger: rows of the outbox, and the journal of broken glass.

A row stays until the ledger holds it. It is appended before the answer of its request leaves; what a crash, a job or a
full disk left behind is moved by ``drain``. The ledger knows records by their ids, so that none is appended twice.
"""

from __future__ import annotations

from typing import Final

from asepsis.kernel.value import value
from asepsis.ledger import Record
from asepsis.ledger.record import canonical, read_record
from asepsis.web.ledger.models import OutboxRecord
from asepsis.web.ledger.opened import journal, ledger

# Rows of one commit; some 5 ms of work.
ROWS_AT_ONCE: Final = 1000


@value
class Moved:
    """What was moved."""

    from_outbox: int
    from_journal: int
    journal_damaged: bool
    unreadable: int
    """Rows that are no record; they stay, for somebody to look at."""


def drain() -> Moved:
    """Moves everything that waits.

    Raises:
        LedgerError: The ledger cannot be written; everything stays where it is.
        KeyFileError: A key of the ledger cannot be used.
    """
    drained = journal().drain(ledger())
    moved = unreadable = 0
    after = None
    while True:
        waiting = OutboxRecord.objects.order_by("id")
        rows = list((waiting.filter(pk__gt=after) if after is not None else waiting)[:ROWS_AT_ONCE])
        if not rows:
            break
        records = {row.pk: record for row in rows if (record := record_of(row)) is not None}
        ledger().append_all(list(records.values()))
        OutboxRecord.objects.filter(pk__in=list(records)).delete()
        moved += len(records)
        unreadable += len(rows) - len(records)
        after = rows[-1].pk
    return Moved(
        from_outbox=moved, from_journal=drained.records, journal_damaged=drained.damaged, unreadable=unreadable
    )


def record_of(row: OutboxRecord) -> Record | None:
    """The record that a row holds, or None where it holds none."""
    return read_record(canonical(row.body.get("entry", {})))
