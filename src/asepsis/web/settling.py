"""What every process that answers requests does before its first one."""

from __future__ import annotations

import gc
import tempfile
from typing import Final

# A page makes some ten thousand objects, nearly all of which go with it by themselves: the collector that looks for
# rings of them after every 700 costs a tenth of a list, and nearly half of a list by the API.
COLLECTED_AFTER: Final = (20_000, 20, 20)


def settle() -> None:
    """Begins the log, reads the policies, and says where uploads are kept while they come.

    Raises:
        PolicyError: A policy of the hospital's own is at fault.
    """
    from django.conf import settings

    from asepsis.web import logs
    from asepsis.web.authorisation.asking import engine
    from asepsis.web.settings import WORKSPACE

    logs.configure_own(requests=settings.LOG_REQUESTS)
    # A fault in a hospital's own policies is told here, with its line, and not to whoever comes first.
    engine()
    # Uploads are buffered beside where they end, not in a small /tmp.
    uploads = WORKSPACE.root / "uploads"
    uploads.mkdir(mode=0o700, exist_ok=True)
    tempfile.tempdir = str(uploads)


def clear() -> None:
    """Takes away what a server that was killed was still unpacking; called by the first process, before the others.

    What waits for the worker stays: it is taken in when that begins.
    """
    from asepsis.web.feeds.taking import sweep

    sweep(left_seconds=0.0)


def loaded() -> None:
    """Called when all code is there: the collector of garbage need not look through it again with every page."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTED_AFTER)
