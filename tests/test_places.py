"""The tests of one place run in one process."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from tests.places import FIRST, TOGETHER, place

ROOT = Path(__file__).resolve().parent.parent
BOTH = """
import pytest
@pytest.mark.parametrize("number", range(8))
def test_it(number): pass
"""


def test_everything_that_is_named_is_there() -> None:
    assert [name for name in (*TOGETHER, *FIRST) if not (ROOT / name).exists()] == []


def test_files_that_share_more_than_a_file_are_one_place_and_others_are_their_own() -> None:
    assert place("tests/browser/test_walk.py::test_a") == place("tests/browser/test_looks.py::test_b[c]")
    assert place("tests/wire/test_flows.py::test_a") == "tests/wire/test_flows.py"


def test_two_processes_take_whole_places(tmp_path: Path) -> None:
    folder = tmp_path / "tests" / "browser"
    folder.mkdir(parents=True)
    for name in ("browser/test_one", "browser/test_two", "test_three", "test_four"):
        (tmp_path / "tests" / f"{name}.py").write_text(BOTH)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    line = [
        sys.executable,
        "-m",
        "pytest",
        "-v",
        "-p",
        "xdist.plugin",
        "-p",
        "tests.conftest",
        "-p",
        "no:cacheprovider",
    ]
    quick = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    done = subprocess.run(
        [*line, "--import-mode=importlib", "--numprocesses=2", "--dist=loadfile", "--no-loadscope-reorder"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{os.environ.get('PYTHONPATH', '')}", **quick},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    ran: dict[str, set[str]] = defaultdict(set)
    for process, nodeid in re.findall(r"^\[(gw\d)\].*PASSED (\S+)", done.stdout, re.MULTILINE):
        ran[place(nodeid)].add(process)
    assert set(ran) == {"browser", "tests/test_three.py", "tests/test_four.py"}
    assert all(len(processes) == 1 for processes in ran.values()), ran
