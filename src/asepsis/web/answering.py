"""``python -m asepsis.web.answering``: one more process of the server, which answers requests as the first one does.

It takes connections from the socket that the first process opened, and does nothing else: what must be done once (jobs,
the sensor, refreshing rows, sending webhooks, keeping the ledger) is done by the first.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from typing import Any, Final

from asepsis.web.children import die_with_parent

CERTIFICATE_LOOKED_AT_SECONDS: Final = 600.0
"""More often than the first process, which makes it anew: both then show the same soon."""


def main() -> None:
    """Answers until SIGTERM; arguments are the descriptors of the socket and of the shared memory, and the place."""
    die_with_parent()
    listening_at, shared_at, place = (int(argument) for argument in sys.argv[1:4])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "asepsis.web.settings")
    import django

    django.setup()
    from asepsis.web import shared, transport
    from asepsis.web.settings import CONFIGURATION, WORKSPACE
    from asepsis.web.settling import settle

    memory = shared.take(shared_at)
    settle()
    secured = transport.current(CONFIGURATION.web, WORKSPACE)
    listening = socket.socket(fileno=listening_at)
    listening.setblocking(False)
    asyncio.run(_answer(listening, memory, place, secured))


async def _answer(listening: socket.socket, memory: Any, place: int, secured: Any) -> None:
    from asepsis.web.server import server_of

    server = server_of(listening, memory, place, secured)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, lambda: setattr(server, "should_exit", True))
    following = asyncio.create_task(_follow(server.config.ssl)) if secured is not None else None
    try:
        await server.serve()
    finally:
        if following is not None:
            following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await following


async def _follow(context: Any) -> None:
    """Takes the certificate that the first process, or the hospital, put there meanwhile."""
    from asepsis.web import transport
    from asepsis.web.configuration import ConfigurationError
    from asepsis.web.settings import CONFIGURATION, WORKSPACE

    while True:
        await asyncio.sleep(CERTIFICATE_LOOKED_AT_SECONDS)
        # Half of a new pair may lie there at this moment; what is loaded goes on.
        with contextlib.suppress(ConfigurationError):
            found = transport.current(CONFIGURATION.web, WORKSPACE)
            if found is not None:
                transport.load(context, found)


if __name__ == "__main__":
    main()
