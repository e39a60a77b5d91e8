"""The served application: its answers leave after their records are on the disk, and no kill leaves one without."""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from asepsis.ledger import Ledger, Record
from asepsis.ledger.checking import check
from asepsis.ledger.record import canonical, read_record

ROOT = Path(__file__).parents[3]
SERVED = [sys.executable, "-m", "tests.web.ledger.served"]
THREADS = 4
START_SECONDS = 120
TOGETHER_EVERY = 1 if os.environ.get("ASEPSIS_SOAK") else 6
pytestmark = pytest.mark.slow


class Served:
    """A workspace and the application that serves it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.environment = {**os.environ, "ASEPSIS_HOME": str(root), "ASEPSIS_WEB_TLS": "none"}
        done = subprocess.run(
            [*SERVED, "prepare"], cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        self.cookies: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
        self.port = 0

    def start(self, *, fault: str = "", before: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*before, *SERVED, "serve", fault],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert process.stdout is not None
        for line in process.stdout:
            if line.strip().isdigit():
                self.port = int(line)
                return process
        raise AssertionError("the application did not start")

    def ask(self, method: str, path: str, fields: dict[str, str] | None = None) -> tuple[int, str]:
        """One request; raises OSError or HTTPException where the answer does not come whole."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=START_SECONDS)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        body = None
        if fields is not None:
            body = urlencode(fields)
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"http://127.0.0.1:{self.port}"}
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
            for name, value in re.findall(r"^([\w-]+)=([^;]+)", answer.headers.get("Set-Cookie", "")):
                if "csrf" in name:
                    self.cookies[name] = value
            return answer.status, text
        finally:
            connection.close()

    def token(self) -> str:
        """What a form sends along against forgery."""
        status, page = self.ask("GET", "/devices/")
        assert status == 200, page[:500]
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert found is not None
        return found[1]

    def ledger(self) -> Ledger:
        return Ledger.open(self.root / "ledger", self.root / "keys")


class Ready:
    """Begins the application as often as asked; ``pid`` is that of the one that runs, or 0."""

    def __init__(self, served: Served, process: subprocess.Popen[str]) -> None:
        self._served = served
        self._process = process
        self.pid = 0

    def start(self, fault: str = "") -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{fault}\n")
        self._process.stdin.flush()
        # Both say it into one pipe, and either may be first.
        while self.pid == 0 or self._served.port == 0:
            word, _, number = self._said().partition(" ")
            if word == "pid":
                self.pid = int(number)
            else:
                assert word.isdigit(), "the application did not start"
                self._served.port = int(word)

    def stop(self) -> None:
        """Kills it, and waits until it has ended."""
        _kill(self.pid)
        assert self._said() == "ended"
        self.pid = self._served.port = 0

    def _said(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@pytest.fixture
def served(tmp_path: Path) -> Served:
    return Served(tmp_path / "workspace")


@pytest.fixture
def ready(served: Served) -> Iterator[Ready]:
    """What begins many processes, one after the other, and reads the code once."""
    process = subprocess.Popen(
        [*SERVED, "ready"],
        cwd=ROOT,
        env={**served.environment, "OPENBLAS_NUM_THREADS": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    ready = Ready(served, process)
    yield ready
    if ready.pid:
        _kill(ready.pid)
    process.communicate()


def _stop(process: subprocess.Popen[str]) -> None:
    _kill(process.pid)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def _kill(serving: int) -> None:
    """Kills it and the processes that answer beside it at the same moment, as near as that can be."""
    for pid in (*_children(serving), serving):
        os.kill(pid, signal.SIGKILL)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class Load:
    """Threads that look and change as fast as they get answers, and note what was answered."""

    def __init__(self, served: Served, token: str, number: int) -> None:
        self._served = served
        self._token = token
        self._number = number
        self._ended = threading.Event()
        self.looks: list[str] = []
        self.changes: list[str] = []
        self.others: list[tuple[int, str]] = []
        self._threads = [threading.Thread(target=self._work, args=(worker,)) for worker in range(THREADS)]
        for thread in self._threads:
            thread.start()

    def _work(self, worker: int) -> None:
        # No person may have more than some dozens of views: a few changes, and looks in between.
        for turn in range(10_000):
            name = f"kill{self._number}-{worker}-{turn}"
            try:
                if turn % 2 and turn < 16:
                    fields = {"name": name, "query": "", "csrfmiddlewaretoken": self._token}
                    status, text = self._served.ask("POST", "/devices/views/", fields)
                    good, noted = status == 302, self.changes
                else:
                    status, text = self._served.ask("GET", f"/devices/?vendor={name}")
                    good, noted = status == 200, self.looks
            except (OSError, http.client.HTTPException):
                return  # killed: this answer never came
            if good:
                noted.append(name)
            else:
                self.others.append((status, text[:200]))
                return

    def wait_for(self, answers: int) -> None:
        """Until so many answers came, so that a slow machine is killed in the middle of its work too."""
        until = time.monotonic() + START_SECONDS
        while len(self.looks) + len(self.changes) < answers and not self.others and time.monotonic() < until:
            time.sleep(0.001)

    def join(self) -> None:
        for thread in self._threads:
            thread.join()


def _recorded(ledger: Ledger, first: int) -> list[Record]:
    return [found for entry in ledger.entries(first) if (found := entry.record) is not None]


def _looks_of(records: list[Record]) -> set[str]:
    # Makers are kept, words of a search are not.
    searched = [(one.details or {}).get("filters.vendor", ()) for one in records if one.kind == "device.list"]
    return {name for names in searched if isinstance(names, tuple) for name in names}


def _changes_of(records: list[Record]) -> set[str]:
    return {one.subject.removeprefix("view:") for one in records if one.subject.startswith("view:")}


def test_no_kill_leaves_an_answer_without_its_record_or_a_change_without_one(served: Served, ready: Ready) -> None:
    kills = 300 if os.environ.get("ASEPSIS_SOAK") else 30
    seed = random.Random(9)
    looks = changes = first = 0
    together = 0
    for number in range(kills):
        # Some by two processes, of which one may go first: both append to the ledger, neither waits for a dead one.
        both = number % TOGETHER_EVERY == 0
        ready.start("together" if both else "")
        load = Load(served, served.token(), number)
        load.wait_for(seed.randint(2, 12))
        time.sleep(seed.uniform(0, 0.05))
        if both and seed.random() < 0.5:
            os.kill(_children(ready.pid)[0], signal.SIGKILL)
            alone = served.ask("GET", f"/devices/?vendor=alone{number}")
            assert alone[0] == 200
            load.looks.append(f"alone{number}")
        together += both
        ready.stop()
        load.join()
        assert load.others == []
        looks += len(load.looks)
        changes += len(load.changes)
        database = sqlite3.connect(served.root / "web.sqlite", isolation_level=None)
        # Only of these tables: constraints of others call functions that Django brings along.
        for table in ("devices_savedview", "ledger_outboxrecord"):
            assert database.execute(f"PRAGMA integrity_check({table})").fetchone() == ("ok",)
        views = {name for (name,) in database.execute("SELECT name FROM devices_savedview")}
        bodies = [json.loads(body) for (body,) in database.execute("SELECT body FROM ledger_outboxrecord")]
        waiting = [found for body in bodies if (found := read_record(canonical(body["entry"]))) is not None]
        with served.ledger() as ledger:
            records = _recorded(ledger, first)
            # Whoever got an answer left a record that is in the ledger already, not only on its way.
            assert set(load.looks) <= _looks_of(records), f"kill {number}"
            assert set(load.changes) <= _changes_of(records), f"kill {number}"
            # The change and its record are there both or not at all.
            assert views == _changes_of([*records, *waiting]), f"kill {number}"
            assert len(waiting) == len(bodies)
            first = ledger.size()
        # Their records stay; the views go, so that the next round may make its own.
        database.execute("DELETE FROM devices_savedview")
        database.execute("DELETE FROM ledger_outboxrecord")
        database.close()
        with served.ledger() as ledger:
            ledger.append_all(waiting)
            first = ledger.size()
    assert looks + changes >= 2 * kills
    assert looks > 0
    assert changes > 0
    assert together > 0
    with served.ledger() as ledger:
        assert check(ledger).passed


def test_what_a_kill_left_in_the_outbox_is_in_the_ledger_after_the_next_start(served: Served) -> None:
    process = served.start()
    served.ask("POST", "/devices/views/", {"name": "one", "query": "", "csrfmiddlewaretoken": served.token()})
    _stop(process)
    database = sqlite3.connect(served.root / "web.sqlite")
    (left,) = database.execute("SELECT count(*) FROM ledger_outboxrecord").fetchone()
    database.close()
    assert left == 1
    _stop(served.start())
    database = sqlite3.connect(served.root / "web.sqlite")
    (left,) = database.execute("SELECT count(*) FROM ledger_outboxrecord").fetchone()
    database.close()
    assert left == 0
    with served.ledger() as ledger:
        assert _changes_of(_recorded(ledger, 0)) == {"one"}


def _answers(served: Served, folder: Path, fault: str = "") -> tuple[int, int]:
    """How many answers to looks left the server, and how many of them before their record was forced to the disk."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    log = folder / f"calls-{fault}"
    calls = "trace=pwrite64,fsync,fdatasync,write,sendto,sendmsg,writev"
    process = served.start(fault=fault, before=("strace", "-f", "-y", "-s", "48", "-e", calls, "-o", str(log)))
    try:
        for number in range(6):
            assert served.ask("GET", f"/devices/?q=look{number}")[0] == 200
    finally:
        # The tracer ends with what it traces.
        for child in _children(process.pid):
            os.kill(child, signal.SIGKILL)
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
    left = unforced = 0
    written = forced = False
    for line in log.read_text(errors="replace").splitlines():
        if re.search(r"pwrite64\(\d+<[^>]*ledger\.sqlite-wal>", line):
            written, forced = True, False
        elif re.search(r"(fsync|fdatasync)\(\d+<[^>]*ledger\.sqlite-wal>", line):
            forced = written
        elif "HTTP/1.1 200" in line:
            # Before the first answer the server opened the ledger, which forces writes that are no record.
            left += 1
            unforced += left > 1 and not forced
            written = forced = False
    return left, unforced


def test_an_answer_leaves_after_its_record_is_forced_to_the_disk(served: Served, tmp_path: Path) -> None:
    assert _answers(served, tmp_path) == (6, 0)


@pytest.mark.parametrize("fault", ["unforced", "unrecorded"])
def test_the_check_of_answers_fails_when_the_control_is_taken_out(served: Served, tmp_path: Path, fault: str) -> None:
    assert _answers(served, tmp_path, fault) == (6, 5)
