"""Sends webhooks while the server runs."""

from __future__ import annotations

import asyncio
from typing import Final

from asgiref.sync import sync_to_async

from asepsis.web.webhooks.sending import send_and_say

LOOKED_AT_SECONDS: Final = 2.0
"""So soon after its transaction an event is on its way."""


async def follow() -> None:
    """Goes on until it is cancelled."""
    send = sync_to_async(send_and_say, thread_sensitive=False)
    while True:
        await send()
        await asyncio.sleep(LOOKED_AT_SECONDS)
