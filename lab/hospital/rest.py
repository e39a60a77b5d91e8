"""What lies between two sittings: connections are closed, devices are switched off and on, others come.

Nothing here is recorded. After ``begin`` no TCP connection is open anywhere in the hospital, so that none can be
stretched when the clock is moved; ``end`` brings back what talks.
"""

from __future__ import annotations

import re
import signal
import subprocess
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from lab.hospital import kinds
from lab.hospital.network import Hospital
from lab.hospital.parts import addressing
from lab.stage import ip_link

CLOSING_SECONDS = 12.0
"""A connection that is closed by both ends is gone in a fraction of a second; this is a program that hangs."""
GONE_SECONDS = 5.0
_AT_REST = frozenset(("06", "07", "0A"))
"""TIME_WAIT, unconnected and LISTEN (include/net/tcp_states.h): in these nothing more is sent."""
_RENEW = {"udhcpc": signal.SIGUSR1, "dhcpcd": signal.SIGHUP}
"""What tells a client to renew its lease now (their manual pages); dhclient has no such signal."""
_TIME = re.compile(r"\d{14}\+0000")


def begin(hospital: Hospital) -> None:
    """Ends the programs that hold connections, and waits until no connection is open.

    Raises:
        RuntimeError: Some stay open; all are named.
    """
    for talker in hospital.talkers:
        talker.process.terminate()
    for talker in hospital.talkers:
        _gone(talker.process)
    end = time.monotonic() + CLOSING_SECONDS
    while left := list(_open(hospital)):
        if time.monotonic() > end:
            raise RuntimeError(f"connections are still open: {'; '.join(left[:10])}")
        time.sleep(0.1)


def end(hospital: Hospital) -> None:
    """Starts again, in the old order, what was ended, with the time that the recording tells now."""
    for file in hospital.scratch.glob("reports-*.json"):
        file.write_text(_TIME.sub(hospital.told(), file.read_text()))
    for talker in hospital.talkers:
        log = hospital.logs[talker.host][-1]
        with log.open("ab") as written:
            talker.process = hospital.hosts[talker.host].start(
                talker.argv, stdout=written, stderr=subprocess.STDOUT, env=talker.env
            )
        if talker.port:
            hospital.listening.append((talker.host, talker.port, talker.transport))
    _renew(hospital)
    hospital.settle()


def switch(hospital: Hospital, off: Iterable[str]) -> None:
    """Switches these devices off and all others on; those that are switched on ask for their addresses anew."""
    wanted = set(off) & set(hospital.hosts)
    for name in sorted(wanted - hospital.off):
        hospital.earlier.setdefault(name, set()).update(*hospital.addresses(name).values())
        hospital.talkers = [talker for talker in hospital.talkers if talker.host != name]
        for process in hospital.hosts[name].started():
            if process.poll() is None:
                process.terminate()
        for process in hospital.hosts[name].started():
            _gone(process)
        flush = "" if hospital.device(name).by == "static" else "ip address flush dev eth0; : > /etc/resolv.conf; "
        hospital.hosts[name].run(["sh", "-c", f"{flush}ip link set eth0 down"])
    back = sorted(hospital.off - wanted)
    hospital.off = wanted
    for name in back:
        device = hospital.device(name)
        static = f"; ip route replace default via {hospital.topology.segments[device.segment].router}"
        hospital.hosts[name].run(["sh", "-c", "ip link set eth0 up" + (static if device.by == "static" else "")])
    for name in back:
        kinds.start(hospital, hospital.device(name))
    hospital.settle()
    for name in back:
        if hospital.device(name).by != "static":
            hospital.wait_for_address(name, timeout_seconds=addressing.CLIENT_SECONDS)


def arrive(hospital: Hospital, name: str) -> None:
    """Plugs a device in that was ordered for today, and starts it."""
    hospital.plug(hospital.coming.pop(name))
    kinds.start(hospital, hospital.device(name))
    hospital.settle()
    if hospital.device(name).by != "static":
        hospital.wait_for_address(name, timeout_seconds=addressing.CLIENT_SECONDS)


def move(hospital: Hospital, name: str, to: str) -> None:
    """Takes a device with its patient to another segment, where it asks for an address anew."""
    hospital.left[name] = hospital.addresses(name)["ipv4"]
    switch(hospital, {*hospital.off, name})
    (port,) = hospital.ports[name]
    ip_link("link", "set", port, "master", f"br-{to}")
    moved = replace(hospital.device(name), segment=to)
    hospital.topology = replace(hospital.topology, devices={**hospital.topology.devices, name: moved})
    switch(hospital, hospital.off - {name})


def _renew(hospital: Hospital) -> None:
    """Lets the clients that stayed on renew their addresses: by the recording's clock hours have passed."""
    for name, device in hospital.topology.devices.items():
        if name in hospital.hosts and name not in hospital.off and device.by in _RENEW:
            for process in hospital.hosts[name].started():
                # What was started is a chain of exec: the process id is the client's own.
                if process.poll() is None and device.by in str(process.args):
                    process.send_signal(_RENEW[device.by])


def _gone(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(timeout=GONE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _open(hospital: Hospital) -> Iterable[str]:
    """TCP connections between hosts that are not at rest, by the kernel's own tables (proc(5))."""
    for name, host in hospital.hosts.items():
        for table in ("tcp", "tcp6"):
            for line in Path(f"/proc/{host.pid}/net/{table}").read_text().splitlines()[1:]:
                _, local, remote, state = line.split()[:4]
                loopback = local.startswith("0100007F") or "0100007F:" in local
                if state not in _AT_REST and not loopback:
                    ports = [int(end.rsplit(":", 1)[1], 16) for end in (local, remote)]
                    yield f"{name} port {ports[0]} to {ports[1]} ({state})"
