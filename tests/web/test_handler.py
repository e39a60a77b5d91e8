"""A request is worked on by one thread of a few; what is streamed leaves no connection behind."""

from __future__ import annotations

import asyncio
import errno
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path

from asepsis.web import arriving
from asepsis.web.authorisation.routes import public
from asepsis.web.edge import ARRIVES
from asepsis.web.handler import Handler

PATIENCE_SECONDS = 60

_seen: list[tuple[str, int]] = []
_together = threading.Barrier(2, timeout=PATIENCE_SECONDS)
_closed = threading.Event()
_begun = threading.Event()
PART = b"x" * (1 << 20)


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


@public
def _files(request: HttpRequest) -> HttpResponse:
    """Reads the begin of the body, says so, and then the form."""
    _begun.set()
    sent = request.FILES.getlist("file")
    return HttpResponse(",".join(str(len(one.read())) for one in sent).encode())


@public
def _unread(request: HttpRequest) -> HttpResponse:
    return HttpResponse(b"unread")


urlpatterns = [
    path("files/", _files),
    path("unread/", _unread),
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


HEAD = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a.pcap"\r\n\r\n'
TAIL = b"\r\n--edge--\r\n"


class _Client:
    """Sends a form with a file part by part, the rest of it only when the view has begun."""

    def __init__(self, *parts: bytes, leaves: bool = False) -> None:
        self.left = [HEAD, *parts, *([] if leaves else [TAIL])]
        self.size = sum(map(len, self.left))
        self.leaves = leaves
        self.first = True
        self.sent: list[MutableMapping[str, Any]] = []

    async def receive(self) -> MutableMapping[str, Any]:
        if not self.first:
            assert await asyncio.to_thread(_begun.wait, PATIENCE_SECONDS)
        self.first = False
        if not self.left:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": self.left.pop(0), "more_body": bool(self.left) or self.leaves}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        self.sent.append(message)

    @property
    def answer(self) -> tuple[int, bytes] | None:
        if not self.sent:
            return None
        return self.sent[0]["status"], b"".join(message.get("body", b"") for message in self.sent)


def _send(handler: Handler, client: _Client, where: str = "/files/") -> tuple[int, bytes] | None:
    _begun.clear()
    if where != "/files/":
        _begun.set()
    scope = {
        "type": "http",
        "method": "POST",
        "path": where,
        "query_string": b"",
        "headers": [
            (b"host", b"localhost"),
            (b"content-type", b"multipart/form-data; boundary=edge"),
            (b"content-length", str(client.size).encode()),
        ],
        "scheme": "http",
        ARRIVES: True,
    }
    asyncio.run(asyncio.wait_for(handler(scope, client.receive, client.send), PATIENCE_SECONDS))
    return client.answer


def test_a_form_with_files_is_read_while_it_arrives(handler: Handler) -> None:
    assert _send(handler, _Client(PART, PART, PART)) == (200, b"3145728")


def test_who_leaves_in_the_middle_of_a_file_is_not_answered_and_leaves_nothing(
    handler: Handler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert _send(handler, _Client(PART, PART, leaves=True)) is None
    assert list(tmp_path.iterdir()) == []
    # The thread is free for the next one.
    assert _send(handler, _Client(PART)) == (200, b"1048576")


def test_a_disk_without_room_is_said_to_who_sends(handler: Handler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arriving, "DISK_RESERVE_BYTES", 1 << 62)
    client = _Client(PART, PART)
    status, words = _send(handler, client) or (0, b"")
    assert status == 507
    assert b"no room" in words
    assert client.left == []  # else a browser would never come to read it


@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_fills_up_meanwhile_is_said_too(
    handler: Handler, monkeypatch: pytest.MonkeyPatch, fault: int
) -> None:
    def full(*_: object) -> int:
        raise OSError(fault, "full")

    monkeypatch.setattr(arriving.ArrivedFile, "write", full, raising=False)
    assert (_send(handler, _Client(PART)) or (0, b""))[0] == 507


def test_a_body_that_nobody_reads_is_received_before_the_answer(handler: Handler) -> None:
    client = _Client(PART, PART)
    assert _send(handler, client, "/unread/") == (200, b"unread")
    assert client.left == []


def test_a_server_that_ends_does_not_wait_for_a_file_that_never_comes(handler: Handler) -> None:
    async def ended() -> None:
        async def receive() -> MutableMapping[str, Any]:
            await asyncio.Event().wait()
            raise AssertionError

        scope = {
            "type": "http",
            "method": "POST",
            "path": "/files/",
            "query_string": b"",
            "headers": [(b"content-type", b"multipart/form-data; boundary=edge"), (b"content-length", b"5000000")],
            "scheme": "http",
            ARRIVES: True,
        }
        _begun.clear()
        task = asyncio.create_task(handler(scope, receive, receive))
        assert await asyncio.to_thread(_begun.wait, PATIENCE_SECONDS)
        task.cancel()
        await asyncio.wait((task,), timeout=PATIENCE_SECONDS)
        assert task.cancelled()

    asyncio.run(ended())
    handler.close()  # waits for its threads
