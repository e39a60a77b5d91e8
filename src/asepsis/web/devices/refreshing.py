"""``python -m asepsis.web.devices.refreshing``: brings the rows up to date once, in a process of its own, and ends.

What a refresh of a hospital group needs of memory is given back with the process; the server stays small.
"""

from __future__ import annotations

import asyncio
import os
from typing import Final

import django

from asepsis.web.children import die_with_parent, run_once

LOOKED_AT_SECONDS: Final = 5.0
"""So soon after an analysis on the command line pages show what it found."""


def main() -> None:
    """Refreshes when there is something to refresh."""
    die_with_parent()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "asepsis.web.settings")
    django.setup()
    from asepsis.web import logs
    from asepsis.web.devices.projection import is_stale, refresh
    from asepsis.web.settings import WORKSPACE
    from asepsis.web.warming import warm

    logs.configure_own()
    if is_stale(WORKSPACE):
        refresh(WORKSPACE)
        warm()


async def refreshed() -> None:
    """Runs it and waits for it; one that is cancelled takes the process with it."""
    await run_once("asepsis.web.devices.refreshing")


async def follow() -> None:
    """Brings the rows up to date whenever the registry changed, until it is cancelled."""
    from asgiref.sync import sync_to_async

    from asepsis.web.devices.projection import is_stale
    from asepsis.web.settings import WORKSPACE

    while True:
        await asyncio.sleep(LOOKED_AT_SECONDS)
        if await sync_to_async(is_stale)(WORKSPACE):
            await refreshed()


if __name__ == "__main__":
    main()
