"""Answers that are written part by part, for the server that serves others meanwhile and for tests without one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.http import content_disposition_header

CHUNK_BYTES: Final = 256 * 1024


def streamed(request: HttpRequest, parts: Iterator[Any], kind: str, name: str) -> StreamingHttpResponse:
    """An answer to be saved as a file.

    Args:
        request: What is answered.
        parts: Texts or bytes; each is made when the one before was sent.
        kind: The media type.
        name: Of the file.
    """
    content: Any = _in_turn(parts) if isinstance(request, ASGIRequest) else parts
    answer = StreamingHttpResponse(content, content_type=kind)
    answer["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    return answer


def chunks(file: Any) -> Iterator[bytes]:
    """The content of an open file, which is closed at its end."""
    with file:
        while part := file.read(CHUNK_BYTES):
            yield part


async def _in_turn(parts: Iterator[Any]) -> AsyncIterator[Any]:
    """The same parts; each is made in the thread of the request."""
    following = sync_to_async(lambda: next(parts, None))
    while (part := await following()) is not None:
        yield part
