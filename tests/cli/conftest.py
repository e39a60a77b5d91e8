"""What tests of several verbs read."""

from __future__ import annotations

from pathlib import Path

import pytest

from asepsis.cli.exits import Exit
from asepsis.cli.main import run

RECORDINGS = Path(__file__).resolve().parents[1] / "recordings"


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A workspace with the captures that come with the tests."""
    workspace = str(tmp_path_factory.mktemp("ward") / "workspace")
    assert run(["analyze", str(RECORDINGS), "--site", "lab", "--workspace", workspace]) == Exit.DONE
    return workspace
