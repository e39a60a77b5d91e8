"""One of several processes that write at once: ``python -m tests.history.many_writers FOLDER FIRST LAST``.

Commits the captures FIRST to LAST-1, which other processes commit too, and prints a line for each that it added.
"""

from __future__ import annotations

import sys
from pathlib import Path

from asepsis.history import CaptureSource, History
from tests.history.material import rows, sighting


def main(root: Path, first: int, last: int) -> None:
    history = History(root)
    for number in range(first, last):
        capture = f"{number:04d}"
        if history.holds(capture, "north"):
            continue
        with history.writer(site="north", capture=capture) as writer:
            writer.conversations(rows(number + 1))
            writer.message(sighting())
            if writer.commit(CaptureSource(path=capture)).added:
                sys.stdout.write(capture + "\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
