"""Django behind ASGI, each request whole in one of a few threads that stay.

Django's own handler gives every request a thread and a connection to the database of its own, and passes it back and
forth between that thread and the loop: some ten milliseconds of work before the view begins. All of our views and
middleware are synchronous, so that a request needs one thread from begin to end, and finds the connection open that
the last one left.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import IO, Any, Final

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.signals import request_started
from django.db import connections
from django.http import FileResponse, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import set_script_prefix

from asepsis.web.arriving import NO_ROOM, UNFINISHED, ArrivingBody
from asepsis.web.edge import ARRIVES, Message, Receive

THREADS: Final = 8
"""Requests that are worked on at once: more than processors, because some wait for the disk or for DuckDB."""
# Files that arrive at the same time, beside other requests: more of them come no sooner, and those that wait hold no
# thread.
ARRIVING_THREADS: Final = 4


class Handler(ASGIHandler):
    """Answers a request in a thread that stays; what is streamed is read in a thread of its own."""

    def __init__(self, threads: int = THREADS) -> None:
        super().__init__()
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="request")
        self._arriving = ThreadPoolExecutor(ARRIVING_THREADS, thread_name_prefix="arriving")

    def close(self) -> None:
        """Ends the threads once they have answered."""
        self._threads.shutdown()
        self._arriving.shutdown()

    def load_middleware(self, is_async: bool = False) -> None:
        """Loads the chain as a synchronous one, whatever is asked for."""
        super().load_middleware(is_async=False)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answers one request."""
        if scope.get(ARRIVES):
            await self._answer_while_it_arrives(scope, receive, send)
            return
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        with body:
            context = copy_context()  # the id of the request, for records and the log
            loop = asyncio.get_running_loop()
            response = await loop.run_in_executor(self._threads, context.run, self._answer, scope, body)
            if response.streaming:
                await self._stream(response, receive, send)
            else:
                await self.send_response(response, send)

    async def _answer_while_it_arrives(self, scope: Any, receive: Receive, send: Any) -> None:
        """Answers a request whose files go to the disk as they come; whoever broke it off is told by the edge."""
        loop = asyncio.get_running_loop()
        body = ArrivingBody(receive, loop)
        try:
            context = copy_context()
            response = await loop.run_in_executor(self._arriving, context.run, self._answer, scope, body)
            if scope.get(NO_ROOM):
                response = _no_room(scope["path"])
            with contextlib.suppress(OSError):
                await body.skip()
            if body.is_broken:
                if response.streaming:
                    await sync_to_async(_finish)(response)
            elif response.streaming:
                await self._stream(response, receive, send)
            else:
                await self.send_response(response, send)
        finally:
            body.abandon()

    def _answer(self, scope: MutableMapping[str, Any], body: IO[bytes] | ArrivingBody) -> Any:
        """The answer, closed already where it is not a stream: its content is all there."""
        set_script_prefix(get_script_prefix(scope))
        request_started.send(sender=type(self), scope=scope)
        request, refused = self.create_request(scope, body)  # type: ignore[arg-type]  # what is read of a file
        response: Any = refused if request is None else self.get_response(request)
        if (unfinished := scope.pop(UNFINISHED, None)) is not None:
            unfinished.upload_interrupted()
        response._handler_class = type(self)  # it is named when the answer is closed
        if isinstance(response, FileResponse):
            response.block_size = self.chunk_size
        if not response.streaming:
            response.close()
        return response

    async def _stream(self, response: HttpResponseBase, receive: Receive, send: Any) -> None:
        """Sends parts as they come until the last, or until the client left."""
        async with ThreadSensitiveContext():
            sending = asyncio.create_task(self.send_response(response, send))
            leaving = asyncio.create_task(_left(receive))
            try:
                await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (sending, leaving):
                    task.cancel()
                ended = await asyncio.gather(sending, leaving, return_exceptions=True)
                await sync_to_async(_finish)(response)
            if isinstance(ended[0], Exception):
                raise ended[0]


def _no_room(path: str) -> HttpResponseBase:
    """RFC 4918 11.5: whoever sent it can do nothing but say so to whoever keeps the server."""
    words = "The disk of the server has no room for it. Ask who keeps the server to make room."
    answer: HttpResponseBase
    if path.startswith("/api/"):
        problem = {"type": "about:blank", "title": "Insufficient Storage", "status": 507, "detail": words}
        answer = JsonResponse(problem, status=507, content_type="application/problem+json")
    else:
        answer = HttpResponse(words, status=507, content_type="text/plain; charset=utf-8")
    answer["Cache-Control"] = "no-store"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def _finish(response: HttpResponseBase) -> None:
    response.close()
    connections.close_all()  # the thread ends with the stream, and nobody would close them


async def _left(receive: Receive) -> None:
    """Returns when the client has gone; nothing else can come after the whole body."""
    while True:
        message: Message = await receive()
        if message["type"] == "http.disconnect":
            return
