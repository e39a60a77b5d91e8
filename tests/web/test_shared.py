"""The memory that processes of one server share: what one tells, another sees, and a kill leaves nothing locked."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from asepsis.web.shared import PROCESSES_LIMIT, Shared

PATIENCE_SECONDS = 60
TURNS = 2000

_COUNTING = """
import sys
from asepsis.web.shared import Shared
memory = Shared(int(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for _ in range(int(sys.argv[2])):
    memory.count("a", 7)
print("done", flush=True)
while sys.argv[3] == "on":
    memory.count("b", 7)
"""


@pytest.fixture
def memory() -> Iterator[Shared]:
    with contextlib.closing(Shared()) as made:
        yield made


def _counting(memory: Shared, turns: int, after: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _COUNTING, str(memory.descriptor), str(turns), after],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        pass_fds=(memory.descriptor,),
    )


def _say(process: subprocess.Popen[str], expected: str) -> None:
    assert process.stdout is not None
    assert process.stdout.readline().strip() == expected


def test_processes_that_count_at_the_same_time_lose_no_count(memory: Shared) -> None:
    processes = [_counting(memory, TURNS, "off") for _ in range(2)]
    for process in processes:
        _say(process, "ready")
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        _say(process, "done")
        process.communicate(timeout=PATIENCE_SECONDS)
    assert memory.count("a", 7, counted=False) == 2 * TURNS


def test_a_process_that_is_killed_while_it_counts_leaves_nothing_locked(memory: Shared) -> None:
    process = _counting(memory, 1, "on")
    _say(process, "ready")
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()
    _say(process, "done")
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=PATIENCE_SECONDS)
    before = memory.count("a", 7)
    assert memory.count("a", 7) == before + 1


def test_a_count_is_of_its_name_and_its_minute(memory: Shared) -> None:
    assert [memory.count("a", 1) for _ in range(3)] == [0, 1, 2]
    assert memory.count("b", 1) == 0
    assert memory.count("a", 2) == 0
    assert memory.count("a", 2, counted=False) == 1
    assert memory.count("a", 2, counted=False) == 1


def test_names_of_earlier_minutes_make_room_and_who_asks_most_is_not_pushed_out(memory: Shared) -> None:
    for _ in range(50):
        memory.count("busy", 5)
    for number in range(40_000):  # more names than there are places
        memory.count(f"name {number}", 5)
    assert memory.count("busy", 5) == 50
    assert memory.count("busy", 6) == 0
    assert memory.count("name 1", 6) == 0


def test_a_process_gives_way_to_one_that_has_less_to_do(memory: Shared) -> None:
    assert not memory.is_another_less_busy(0, 10)
    memory.tell(0, 3)
    memory.tell(1, 2)
    assert memory.is_another_less_busy(0, 3)
    assert not memory.is_another_less_busy(1, 2)
    memory.tell(1, 3)
    assert not memory.is_another_less_busy(0, 3)  # two that are equally busy do not wait for each other
    memory.tell(1, None)  # it takes none
    assert not memory.is_another_less_busy(0, 100)
    memory.tell(PROCESSES_LIMIT - 1, 0)
    assert memory.is_another_less_busy(0, 1)
