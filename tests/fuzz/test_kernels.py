"""The kernels read nothing behind a capture's last byte, whatever it says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("seed", [1, 2])
def test_mutated_captures_against_a_guard_page_fault_nowhere(seed: int) -> None:
    command = [sys.executable, "-m", "tests.fuzz.kernels", "--images", "400", "--seed", str(seed)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-300:]
    assert "no fault" in done.stdout


def test_the_guard_page_catches_an_over_read() -> None:
    """The planted fault: one byte behind the image is asked for."""
    program = (
        "from tests.fuzz.kernels import Guarded; import ctypes; g = Guarded(); a = g.place(b'abc'); "
        "assert ctypes.string_at(a, 3) == b'abc'; ctypes.string_at(a, 4)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == -11
