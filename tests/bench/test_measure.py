"""What a program cost is what the kernel says, children included; what fell short is said."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from bench import measure, results, sitting
from bench.programs import CLUES, FULL, PEERS, PROGRAMS

BURN = "import time; end = time.process_time() + 0.2\nwhile time.process_time() < end: pass"


def test_cpu_time_of_children_is_counted() -> None:
    alone = measure.measure([sys.executable, "-S", "-c", BURN])
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-S', '-c', {BURN!r}])"
    both = measure.measure([sys.executable, "-S", "-c", parent])
    assert alone.cpu_seconds >= 0.2
    assert both.cpu_seconds >= 0.2
    assert (alone.exit_code, both.exit_code) == (0, 0)


def test_memory_of_the_whole_tree_is_seen() -> None:
    child = "import time; block = b'x' * (60 << 20); time.sleep(0.4)"
    parent = (
        f"import subprocess, sys; block = b'y' * (40 << 20); subprocess.run([sys.executable, '-S', '-c', {child!r}])"
    )
    run = measure.measure([sys.executable, "-S", "-c", parent], sample_memory=True)
    assert run.peak_bytes >= 60 << 20
    assert run.tree_peak_bytes >= 100 << 20


def test_a_program_is_held_to_one_processor() -> None:
    processor = max(os.sched_getaffinity(0))
    shown = "import os; print(sorted(os.sched_getaffinity(0)))"
    assert measure.measure([sys.executable, "-c", shown], processor=processor).output.strip() == f"[{processor}]"


def test_the_last_words_and_the_exit_code_are_kept() -> None:
    script = "import sys; print('x' * 100_000); print('bad news', file=sys.stderr); sys.exit(3)"
    run = measure.measure([sys.executable, "-c", script])
    assert run.exit_code == 3
    assert len(run.output) <= measure.KEPT_OUTPUT
    assert "bad news" in run.output or run.output.endswith("x\n")
    quiet = measure.measure([sys.executable, "-c", script], discard_output=True)
    assert quiet.output == "bad news\n"


def test_a_program_that_hangs_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "LONGEST_RUN_SECONDS", 0.3)
    with pytest.raises(TimeoutError):
        measure.measure([sys.executable, "-c", "import time; time.sleep(60)"])


def _series(cpu_seconds: float) -> dict[str, object]:
    return {
        "cpu_seconds": [cpu_seconds] * 3,
        "wall_seconds": [cpu_seconds] * 3,
        "peak_bytes": [100 << 20] * 3,
        "tree_peak_bytes": [0] * 3,
        "exit_codes": [0] * 3,
        "output": "",
    }


@pytest.fixture
def measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page made of figures that are put in by hand: twenty times is required of the first, twelve of the second."""
    files = {
        name: {"packets": packets, "bytes": packets * 400, "sha256": "0" * 64}
        for name, packets in ((sitting.LARGE, 3_000_000), (sitting.SMALL, 200_000), (sitting.TENTH, 300_000))
    }
    (tmp_path / "hospital.json").write_text(json.dumps({"seed": 11, "real": None, "files": files}))
    monkeypatch.setattr(results, "SCRATCH", tmp_path)
    monkeypatch.setattr(results, "RESULTS", tmp_path / "RESULTS.md")
    monkeypatch.setattr(sitting, "KEPT", tmp_path / "sittings.json")
    figures = {"nfstream": 40.0, CLUES: 4.0, FULL: 3.0}
    linear = {sitting.EMPTY: 0.5, sitting.TENTH: 1.5, sitting.LARGE: 10.5}
    digests = {name: file["sha256"] for name, file in files.items()}
    everything = {
        "identification": {
            "digests": digests, "when": "2026-01-01", "load": [0.1, 0.2], "absent": [],
            "versions": {"nfstream": "6.6.0"},
            "series": {f"{sitting.LARGE}: {name}": _series(cost) for name, cost in figures.items()},
        },
        "linearity": {
            "digests": digests, "when": "2026-01-01", "load": [0.1, 0.2], "absent": [], "versions": {},
            "series": {f"{name}: {CLUES}": _series(cost) for name, cost in linear.items()},
        },
        "dissection": {
            "digests": {}, "when": "2026-01-01", "load": [0.1, 0.2], "absent": [], "versions": {},
            "series": {f"{sitting.LARGE}: {name}": _series(9.0) for name in ("tshark -T fields", CLUES, FULL)},
        },
    }  # fmt: skip
    (tmp_path / "sittings.json").write_text(json.dumps(everything))
    results.write()
    return tmp_path / "RESULTS.md"


def test_a_shortfall_is_called_one(measured: Path) -> None:
    lines = measured.read_text().splitlines()
    clues = next(line for line in lines if line.startswith(f"| nfstream | {sitting.LARGE} | {CLUES} | "))
    assert "| 10.0 | **SHORTFALL**: 2.00 times the CPU time allowed |" in clues
    full = next(line for line in lines if line.startswith(f"| nfstream | {sitting.LARGE} | {FULL} | "))
    assert "| 13.3 | met |" in full


def test_growth_is_taken_after_start_up(measured: Path) -> None:
    row = next(line for line in measured.read_text().splitlines() if line.startswith(f"| {CLUES} | 0.50 "))
    assert row.endswith("| 1.00 | met |")


def test_what_was_not_measured_on_this_capture_says_so(measured: Path) -> None:
    rows = [line for line in measured.read_text().splitlines() if line.startswith("| tshark -T fields")]
    assert len(rows) == 2
    assert all("not measured" in row and "met" not in row.replace("not met", "") for row in rows)


def test_every_sitting_names_programs_that_are_known() -> None:
    named = {name for one in sitting.SITTINGS.values() for name in one.programs}
    assert named <= set(PROGRAMS)
    assert {target.peer for target in results.TARGETS} <= set(PEERS)
    for target in results.TARGETS:
        one = sitting.SITTINGS[target.sitting]
        assert {target.peer, target.ours} <= set(one.programs)
        assert target.file in one.files
