"""What stands before Django: sizes and deadlines of bodies, the health answer, an id and one log line for each request.

Nothing of a person is logged: the route with its holes, never the address that was asked for, since one-time links are
addresses.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any, Final

import structlog
from asgiref.sync import sync_to_async

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

# A form with a long text, or a document of the API, stays far below.
BODY_LIMIT_BYTES: Final = 2 * 1024 * 1024
# A client that sends nothing for so long in the middle of a body has gone.
SILENCE_SECONDS: Final = 30.0
# What surrounds the files of a form: boundaries, names, a token.
FORM_OVERHEAD_BYTES: Final = 64 * 1024
ARRIVES: Final = "asepsis.arrives"
"""The key of the scope that says that a body is read while it arrives, since it is too large to be held."""

_log = structlog.get_logger("asepsis.web.requests")


class Edge:
    """An ASGI application around another."""

    def __init__(
        self,
        inner: Application,
        *,
        uploads: Callable[[str], int],
        may_upload: Callable[[str, dict[bytes, bytes]], bool],
        route: Callable[[str], str],
        healthy: Callable[[], bool],
        authority: Path | None,
    ) -> None:
        """Wraps ``inner``.

        Args:
            inner: Django.
            uploads: How many bytes of files a path takes; 0 for those that take none.
            may_upload: Whether who sends these headers may send files to a path; asked before the body is read.
            route: A path to its route with holes, for the log.
            healthy: Whether the database answers.
            authority: The certificate that browsers may fetch to trust this server; None where there is none.
        """
        self._inner = inner
        self._uploads = uploads
        self._may_upload = may_upload
        self._route = route
        self._healthy = healthy
        self._authority = authority

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            return
        begun = time.monotonic()
        request_id = secrets.token_hex(8)
        status = 0

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id.encode())]
            await send(message)

        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request=request_id)
        path = scope["path"]
        try:
            if path == "/healthz":
                good = await sync_to_async(self._healthy, thread_sensitive=False)()
                await _answer(noted, 200 if good else 503, b'{"status":"ok"}' if good else b'{"status":"unavailable"}')
                return
            if path == "/authority.pem" and self._authority is not None:
                content = await sync_to_async(self._authority.read_bytes)()
                await _answer(noted, 200, content, kind=b"application/x-pem-file")
                return
            await self._pass_on(scope, receive, noted)
        finally:
            milliseconds = round((time.monotonic() - begun) * 1000)
            _log.info(
                "request", method=scope["method"], route=self._route(path), status=status, milliseconds=milliseconds
            )

    async def _pass_on(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        limit = BODY_LIMIT_BYTES
        files = self._uploads(scope["path"]) if scope["method"] in ("POST", "PUT", "PATCH") else 0
        if files:
            # Before a byte of it is stored: a stranger could fill the disk otherwise.
            if await sync_to_async(self._may_upload, thread_sensitive=False)(scope["path"], headers):
                limit = files + FORM_OVERHEAD_BYTES
            else:
                limit = FORM_OVERHEAD_BYTES
        announced = headers.get(b"content-length", b"0")
        if not announced.isdigit() or int(announced) > limit:
            await _answer(send, 413, b"The request is larger than is taken here.", kind=b"text/plain", close=True)
            return
        # Only of who may send files: each has a thread for as long as it arrives.
        scope[ARRIVES] = int(announced) > BODY_LIMIT_BYTES
        body = _Body(receive, limit)
        await self._inner(scope, body.receive, send)
        if body.refusal:
            status = 413 if body.refusal == "size" else 408
            await _answer(send, status, b"The request was not taken.", kind=b"text/plain", close=True)


class _Body:
    """Counts and times what comes; a body that is too large or too slow looks to Django like a client that left."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._left = limit
        self._whole = False
        self.refusal = ""

    async def receive(self) -> Message:
        if self._whole:  # Django waits for the client to leave: as long as the answer takes
            return await self._receive()
        try:
            message = await asyncio.wait_for(self._receive(), SILENCE_SECONDS)
        except TimeoutError:
            self.refusal = "silence"
            return {"type": "http.disconnect"}
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            self._whole = not message.get("more_body", False)
            if self._left < 0:
                self.refusal = "size"
                return {"type": "http.disconnect"}
        return message


async def _answer(
    send: Send, status: int, content: bytes, *, kind: bytes = b"application/json", close: bool = False
) -> None:
    headers = [
        (b"content-type", kind),
        (b"content-length", str(len(content)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    if close:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
