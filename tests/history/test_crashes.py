"""Processes are killed, disks run full, writers come all at once; the history stays whole."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from asepsis.history import CaptureSource, CaptureWriter, History, HistoryError
from asepsis.history.columns import Rows
from asepsis.history.manifest import Manifest
from tests.history.killed_writer import write_one
from tests.history.material import rows

ROOT = Path(__file__).resolve().parents[2]


def on_disk(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*.parquet")}


def staged(root: Path) -> list[Path]:
    return list((root / "staging").iterdir())


def held(root: Path) -> list[str]:
    return sorted(capture.capture for capture in History(root).captures())


def write_all(writer: CaptureWriter, made: Rows) -> None:
    writer.conversations(made)
    writer.commit(CaptureSource(path="large"))


def check_whole(root: Path) -> None:
    """Every file that the manifest names is there, readable, and has the rows that the manifest says."""
    for file in Manifest(root).state().files.values():
        assert pq.read_metadata(root / file.path).num_rows == file.rows


@pytest.mark.slow
def test_a_writer_killed_at_any_step_leaves_all_or_nothing_and_no_orphan(tmp_path: Path) -> None:
    write_one(tmp_path / "before", "first")
    done = subprocess.run(
        [sys.executable, "-m", "tests.history.killed_writer", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    steps = int(done.stdout)
    assert steps > 25, done.stderr
    outcomes = set()
    for step in range(1, steps + 1):
        root = tmp_path / str(step)
        captures = held(root)
        outcomes.add(len(captures))
        assert captures in (["first"], ["first", "second"]), step
        check_whole(root)
        # The next writer tidies up, and the killed one may try again: once is enough.
        write_one(root, "third")
        assert on_disk(root) == set(Manifest(root).state().files), step
        assert staged(root) == [], step
        write_one(root, "second")
        assert held(root) == ["first", "second", "third"], step
        assert len(on_disk(root)) == 12
        check_whole(root)
    assert outcomes == {1, 2}  # some were killed before the commit and some after it


def start_writer(root: Path, first: int, last: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.history.many_writers", str(root), str(first), str(last)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_eight_writers_at_once_add_each_capture_once(tmp_path: Path) -> None:
    root = tmp_path / "history"
    writers = [start_writer(root, 4 * number, 4 * number + 8) for number in range(8)]
    added = [line for writer in writers for line in writer.communicate()[0].split()]
    assert all(writer.returncode == 0 for writer in writers)
    assert sorted(added) == held(root) == [f"{number:04d}" for number in range(36)]
    assert on_disk(root) == set(Manifest(root).state().files)
    check_whole(root)
    with History(root).reader() as reader:
        assert sum(1 for _ in reader.conversations().rows()) == sum(range(1, 37))


@pytest.mark.slow
def test_eight_writers_killed_at_random_leave_a_history_that_the_ninth_completes(tmp_path: Path) -> None:
    root = tmp_path / "history"
    chance = random.Random(11)
    writers = [start_writer(root, 0, 40) for _ in range(8)]
    while not root.exists() or len(held(root)) < 2:  # they are at work
        time.sleep(0.01)
        assert any(writer.poll() is None for writer in writers)
    for writer in writers:
        time.sleep(chance.random() * 0.05)
        writer.send_signal(signal.SIGKILL)
    for writer in writers:
        writer.communicate()
    check_whole(root)
    before = held(root)
    assert len(before) == len(set(before))
    last = start_writer(root, 0, 41)
    assert sorted([*before, *last.communicate()[0].split()]) == [f"{number:04d}" for number in range(41)]
    assert on_disk(root) == set(Manifest(root).state().files)
    check_whole(root)


@pytest.mark.slow
def test_a_reader_sees_one_state_while_others_write(tmp_path: Path) -> None:
    root = tmp_path / "history"
    writer = start_writer(root, 0, 30)
    seen = []
    while writer.poll() is None:
        with History(root).reader() as reader:
            number = reader.number
            for question, expected in (("conversations", sum(range(1, number + 1))), ("messages", number)):
                assert sum(1 for _ in reader.ask(question).rows()) == expected
            seen.append(number)
    writer.communicate()
    assert seen == sorted(seen)


def test_a_note_of_intent_that_a_power_cut_spoilt_harms_nobody(tmp_path: Path) -> None:
    write_one(tmp_path, "first")
    before = on_disk(tmp_path)
    committed = sorted(before)[0]
    for number, intent in enumerate(
        (b"", b"\0" * 50, b"conversations/site=north", b"/", b"\xff\xfe", committed.encode(), b"../../etc/passwd")
    ):
        (tmp_path / "staging" / f"dead{number}").mkdir()
        (tmp_path / "staging" / f"dead{number}" / "intent").write_bytes(intent)
    write_one(tmp_path, "second")
    assert before < on_disk(tmp_path)
    assert staged(tmp_path) == []
    check_whole(tmp_path)


@pytest.fixture
def file_size_limit() -> Iterator[None]:
    """No file of this process may grow beyond 16 KiB: the same error as a full disk, from the kernel."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16_384, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("file_size_limit")
def test_no_room_for_the_rows_is_one_clear_error_and_leaves_nothing(tmp_path: Path) -> None:
    write_one(tmp_path, "first")
    before = on_disk(tmp_path)
    writer = History(tmp_path).writer(site="north", capture="large")
    with pytest.raises(HistoryError) as error:
        write_all(writer, rows(150_000, step_ns=12_345))
    assert error.value.code == "history-full"
    assert on_disk(tmp_path) == before
    assert staged(tmp_path) == []
    assert held(tmp_path) == ["first"]
    write_one(tmp_path, "second")
    assert held(tmp_path) == ["first", "second"]


@pytest.mark.usefixtures("file_size_limit")
def test_no_room_for_the_manifest_takes_the_files_back(tmp_path: Path) -> None:
    write_one(tmp_path, "first")
    before = on_disk(tmp_path)
    writer = History(tmp_path).writer(site="north", capture="second")
    writer.conversations(rows(1))
    with pytest.raises(HistoryError) as error:
        writer.commit(CaptureSource(path="x" * 20_000))
    assert error.value.code == "history-full"
    assert on_disk(tmp_path) == before
    assert held(tmp_path) == ["first"]
    write_one(tmp_path, "second")
    check_whole(tmp_path)


@pytest.mark.root
def test_a_full_disk_is_one_clear_error_and_leaves_nothing(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(tmp_path)], check=False)
    if mounted.returncode != 0:
        pytest.skip("a small file system cannot be mounted here")
    try:
        write_one(tmp_path, "first")
        before = on_disk(tmp_path)
        writer = History(tmp_path).writer(site="north", capture="large")
        chance = random.Random(3)
        made = rows(260_000, step_ns=1_000)
        made["bytes_to_server"] = [chance.getrandbits(60) for _ in made]
        with pytest.raises(HistoryError) as error:
            write_all(writer, made)
        assert error.value.code == "history-full"
        assert "Free some space" in error.value.hint
        assert on_disk(tmp_path) == before
        assert held(tmp_path) == ["first"]
        check_whole(tmp_path)
        write_one(tmp_path, "second")
        assert held(tmp_path) == ["first", "second"]
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_folder_that_may_not_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "history").write_text("a file where the folder should be")
    writer = History(tmp_path / "history").writer(site="north", capture="aa")
    writer.conversations(rows(1))
    with pytest.raises(HistoryError) as error:
        writer.commit(CaptureSource(path="x"))
    assert error.value.code == "history-failed"
    assert str(tmp_path / "history") in error.value.message
