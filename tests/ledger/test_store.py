"""The ledger: append, idempotence, proofs, several threads and processes, and refusals."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pymerkle
import pytest

from asepsis.crypto.signing import KeyFileError
from asepsis.ledger import Ledger, LedgerError, LedgerUnwritableError
from asepsis.ledger.checking import check
from asepsis.ledger.merkle import leaf_hash, verify_consistency, verify_inclusion
from asepsis.ledger.record import record_bytes
from tests.ledger.records import record


def test_what_is_appended_stands_there_and_is_signed(ledger: Ledger) -> None:
    assert ledger.append(record(1)) == 0
    assert ledger.append_all([record(2), record(3)]) == [1, 2]
    assert ledger.size() == 3
    found = ledger.find("record-000002")
    assert found is not None
    assert (found.position, found.record) == (1, record(2))
    assert ledger.find("record-000009") is None
    head = ledger.head()
    assert (head.size, head.root) == (3, ledger.root(3))
    assert head.is_signed_by(ledger.verifier)


def test_a_record_is_recorded_once_however_often_it_is_appended(ledger: Ledger) -> None:
    ledger.append_all([record(1), record(2)])
    head = ledger.head()
    assert ledger.append(record(2)) == 1
    assert ledger.append_all([record(1), record(3), record(3), record(2)]) == [0, 2, 2, 1]
    assert ledger.size() == 3
    assert ledger.append(record(1)) == 0
    assert ledger.head().size == head.size + 1


def test_another_record_with_the_same_id_is_refused_and_changes_nothing(ledger: Ledger) -> None:
    ledger.append(record(1))
    with pytest.raises(LedgerError, match="another record has the id"):
        ledger.append_all([record(2), record(1, reason="something else")])
    assert ledger.size() == 1
    assert ledger.append(record(2)) == 1


def test_its_root_is_that_of_pymerkle_and_its_proofs_hold_at_every_size(ledger: Ledger) -> None:
    theirs = pymerkle.InmemoryTree(algorithm="sha256")
    roots = [ledger.root(0)]
    for number in range(70):
        ledger.append(record(number))
        theirs.append_entry(record_bytes(record(number)))
        roots.append(theirs.get_root())
        assert ledger.head().root == roots[-1]
    for size in range(1, 71):
        assert ledger.root(size) == roots[size]
        for position in {0, size // 2, size - 1}:
            leaf = leaf_hash(record_bytes(record(position)))
            assert verify_inclusion(leaf, position, size, ledger.inclusion(position, size), roots[size])
        assert verify_consistency(size, 70, roots[size], roots[70], ledger.consistency(size, 70))
    assert check(ledger).passed


def test_it_goes_on_where_it_was_after_it_is_opened_again(tmp_path: Path) -> None:
    for number in range(40):
        with Ledger.open(tmp_path / "ledger", tmp_path / "keys") as ledger:
            assert ledger.append(record(number)) == number
            origin = ledger.origin
    with Ledger.open(tmp_path / "ledger", tmp_path / "keys") as ledger:
        assert ledger.origin == origin
        found = check(ledger)
        assert found.passed
        assert found.entries == 40


def test_threads_that_append_together_share_commits_and_lose_nothing(ledger: Ledger) -> None:
    positions: dict[int, int] = {}
    barrier = threading.Barrier(16)

    def work(worker: int) -> None:
        barrier.wait()
        for number in range(worker * 25, worker * 25 + 25):
            positions[number] = ledger.append(record(number))

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(positions.values()) == list(range(400))
    for number, position in positions.items():
        entry = ledger.entry(position)
        assert entry is not None
        assert entry.record == record(number)
    assert check(ledger).passed


def test_one_bad_record_among_threads_fails_alone(ledger: Ledger) -> None:
    ledger.append(record(0))
    failures: list[str] = []
    barrier = threading.Barrier(8)

    def work(worker: int) -> None:
        barrier.wait()
        try:
            ledger.append(record(0, reason="other") if worker == 3 else record(worker + 1))
        except LedgerError as error:
            failures.append(error.code)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == ["record-id-taken"]
    assert ledger.size() == 8


PROCESS = """
import sys
from pathlib import Path
from asepsis.ledger import Ledger
from tests.ledger.records import record
with Ledger.open(Path(sys.argv[1]) / "ledger", Path(sys.argv[1]) / "keys") as ledger:
    for number in range(int(sys.argv[2]), int(sys.argv[2]) + 40):
        ledger.append(record(number))
"""


def test_processes_that_append_together_make_one_tree(tmp_path: Path) -> None:
    processes = [
        subprocess.Popen([sys.executable, "-c", PROCESS, str(tmp_path), str(number)], cwd=Path(__file__).parents[2])
        for number in (0, 100, 200)
    ]
    assert [process.wait() for process in processes] == [0, 0, 0]
    with Ledger.open(tmp_path / "ledger", tmp_path / "keys") as ledger:
        assert ledger.size() == 120
        assert check(ledger).passed
        assert all(ledger.find(record(number).id) for number in (0, 39, 100, 239))


def test_a_child_that_was_forked_appends_through_a_connection_of_its_own(ledger: Ledger) -> None:
    ledger.append(record(1))
    child = os.fork()
    if child == 0:
        try:
            ledger.append(record(2))
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    ledger.append(record(3))
    assert ledger.size() == 3
    assert check(ledger).passed


def test_entries_are_neither_changed_nor_removed_by_mistake(ledger: Ledger) -> None:
    ledger.append(record(1))
    connection = sqlite3.connect(ledger.path)
    for statement in ("DELETE FROM entries", "UPDATE entries SET body = x'00'"):
        with pytest.raises(sqlite3.IntegrityError, match="entries stay"):
            connection.execute(statement)
    connection.close()


def test_a_writer_goes_on_as_soon_as_another_has_ended(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    other = sqlite3.connect(ledger.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 20:
            other.execute("ROLLBACK")

    monkeypatch.setattr(time, "sleep", wait)
    ledger.append(record(1))
    other.close()
    # Twenty short waits, none longer than the one before as the database's own would be.
    assert len(waits) == 20
    assert max(waits) == min(waits) < 0.001


def test_a_ledger_that_another_holds_refuses(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger.append(record(1))
    monkeypatch.setattr("asepsis.ledger.store.BUSY_TIMEOUT_SECONDS", 0.1)
    ledger.close()
    other = sqlite3.connect(ledger.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerUnwritableError) as refusal:
        ledger.append(record(2))
    assert refusal.value.code == "ledger-busy"
    other.execute("ROLLBACK")
    other.close()
    assert ledger.append(record(2)) == 1


def test_a_folder_that_cannot_be_made_refuses(tmp_path: Path) -> None:
    (tmp_path / "ledger").write_text("a file")
    with pytest.raises(LedgerUnwritableError):
        Ledger.open(tmp_path / "ledger", tmp_path / "keys")


def test_a_file_that_is_no_ledger_refuses(tmp_path: Path) -> None:
    (tmp_path / "ledger").mkdir()
    (tmp_path / "ledger" / "ledger.sqlite").write_bytes(b"this is no database" * 100)
    with pytest.raises(LedgerUnwritableError):
        Ledger.open(tmp_path / "ledger", tmp_path / "keys")


def test_a_newer_format_refuses(ledger: Ledger, tmp_path: Path) -> None:
    connection = sqlite3.connect(ledger.path)
    connection.execute("PRAGMA user_version = 3")
    connection.close()
    with pytest.raises(LedgerError, match="of format 3"):
        Ledger.open(tmp_path / "ledger", tmp_path / "keys")


def test_the_key_is_readable_by_its_owner_alone_and_refused_otherwise(ledger: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "keys" / "ledger.key"
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    with pytest.raises(KeyFileError, match="others may read"):
        Ledger.open(tmp_path / "ledger", tmp_path / "keys")


def test_a_checkpoint_is_kept_with_the_most_signatures(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="nothing is recorded"):
        ledger.checkpoint()
    ledger.append(record(1))
    first = ledger.checkpoint(5)
    assert ledger.checkpoints() == [(first, 5)]
    more = first.with_signatures(first.signatures)
    ledger.keep(more, 6)
    ledger.keep(first, 7)
    assert ledger.checkpoints() == [(more, 5)]
