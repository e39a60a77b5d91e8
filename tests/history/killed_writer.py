"""Runs one commit again and again, each time killed one step later: ``python -m tests.history.killed_writer FOLDER``.

A step is a call by which Python changes the disk. FOLDER holds a history named ``before``; each run works on a copy
named by the step before which (or, for writes, in the middle of which) the process was killed by SIGKILL.
Prints how many steps there were.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet  # noqa: F401  # once here instead of once in each child

from asepsis.history import CaptureSource, History
from tests.history.material import DAY, NOON, rows, sighting

CALLS = ("open", "write", "pwrite", "fsync", "rename", "replace", "mkdir", "unlink", "rmdir", "ftruncate")


def write_one(root: Path, capture: str) -> None:
    """A capture of two days: four files."""
    with History(root).writer(site="north", capture=capture) as writer:
        writer.conversations(rows(2, step_ns=DAY))
        writer.message(sighting())
        writer.message(sighting(time_ns=NOON + DAY))
        writer.commit(CaptureSource(path=capture))


def die_at(step: int) -> None:
    """From now on, the ``step``-th change of the disk is the last thing that this process does."""
    done = 0

    def counted(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*arguments: Any, **named: Any) -> Any:
            nonlocal done
            done += 1
            if done == step:
                if name == "pwrite":
                    descriptor, text, offset = arguments
                    call(descriptor, bytes(text)[: len(text) // 2], offset)
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*arguments, **named)

        return counting

    for name in CALLS:
        setattr(os, name, counted(name, getattr(os, name)))


def main(folder: Path) -> int:
    step = 0
    while True:
        step += 1
        root = folder / str(step)
        shutil.copytree(folder / "before", root)
        child = os.fork()
        if child == 0:
            die_at(step)
            write_one(root, "second")
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            return step - 1 if os.waitstatus_to_exitcode(status) == 0 else -1


if __name__ == "__main__":
    sys.stdout.write(str(main(Path(sys.argv[1]))))
