"""The HTTP server: uvicorn, with deadlines for clients that send slowly and with our own way to begin and to end.

Several processes take connections from one socket. Browsers keep their connections, so that whoever is quickest would
end up with most of them: a process that is busier than another lets that one come first.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any, Final

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from asepsis.web import transport
from asepsis.web.settling import loaded
from asepsis.web.shared import Shared
from asepsis.web.transport import Transport

# Whoever has not sent the head of a request by then holds a connection for nothing.
HEAD_SECONDS: Final = 15.0
KEEP_ALIVE_SECONDS: Final = 30
# A head with a session, a token and the longest filter stays far below.
HEAD_LIMIT_BYTES: Final = 32 * 1024
# More at once than a hospital's security team has browsers, and few enough for the memory.
CONNECTIONS_LIMIT: Final = 512
GRACE_SECONDS: Final = 10
# So long a busier process lets others take a connection; then it does, since the others may be stuck.
GIVE_WAY_SECONDS: Final = 0.01
# No descriptor is free for another connection; some close meanwhile.
NO_ROOM_SECONDS: Final = 1.0


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
    """Takes connections from a socket that it shares with the other processes of this server.

    It leaves signals to who runs it, so that children end after the last answer and before the process.
    """

    def __init__(self, config: uvicorn.Config, listening: socket.socket, memory: Shared, place: int) -> None:
        """Serves nothing yet.

        Args:
            config: As ``configure`` makes it.
            listening: A socket that listens and does not block; closed at the end.
            memory: Where the processes tell each other how busy they are.
            place: This process's place there.
        """
        super().__init__(config)
        self._listening = listening
        self._memory = memory
        self._place = place
        self._taking: set[asyncio.Task[None]] = set()
        self._later: asyncio.TimerHandle | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Captures none."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begins to take connections."""
        await super().startup(sockets=[])
        self._listen()

    async def on_tick(self, counter: int) -> bool:
        """Tells the others how busy this process is, ten times a second."""
        self._memory.tell(self._place, self._load())
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Takes no more connections, which the other processes do, and ends when the last answer has left."""
        if self._later is not None:
            self._later.cancel()
        asyncio.get_running_loop().remove_reader(self._listening)
        self._memory.tell(self._place, None)
        self._listening.close()
        await super().shutdown(sockets=[])

    def _load(self) -> int:
        # A connection that asks something counts twice.
        return len(self.server_state.connections) + len(self.server_state.tasks) + len(self._taking)

    def _listen(self) -> None:
        self._later = None
        self._memory.tell(self._place, self._load())
        asyncio.get_running_loop().add_reader(self._listening, self._somebody_came)

    def _somebody_came(self) -> None:
        load = self._load()
        if self._memory.is_another_less_busy(self._place, load):
            self._pause(GIVE_WAY_SECONDS)
        else:
            self._take()

    def _pause(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._listening)
        self._later = loop.call_later(seconds, self._go_on)

    def _go_on(self) -> None:
        """Takes whoever nobody took meanwhile."""
        self._listen()
        self._take()

    def _take(self) -> None:
        try:
            connected, _ = self._listening.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return  # another process was quicker, or whoever came has gone
        except OSError:
            self._pause(NO_ROOM_SECONDS)
            return
        connected.setblocking(False)
        task = asyncio.create_task(self._welcome(connected))
        self._taking.add(task)
        task.add_done_callback(self._taking.discard)
        self._memory.tell(self._place, self._load())

    async def _welcome(self, connected: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        secured = self.config.ssl
        # Whoever speaks no TLS, or leaves in the middle of it, is no fault of the server.
        with contextlib.suppress(OSError):
            await loop.connect_accepted_socket(
                self._protocol,
                connected,
                ssl=secured,
                ssl_handshake_timeout=HEAD_SECONDS if secured is not None else None,
            )

    def _protocol(self) -> asyncio.Protocol:
        return PromptProtocol(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)


def server_of(listening: socket.socket, memory: Shared, place: int, secured: Transport | None) -> Server:
    """The server of the application, once Django and what comes before the first request are ready."""
    from asepsis.web.asgi import application

    host, port = listening.getsockname()[:2]
    config = configure(application, host=host, port=port)
    config.load()
    if secured is not None:
        config.ssl = transport.context(secured)
    loaded()
    return Server(config, listening, memory, place)


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
