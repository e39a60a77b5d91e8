"""Small files of a day become one, and nobody who reads loses a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from asepsis.history import CaptureSource, History
from asepsis.history import compaction as module
from asepsis.history.manifest import Manifest
from tests.history.material import DAY, rows, sighting

HOUR = 3_600.0
NOW = 2_000_000_000_000_000_000


def fill(history: History, captures: range, *, site: str = "north") -> None:
    for number in captures:
        with history.writer(site=site, capture=f"{number:04d}") as writer:
            writer.conversations(rows(number % 5 + 1, start_ns=1_700_049_600_000_000_000 + number))
            writer.message(sighting(f"words {number}", packet=number + 1))
            writer.commit(CaptureSource(path=f"{number}.pcap"))


def everything(history: History) -> list[list[tuple[object, ...]]]:
    with history.reader() as reader:
        return [sorted(reader.ask(name).rows(), key=repr) for name in ("conversation-details", "messages")]


def on_disk(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*.parquet")}


def test_the_answers_are_the_same_before_and_after(tmp_path: Path) -> None:
    history = History(tmp_path)
    fill(history, range(20))
    fill(history, range(3), site="south")
    before = everything(history)
    done = history.compact(now_ns=NOW, grace_seconds=0)
    assert (done.merged, done.written) == (40, 2)
    assert everything(history) == before
    assert len(Manifest(tmp_path).state().files) == 2 + 6  # south has too few to be worth it


def test_merged_files_stay_until_the_grace_is_over(tmp_path: Path) -> None:
    history = History(tmp_path)
    fill(history, range(10))
    old = on_disk(tmp_path)
    assert history.compact(now_ns=NOW, grace_seconds=HOUR).deleted == 0
    assert old < on_disk(tmp_path)
    assert history.compact(now_ns=NOW + 3_599 * 10**9, grace_seconds=HOUR).deleted == 0
    assert history.compact(now_ns=NOW + 3_600 * 10**9, grace_seconds=HOUR).deleted == 20
    assert on_disk(tmp_path) == set(Manifest(tmp_path).state().files)
    assert Manifest(tmp_path).state().retired == {}


def test_a_reader_keeps_its_files_whatever_the_grace(tmp_path: Path) -> None:
    history = History(tmp_path)
    fill(history, range(10))
    before = everything(history)
    with history.reader() as reader:
        half_read = reader.conversations().rows()
        first = next(half_read)
        assert history.compact(now_ns=NOW, grace_seconds=0).deleted == 0
        assert 1 + len(list(half_read)) == len(before[0])
        assert first
        assert sorted(reader.messages().rows(), key=repr) == before[1]  # opened now, with the files of then
    assert history.compact(now_ns=NOW, grace_seconds=0).deleted == 20


def test_captures_stay_held(tmp_path: Path) -> None:
    history = History(tmp_path)
    fill(history, range(10))
    history.compact(now_ns=NOW, grace_seconds=0)
    before = everything(history)
    fill(history, range(10))
    assert everything(history) == before
    assert history.holds("0003", "north")


def test_a_day_is_not_merged_with_another(tmp_path: Path) -> None:
    history = History(tmp_path)
    for number in range(9):
        with history.writer(site="north", capture=str(number)) as writer:
            writer.conversations(rows(2, step_ns=DAY))
            writer.commit(CaptureSource(path="x"))
    assert history.compact(now_ns=NOW, grace_seconds=0).written == 2
    files = Manifest(tmp_path).state().files.values()
    assert sorted((file.day, file.rows) for file in files) == [("2023-11-15", 9), ("2023-11-16", 9)]


def test_two_at_once_do_not_both_merge(tmp_path: Path) -> None:
    from asepsis.history.locks import FileLock

    history = History(tmp_path)
    fill(history, range(10))
    other = FileLock(tmp_path / module.COMPACTION_LOCK)
    assert other.try_lock()
    assert history.compact(now_ns=NOW, grace_seconds=0).merged == 0
    other.close()
    assert history.compact(now_ns=NOW, grace_seconds=0).merged == 20


def test_a_history_that_is_not_there_is_left_alone(tmp_path: Path) -> None:
    assert History(tmp_path / "absent").compact().merged == 0
    assert not (tmp_path / "absent").exists()


def test_a_long_manifest_is_rewritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REWRITE_MIN_LINES", 10)
    history = History(tmp_path)
    fill(history, range(20))
    before = everything(history)
    watching = Manifest(tmp_path)
    assert watching.state().number == 20
    history.compact(now_ns=NOW, grace_seconds=0)
    assert len((tmp_path / "manifest.jsonl").read_bytes().splitlines()) == 2
    assert everything(history) == before
    assert watching.state().number > 20
    assert len(history.captures()) == 20


def test_a_large_file_is_not_copied_again_for_a_few_small_ones(tmp_path: Path) -> None:
    history = History(tmp_path)
    made = rows(30_000, step_ns=1_000)
    made["bytes_to_server"] = np.random.default_rng(1).integers(0, 1 << 60, len(made))
    with history.writer(site="north", capture="large") as writer:
        writer.conversations(made)
        writer.commit(CaptureSource(path="x"))
    copied = 0
    for begin in range(0, 96, 8):
        fill(history, range(begin, begin + 8))
        copied += history.compact(now_ns=NOW, grace_seconds=0).merged
    files = Manifest(tmp_path).state().files.values()
    assert len(files) < 30
    assert copied < 2 * 96 * 1.5  # two tables; each file once, and what it became now and then
    assert max(file.rows for file in files) == len(made)
    assert sum(file.rows for file in files if file.table == "messages") == 96
