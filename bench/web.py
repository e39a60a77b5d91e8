"""How fast pages are served and how much memory the web takes, with a large hospital group in it.

``python -m bench.web``: makes the workspace once (``bench/scratch/web``, some minutes), serves it as ``asepsis serve``
does, lets four people open pages at the same time without pause, and keeps the times. A page's time is from the first
byte of the request to the last of the answer.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import statistics
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bench.programs import SCRATCH, our_version
from bench.sitting import KEPT, kept
from bench.web_population import CONVERSATION_COUNT, DEVICES, populate

ROOT: Final = SCRATCH / "web"
PORT: Final = 8791
PEOPLE: Final = 4
ROUNDS: Final = 40
SEED: Final = 7
WARM: Final = 3
STARTS_WITHIN_SECONDS: Final = 1800

PAGES: Final[dict[str, str]] = {
    "overview": "/",
    "devices": "/devices/",
    "devices, page 500": "/devices/?page=500",
    "devices, searched": "/devices/?q=north-0{digit}",
    "devices, one kind": "/devices/?category=infusion_pump",
    "devices, sorted by last seen": "/devices/?sort=-last_seen",
    "device": "/devices/{device}/",
    "map": "/map/",
    "listed and seen": "/cmms/reconciliation/",
    "ledger": "/ledger/",
    "people": "/people/",
    "health": "/health/",
    "API: devices": "/api/v1/devices",
    "API: device": "/api/v1/devices/{device}",
}
"""What is opened; ``{device}`` and ``{digit}`` differ each time. A page that is not there (404) is left out."""


def main() -> None:
    """Measures and keeps."""
    populate(ROOT)
    os.environ["ASEPSIS_HOME"] = str(ROOT)
    os.environ["ASEPSIS_WEB_TLS"] = "none"
    os.environ["ASEPSIS_WEB_PORT"] = str(PORT)
    began = time.monotonic()
    with (SCRATCH / "web.log").open("wb") as log:
        server = subprocess.Popen([sys.executable, "-m", "asepsis.cli", "serve", "--json"], stdout=log, stderr=log)
        try:
            _wait(server)
            started = time.monotonic() - began
            cookie, devices, entries = _prepared()
            idle = _memory_mib(server.pid)
            times, missing = _load(cookie, devices)
            busy = _memory_mib(server.pid)
        finally:
            server.terminate()
            server.wait(60)
    answer = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "version": our_version(),
        "devices": DEVICES,
        "conversations": CONVERSATION_COUNT,
        "ledger": entries,
        "people": PEOPLE,
        "start_seconds": started,
        "idle_mib": idle,
        "busy_mib": busy,
        "missing": missing,
        "milliseconds": {name: _figures(found) for name, found in times.items()},
    }
    everything = kept()
    everything["web"] = answer
    KEPT.write_text(json.dumps(everything, indent=1) + "\n")
    json.dump(answer, sys.stdout, indent=1)


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
            _get(http.client.HTTPConnection("localhost", PORT, timeout=5), "/account/login/", "")
        except OSError:
            time.sleep(1)
        else:
            return
    raise SystemExit("the server did not answer")


def _prepared() -> tuple[str, list[str], int]:
    """A session of somebody who may see everything, made on the machine itself, and the ids of devices."""
    program = Path(__file__).with_name("web_session.py")
    answer = subprocess.run([sys.executable, str(program)], check=True, capture_output=True, text=True).stdout
    found = json.loads(answer.splitlines()[-1])
    return found["cookie"], found["devices"], found["ledger"]


def _get(connection: http.client.HTTPConnection, address: str, cookie: str) -> tuple[int, float]:
    began = time.perf_counter()
    connection.request("GET", address, headers={"Cookie": cookie})
    answer = connection.getresponse()
    answer.read()
    return answer.status, time.perf_counter() - began


def _load(cookie: str, devices: list[str]) -> tuple[dict[str, list[float]], list[str]]:
    """Four people at once, each through all pages in an order of their own."""
    connection = http.client.HTTPConnection("localhost", PORT, timeout=60)
    present, missing = {}, []
    for name, address in PAGES.items():
        chosen = address.format(device=devices[0], digit=1)
        statuses = {_get(connection, chosen, cookie)[0] for _ in range(WARM)}
        if statuses == {200}:
            present[name] = address
        elif statuses == {404}:
            missing.append(name)
        else:
            raise SystemExit(f"{chosen} answered {statuses}")
    times: dict[str, list[float]] = {name: [] for name in present}
    failed: list[str] = []

    def person(number: int) -> None:
        choice = random.Random(SEED + number)
        own = http.client.HTTPConnection("localhost", PORT, timeout=60)
        for _ in range(ROUNDS):
            for name in choice.sample(sorted(present), len(present)):
                address = present[name].format(device=choice.choice(devices), digit=choice.randrange(10))
                status, seconds = _get(own, address, cookie)
                if status != 200:
                    failed.append(f"{address}: {status}")
                times[name].append(seconds)

    people = [threading.Thread(target=person, args=(number,)) for number in range(PEOPLE)]
    for one in people:
        one.start()
    for one in people:
        one.join()
    if failed:
        raise SystemExit(f"{len(failed)} requests failed, such as {failed[0]}")
    return times, missing


def _memory_mib(pid: int) -> float:
    """Of the process and those that it started, shared pages in proportion (PSS)."""
    family = [pid]
    for one in family:
        children = Path(f"/proc/{one}/task/{one}/children").read_text().split()
        family += [int(child) for child in children]
    total = 0
    for one in family:
        for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return round(total / 1024, 1)


if __name__ == "__main__":
    main()
