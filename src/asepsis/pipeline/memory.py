"""Python's search for reference cycles, put off while messages are read.

Messages, clues and columns make no cycles, but there are hundreds of thousands of them, and the search looks
at all of them again and again: a third of the time of an analysis went there, and a fifth
of holding devices against advisories.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def cycles_later() -> Iterator[None]:
    """Puts the search off for the block, unless the caller had done so already."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
