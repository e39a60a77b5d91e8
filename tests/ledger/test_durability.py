"""What was appended is on the disk before `append` returns, survives a kill, and is refused where there is no room."""

from __future__ import annotations

import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from asepsis.ledger import Ledger
from asepsis.ledger.checking import check

ROOT = Path(__file__).parents[2]

# Says the number of each record on standard output, at once, when `append` has returned.
WRITER = """
import os, sys
from pathlib import Path
from asepsis.ledger import Ledger
from tests.ledger.records import record
{before}
with Ledger.open(Path(sys.argv[1]) / "ledger", Path(sys.argv[1]) / "keys") as ledger:
    for number in range(int(sys.argv[2]), int(sys.argv[3])):
        {append}
        os.write(1, b"acknowledged %d\\n" % number)
"""
SINGLE = "ledger.append(record(number))"
BATCH = "ledger.append_all([record(number * 5 + one) for one in range(5)])"
# The planted fault: SQLite is told not to force what it writes.
UNFORCED = """
import sqlite3
real = sqlite3.connect
class Unforced(sqlite3.Connection):
    def execute(self, sql, *more):
        return super().execute(sql.replace("synchronous = FULL", "synchronous = OFF"), *more)
sqlite3.connect = lambda *some, **more: real(*some, factory=Unforced, **more)
"""


def _traced(folder: Path, *, before: str = "", append: str = SINGLE) -> list[str]:
    """The system calls of a writer of ten records, in order: what is written where, and what is forced to the disk."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    log = folder / "calls"
    calls = "trace=write,pwrite64,fsync,fdatasync"
    code = WRITER.format(before=before, append=append)
    done = subprocess.run(
        ["strace", "-f", "-y", "-s", "40", "-e", calls, "-o", log, sys.executable, "-c", code, folder, "0", "10"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if "PTRACE" in done.stderr or "ptrace" in done.stderr:
        pytest.skip(f"no process may be traced here: {done.stderr.strip()[:100]}")
    assert done.returncode == 0, done.stderr
    return log.read_text(errors="replace").splitlines()


def _acknowledged_unforced(calls: list[str]) -> tuple[int, int]:
    """How many records were acknowledged, and how many of them while a write to the ledger was not forced yet."""
    dirty = False
    written_since = False
    acknowledged = unforced = 0
    for call in calls:
        if re.search(r"pwrite64\(\d+<[^>]*ledger\.sqlite-wal>", call):
            dirty = written_since = True
        elif re.search(r"(fsync|fdatasync)\(\d+<[^>]*ledger\.sqlite-wal>", call):
            dirty = False
        elif re.search(r"write\(1<.*acknowledged", call):
            acknowledged += 1
            unforced += dirty or not written_since
            written_since = False
    return acknowledged, unforced


@pytest.mark.slow
@pytest.mark.parametrize("append", [SINGLE, BATCH])
def test_a_record_is_forced_to_the_disk_before_append_returns(tmp_path: Path, append: str) -> None:
    assert _acknowledged_unforced(_traced(tmp_path, append=append)) == (10, 0)


@pytest.mark.slow
def test_the_check_of_forced_writes_fails_when_they_are_not_forced(tmp_path: Path) -> None:
    assert _acknowledged_unforced(_traced(tmp_path, before=UNFORCED)) == (10, 10)


@pytest.mark.slow
def test_a_writer_killed_at_any_moment_loses_no_acknowledged_record(tmp_path: Path) -> None:
    kills = 300 if os.environ.get("ASEPSIS_SOAK") else 30
    code = WRITER.format(before="", append=SINGLE)
    seed = random.Random(6962)
    acknowledged = 0
    for kill in range(kills):
        writer = subprocess.Popen(
            [sys.executable, "-c", code, tmp_path, str(kill * 10_000), str(kill * 10_000 + 9_999)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        assert writer.stdout is not None
        first = writer.stdout.readline()
        time.sleep(seed.uniform(0, 0.03))
        writer.send_signal(signal.SIGKILL)
        said = first + writer.stdout.read()
        writer.wait()
        writer.stdout.close()
        # A line that the kill cut short is no acknowledgement.
        numbers = [int(line.split()[1]) for line in said.split(b"\n")[:-1]]
        acknowledged += len(numbers)
        with Ledger.open(tmp_path / "ledger", tmp_path / "keys") as ledger:
            missing = [number for number in numbers if ledger.find(f"record-{number:06d}") is None]
            assert missing == [], f"kill {kill}"
            size = ledger.size()
            assert ledger.head().size == size
            # One record may have been on its way when the writer was killed.
            assert acknowledged <= size <= acknowledged + kill + 1
    with Ledger.open(tmp_path / "ledger", tmp_path / "keys") as ledger:
        assert check(ledger).passed
    assert acknowledged >= kills


@pytest.mark.slow
def test_a_full_disk_refuses_and_what_was_acknowledged_stays(tmp_path: Path) -> None:
    limit = 512 * 1024
    code = WRITER.format(before="", append=SINGLE)

    def fill() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path, "0", "5000"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=fill,  # the child has one thread
    )
    acknowledged = done.stdout.count("acknowledged")
    assert done.returncode == 1
    assert "LedgerUnwritableError" in done.stderr
    assert 10 < acknowledged < 5000
    with Ledger.open(tmp_path / "ledger", tmp_path / "keys") as ledger:
        assert acknowledged <= ledger.size() <= acknowledged + 1
        assert check(ledger).passed
        # With room again, it goes on.
        from tests.ledger.records import record

        assert ledger.append(record(9000)) == ledger.size() - 1
