"""Processes that take connections from one socket share them evenly, and none waits for another that is stuck."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from asepsis.web.server import Server, configure
from asepsis.web.shared import Shared

PATIENCE_SECONDS = 60


async def _application(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def memory() -> Iterator[Shared]:
    with contextlib.closing(Shared()) as made:
        yield made


@contextlib.asynccontextmanager
async def _serving(listening: socket.socket, memory: Shared, place: int) -> AsyncIterator[Server]:
    config = configure(_application, host="127.0.0.1", port=0)
    server = Server(config, listening.dup(), memory, place)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0)
    yield server
    server.should_exit = True
    await asyncio.wait_for(serving, PATIENCE_SECONDS)


def _listening() -> socket.socket:
    made = socket.create_server(("127.0.0.1", 0))
    made.setblocking(False)
    return made


async def _asked(address: tuple[str, int]) -> asyncio.StreamWriter:
    """A connection that was answered and stays open."""
    reader, writer = await asyncio.open_connection(*address)
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    line = await asyncio.wait_for(reader.readline(), PATIENCE_SECONDS)
    assert b" 204 " in line
    return writer


def test_connections_that_stay_are_shared_evenly(memory: Shared) -> None:
    async def played() -> tuple[int, int]:
        with _listening() as listening:
            async with _serving(listening, memory, 0) as one, _serving(listening, memory, 1) as other:
                writers = [await _asked(listening.getsockname()) for _ in range(8)]
                found = len(one.server_state.connections), len(other.server_state.connections)
                for writer in writers:
                    writer.close()
                return found

    found = asyncio.run(played())
    assert sum(found) == 8
    # Not always four and four: who is just answering counts for more.
    assert min(found) >= 2


def test_nobody_waits_for_a_process_that_is_stuck(memory: Shared) -> None:
    memory.tell(1, 0)  # it says that it has nothing to do, and takes nobody

    async def played() -> int:
        with _listening() as listening:
            async with _serving(listening, memory, 0) as server:
                writers = [await _asked(listening.getsockname()) for _ in range(3)]
                found = len(server.server_state.connections)
                for writer in writers:
                    writer.close()
                return found

    assert asyncio.run(played()) == 3


def test_a_process_that_ends_takes_no_more_and_says_so(memory: Shared) -> None:
    async def played() -> None:
        with _listening() as listening:
            async with _serving(listening, memory, 0):
                assert memory.is_another_less_busy(1, 100)
            assert not memory.is_another_less_busy(1, 100)
            # Whoever comes now waits for the other process, and is not turned away.
            _, writer = await asyncio.open_connection(*listening.getsockname())
            writer.close()

    asyncio.run(played())
