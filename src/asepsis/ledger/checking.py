"""The check of a ledger from inside: every entry is hashed anew and held against what was signed of it.

It finds what was changed in the file by somebody without the key, and says where. Who has the key can sign a changed
ledger: that shows only beside a checkpoint that a witness keeps. `asepsis verify ledger` checks an export from
outside, and shares no code with this.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Final

from asepsis.kernel.value import value
from asepsis.ledger.merkle import Growth, leaf_hash
from asepsis.ledger.note import read_checkpoint
from asepsis.ledger.record import read_record
from asepsis.ledger.schema import LOWEST_KEPT_LEVEL, node_position, text_key
from asepsis.ledger.store import Ledger, size_of

# A ruined file has as many faults as entries; a person needs the first of them.
FINDINGS_LIMIT: Final = 100
_WALK: Final = 4096


@value
class Finding:
    """Something that is not as it was signed."""

    first: int
    """Position of the first entry that it may concern."""
    last: int
    what: str


@value
class Check:
    """What a check found."""

    entries: int
    root: bytes
    checkpoints: int
    """Signed checkpoints that the entries were held against."""
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


class _Findings(list[Finding]):
    def say(self, first: int, last: int, what: str) -> None:
        if len(self) < FINDINGS_LIMIT:
            self.append(Finding(first=first, last=last, what=what))


def check(ledger: Ledger, *, progress: Callable[[int, int], None] = lambda done, size: None) -> Check:
    """Hashes all entries anew and compares them with nodes, checkpoints and head.

    Args:
        ledger: The ledger.
        progress: Told how many entries are done, and how many there are.

    Raises:
        LedgerError: The ledger cannot be read.
    """
    findings = _Findings()
    with ledger.reading() as connection:
        count = size_of(connection)
        promised = _promised(ledger, connection, findings)
        growth = Growth()
        while rows := connection.execute(
            "SELECT position, id, time_ns, actor, subject, kind, body FROM entries WHERE position >= ? "
            "ORDER BY position LIMIT ?",
            (growth.size, _WALK),
        ).fetchall():
            named = dict(
                connection.execute(
                    "SELECT position, patient FROM patients WHERE position >= ? AND position <= ?",
                    (growth.size, rows[-1][0]),
                )
            )
            nodes = dict(_nodes(connection, growth.size, rows[-1][0] + 1))
            for position, *columns, body in rows:
                if position != growth.size:
                    findings.say(growth.size, position - 1, "entries are missing")
                    return Check(entries=count, root=growth.root(), checkpoints=len(promised), findings=tuple(findings))
                _compare_columns(position, [*columns, named.get(position)], body, findings)
                for level, index, hash_ in growth.add(leaf_hash(body)):
                    if level >= LOWEST_KEPT_LEVEL and nodes.get(node_position(level, index)) != hash_:
                        first = index << level
                        # Above the lowest kept level, the fault that is below was already said.
                        if level == LOWEST_KEPT_LEVEL:
                            findings.say(first, growth.size - 1, "the entries do not fit the kept hashes over them")
                if growth.size in promised and promised[growth.size] != growth.root():
                    findings.say(
                        0, growth.size - 1, f"the signed checkpoint of {growth.size} entries does not fit them"
                    )
            progress(growth.size, count)
    for size in promised:
        if size > growth.size:
            findings.say(
                growth.size, size - 1, f"a signed checkpoint counts {size} entries, and {growth.size} are here"
            )
    return Check(entries=count, root=growth.root(), checkpoints=len(promised), findings=tuple(findings))


def _promised(ledger: Ledger, connection: sqlite3.Connection, findings: _Findings) -> dict[int, bytes]:
    promised: dict[int, bytes] = {}
    notes = [note for (note,) in connection.execute("SELECT note FROM checkpoints ORDER BY size")]
    head = connection.execute("SELECT note FROM head").fetchone()
    for note in [*notes, *(head or ())]:
        checkpoint = read_checkpoint(note)
        if checkpoint is None or checkpoint.origin != ledger.origin or not checkpoint.is_signed_by(ledger.verifier):
            findings.say(0, 0, "a checkpoint is not signed by this ledger's key")
        elif promised.setdefault(checkpoint.size, checkpoint.root) != checkpoint.root:
            findings.say(0, checkpoint.size - 1, f"two signed checkpoints of {checkpoint.size} entries contradict")
    count = size_of(connection)
    if count and count not in promised:
        findings.say(max(promised, default=0), count - 1, "entries follow that nothing signed covers")
    return promised


def _nodes(connection: sqlite3.Connection, first: int, end: int) -> list[tuple[int, bytes]]:
    low, high = first >> LOWEST_KEPT_LEVEL, (end >> LOWEST_KEPT_LEVEL) + 1
    return connection.execute(
        "SELECT position, hash FROM nodes WHERE position >= ? AND position < ?",
        (2 * low - low.bit_count(), 2 * high + 64),
    ).fetchall()


def _compare_columns(position: int, columns: list[object], body: bytes, findings: _Findings) -> None:
    """Who changes only what is searched by would hide an entry without touching what is hashed."""
    record = read_record(body)
    if record is None:
        findings.say(position, position, "the entry is no record")
        return
    expected: list[object] = [record.id, record.time_ns, *map(text_key, (record.actor, record.subject, record.kind))]
    expected.append(text_key(record.patient) if record.patient else None)
    if columns != expected:
        findings.say(position, position, "what the entry is found by is not what it says")
