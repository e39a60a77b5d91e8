"""Fixtures that several test folders share."""

from __future__ import annotations

import fcntl
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.places import Places, turn

ROOT = Path(__file__).resolve().parent.parent

# Times never decide a test.
settings.register_profile("asepsis", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("asepsis")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long first; where nothing else decides, the order stays random."""
    items.sort(key=turn)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """How `make test` shares the tests out among processes; other ways of pytest-xdist stay as they are."""
    return Places(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.fixture(scope="session")
def archive() -> Callable[[str], Path]:
    """Returns a function that unpacks a named archive of real material and gives its folder, or skips the test."""

    def unpack(name: str) -> Path:
        tool = ROOT.parent / "shared" / "unpack"
        folder = ROOT / ".cache" / "shared" / name
        if tool.exists():
            folder.parent.mkdir(parents=True, exist_ok=True)
            # Tests run side by side; two at once would take the folder from under each other.
            with (folder.parent / ".lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                done = subprocess.run([str(tool), name], cwd=ROOT, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                pytest.skip(f"archive {name}: {done.stderr.strip()}")
        elif not folder.is_dir():
            pytest.skip(f"archive {name} is not here (it is other people's material and not part of the project)")
        return folder

    return unpack
