"""Records the lab hospital: ``python -m lab.record --output DIR``.

Real programs talk to each other in network namespaces; dumpcap records them; the truth about every host is written
beside the capture. Everything runs in one process id namespace that dies with this process: nothing is left behind.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from lab import needs, recording
from lab.hosts import HOSTS
from lab.namespaces import WITH_PARENT

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "lab" / "requirements.txt"
_VERSIONS = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]
ENVIRONMENT = (ROOT / ".cache").resolve() / f"lab-environment-{_VERSIONS}"
"""The lab's own Python environment: its programs are no dependency of the product. Other versions, another folder:
two checkouts that share a cache do not rebuild each other's, whatever path each reaches it by."""
PREFIX = "asepsis-lab-"
"""What every folder that a recording makes is called; a killed recording's are removed by the next."""
TIME_LIMIT_SECONDS = 230
SETUP_SECONDS = 300
SWEEP_SECONDS = 10
"""A folder younger than this may belong to a recording whose command line we cannot see yet."""
INSIDE = "ASEPSIS_LAB_INSIDE"


def main(arguments: list[str] | None = None) -> int:
    """Runs the command; returns 0 when the recording is there, 2 on wrong usage, 3 when it could not be made."""
    parser = argparse.ArgumentParser(
        prog="python -m lab.record",
        description="Records the lab hospital into DIR: captures, truth.json, manifest.json.",
        epilog="Example: sudo .venv/bin/python -m lab.record --output tests/recordings",
    )
    names = [plan.name for plan in HOSTS]
    parser.add_argument(
        "--output", type=Path, metavar="DIR", help="gets the files; files of the same names are replaced"
    )
    parser.add_argument("--hosts", default=",".join(names), metavar="A,B", help=f"only these: {', '.join(names)}")
    parser.add_argument("--short", action="store_true", help="do not wait for DHCP renewals (some 60 s)")
    parser.add_argument("--check", action="store_true", help="only say what is missing for a recording here")
    options = parser.parse_args(arguments)
    chosen = [name for name in names if name in options.hosts.split(",")]
    unknown = sorted(set(options.hosts.split(",")) - set(names))
    if unknown or not chosen:
        parser.error(f"no such host: {', '.join(unknown) or '(none named)'}")
    if options.output is None and not options.check:
        parser.error("--output is missing")
    lacking = needs.missing()
    for line in lacking:
        print(line, file=sys.stderr)
    if lacking or options.check:
        return 3 if lacking else 0
    return _record(options.output, chosen, short=options.short)


def _record(output: Path, names: list[str], *, short: bool) -> int:
    output.mkdir(parents=True, exist_ok=True)
    sweep(Path(tempfile.gettempdir()), output)
    if not environment():
        return 3
    with (
        tempfile.TemporaryDirectory(prefix=PREFIX) as scratch,
        tempfile.TemporaryDirectory(prefix=f".{PREFIX}", dir=output) as target,
    ):
        argv = [sys.executable, "-m", "lab.record", scratch, target, ",".join(names), "short" if short else "whole"]
        variables = {
            "PATH": needs.search_path(),
            "HOME": "/nonexistent",
            "LC_ALL": "C.UTF-8",
            INSIDE: "1",
        }
        try:
            done = subprocess.run(
                needs.enclosed(argv), cwd=ROOT, env=variables, timeout=TIME_LIMIT_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            print(f"the recording took longer than {TIME_LIMIT_SECONDS} s and was ended", file=sys.stderr)
            return 3
        if done.returncode != 0:
            return 3
        for file in sorted(Path(target).iterdir()):
            file.replace(output / file.name)
    return 0


def _inside(arguments: list[str]) -> int:
    scratch, target, names, length = arguments
    try:
        recording.record(
            scratch=Path(scratch),
            target=Path(target),
            environment=ENVIRONMENT,
            names=names.split(","),
            short=length == "short",
        )
    except RuntimeError as error:
        print(f"no recording: {error}", file=sys.stderr)
        return 3
    return 0


def environment() -> bool:
    """Makes the lab's Python environment where it is not there, from the locked requirements."""
    ENVIRONMENT.parent.mkdir(exist_ok=True)
    # Two recordings may begin at once; the second waits and finds the environment made.
    with ENVIRONMENT.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _environment_made()


def _environment_made() -> bool:
    done = ENVIRONMENT / "complete"
    # Programs of an environment name their interpreter by its path: one that was moved is made anew.
    wanted = f"{ENVIRONMENT}\n{REQUIREMENTS.read_text()}"
    if done.exists() and done.read_text() == wanted:
        return True
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    pip = [str(ENVIRONMENT / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    for argv in (
        [sys.executable, "-m", "venv", str(ENVIRONMENT)],
        [*pip, "--require-hashes", "-r", str(REQUIREMENTS)],
    ):
        made = subprocess.run([*WITH_PARENT, *argv], capture_output=True, text=True, check=False, timeout=SETUP_SECONDS)
        if made.returncode != 0:
            print(f"the lab's Python environment cannot be made: {made.stderr.strip()[-500:]}", file=sys.stderr)
            return False
    done.write_text(wanted)
    return True


def sweep(*folders: Path) -> None:
    """Removes what a killed recording left: folders with our prefix that no living process is using."""
    for folder in folders:
        for left in [*folder.glob(f"{PREFIX}*"), *folder.glob(f".{PREFIX}*")]:
            old = time.time() - left.stat().st_mtime > SWEEP_SECONDS
            if old and not _in_use(left):
                shutil.rmtree(left, ignore_errors=True)


def _in_use(folder: Path) -> bool:
    """Whether a recording that still runs was given ``folder`` on its command line."""
    wanted = str(folder).encode()
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if wanted in line.read_bytes().split(b"\0"):
                return True
        except OSError:
            continue  # it ended while we looked
    return False


if __name__ == "__main__":
    sys.exit(_inside(sys.argv[1:]) if INSIDE in os.environ else main())
