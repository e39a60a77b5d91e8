"""pyarrow and duckdb cost a third of a second to start: they are loaded when they are needed, and by one package."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

SETUP = """
import sys
from pathlib import Path
from asepsis.history import CaptureSource, History
from tests.history.material import rows, sighting
history = History(Path(sys.argv[1]))
"""
WRITE = """
with history.writer(site="north", capture="aa") as writer:
    writer.conversations(rows(2))
    writer.message(sighting())
    writer.commit(CaptureSource(path="x"))
"""
READ = """
with history.reader() as reader:
    assert len(list(reader.conversations().rows())) == 2
"""


@pytest.mark.parametrize(
    ("program", "loaded"),
    [
        ("assert not history.holds('aa', 'north')", []),
        (WRITE, ["pyarrow"]),
        (WRITE + READ, ["duckdb", "pyarrow", "pyarrow.compute"]),
    ],
)
def test_what_is_not_needed_is_not_loaded(tmp_path: Path, program: str, loaded: list[str]) -> None:
    report = "\nprint(*(name for name in ('duckdb', 'pyarrow', 'pyarrow.compute') if name in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", SETUP + program + report, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    # Where pandas is installed (nfstream needs it, for the benchmark), pyarrow loads its own functions for it.
    beyond_us = {"pyarrow.compute"} if find_spec("pandas") else set()
    assert set(done.stdout.split()) - beyond_us == set(loaded) - beyond_us


def test_no_other_package_imports_pyarrow_or_duckdb() -> None:
    importing = re.compile(r"^\s*(?:import|from) (?:pyarrow|duckdb)\b", re.MULTILINE)
    sources = ROOT / "src" / "asepsis"
    others = [
        path
        for path in sources.rglob("*.py")
        if path.parent != sources / "history" and importing.search(path.read_text(encoding="utf-8"))
    ]
    assert others == []
