"""The recorder: dumpcap on the ward's bridge, and what is done to a recording afterwards.

The bridge sees each frame once, as a mirror port does. Nothing is cut off a frame, none is dropped (a recording
with drops is refused), and what is altered afterwards is a line of the manifest.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import blake3

from lab.hosts import VLAN
from lab.ward import BRIDGE

START_SECONDS = 10.0


@dataclass(slots=True, kw_only=True)
class Recorder:
    """A running dumpcap.

    Args:
        file: Where it writes.
        classic: pcap instead of pcapng.
        interface: Where it listens.
    """

    file: Path
    classic: bool = False
    interface: str = BRIDGE
    _process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Starts, and returns when packets are being kept.

        Raises:
            RuntimeError: dumpcap could not.
        """
        kind = ["-P"] if self.classic else []
        argv = ["dumpcap", "-q", "-i", self.interface, "-B", "16", *kind, "-w", str(self.file)]
        self._process = subprocess.Popen(argv, stderr=subprocess.PIPE, text=True)
        assert self._process.stderr is not None
        end = time.monotonic() + START_SECONDS
        while not (self.file.exists() and self.file.stat().st_size):
            if self._process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"dumpcap did not start: {self._process.stderr.read().strip()}")
            time.sleep(0.05)

    def stop(self) -> int:
        """Ends the recording and returns how many packets it holds.

        Raises:
            RuntimeError: Packets were dropped.
        """
        assert self._process is not None
        time.sleep(1.0)  # dumpcap reads the last packets at most this late
        self._process.send_signal(signal.SIGINT)
        _, said = self._process.communicate(timeout=30)
        counted = re.search(r"Packets received/dropped on interface '[^']*': (\d+)/(\d+)", said)
        if counted is None:
            raise RuntimeError(f"dumpcap did not count: {said.strip()}")
        if counted[2] != "0":
            raise RuntimeError(f"dumpcap dropped {counted[2]} packets: this machine is too busy to record now")
        return int(counted[1])


def without_machine(source: Path, target: Path) -> str:
    """Rewrites a pcapng without the options that describe the recording machine; says so for the manifest.

    editcap carries the section header's "hardware" option over, but not through a format that has none.
    """
    between = target.with_suffix(".pcap")
    _run("editcap", "-F", "nsecpcap", str(source), str(between))
    _run("editcap", "-F", "pcapng", str(between), str(target))
    between.unlink()
    return "no frame; editcap rewrote the file to leave out the recorder's description of its own hardware"


def tagged(source: Path, target: Path) -> str:
    """Adds a VLAN tag to every frame and compresses with gzip; says so in a sentence for the manifest."""
    plain = target.with_suffix("")
    _run(
        *("tcprewrite", "--enet-vlan=add", f"--enet-vlan-tag={VLAN}", "--enet-vlan-pri=0", "--enet-vlan-cfi=0"),
        *(f"--infile={source}", f"--outfile={plain}"),
    )
    # No file name and no time in the header: the digest depends on the packets alone.
    with target.open("wb") as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=9, mtime=0) as out:
        out.write(plain.read_bytes())
    plain.unlink()
    return f"an IEEE 802.1Q tag (VLAN {VLAN}) was added to every frame by tcprewrite; no VLAN was on the bridge"


def compressed(source: Path, target: Path) -> None:
    """Compresses with zstd at its highest ordinary level."""
    _run("zstd", "-q", "-19", "-f", str(source), "-o", str(target))


def describe(file: Path, packets: int, altered: str) -> dict[str, Any]:
    """The manifest's entry for a capture file."""
    content = file.read_bytes()
    return {
        "file": file.name,
        "packets": packets,
        "size_bytes": len(content),
        "blake3": blake3.blake3(content).hexdigest(),
        "sha256": hashlib.sha256(content).hexdigest(),
        "altered": altered,
    }


def _run(*argv: str) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(argv)}: {(done.stderr or done.stdout).strip()}")
