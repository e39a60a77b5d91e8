"""No mutation of a message or a conversation makes a dissector raise, hang or hold unbounded memory.

``make test`` tries seeded mutations, the same ones each time; ``make soak`` lets coverage guide it for a long time.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from asepsis.protocols.message import Dissector, Malformed, Result
from asepsis.protocols.registry import DISSECTORS, PROTOCOLS
from tests.fuzz.protocols import corpus, encode, is_guided, run_mutations, try_input
from tests.protocols.conformance import kinds, vectors

ROOT = Path(__file__).resolve().parents[2]
SOAK = bool(os.environ.get("ASEPSIS_SOAK"))

RUNS = 5000  # of each protocol: together some 20 seconds
SOAK_SECONDS = 150  # of each protocol: together some 40 minutes on one core


def fuzz(*arguments: str, timeout_seconds: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.fuzz.protocols", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=timeout_seconds)


@pytest.mark.slow
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_no_seeded_mutation_fails(protocol: str) -> None:
    done = fuzz("--protocol", protocol, "--runs", str(RUNS), timeout_seconds=600)
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    assert f"{RUNS} mutations" in done.stdout


@pytest.mark.slow
@pytest.mark.skipif(not SOAK, reason="takes minutes a protocol: part of `make soak`")
@pytest.mark.skipif(not is_guided(), reason="atheris is not installed")
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_no_input_that_coverage_leads_to_fails(protocol: str) -> None:
    done = fuzz("--protocol", protocol, "--seconds", str(SOAK_SECONDS), timeout_seconds=20 * SOAK_SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_encoded_vector_reads_as_the_vector(protocol: str) -> None:
    for vector in vectors(protocol):
        assert kinds(try_input(DISSECTORS[protocol], encode(vector.data))) == vector.kinds


# --- planted faults ---


def raises_on_a_lie(payload: bytes) -> Sequence[Result]:
    """Trusts a length."""
    return [Malformed(protocol="planted", where="x", why=str(payload[payload[0]]))] if payload else []


def breaks_the_contract(payload: bytes) -> Sequence[Result]:
    return [Malformed(protocol="planted", where="" if payload[:1] == b"\xff" else "x", why="y")]


@pytest.mark.parametrize("fault", [raises_on_a_lie, breaks_the_contract])
def test_a_planted_fault_is_found_by_seeded_mutation(fault: Callable[[bytes], Sequence[Result]]) -> None:
    dissector = Dissector(protocol="planted", datagram=fault)
    found = run_mutations(dissector, [encode(b"\x02abc")], runs=2000, seed=1)
    assert found is not None
    with pytest.raises((IndexError, AssertionError)):
        try_input(dissector, found)


def test_the_same_seed_tries_the_same_inputs() -> None:
    tried: list[list[bytes]] = []
    for _ in range(2):
        seen: list[bytes] = []

        def remember(payload: bytes, seen: list[bytes] = seen) -> Sequence[Result]:
            seen.append(payload)
            return []

        run_mutations(Dissector(protocol="planted", datagram=remember), corpus("arp"), runs=50, seed=7)
        tried.append(seen)
    assert tried[0] == tried[1]
    assert len(set(tried[0])) > 25
