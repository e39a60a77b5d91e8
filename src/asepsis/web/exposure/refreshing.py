"""``python -m asepsis.web.exposure.refreshing``: brings findings and risk up to date once, in a process of its own.

What that needs of memory is given back with the process; the server stays small.
"""

from __future__ import annotations

import asyncio
import os
from typing import Final

import django

from asepsis.web.children import die_with_parent, run_once

MODULE: Final = "asepsis.web.exposure.refreshing"
LOOKED_AT_SECONDS: Final = 5.0
"""So soon after an analysis or an update of documents pages show what follows from it."""


def main() -> None:
    """Refreshes when there is something to refresh."""
    die_with_parent()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "asepsis.web.settings")
    django.setup()
    from asepsis.web import logs
    from asepsis.web.exposure.projection import is_stale, refresh
    from asepsis.web.settings import WORKSPACE
    from asepsis.web.warming import warm_exposure

    logs.configure_own()
    if is_stale(WORKSPACE):
        refresh(WORKSPACE)
        warm_exposure()


async def follow() -> None:
    """Brings them up to date whenever devices or documents changed, until it is cancelled."""
    from asgiref.sync import sync_to_async

    from asepsis.web.exposure.projection import is_stale
    from asepsis.web.settings import WORKSPACE

    while True:
        if await sync_to_async(is_stale)(WORKSPACE):
            await run_once(MODULE)
        await asyncio.sleep(LOOKED_AT_SECONDS)


if __name__ == "__main__":
    main()
