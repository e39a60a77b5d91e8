"""Runs a program as a whole process and says what it cost: CPU time of its tree, wall time, peak memory.

CPU time (user and system, the process and all the children it waited for) is the yardstick: it holds on a machine
that others use too, though shared caches still move it by some per cent.
"""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

LONGEST_RUN_SECONDS = 1800  # tshark needs two minutes for the large capture; what takes this long hangs
SAMPLE_SECONDS = 0.02
KEPT_OUTPUT = 4000  # characters of a program's last words


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One run of one program."""

    cpu_seconds: float
    wall_seconds: float
    peak_bytes: int
    """Largest resident set of one process of the tree."""
    tree_peak_bytes: int
    """Largest sum over the tree of memory in proportion (PSS), sampled; 0 when not asked for."""
    exit_code: int
    output: str
    """The end of what it printed, standard output and standard error together."""


def measure(
    command: Sequence[str],
    *,
    processor: int | None = None,
    environment: Mapping[str, str] | None = None,
    sample_memory: bool = False,
    discard_output: bool = False,
) -> Measurement:
    """Runs ``command`` once.

    Args:
        command: The program and its arguments.
        processor: The one CPU it may use, or None for all.
        environment: Variables on top of ours.
        discard_output: Sends standard output to ``/dev/null``; only standard error is kept.
        sample_memory: Whether to sample the memory of the whole tree, which itself costs the other CPU time.

    Raises:
        TimeoutError: The program ran for ``LONGEST_RUN_SECONDS``; it has been stopped.
    """
    line = list(command) if processor is None else ["taskset", "-c", str(processor), *command]
    started = time.monotonic()
    with subprocess.Popen(
        line,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL if discard_output else subprocess.PIPE,
        stderr=subprocess.PIPE if discard_output else subprocess.STDOUT,
        env={**os.environ, **(environment or {})},
        start_new_session=True,
    ) as process:
        done, late, peak = Event(), Event(), [0]
        watchers = [Thread(target=_stop_late, args=(process.pid, done, late), daemon=True)]
        if sample_memory:
            watchers.append(Thread(target=_sample, args=(process.pid, done, peak), daemon=True))
        for watcher in watchers:
            watcher.start()
        pipe = process.stderr if discard_output else process.stdout
        assert pipe is not None
        tail = b""
        while block := os.read(pipe.fileno(), 1 << 16):
            tail = (tail + block)[-KEPT_OUTPUT:]
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        done.set()
        for watcher in watchers:
            watcher.join()
    if late.is_set():
        raise TimeoutError(f"{command[0]} was still running after {LONGEST_RUN_SECONDS} s")
    return Measurement(
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        wall_seconds=wall,
        peak_bytes=usage.ru_maxrss * 1024,
        tree_peak_bytes=peak[0],
        exit_code=process.returncode,
        output=tail.decode(errors="replace"),
    )


def _stop_late(group: int, done: Event, late: Event) -> None:
    if not done.wait(LONGEST_RUN_SECONDS):
        late.set()
        os.killpg(group, signal.SIGKILL)


def _sample(root: int, done: Event, peak: list[int]) -> None:
    while not done.wait(SAMPLE_SECONDS):
        peak[0] = max(peak[0], sum(_proportional_bytes(process) for process in tree(root)))


def tree(root: int) -> list[int]:
    """The process ``root`` and all that descend from it now."""
    found = [root]
    for process in found:
        try:
            for thread in Path(f"/proc/{process}/task").iterdir():
                found += [int(child) for child in (thread / "children").read_text().split()]
        except OSError:
            continue  # it ended while we looked
    return found


def _proportional_bytes(process: int) -> int:
    try:
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass  # it ended while we looked
    return 0


@dataclass(slots=True, kw_only=True)
class Series:
    """All runs of one program on one file within one sitting."""

    cpu_seconds: list[float] = field(default_factory=list)
    wall_seconds: list[float] = field(default_factory=list)
    peak_bytes: list[int] = field(default_factory=list)
    tree_peak_bytes: list[int] = field(default_factory=list)
    exit_codes: list[int] = field(default_factory=list)
    output: str = ""

    def add(self, run: Measurement) -> None:
        """Takes one more run."""
        self.cpu_seconds.append(round(run.cpu_seconds, 4))
        self.wall_seconds.append(round(run.wall_seconds, 4))
        self.peak_bytes.append(run.peak_bytes)
        self.tree_peak_bytes.append(run.tree_peak_bytes)
        self.exit_codes.append(run.exit_code)
        self.output = run.output

    @property
    def median(self) -> float:
        """Median CPU seconds."""
        return statistics.median(self.cpu_seconds)
