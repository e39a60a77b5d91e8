"""One recording, from inside the namespaces that ``record`` made for it: build, act, label, write.

Not a command of its own: everything here takes for granted that the process id namespace ends with it.
"""

from __future__ import annotations

import json
import platform
import subprocess
import time
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lab import addresses, capture, imaging, needs, offices, results, truth
from lab.hosts import BY_NAME
from lab.ward import Ward

SCRATCH_BYTES = "256m"
RENEWAL_SECONDS = 66.0
"""Leases last 120 s and are renewed after 60 (RFC 2131 4.4.5): recording this long shows a renewal of each."""


def record(*, scratch: Path, target: Path, environment: Path, names: Sequence[str], short: bool) -> None:
    """Records into ``target``, an empty folder.

    Args:
        scratch: An empty folder; gets a file system in memory.
        target: Gets the captures, ``truth.json`` and ``manifest.json``.
        environment: The lab's own Python environment.
        names: The hosts that take part.
        short: Does not wait for DHCP renewals.
    """
    mount(scratch)
    started = datetime.now(UTC)
    ward = Ward(scratch=scratch, environment=environment, names=names)
    ward.build()
    imaging.make_images(ward)
    captures = [_whole_ward(ward, target, short=short)]
    if ward.has("pacs1") and (ward.has("ct1") or ward.has("us-room4")):
        captures.append(_tagged_segment(ward, target))
    versions = {"debian": needs.package_versions(), "python": python_packages(environment, ("hl7", "hl7apy"))}
    shared = {
        "format": 1,
        "recorded": started.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "kernel": f"{platform.system()} {platform.release()}",
        "programs": versions,
    }
    ward_file = scratch / "ward.pcapng"
    host_of = {BY_NAME[name].mac: name for name in ward.hosts}
    labels = {
        **{key: shared[key] for key in ("format", "recorded")},
        "frames_of": "ward.pcapng.zst",
        "patients": "invented: TEST^PATIENT and TEST^PATIENT2, ids TEST0001 and TEST0002",
        "hosts": truth.hosts(ward, truth.announcements(ward.announced, host_of, ward_file)),
        "done": ward.deeds(),
        "protocols": {"ward.pcapng.zst": truth.protocols(ward_file)},
    }
    write(target / "truth.json", labels)
    manifest = {**shared, "recorded_by": "python -m lab.record", "captures": captures, "truth": "truth.json"}
    write(target / "manifest.json", manifest)
    ward.close()


def _whole_ward(ward: Ward, target: Path, *, short: bool) -> dict[str, Any]:
    raw, file = ward.scratch / "raw.pcapng", ward.scratch / "ward.pcapng"
    recorder = capture.Recorder(file=raw)
    recorder.start()
    began = time.monotonic()
    if ward.has("gw"):
        addresses.gateway(ward)
    addresses.neighbours(ward)
    addresses.clients(ward)
    asked = time.monotonic()
    imaging.servers(ward)
    results.servers(ward)
    offices.servers(ward)
    results.subscribers(ward)
    addresses.questions(ward)
    imaging.examinations(ward)
    results.morning(ward)
    offices.errands(ward)
    if not short:
        number = 4
        while time.monotonic() < asked + RENEWAL_SECONDS:
            results.vitals(ward, number)
            results.temperature(ward, number)
            number += 1
            time.sleep(8.0)
    results.evening(ward)
    packets = recorder.stop()
    print(f"ward: {packets} packets in {time.monotonic() - began:.0f} s", flush=True)
    altered = capture.without_machine(raw, file)
    capture.compressed(file, target / "ward.pcapng.zst")
    return capture.describe(target / "ward.pcapng.zst", packets, altered)


def _tagged_segment(ward: Ward, target: Path) -> dict[str, Any]:
    raw = ward.scratch / "imaging.pcap"
    recorder = capture.Recorder(file=raw, classic=True)
    recorder.start()
    imaging.second_examination(ward)
    packets = recorder.stop()
    altered = capture.tagged(raw, target / "imaging.pcap.gz")
    return capture.describe(target / "imaging.pcap.gz", packets, altered)


def mount(scratch: Path, *, size: str = SCRATCH_BYTES) -> None:
    """Gives ``scratch`` a file system in memory, and this mount namespace its own view of the interfaces."""
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", str(scratch)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"no file system in memory: {done.stderr.strip()}")
    subprocess.run(["mount", "-t", "sysfs", "sysfs", "/sys"], check=True, capture_output=True)


def python_packages(environment: Path, names: Collection[str]) -> dict[str, str]:
    """The versions of these packages in the lab's Python environment."""
    program = "import importlib.metadata as m; print(*(f'{d.name} {d.version}' for d in m.distributions()), sep='\\n')"
    argv = [str(environment / "bin" / "python"), "-c", program]
    said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    found = dict(line.split(" ", 1) for line in said.splitlines())
    return {name: found[name] for name in sorted(names) if name in found}


def write(path: Path, document: dict[str, Any]) -> None:
    """Writes a JSON document."""
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
