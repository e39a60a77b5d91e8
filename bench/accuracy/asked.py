"""Asks another program about a capture, once: the answer is kept by the capture's digest, command and version."""

from __future__ import annotations

import gzip
import hashlib
import subprocess
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
KEPT = ROOT / ".cache" / "eval"
LONGEST_ANSWER_SECONDS = 600


@lru_cache(maxsize=4096)
def digest(path: Path) -> str:
    """The capture's SHA-256."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@lru_cache(maxsize=16)
def _version(program: str) -> str:
    shown = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    return (shown.stdout or shown.stderr).splitlines()[0] if shown.stdout or shown.stderr else "unknown"


def ask(path: Path, command: Sequence[str]) -> str:
    """The standard output of ``command`` about ``path``.

    A program that ends with an error has still answered: tshark does so at the end of a capture that was cut.

    Raises:
        ValueError: The program did not understand the command.
    """
    key = hashlib.sha256("\0".join((digest(path), _version(command[0]), *command[1:])).encode()).hexdigest()
    kept = KEPT / command[0] / f"{key}.gz"
    if kept.exists():
        return gzip.decompress(kept.read_bytes()).decode(errors="replace")
    line = [part.replace("{}", str(path)) for part in command]
    done = subprocess.run(line, capture_output=True, check=False, timeout=LONGEST_ANSWER_SECONDS)
    if done.returncode and (b"Some fields" in done.stderr or b"Usage:" in done.stderr):
        raise ValueError(done.stderr.decode(errors="replace"))
    kept.parent.mkdir(parents=True, exist_ok=True)
    fresh = kept.with_suffix(".new")
    fresh.write_bytes(gzip.compress(done.stdout, 6))
    fresh.replace(kept)
    return done.stdout.decode(errors="replace")
