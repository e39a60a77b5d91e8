"""How fast the ledger takes records, and how fast it answers with a million of them in it.

``python -m bench.ledger``: one process on one CPU writes ``bench/LEDGER.md``. Beside it, in the same run, pymerkle
takes the same bytes into an SQLite tree of its own, and a bare file is forced to the disk as often: what one forced
write costs on this disk is the floor of a single durable record. At the end two processes on all CPUs append to one
ledger at the same time, one record a commit, as two processes that answer requests do.
"""

from __future__ import annotations

import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pymerkle

from asepsis.ledger import Action, Ledger, Record
from asepsis.ledger.checking import check
from asepsis.ledger.queries import Query, ask
from asepsis.ledger.record import record_bytes
from bench.programs import SCRATCH

PAGE = Path(__file__).parent / "LEDGER.md"
FOLDER = SCRATCH / "ledger"
ENTRIES = 1_000_000
BATCH = 1000
SINGLES = 1000
PROCESSES = 2
ROUNDS = 5
PEER_ENTRIES = 20_000
# What issue and users ask for.
BATCHED_TARGET, SINGLE_TARGET = 20_000, 500

_random = random.Random(6962)


def records(first: int, count: int) -> list[Record]:
    """Accesses of 300 people to 50,000 devices, as pages record them; no two are alike."""
    return [
        Record(
            id=f"{number:012x}-bench",
            time_ns=1_790_000_000_000_000_000 + number * 1_000_000,
            kind=_random.choice(("device.view", "device.list", "device.edit", "person.sign_in")),
            action=Action.READ,
            actor=f"person:{_random.randrange(300)}",
            actor_name="somebody",
            roles=("security_analyst",),
            subject=f"device:{_random.randrange(50_000)}",
            site="main",
            policies=("analyst-reads",),
            request=f"{number:016x}",
            client="192.0.2.7",
            details={"path": "/devices/", "count": number},
        )
        for number in range(first, first + count)
    ]


def rate(count: int, work: Callable[[], object]) -> tuple[float, float]:
    """Things a second of the clock, and a second of CPU."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return count / (time.perf_counter() - wall), count / (time.process_time() - cpu)


def milliseconds(work: Callable[[], object], times: int = 50) -> str:
    """Median and 95th percentile."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) * 1000)
    return f"{statistics.median(taken):.2f} | {sorted(taken)[int(len(taken) * 0.95)]:.2f}"


def batches(ledger: Ledger, first: int, rounds: int) -> list[tuple[float, float]]:
    """The rate of each of some rounds of ten batches; making the records is not counted, spelling them is."""
    rates = []
    for number in range(rounds):
        made = records(first + number * 10 * BATCH, 10 * BATCH)
        rates.append(
            rate(
                10 * BATCH,
                lambda made=made: [ledger.append_all(made[at : at + BATCH]) for at in range(0, len(made), BATCH)],
            )
        )
    return rates


def singles(ledger: Ledger, first: int) -> tuple[float, float]:
    """One record a commit."""
    made = records(first, SINGLES)
    return rate(SINGLES, lambda: [ledger.append(one) for one in made])


def together(first: int) -> tuple[float, float]:
    """Records a second of two processes together, and the longest that one record waited, in milliseconds."""
    command = [sys.executable, "-m", "bench.ledger", "append"]
    processes = [
        subprocess.Popen(
            [*command, str(first + number * SINGLES), str(SINGLES)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(PROCESSES)
    ]
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()  # it has opened the ledger and made its records
    began = time.perf_counter()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    longest = [float(process.communicate()[0]) for process in processes]
    return PROCESSES * SINGLES / (time.perf_counter() - began), max(longest)


def append(first: int, count: int) -> None:
    """One of the processes of ``together``."""
    with Ledger.open(FOLDER / "ledger", FOLDER / "keys") as ledger:
        made = records(first, count)
        ledger.head()
        print("ready", flush=True)
        sys.stdin.readline()
        longest = 0.0
        for one in made:
            began = time.perf_counter()
            ledger.append(one)
            longest = max(longest, time.perf_counter() - began)
    print(longest * 1000)


def forced_writes() -> float:
    """How often a second 4 KiB are written and forced to this disk, with nothing else."""
    path = FOLDER / "floor"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    try:

        def work() -> None:
            for number in range(SINGLES):
                os.pwrite(descriptor, bytes(4096), number % 256 * 4096)
                os.fdatasync(descriptor)

        return rate(SINGLES, work)[0]
    finally:
        os.close(descriptor)


def peer() -> tuple[float, float]:
    """pymerkle's SQLite tree, the same bytes in the same batches."""
    bodies = [record_bytes(one) for one in records(10_000_000, PEER_ENTRIES)]
    tree = pymerkle.SqliteTree(str(FOLDER / "peer.db"), algorithm="sha256")
    try:
        return rate(
            PEER_ENTRIES,
            lambda: [tree.append_entries(bodies[at : at + BATCH]) for at in range(0, PEER_ENTRIES, BATCH)],
        )
    finally:
        tree.close()


def shown(rates: list[tuple[float, float]]) -> str:
    """Median and range, of the clock and of CPU."""
    wall, cpu = (sorted(column) for column in zip(*rates, strict=True))
    return (
        f"{statistics.median(wall):,.0f} [{wall[0]:,.0f}-{wall[-1]:,.0f}] | "
        f"{statistics.median(cpu):,.0f} [{cpu[0]:,.0f}-{cpu[-1]:,.0f}]"
    )


def row(name: str, rates: list[tuple[float, float]], target: int, *, of_cpu: bool) -> str:
    """A line of the table. Of batches, what one core does must reach the target; of single records, what is waited."""
    reached = statistics.median(cpu if of_cpu else wall for wall, cpu in rates)
    verdict = "met" if reached >= target else f"**SHORTFALL**: {reached / target:.2f} of it"
    return f"| {name} | {shown(rates)} | {target:,} {'of CPU' if of_cpu else 'by the clock'} | {verdict} |"


def main() -> None:
    """Measures and writes the page."""
    every_processor = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(every_processor)})
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    with Ledger.open(FOLDER / "ledger", FOLDER / "keys") as ledger:
        begun = batches(ledger, 0, ROUNDS)
        at = ROUNDS * 10 * BATCH
        theirs = [peer()]
        floor = [forced_writes()]
        alone = [singles(ledger, 20_000_000)]
        while ledger.size() < ENTRIES:
            ledger.append_all(records(at, 10 * BATCH))
            at += 10 * BATCH
            sys.stderr.write(f"\r{ledger.size():,} entries")
        full = batches(ledger, at, ROUNDS)
        alone_full = [singles(ledger, 21_000_000 + number * SINGLES) for number in range(3)]
        floor += [forced_writes() for _ in range(2)]
        os.sched_setaffinity(0, every_processor)
        both = [together(30_000_000 + number * PROCESSES * SINGLES) for number in range(3)]
        os.sched_setaffinity(0, {min(every_processor)})
        size = ledger.size()
        questions: list[tuple[str, Callable[[], object]]] = [
            ("the newest 50", lambda: ask(ledger, Query())),
            ("50 from the middle", lambda: ask(ledger, Query(), before=size // 2)),
            ("of one person", lambda: ask(ledger, Query(actor="person:7"))),
            ("of one device", lambda: ask(ledger, Query(subject=f"device:{_random.randrange(50_000)}"))),
            ("of one kind", lambda: ask(ledger, Query(kind="device.edit"))),
            ("of one person and kind", lambda: ask(ledger, Query(actor="person:7", kind="device.edit"))),
            ("of a person and a kind that never were", lambda: ask(ledger, Query(actor="nobody", kind="never"))),
            ("an inclusion proof", lambda: ledger.inclusion(_random.randrange(size), size)),
            ("a consistency proof", lambda: ledger.consistency(_random.randrange(1, size), size)),
        ]
        answers = [f"| {name} | {milliseconds(work)} |" for name, work in questions]
        began = time.perf_counter()
        found = check(ledger)
        seconds = time.perf_counter() - began
        stored = ledger.path.stat().st_size
    assert found.passed
    bytes_each = stored / size
    rows = [
        row(f"batches of {BATCH}, ledger empty", begun, BATCHED_TARGET, of_cpu=True),
        row(f"batches of {BATCH}, {ENTRIES:,} entries", full, BATCHED_TARGET, of_cpu=True),
        row("one a commit, ledger empty", alone, SINGLE_TARGET, of_cpu=False),
        row(f"one a commit, {ENTRIES:,} entries", alone_full, SINGLE_TARGET, of_cpu=False),
    ]
    PAGE.write_text(
        f"""# The ledger, measured

Written by `python -m bench.ledger`; every figure is from a run. One process on one CPU; medians with their range. The
machine is shared, so that the clock says less than CPU time does.

- Machine: {platform.machine()}, {os.cpu_count()} CPUs, Linux {platform.release()}, Python {platform.python_version()}
- Load while it ran: {os.getloadavg()[1]:.1f}
- pymerkle {version("pymerkle")}

Each record has about 400 bytes, is spelled, hashed, indexed by time, person, subject and kind, and covered by a
signed checkpoint in the same commit, which is forced to the disk.

| records a second | by the clock | of CPU | required | |
|---|---|---|---|---|
{chr(10).join(rows)}
| pymerkle, SQLite, batches of {BATCH}, empty, neither indexed nor signed | {shown(theirs)} | | |

Two processes at once, one a commit, {ENTRIES:,} entries: {statistics.median(rate for rate, _ in both):,.0f} a second
together; the longest that one record waited was {max(longest for _, longest in both):.0f} ms.

A bare write of 4 KiB, forced: {statistics.median(floor):,.0f} a second.

With {size:,} entries ({bytes_each:.0f} bytes each on the disk):

| answer | median ms | 95 % below ms |
|---|---|---|
{chr(10).join(answers)}

A check of every entry ({found.checkpoints} checkpoints): {seconds:.0f} s.
""",
        encoding="utf-8",
    )
    shutil.rmtree(FOLDER, ignore_errors=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["append"]:
        append(int(sys.argv[2]), int(sys.argv[3]))
    else:
        main()
