"""Records of broken glass wait sealed, in order, on the disk, and reach the ledger once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from asepsis.ledger import Ledger, LedgerUnwritableError, journal
from asepsis.ledger.journal import FILE_NAME, RESERVED_BYTES, BreakGlassJournal
from tests.ledger.records import record


@pytest.fixture
def broken(tmp_path: Path) -> BreakGlassJournal:
    return BreakGlassJournal.open(tmp_path / "ledger", tmp_path / "keys")


def test_what_waits_is_sealed_and_comes_into_the_ledger_in_order(broken: BreakGlassJournal, ledger: Ledger) -> None:
    for number in range(5):
        broken.append(record(number, reason="CANARY"))
    assert broken.waiting() == 5
    assert b"CANARY" not in broken.path.read_bytes()
    drained = broken.drain(ledger)
    assert (drained.records, drained.damaged) == (5, False)
    assert [entry.record for entry in ledger.entries()] == [record(number, reason="CANARY") for number in range(5)]
    assert broken.waiting() == 0
    assert broken.drain(ledger).records == 0
    broken.append(record(9))
    assert broken.drain(ledger).records == 1
    assert ledger.size() == 6


def test_a_drain_that_was_killed_between_append_and_clearing_doubles_nothing(
    broken: BreakGlassJournal, ledger: Ledger
) -> None:
    broken.append(record(1))
    before = broken.path.read_bytes()
    broken.drain(ledger)
    broken.path.write_bytes(before)
    broken.drain(ledger)
    assert ledger.size() == 1


def test_everything_stays_while_the_ledger_cannot_be_written(
    broken: BreakGlassJournal, ledger: Ledger, tmp_path: Path
) -> None:
    broken.append(record(1))
    ledger.close()
    ledger.path.chmod(0o400)
    ledger.path.write_bytes(b"")
    ledger.path.unlink()
    ledger.path.mkdir()
    with pytest.raises(LedgerUnwritableError):
        broken.drain(ledger)
    assert broken.waiting() == 1


@pytest.mark.parametrize("at", [10, 700, 1100])
def test_a_changed_record_is_noticed_and_kept_as_evidence(broken: BreakGlassJournal, ledger: Ledger, at: int) -> None:
    for number in range(3):
        broken.append(record(number))
    content = bytearray(broken.path.read_bytes())
    content[at] ^= 1
    broken.path.write_bytes(content)
    drained = broken.drain(ledger)
    assert drained.damaged
    assert drained.records == ledger.size() < 3
    kept = broken.path.with_name(f"{FILE_NAME}.damaged-0")
    assert kept.read_bytes() == content


def test_a_record_that_was_taken_out_is_noticed(broken: BreakGlassJournal, ledger: Ledger) -> None:
    for number in range(3):
        broken.append(record(number))
    content = broken.path.read_bytes()
    first = 4 + int.from_bytes(content[:4], "big")
    second = first + 4 + int.from_bytes(content[first : first + 4], "big")
    broken.path.write_bytes(content[:first] + content[second:])
    drained = broken.drain(ledger)
    assert (drained.records, drained.damaged) == (1, True)


def test_a_crash_in_the_middle_of_a_write_leaves_no_half_record(broken: BreakGlassJournal, ledger: Ledger) -> None:
    broken.append(record(1, reason="x" * 900))
    broken.append(record(2))
    content = bytearray(broken.path.read_bytes())
    first = 4 + int.from_bytes(content[:4], "big")
    # The frame is written, its length is not yet.
    content[first : first + 4] = bytes(4)
    broken.path.write_bytes(content)
    assert broken.waiting() == 1
    broken.append(record(3, reason="short"))
    assert broken.drain(ledger).records == 2
    assert [entry.record for entry in ledger.entries()] == [record(1, reason="x" * 900), record(3, reason="short")]


def test_it_is_bounded(broken: BreakGlassJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "JOURNAL_LIMIT_BYTES", 1700)
    for number in range(3):
        broken.append(record(number))
    with pytest.raises(LedgerUnwritableError, match="is full"):
        broken.append(record(3))
    assert broken.waiting() == 3


FULL = """
import resource, sys
from pathlib import Path
from asepsis.ledger import Ledger, LedgerUnwritableError
from asepsis.ledger.journal import BreakGlassJournal
from tests.ledger.records import record
folder = Path(sys.argv[1])
journal = BreakGlassJournal.open(folder / "ledger", folder / "keys")
with Ledger.open(folder / "ledger", folder / "keys") as ledger:
    ledger.append(record(1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (40960, resource.RLIM_INFINITY))
    try:
        for number in range(2, 1000):
            ledger.append(record(number))
    except LedgerUnwritableError:
        journal.append(record(number))
        print(number)
"""


def test_it_has_room_when_the_ledger_has_none(tmp_path: Path) -> None:
    # A file-size limit stands for a full disk: files may not grow beyond 1 MiB, which the journal has from the start.
    code = FULL.replace("40960", str(RESERVED_BYTES))
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    number = int(done.stdout)
    broken = BreakGlassJournal.open(tmp_path / "ledger", tmp_path / "keys")
    with Ledger.open(tmp_path / "ledger", tmp_path / "keys") as ledger:
        assert ledger.find(f"record-{number:06d}") is None
        assert broken.drain(ledger).records == 1
        assert ledger.find(f"record-{number:06d}") is not None


def test_it_is_forced_to_the_disk_before_append_returns(
    broken: BreakGlassJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    real_write, real_sync = os.pwrite, os.fsync

    def write(descriptor: int, content: bytes, at: int) -> int:
        calls.append("write")
        return real_write(descriptor, content, at)

    def sync(descriptor: int) -> None:
        calls.append("force")
        real_sync(descriptor)

    monkeypatch.setattr(os, "pwrite", write)
    monkeypatch.setattr(os, "fsync", sync)
    broken.append(record(1))
    assert calls == ["write", "force", "write", "force"]
