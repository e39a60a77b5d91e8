"""Processes that work beside the server: begun again when they fail, with longer waits, and ended with it."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Sequence
from typing import Final

import structlog

FIRST_WAIT_SECONDS: Final = 1.0
LONGEST_WAIT_SECONDS: Final = 60.0
# A child that lived so long has not failed at its start: the next wait is the first again.
SETTLED_SECONDS: Final = 60.0
GRACE_SECONDS: Final = 10.0
PARENT_VARIABLE: Final = "ASEPSIS_PARENT"
_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h

_log = structlog.get_logger("asepsis.web.children")


class Child:
    """One process by the name of its module, kept alive until it is stopped."""

    def __init__(
        self, module: str, *arguments: str, descriptors: Sequence[int] = (), grace_seconds: float = GRACE_SECONDS
    ) -> None:
        """Starts nothing yet.

        Args:
            module: What ``python -m`` runs.
            *arguments: What it is told.
            descriptors: Open files that it gets, under the same numbers.
            grace_seconds: How long it may take to end when it is asked to.
        """
        self.module = module
        self.arguments = arguments
        self._descriptors = tuple(descriptors)
        self._grace_seconds = grace_seconds
        self.starts = 0
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = False

    @property
    def pid(self) -> int | None:
        """The process that runs now."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def keep(self) -> None:
        """Starts it, and starts it again whenever it ends, until ``stop``."""
        wait = FIRST_WAIT_SECONDS
        while not self._stopping:
            begun = time.monotonic()
            self.starts += 1
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                self.module,
                *self.arguments,
                stdin=asyncio.subprocess.DEVNULL,
                env={**os.environ, PARENT_VARIABLE: str(os.getpid())},
                # Ctrl-C reaches the server alone, which ends its children in order.
                start_new_session=True,
                pass_fds=self._descriptors,
            )
            code = await self._process.wait()
            if self._stopping:
                return
            wait = FIRST_WAIT_SECONDS if time.monotonic() - begun > SETTLED_SECONDS else wait
            _log.error("child ended", module=self.module, code=code, again_in_seconds=wait)
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT_SECONDS)

    async def stop(self) -> None:
        """Asks it to end; kills it when it does not within the grace."""
        self._stopping = True
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), self._grace_seconds)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def run_once(module: str) -> None:
    """Runs a module in a process of its own and waits for it; one that is cancelled takes the process with it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        stdin=asyncio.subprocess.DEVNULL,
        env={**os.environ, PARENT_VARIABLE: str(os.getpid())},
        start_new_session=True,
    )
    try:
        await process.wait()
    except asyncio.CancelledError:
        process.terminate()
        await process.wait()
        raise


def die_with_parent() -> None:
    """Called by a child first: the kernel ends it when its parent is gone, however that went."""
    parent = os.environ.get(PARENT_VARIABLE)
    if parent is None:
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != int(parent):  # it went before we had asked
        sys.exit(0)
