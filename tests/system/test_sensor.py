"""The sensor beside the web, live: devices on a wire appear, drops are shown, and so is that somebody killed it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.system.namespaces import Wire
from tests.web.ledger.test_served import Served

pytestmark = [pytest.mark.root, pytest.mark.slow]

WARD = Path(__file__).resolve().parent.parent / "recordings" / "ward.pcapng.zst"
PATIENCE_SECONDS = 180.0
"""The first start on a machine compiles the kernels."""
RING_BYTES = 64 << 20


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    made = Served(tmp_path_factory.mktemp("sensor") / "workspace")
    process = made.start()
    yield made
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def environment(served: Served, wire: Wire) -> dict[str, str]:
    watched = {"ASEPSIS_SENSOR_INTERFACE": wire.receiver, "ASEPSIS_SENSOR_SITE": "ward"}
    return {**product(served), **watched}


def product(served: Served) -> dict[str, str]:
    """The product's own settings, on the workspace that is served."""
    return {**served.environment, "DJANGO_SETTINGS_MODULE": "asepsis.web.settings"}


def sensor(served: Served, wire: Wire) -> subprocess.Popen[bytes]:
    process = wire.start([sys.executable, "-m", "asepsis.web.jobs.sensor"], env=environment(served, wire))
    wire.wait_for_receiver(process, timeout_seconds=PATIENCE_SECONDS)
    return process


def health(served: Served) -> dict[str, Any]:
    status, text = served.ask("GET", "/api/v1/health")
    assert status == 200, text
    told: dict[str, Any] = json.loads(text)
    return told


def wait_for(what: str, told: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not told():
        assert time.monotonic() < end, what
        time.sleep(0.2)


def stop(process: subprocess.Popen[bytes], how: int) -> None:
    process.send_signal(how)
    process.wait(timeout=PATIENCE_SECONDS)


def test_devices_of_a_wire_appear_and_a_killed_sensor_shows(wire: Wire, served: Served) -> None:
    first = sensor(served, wire)
    sent = wire.replay(WARD, topspeed=True)
    wait_for("packets", lambda: (health(served)["sensor"] or {}).get("packets", 0) >= sent.packets)
    running = health(served)["sensor"]
    assert (running["state"], running["drops"]) == ("running", 0)
    stop(first, signal.SIGTERM)  # what it saw is kept now, and not only in a minute
    subprocess.run([sys.executable, "-m", "asepsis.web.devices.refreshing"], env=product(served), check=True)
    told = health(served)
    assert told["devices"] > 0
    assert told["coverage"]["packets"] == sent.packets
    status, page = served.ask("GET", "/api/v1/devices?category=infusion_pump")
    assert (status, bool(json.loads(page)["items"])) == (200, True)

    stop(sensor(served, wire), signal.SIGKILL)
    # As the server does: it begins it anew.
    third = sensor(served, wire)
    wait_for("the failure", lambda: health(served)["sensor"]["failures_in_a_day"] == 1)
    status, page = served.ask("GET", "/health/")
    assert "It ended 1 time in the last day" in page
    status, page = served.ask("GET", "/jobs/")
    assert "it was ended from outside" in page
    stop(third, signal.SIGTERM)


def test_what_the_kernel_had_to_drop_is_shown(wire: Wire, served: Served) -> None:
    process = sensor(served, wire)
    process.send_signal(signal.SIGSTOP)
    # Until more has come than the ring holds while nobody empties it.
    size = 0
    while size < 2 * RING_BYTES:
        size += wire.replay(WARD, topspeed=True, loops=20).size_bytes
    process.send_signal(signal.SIGCONT)
    wait_for("drops", lambda: health(served)["sensor"]["drops"] > 0)
    status, page = served.ask("GET", "/health/")
    assert status == 200
    assert re.search(r"[1-9][\d,]* of [\d,]+ packets dropped by the kernel", page)
    stop(process, signal.SIGTERM)
    told = health(served)["sensor"]
    assert told["state"] == "done"
    assert told["drops"] > 0
    assert told["drop_share"] > 0
