"""What the server does for the ledger while it runs: moves what waits, keeps checkpoints, shows them to the witness."""

from __future__ import annotations

import asyncio
import time
from typing import Final

import structlog
from asgiref.sync import sync_to_async
from django.db import DatabaseError, connection

from asepsis.kernel.errors import AsepsisError
from asepsis.web.ledger.examine import show_to_witness
from asepsis.web.ledger.outbox import drain
from asepsis.web.settings import CONFIGURATION

# What a job or a crash left behind waits no longer than this.
DRAIN_SECONDS: Final = 5.0

_log = structlog.get_logger("asepsis.web.ledger")


def drain_and_say() -> bool:
    """Moves what waits; what goes wrong is said in the log and tried again."""
    try:
        moved = drain()
    except AsepsisError as error:
        _log.error("ledger cannot be written", code=error.code)
        return False
    except DatabaseError as error:
        _log.error("outbox cannot be read", error=type(error).__name__)
        return False
    finally:
        connection.close()  # this thread is none of Django's, which would close it after a request
    if moved.from_journal or moved.journal_damaged:
        _log.warning("journal moved", records=moved.from_journal, damaged=moved.journal_damaged)
    if moved.unreadable:
        _log.error("rows of the outbox are no records", rows=moved.unreadable)
    return True


def witness_and_say() -> None:
    """Keeps a checkpoint and shows it; what goes wrong is said in the log and on the page of the ledger."""
    try:
        examination = show_to_witness()
        if examination is not None and examination.state != examination.State.PASSED:
            _log.error("witness", state=examination.state)
    except AsepsisError as error:
        _log.error("no checkpoint", code=error.code)
    except DatabaseError as error:
        _log.error("no checkpoint", error=type(error).__name__)
    finally:
        connection.close()


async def keep() -> None:
    """Goes on until it is cancelled."""
    drained = sync_to_async(drain_and_say, thread_sensitive=False)
    witnessed = sync_to_async(witness_and_say, thread_sensitive=False)
    between = CONFIGURATION.ledger.checkpoint_minutes * 60.0
    last = float("-inf")
    while True:
        await drained()
        if time.monotonic() - last >= between:
            last = time.monotonic()
            await witnessed()
        await asyncio.sleep(DRAIN_SECONDS)
