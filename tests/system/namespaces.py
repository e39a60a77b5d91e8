"""A wire of our own: a veth pair in a private network namespace, for live capture.

    with Wire() as wire:
        watching = wire.start([python, "-m", "asepsis", "watch", wire.receiver, ...], stdout=PIPE)
        wire.wait_for_receiver(watching)
        sent = wire.replay(capture, topspeed=True)

Nothing touches the machine's own interfaces, nothing has a name outside, and everything dies with the test process.
The wire itself is silent: no IPv6 on either end, so what arrives is what was replayed.
"""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import zstandard

from lab.namespaces import Namespace

MTU = 9500
"""Captures made with offloads on hold frames far above 1500 bytes; 9500 takes every jumbo frame."""
REPLAY_SECONDS = 120.0
PACKET_TABLE = "net/packet"
"""proc(5): the sockets of AF_PACKET, one a line: what tells that somebody captures."""
_SENT = re.compile(r"Actual: (\d+) packets \((\d+) bytes\) sent in ([\d.]+) seconds")
_FAILED = re.compile(r"Failed packets:\s+(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What tcpreplay sent."""

    packets: int
    size_bytes: int
    seconds: float
    failed: int
    """Packets that the sending interface refused, such as those longer than the MTU."""


def lacking() -> list[str]:
    """Why no wire can be made here; empty when one can."""
    lines = [
        f"missing {program}; apt-get install {package}"
        for program, package in (
            ("tcpreplay", "tcpreplay"),
            ("ip", "iproute2"),
            ("unshare", "util-linux"),
            ("nsenter", "util-linux"),
            ("setpriv", "util-linux"),
        )
        if shutil.which(program) is None
    ]
    return lines if os.geteuid() == 0 else [*lines, "needs root for a network namespace"]


class Wire(Namespace):
    """A namespace with a veth pair: packets replayed at ``sender`` arrive at ``receiver``.

    Raises:
        RuntimeError: The kernel or the rights do not allow it.
    """

    sender = "far0"
    receiver = "near0"

    def __init__(self, *, mtu: int = MTU) -> None:
        super().__init__("wire")
        try:
            self.run(["ip", "link", "add", self.sender, "type", "veth", "peer", "name", self.receiver])
            for end in (self.sender, self.receiver):
                self.run(["sh", "-c", f"echo 1 > /proc/sys/net/ipv6/conf/{end}/disable_ipv6"])
                self.run(["ip", "link", "set", end, "mtu", str(mtu), "arp", "off", "up"])
        except BaseException:
            self.close()
            raise

    def arrived(self) -> int:
        """Packets that reached the receiving end, whether anybody captured them or not."""
        # proc(5): interface name, then the received bytes and packets.
        for line in Path(f"/proc/{self.pid}/net/dev").read_text().splitlines()[2:]:
            name, counters = line.split(":")
            if name.strip() == self.receiver:
                return int(counters.split()[1])
        raise RuntimeError(f"no interface {self.receiver}")

    def wait_for_receiver(self, process: subprocess.Popen[bytes], *, timeout_seconds: float = 30.0) -> None:
        """Waits until some program has a capture socket open.

        Raises:
            RuntimeError: ``process`` ended before, or the time is over.
        """
        end = time.monotonic() + timeout_seconds
        while not self._captured():
            if process.poll() is not None:
                raise RuntimeError(f"the receiver ended with {process.returncode} before it captured")
            if time.monotonic() > end:
                raise RuntimeError(f"nobody captured within {timeout_seconds:.0f} s")
            time.sleep(0.02)

    def _captured(self) -> bool:
        """Whether a packet socket is bound and receives: fields Proto and R of its line (packet sockets, proc(5))."""
        lines = Path(f"/proc/{self.pid}/{PACKET_TABLE}").read_text().splitlines()[1:]
        return any(line.split()[3] != "0000" and line.split()[5] == "1" for line in lines)

    def replay(
        self,
        capture: Path,
        *,
        packets_per_second: int | None = None,
        topspeed: bool = False,
        loops: int = 1,
        cpu: int | None = None,
        timeout_seconds: float = REPLAY_SECONDS,
    ) -> Replayed:
        """Sends a capture with tcpreplay, at its own pace where neither rate nor top speed is asked for.

        Args:
            capture: pcap or pcapng, also gzip or zstd of it (then unpacked first).
            packets_per_second: A fixed rate.
            topspeed: As fast as tcpreplay can; the file is read into memory first.
            loops: How often the whole file is sent.
            cpu: The processor that sends, so that the receiver can have another.
            timeout_seconds: The replay is ended after this time.

        Raises:
            RuntimeError: tcpreplay failed or took too long.
        """
        with tempfile.TemporaryDirectory(prefix="asepsis-replay-") as folder:
            argv = ["tcpreplay", "--quiet", f"--intf1={self.sender}", f"--loop={loops}"]
            if topspeed:
                argv += ["--topspeed", "--preload-pcap"]
            elif packets_per_second is not None:
                argv += [f"--pps={packets_per_second}"]
            if cpu is not None:
                argv = ["taskset", "-c", str(cpu), *argv]
            said = self.run([*argv, str(_unpacked(capture, Path(folder)))], timeout_seconds=timeout_seconds).stdout
        sent, failed = _SENT.search(said), _FAILED.search(said)
        if sent is None:
            raise RuntimeError(f"tcpreplay did not say what it sent: {said[-300:]}")
        return Replayed(
            packets=int(sent[1]),
            size_bytes=int(sent[2]),
            seconds=float(sent[3]),
            failed=int(failed[1]) if failed else 0,
        )


def _unpacked(capture: Path, folder: Path) -> Path:
    if capture.suffix not in (".gz", ".zst"):
        return capture
    target = folder / capture.stem
    with target.open("wb") as out:
        if capture.suffix == ".gz":
            with gzip.open(capture, "rb") as packed:
                shutil.copyfileobj(packed, out)
        else:
            with capture.open("rb") as raw:
                zstandard.ZstdDecompressor().copy_stream(raw, out)
    return target
