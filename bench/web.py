"""How fast pages are served and how much memory the web takes, with a large hospital group in it.

``python -m bench.web``: makes the workspace once (``bench/scratch/web``, some minutes), serves it as ``asepsis serve``
does, lets four people open pages at the same time, first without pause and then with a second of reading between two
pages, and keeps the times. A page's time is from the first byte of the request to the last of the answer.

With a workspace that is there and fresh it takes some six minutes on a quiet machine with two cores.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import random
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bench import results
from bench.programs import SCRATCH, our_version
from bench.sitting import KEPT, kept
from bench.web_advisories import expose
from bench.web_population import CONVERSATION_COUNT, DEVICES, VENDORS, populate

ROOT: Final = SCRATCH / "web"
PORT: Final = 8791
PEOPLE: Final = 4
ROUNDS: Final = 25
"""Times that each person opens each page without pause: 100 requests of each, some two minutes on a quiet machine."""
READING_ROUNDS: Final = 4
"""The same when they read between two pages: about as many seconds for each page, some three minutes in all."""
READING_SECONDS: Final = (0.5, 1.5)
"""Between two pages of one person; a second on the average, so that four people do not keep step."""
SEED: Final = 7
WARM: Final = 3
"""Times that each page is opened before it is measured, on each of several connections: every process has seen it."""
ALONE: Final = 12
"""Requests of each page, one after another, for its CPU time."""
OPENED_AGAIN: Final = 3
"""Times that a connection is opened for one request: the server closes those on which nobody asks for a while."""
STARTS_WITHIN_SECONDS: Final = 1800
SETTLES_SECONDS: Final = 10
CLOCK_TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What is opened; ``{device}`` and ``{digit}`` differ each time. A page that is not there (404) is left out."""

    address: str
    who: str = "everywhere"
    """Somebody who may see everything, or ``department``: a clinical engineer of one department of 400 devices."""
    htmx: bool = False
    """Asked for by a page that renews its rows."""


PAGES: Final[dict[str, Page]] = {
    "overview": Page(address="/"),
    "overview, of a department": Page(address="/", who="department"),
    "devices": Page(address="/devices/"),
    "devices, page 2": Page(address="/devices/?page=2"),
    "devices, page 500": Page(address="/devices/?page=500"),
    "devices, searched": Page(address="/devices/?q=north-0{digit}"),
    "devices, searched, rows alone": Page(address="/devices/?q=model+{digit}7", htmx=True),
    "devices, one kind": Page(address="/devices/?category=infusion_pump"),
    "devices, two kinds of a site": Page(address="/devices/?category=ct&category=mri&site=north&sort=-confidence"),
    "devices, sorted by last seen": Page(address="/devices/?sort=-last_seen"),
    "devices, all columns": Page(
        address="/devices/?columns=title,category,vendor,model,address,site,department,owner,criticality,place,os,"
        "firmware,serial,role,peers,conversations,bytes,last_seen,first_seen"
    ),
    "devices, of a department": Page(address="/devices/", who="department"),
    "device": Page(address="/devices/{device}/"),
    "device, of a department": Page(address="/devices/{device}/", who="department"),
    "device's conversations": Page(address="/devices/{device}/conversations/"),
    "map": Page(address="/map/"),
    "map, by department": Page(address="/map/?by=department"),
    "map, one device": Page(address="/map/device/{device}/"),
    "map, of a department": Page(address="/map/", who="department"),
    "listed and seen": Page(address="/cmms/reconciliation/"),
    "ledger": Page(address="/ledger/"),
    "ledger, one act": Page(address="/ledger/?kind=device.view"),
    "findings": Page(address="/findings/"),
    "findings, page 500": Page(address="/findings/?page=500"),
    "findings, searched": Page(address="/findings/?q=model+{digit}7"),
    "findings, of a site": Page(address="/findings/?site=north"),
    "findings, by finding": Page(address="/findings/?by=finding"),
    "findings, of a department": Page(address="/findings/", who="department"),
    "device's exposure": Page(address="/devices/{device}/exposure/"),
    "risk": Page(address="/risk/"),
    "plan": Page(address="/plan/"),
    "vendors": Page(address="/vendors/"),
    "disclosure forms": Page(address="/papers/"),
    "feeds": Page(address="/feeds/"),
    "people": Page(address="/people/"),
    "health": Page(address="/health/"),
    "API: devices": Page(address="/api/v1/devices"),
    "API: device": Page(address="/api/v1/devices/{device}"),
    "API: findings": Page(address="/api/v1/findings"),
    "API: risk": Page(address="/api/v1/risk/devices"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Whoever opens pages."""

    cookie: str
    devices: list[str]
    """Ids of devices that they may see."""


def main() -> None:
    """Measures and keeps."""
    wanted = _wanted()
    root: Path = wanted.workspace
    # One of another name that is there is taken as it is: making it anew would remove what somebody keeps in it.
    if root == ROOT or not root.exists():
        _say("makes the workspace where it is not whole")
        populate(root)
        expose(root, VENDORS)
    os.environ["ASEPSIS_HOME"] = str(root)
    os.environ["ASEPSIS_WEB_TLS"] = "none"
    os.environ["ASEPSIS_WEB_PORT"] = str(wanted.port)
    began = time.monotonic()
    SCRATCH.mkdir(parents=True, exist_ok=True)
    with (SCRATCH / "web.log").open("wb") as log:
        server = subprocess.Popen([sys.executable, "-m", "asepsis.cli", "serve", "--json"], stdout=log, stderr=log)
        try:
            _say("starts the server")
            _wait(server)
            started = time.monotonic() - began
            _say(f"waits until nothing is brought up to date, {started:.0f} s after the start")
            visitors, counts = _prepared()
            _settled(server.pid)
            idle = _memory_mib(server.pid)
            _say(f"opens each page for the first time; {idle:.0f} MiB idle")
            present, missing = _present(visitors)
            _say(f"{len(present)} pages, each alone")
            cpu = _alone(visitors, present, server.pid)
            _say(f"four people at once, {wanted.rounds} rounds")
            times = _together(visitors, present, wanted.rounds)
            _say(f"four people who read, {wanted.reading_rounds} rounds")
            read = _together(visitors, present, wanted.reading_rounds, reading=True)
            processes = len(_answering(server.pid))
            busy = _memory_mib(server.pid)
        finally:
            server.terminate()
            server.wait(60)
    answer = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "version": our_version(),
        "devices": DEVICES,
        "conversations": CONVERSATION_COUNT,
        **counts,
        "people": PEOPLE,
        "processes": processes,
        "start_seconds": started,
        "idle_mib": idle,
        "busy_mib": busy,
        "missing": missing,
        "milliseconds": {name: {**_figures(found), "cpu": cpu[name]} for name, found in times.items()},
        "reading_milliseconds": {name: _figures(found) for name, found in read.items()},
    }
    if wanted.keep:
        everything = kept()
        everything["web"] = answer
        KEPT.write_text(json.dumps(everything, indent=1) + "\n")
        results.write_section("The web", results.web_page(answer))
    print("\n".join(results.web_page(answer)))


def _wanted() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(prog="python -m bench.web", description=__doc__.splitlines()[0])
    parser.add_argument("--workspace", type=Path, default=ROOT, help="made where it is not there")
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of four people without pause")
    parser.add_argument("--reading-rounds", type=int, default=READING_ROUNDS, help="of four people who read")
    parser.add_argument("--print", dest="keep", action="store_false", help="prints the page and keeps nothing")
    return parser.parse_args()


def _say(what: str) -> None:
    """How far it is."""
    print(f"{datetime.now(UTC):%H:%M:%S} {what}", file=sys.stderr, flush=True)


def _connection(*, timeout_seconds: float = 60) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("localhost", int(os.environ["ASEPSIS_WEB_PORT"]), timeout=timeout_seconds)


def _figures(times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {
        "count": len(ordered),
        "median": round(statistics.median(ordered) * 1000, 1),
        "p95": round(ordered[int(0.95 * (len(ordered) - 1))] * 1000, 1),
        "most": round(ordered[-1] * 1000, 1),
    }


def _wait(server: subprocess.Popen[bytes]) -> None:
    """Until it answers: the first start brings the rows of all devices up to date."""
    for _ in range(STARTS_WITHIN_SECONDS):
        if server.poll() is not None:
            raise SystemExit(f"the server ended with {server.returncode}; see {SCRATCH / 'web.log'}")
        try:
            _get(_connection(timeout_seconds=5), "/account/login/", "")
        except OSError:
            time.sleep(1)
        else:
            return
    raise SystemExit("the server did not answer")


def _settled(pid: int) -> None:
    """Until nothing is brought up to date any more, and every process that answers has loaded what it needs."""
    time.sleep(SETTLES_SECONDS)
    while any(b"refreshing" in _command(one) for one in _family(pid)):
        time.sleep(SETTLES_SECONDS)


def _prepared() -> tuple[dict[str, Visitor], dict[str, int]]:
    """Sessions of people, made on the machine itself, and how many entries and findings there are."""
    program = Path(__file__).with_name("web_session.py")
    answer = subprocess.run([sys.executable, str(program)], check=True, capture_output=True, text=True).stdout
    found = json.loads(answer.splitlines()[-1])
    visitors = {who: Visitor(**one) for who, one in found["visitors"].items()}
    return visitors, {"ledger": found["ledger"], "findings": found["findings"]}


def _get(connection: http.client.HTTPConnection, address: str, cookie: str, *, htmx: bool = False) -> tuple[int, float]:
    """Its status, and the seconds that it took; the time of an attempt on a connection that was closed is not counted.

    Raises:
        OSError: Nobody answers.
    """
    headers = {"Cookie": cookie} | ({"HX-Request": "true"} if htmx else {})
    for left in reversed(range(OPENED_AGAIN)):
        kept = connection.sock is not None
        began = time.perf_counter()
        try:
            connection.request("GET", address, headers=headers)
            answer = connection.getresponse()
            answer.read()
        except ConnectionError:
            connection.close()
            # On a connection that was just opened the server answers, or something is wrong with it.
            if not kept or not left:
                raise
        else:
            return answer.status, time.perf_counter() - began
    raise ConnectionError


def _open(
    connection: http.client.HTTPConnection, visitors: dict[str, Visitor], page: Page, choice: random.Random
) -> tuple[int, float]:
    visitor = visitors[page.who]
    address = page.address.format(device=choice.choice(visitor.devices), digit=choice.randrange(10))
    return _get(connection, address, visitor.cookie, htmx=page.htmx)


def _present(visitors: dict[str, Visitor]) -> tuple[dict[str, Page], list[str]]:
    """The pages that are there, each opened some times, and the names of those that are not."""
    choice = random.Random(SEED)
    connections = [_connection() for _ in range(PEOPLE)]
    present, missing = {}, []
    for name, page in PAGES.items():
        statuses = {_open(one, visitors, page, choice)[0] for one in connections for _ in range(WARM)}
        if statuses == {200}:
            present[name] = page
        elif statuses == {404}:
            missing.append(name)
        else:
            raise SystemExit(f"{name} answered {statuses}")
    return present, missing


def _alone(visitors: dict[str, Visitor], present: dict[str, Page], pid: int) -> dict[str, float]:
    """Milliseconds of CPU that the processes which answer need for each page, with nobody else there."""
    connection = _connection()
    choice = random.Random(SEED)
    cpu = {}
    for name, page in present.items():
        before = _cpu_seconds(pid)
        for _ in range(ALONE):
            _open(connection, visitors, page, choice)
        cpu[name] = round((_cpu_seconds(pid) - before) / ALONE * 1000, 1)
    return cpu


def _together(
    visitors: dict[str, Visitor], present: dict[str, Page], rounds: int, *, reading: bool = False
) -> dict[str, list[float]]:
    """Four people at once, each through all pages in an order of their own; they may read what they opened."""
    times: dict[str, list[float]] = {name: [] for name in present}
    failed: list[str] = []

    def person(number: int) -> None:
        choice = random.Random(SEED + number)
        own = _connection()
        for _ in range(rounds):
            for name in choice.sample(sorted(present), len(present)):
                if reading:
                    time.sleep(choice.uniform(*READING_SECONDS))
                try:
                    status, seconds = _open(own, visitors, present[name], choice)
                except (OSError, http.client.HTTPException) as error:
                    failed.append(f"{name}: {error!r}")
                    continue
                if status != 200:
                    failed.append(f"{name}: {status}")
                times[name].append(seconds)

    people = [threading.Thread(target=person, args=(number,)) for number in range(PEOPLE)]
    for one in people:
        one.start()
    for one in people:
        one.join()
    if failed:
        raise SystemExit(f"{len(failed)} requests failed, such as {failed[0]}")
    return times


def _family(pid: int) -> list[int]:
    """The process and those that it started."""
    family = [pid]
    for one in family:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it ended meanwhile
            children = Path(f"/proc/{one}/task/{one}/children").read_text().split()
            family += [int(child) for child in children]
    return family


def _answering(pid: int) -> list[int]:
    """The processes that answer requests: the first, and those that it started for that."""
    return [one for one in _family(pid) if one == pid or b"asepsis.web.answering" in _command(one)]


def _command(pid: int) -> bytes:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def _cpu_seconds(pid: int) -> float:
    """User and system time of what answers alone: the worker looks for jobs at its own pace."""
    total = 0
    for one in _answering(pid):
        columns = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        total += int(columns[11]) + int(columns[12])
    return total / CLOCK_TICKS


def _memory_mib(pid: int) -> float:
    """Of the process and those that it started, shared pages in proportion (PSS)."""
    total = 0
    for one in _family(pid):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
    return round(total / 1024, 1)


if __name__ == "__main__":
    main()
