"""A request is worked on by one thread of a few; what is streamed leaves no connection behind."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, MutableMapping
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path

from asepsis.web.authorisation.routes import public
from asepsis.web.handler import Handler

PATIENCE_SECONDS = 60

_seen: list[tuple[str, int]] = []
_together = threading.Barrier(2, timeout=PATIENCE_SECONDS)
_closed = threading.Event()


@public
def _plain(request: HttpRequest) -> HttpResponse:
    _seen.append((threading.current_thread().name, len(request.body)))
    return HttpResponse(b"x" * 200_000)


@public
def _meeting(request: HttpRequest) -> HttpResponse:
    _together.wait()
    return HttpResponse(b"met")


@public
def _stream(request: HttpRequest) -> StreamingHttpResponse:
    async def parts() -> AsyncIterator[bytes]:
        yield b"first "
        yield b"second"

    return StreamingHttpResponse(parts())


@public
def _endless(request: HttpRequest) -> StreamingHttpResponse:
    async def parts() -> AsyncIterator[bytes]:
        try:
            while True:
                await asyncio.sleep(0)
                yield b"on and on"
        finally:
            _closed.set()

    return StreamingHttpResponse(parts())


@public
def _broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("CANARY-4711")


urlpatterns = [
    path("plain/", _plain),
    path("meeting/", _meeting),
    path("stream/", _stream),
    path("endless/", _endless),
    path("broken/", _broken),
]


@pytest.fixture
def handler(settings: Any) -> Iterator[Handler]:
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = []
    made = Handler(threads=2)
    yield made
    made.close()


async def _ask(handler: Handler, where: str, *, body: bytes = b"", leaves: bool = False) -> tuple[int, bytes]:
    sent: list[MutableMapping[str, Any]] = []
    left = asyncio.Event()
    asked = False

    async def receive() -> MutableMapping[str, Any]:
        nonlocal asked
        if not asked:
            asked = True
            return {"type": "http.request", "body": body, "more_body": False}
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)
        if leaves and len(sent) > 3:
            left.set()

    scope = {
        "type": "http",
        "method": "POST" if body else "GET",
        "path": where,
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
        "scheme": "http",
    }
    await asyncio.wait_for(handler(scope, receive, send), PATIENCE_SECONDS)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent)


def test_a_request_is_answered_whole_by_a_thread_that_stays(handler: Handler) -> None:
    _seen.clear()

    async def some() -> list[tuple[int, bytes]]:
        return [await _ask(handler, "/plain/", body=b"abc") for _ in range(6)]

    answers = asyncio.run(some())
    assert {(status, len(body)) for status, body in answers} == {(200, 200_000)}
    assert {size for _, size in _seen} == {3}
    assert len({name for name, _ in _seen}) <= 2


def test_two_requests_are_worked_on_at_the_same_time(handler: Handler) -> None:
    async def both() -> list[tuple[int, bytes]]:
        return list(await asyncio.gather(_ask(handler, "/meeting/"), _ask(handler, "/meeting/")))

    assert asyncio.run(both()) == [(200, b"met"), (200, b"met")]


def test_a_stream_is_sent_part_by_part(handler: Handler) -> None:
    assert asyncio.run(_ask(handler, "/stream/")) == (200, b"first second")


def test_a_stream_ends_when_its_reader_leaves(handler: Handler) -> None:
    _closed.clear()
    status, body = asyncio.run(_ask(handler, "/endless/", leaves=True))
    assert (status, body[:9]) == (200, b"on and on")
    assert _closed.wait(PATIENCE_SECONDS)


@pytest.mark.filterwarnings("ignore")
def test_a_fault_is_answered_and_says_nothing_of_itself(handler: Handler) -> None:
    status, body = asyncio.run(_ask(handler, "/broken/"))
    assert status == 500
    assert b"CANARY" not in body


def test_an_address_that_is_nobodys_is_answered_too(handler: Handler) -> None:
    assert asyncio.run(_ask(handler, "/none/"))[0] == 404
