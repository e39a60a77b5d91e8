"""The HTTP server: uvicorn, with deadlines for clients that send slowly and with our own way to end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any, Final

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

# Whoever has not sent the head of a request by then holds a connection for nothing.
HEAD_SECONDS: Final = 15.0
KEEP_ALIVE_SECONDS: Final = 30
# A head with a session, a token and the longest filter stays far below.
HEAD_LIMIT_BYTES: Final = 32 * 1024
# More at once than a hospital's security team has browsers, and few enough for the memory.
CONNECTIONS_LIMIT: Final = 512
GRACE_SECONDS: Final = 10


class PromptProtocol(H11Protocol):
    """HTTP/1.1 that waits for the head of a request only so long."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begins the wait for the first head."""
        super().connection_made(transport)
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        """Ends the wait when the head is whole; begins one when a part of the next has come."""
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:
            if self._deadline is None:
                self._wait_for_head()
        elif self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends the wait with the connection."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        super().connection_lost(exc)

    def _wait_for_head(self) -> None:
        self._deadline = self.loop.call_later(HEAD_SECONDS, self._too_slow)

    def _too_slow(self) -> None:
        self._deadline = None
        if not self.transport.is_closing():
            self.transport.abort()


class Server(uvicorn.Server):
    """Leaves signals to who runs it, so that children end after the last answer and before the process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Captures none."""
        yield


def configure(application: Any, *, host: str, port: int) -> uvicorn.Config:
    """The server's settings."""
    return uvicorn.Config(
        application,
        host=host,
        port=port,
        http=PromptProtocol,
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        # Who asks is who connected; a proxy on this machine is not believed unless it is said.
        proxy_headers=False,
        limit_concurrency=CONNECTIONS_LIMIT,
        h11_max_incomplete_event_size=HEAD_LIMIT_BYTES,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
