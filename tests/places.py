"""Which tests run in one process, and which are begun first, where pytest-xdist runs several processes.

A file's tests stay together, so that what they share is made once; so do the files of a place below, which share more
than a file. What takes minutes is begun first: begun last, it would leave the other processes idle.
"""

from __future__ import annotations

from typing import Final

import pytest
from xdist.scheduler import LoadFileScheduling

# One process has the server and the browser: two of each would leave nobody else room on a small machine. Recorders of
# the lab look for what other recorders left behind.
TOGETHER: Final = {
    "tests/browser/": "browser",
    "tests/system/test_hospital.py": "recorders",
    "tests/system/test_recording.py": "recorders",
    "tests/lab/test_air.py": "recorders",
}
FIRST: Final = ("tests/web/test_postgresql.py", "tests/browser/", "tests/system/test_hospital.py")


def place(nodeid: str) -> str:
    """The name of what this test stays together with."""
    for beginning, name in TOGETHER.items():
        if nodeid.startswith(beginning):
            return name
    return nodeid.split("::", 1)[0]


def turn(item: pytest.Item) -> tuple[int, bool]:
    """What comes first has the smallest: what takes minutes, then what takes seconds, then the rest."""
    first = next((index for index, beginning in enumerate(FIRST) if item.nodeid.startswith(beginning)), len(FIRST))
    return first, item.get_closest_marker("slow") is None


class Places(LoadFileScheduling):  # type: ignore[misc]  # pytest-xdist has no types
    """Gives each process whole places, in the order of the tests."""

    def _split_scope(self, nodeid: str) -> str:
        return place(nodeid)
