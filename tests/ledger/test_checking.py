"""Whatever is changed in the file without the key is found, and appending to it is refused."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from asepsis.crypto.signing import SigningKey
from asepsis.ledger import Ledger, LedgerUnwritableError
from asepsis.ledger.checking import check
from asepsis.ledger.note import sign
from asepsis.ledger.record import record_bytes
from tests.ledger.records import record


@contextmanager
def tampering(ledger: Ledger) -> Iterator[sqlite3.Connection]:
    """The file as somebody sees it who may write it and wants to hide something."""
    ledger.close()
    connection = sqlite3.connect(ledger.path, isolation_level=None)
    connection.execute("DROP TRIGGER entries_are_not_changed")
    connection.execute("DROP TRIGGER entries_are_not_removed")
    yield connection
    connection.close()


@pytest.fixture
def filled(ledger: Ledger) -> Ledger:
    ledger.append_all([record(number) for number in range(50)])
    ledger.checkpoint(1)
    ledger.append_all([record(number) for number in range(50, 75)])
    return ledger


def test_an_untouched_ledger_passes(filled: Ledger) -> None:
    found = check(filled)
    assert found.passed
    assert (found.entries, found.checkpoints, found.root) == (75, 2, filled.root(75))


def test_a_changed_entry_is_found_where_it_is(filled: Ledger) -> None:
    with tampering(filled) as connection:
        connection.execute(
            "UPDATE entries SET body = ? WHERE position = 20", (record_bytes(record(20, actor="person:9")),)
        )
    findings = check(filled).findings
    assert (16, 31, "the entries do not fit the kept hashes over them") in [(f.first, f.last, f.what) for f in findings]
    assert any("checkpoint of 50" in finding.what for finding in findings)


def test_a_changed_entry_is_found_when_the_hashes_over_it_are_changed_too(filled: Ledger, tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "forged", tmp_path / "other-keys") as forged:
        forged.append_all([record(number, **({"actor": "x"} if number == 20 else {})) for number in range(75)])
        with tampering(filled) as connection:
            connection.execute("ATTACH ? AS forged", (str(forged.path),))
            for table in ("entries", "nodes"):
                connection.execute(f"DELETE FROM {table}")
                connection.execute(f"INSERT INTO {table} SELECT * FROM forged.{table}")
    whats = [finding.what for finding in check(filled).findings]
    assert whats == [
        "the signed checkpoint of 50 entries does not fit them",
        "the signed checkpoint of 75 entries does not fit them",
    ]


def test_a_removed_entry_is_found(filled: Ledger) -> None:
    with tampering(filled) as connection:
        connection.execute("DELETE FROM entries WHERE position = 20")
    assert [(f.first, f.last, f.what) for f in check(filled).findings] == [(20, 20, "entries are missing")]


def test_a_cut_end_is_found_and_appending_is_refused(filled: Ledger) -> None:
    with tampering(filled) as connection:
        connection.execute("DELETE FROM entries WHERE position >= 60")
    found = check(filled)
    assert any(finding.what == "a signed checkpoint counts 75 entries, and 60 are here" for finding in found.findings)
    with pytest.raises(LedgerUnwritableError) as refusal:
        filled.append(record(100))
    assert refusal.value.code == "ledger-tampered"


def test_swapped_entries_are_found(filled: Ledger) -> None:
    with tampering(filled) as connection:
        connection.execute("UPDATE entries SET position = 1000 WHERE position = 3")
        connection.execute("UPDATE entries SET position = 3 WHERE position = 4")
        connection.execute("UPDATE entries SET position = 4 WHERE position = 1000")
    assert not check(filled).passed


def test_an_entry_that_is_hidden_from_searches_is_found(filled: Ledger) -> None:
    with tampering(filled) as connection:
        connection.execute("UPDATE entries SET subject = 1 WHERE position = 20")
    assert [(f.first, f.what) for f in check(filled).findings] == [
        (20, "what the entry is found by is not what it says")
    ]


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM patients",
        "UPDATE patients SET patient = 1",
        "INSERT INTO patients VALUES (20, 1)",
    ],
)
def test_an_entry_that_is_hidden_from_its_patient_is_found(filled: Ledger, change: str) -> None:
    position = filled.append(dataclasses.replace(record(200), patient="patient:a"))
    with tampering(filled) as connection:
        connection.execute(change)
    expected = 20 if change.startswith("INSERT") else position
    assert [(f.first, f.what) for f in check(filled).findings] == [
        (expected, "what the entry is found by is not what it says")
    ]


def test_entries_that_nothing_signed_covers_are_found(filled: Ledger) -> None:
    with tampering(filled) as connection:
        connection.execute(
            "INSERT INTO entries SELECT 75, 'planted', time_ns, actor, subject, kind, body FROM entries "
            "WHERE position = 1"
        )
    assert any(finding.what == "entries follow that nothing signed covers" for finding in check(filled).findings)


def test_a_checkpoint_of_another_key_is_found(filled: Ledger) -> None:
    forged = sign(filled.origin, 75, filled.root(75), SigningKey.generate())
    with tampering(filled) as connection:
        connection.execute("UPDATE head SET note = ?", (forged.text(),))
    assert any(f.what == "a checkpoint is not signed by this ledger's key" for f in check(filled).findings)
    with pytest.raises(LedgerUnwritableError):
        filled.append(record(100))


def test_an_entry_that_is_no_record_is_found(filled: Ledger) -> None:
    with tampering(filled) as connection:
        connection.execute("UPDATE entries SET body = x'7b7d' WHERE position = 74")
    assert any(f.what == "the entry is no record" for f in check(filled).findings)
