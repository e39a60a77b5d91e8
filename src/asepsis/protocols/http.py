"""HTTP/1.0 and 1.1 over TCP: both directions' bytes in, requests, responses and titles of front pages out.

Bodies are stepped over by their framing (RFC 9112 6.3), so that the next head of a kept-alive connection is
found; ``http_head`` reads the heads, ``http_body`` what rides on HTTP. What follows CONNECT or 101 is another protocol
and not looked at.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from typing import Any, ClassVar, Final

from asepsis.kernel.value import value
from asepsis.protocols.http_body import Body, carried_request, carried_response, request_body, response_body
from asepsis.protocols.http_family import HTTP_FAMILY
from asepsis.protocols.http_head import (
    CHUNKED,
    METHODS,
    NOT_HTTP,
    UNREADABLE_LENGTH,
    UNTIL_CLOSE,
    HttpRequest,
    StartLine,
    read_request,
    read_response,
    read_start_line,
)
from asepsis.protocols.masking import masked_text
from asepsis.protocols.message import Dissector, Malformed, Message, Result

PROTOCOL: Final = "http"

# RFC 9112 3 recommends that 8,000 bytes of a request line be read; twice that meets what is sent in practice.
START_LINE_LIMIT_BYTES = 16 * 1024
# Servers refuse heads over 8 to 64 KiB; nothing more is waited for.
HEAD_LIMIT_BYTES = 64 * 1024
# RFC 9112 7.1.1 lets a recipient limit the extensions of a chunk's line; real ones are under 20 bytes.
CHUNK_LINE_LIMIT_BYTES = 1024
# Requests that wait for their response; a browser sends one at a time, pipelining programs a few dozen.
PIPELINED_REQUESTS = 64
# A title stands near the top of a page; embedded pages are shorter than this altogether.
TITLE_WINDOW_BYTES = 4096
TITLE_LIMIT = 80

_START = 0  # the next bytes are a start line
_HEAD = 1  # the start line is good, the blank line is still to come
_BODY = 2  # so many bytes of a body, or of a chunk, are left
_CHUNK_LINE = 3
_CHUNK_END = 4
_TRAILER = 5
_CLOSE = 6  # the body ends with the connection
_SEARCH = 7  # the place is lost: the next line that is a start line begins a head
_OTHER = 8  # another protocol took over

# Without a line end, so many bytes are held; a search lets go of half of them at a time.
_PENDING_LIMITS = {_START: START_LINE_LIMIT_BYTES, _SEARCH: 2 * START_LINE_LIMIT_BYTES}

_EMPTY_LINE = re.compile(rb"\n\r?\n")
_START_LINE_MARK = b"HTTP/1."
# What a body leaves behind may stand before a start line, so the line is searched for one.
_START_LINE_WITHIN = re.compile(
    rb"HTTP/1\.[01] [1-9]\d\d[ \t\r\n]|(?:%b) \S{1,8000} HTTP/1\.[01][ \t]*\r?\n" % b"|".join(METHODS)
)
_CHUNK_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?\r?$")
_TITLE = re.compile(rb"<title[^>]{0,64}>([^<]{1,1024})</title\s{0,8}>", re.IGNORECASE)


@value
class HttpPage:
    """The title of a device's front page, which often names the product."""

    PROTOCOL: ClassVar[str] = PROTOCOL
    kind: ClassVar[str] = "page"
    sender_is_server: ClassVar[bool | None] = True
    title: str

    def facts(self) -> dict[str, Any]:
        """The title."""
        return {"title": self.title}


class _Side:
    """One direction: where in the grammar it is, and the bytes that were not enough yet."""

    __slots__ = ("body", "chunked", "left", "mode", "pending", "start")

    def __init__(self) -> None:
        self.mode = _START
        self.pending = bytearray()
        self.start: StartLine | None = None
        self.left = 0
        self.chunked = False
        self.body: _Title | Body | None = None
        """Takes the body in transfer, where somebody reads it."""


class _Title:
    """The first bytes of a front page, while its title is looked for."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = bytearray()

    def take(self, piece: bytes, results: list[Result]) -> bool:
        """Takes the next bytes; False when no more are wanted."""
        held = self._held
        held += piece[: TITLE_WINDOW_BYTES - len(held)]
        if b">" in piece or len(held) == TITLE_WINDOW_BYTES:
            found = _TITLE.search(held)
            if found is not None:
                if title := _title(found[1]):
                    results.append(HttpPage(title=title))
                return False
        return len(held) < TITLE_WINDOW_BYTES

    def end(self, results: list[Result]) -> None:
        """The page is over, without a title."""


class HttpStream:
    """Reads one conversation; see ``protocols.message.Stream``."""

    __slots__ = ("_requests", "_sides", "carried")

    def __init__(self) -> None:
        self._sides = (_Side(), _Side())
        self._requests: deque[tuple[HttpRequest, Message | None]] = deque(maxlen=PIPELINED_REQUESTS)
        self.carried = ""
        """The protocol that rides on this conversation, once a head or a body has told."""

    def feed(self, sender: int, data: bytes, *, gap: bool = False) -> Sequence[Result]:
        """Takes the next bytes of one direction; see ``protocols.message.Stream.feed``."""
        side = self._sides[sender]
        if side.mode == _OTHER:
            return ()
        results: list[Result] = []
        if gap:
            self._cut_off(side, results)
            side.mode = _SEARCH
        pending = side.pending
        if not pending:
            self._read(side, data, results)
        else:
            seen = len(pending)
            pending += data
            if self._is_enough(side, data, seen):
                whole = bytes(pending)
                pending.clear()
                self._read(side, whole, results)
        return results

    def close(self) -> Sequence[Result]:
        """Reads a head that never ended, as far as it came."""
        results: list[Result] = []
        for side in self._sides:
            self._cut_off(side, results)
            side.mode = _OTHER
        return results

    @staticmethod
    def _is_enough(side: _Side, data: bytes, seen: int) -> bool:
        """Whether pending bytes can get further; looks at the new ones only, so that single bytes cost no square."""
        size = len(side.pending)
        if side.mode == _HEAD:
            return size > HEAD_LIMIT_BYTES or _EMPTY_LINE.search(side.pending, max(0, seen - 2)) is not None
        return b"\n" in data or size > _PENDING_LIMITS.get(side.mode, CHUNK_LINE_LIMIT_BYTES)

    def _cut_off(self, side: _Side, results: list[Result]) -> None:
        if side.mode == _HEAD:
            # The lines that came whole say who speaks, even if the blank line was lost.
            head = bytes(side.pending)
            self._take_head(side, head[: head.rfind(b"\n") + 1], results)
        side.pending.clear()
        self._end_body(side, results)

    def _end_body(self, side: _Side, results: list[Result]) -> None:
        body = side.body
        if body is not None:
            side.body = None
            body.end(results)
            self._note_carried(results)

    def _take_body(self, side: _Side, piece: bytes, results: list[Result]) -> None:
        body = side.body
        assert body is not None
        if not body.take(piece, results):
            side.body = None
            self._note_carried(results)

    def _note_carried(self, results: list[Result]) -> None:
        if results and not isinstance(last := results[-1], Malformed) and last.PROTOCOL != PROTOCOL:
            self.carried = last.PROTOCOL

    def _read(self, side: _Side, data: bytes, results: list[Result]) -> None:
        at = 0
        size = len(data)
        while at < size:
            mode = side.mode
            if mode == _START:
                at = self._read_start(side, data, at, results)
            elif mode == _HEAD:
                at = self._read_head(side, data, at, results)
            elif mode == _BODY:
                end = min(at + side.left, size)
                side.left -= end - at
                if side.body is not None:
                    self._take_body(side, data[at:end], results)
                if not side.left:
                    if side.chunked:
                        side.mode = _CHUNK_END
                    else:
                        side.mode = _START
                        self._end_body(side, results)
                at = end
            elif mode == _CLOSE:
                if side.body is not None:
                    self._take_body(side, data[at:], results)
                return
            elif mode == _SEARCH:
                at = self._search(side, data, at)
            elif mode == _OTHER:
                return
            else:
                at = self._read_chunk_line(side, data, at, results)
            if at < 0:
                return

    def _lose(self, side: _Side, where: str, why: str, results: list[Result]) -> None:
        self._end_body(side, results)
        results.append(Malformed(protocol=PROTOCOL, where=where, why=why))
        side.mode = _SEARCH

    def _read_start(self, side: _Side, data: bytes, at: int, results: list[Result]) -> int:
        # RFC 9112 2.2: empty lines before a start line are ignored.
        while at < len(data) and data[at] in b"\r\n":
            at += 1
        if at == len(data):
            return at
        if not 0x41 <= data[at] <= 0x5A:
            self._lose(side, "start line", "it begins with no letter", results)
            return at
        end = data.find(b"\n", at)
        if (end if end >= 0 else len(data)) - at > START_LINE_LIMIT_BYTES:
            self._lose(side, "start line", f"it is longer than {START_LINE_LIMIT_BYTES} bytes", results)
            return at
        if end < 0:
            side.pending += data[at:]
            return -1
        side.start = read_start_line(data[at:end])
        if side.start is None:
            self._lose(side, "start line", "it is neither a request nor a status", results)
            return end
        side.mode = _HEAD
        return self._read_head(side, data, at, results)

    def _read_head(self, side: _Side, data: bytes, at: int, results: list[Result]) -> int:
        # A line may end with LF alone (RFC 9112 2.2); what comes first ends the head.
        end = _EMPTY_LINE.search(data, at)
        if (end.end() if end else len(data)) - at > HEAD_LIMIT_BYTES:
            self._lose(side, "header section", f"it is longer than {HEAD_LIMIT_BYTES} bytes", results)
            return at + HEAD_LIMIT_BYTES
        if end is None:
            side.pending += data[at:]
            return -1
        self._take_head(side, data[at : end.start()], results)
        return end.end()

    def _take_head(self, side: _Side, head: bytes, results: list[Result]) -> None:
        start = side.start
        assert start is not None
        side.start = None
        side.body = None
        lines = head.partition(b"\n")[2]
        if not start[3]:
            request, body, path, fields = read_request(start, lines)
            results.append(request)
            content_type = fields.get(b"content-type", b"")
            carried = carried_request(request, path, fields.get(b"accept", b""), content_type)
            if carried is not None:
                results.append(carried)
                self.carried = carried.PROTOCOL
            self._requests.append((request, carried))
            if content_type and body:
                side.body = request_body(content_type, fields.get(b"content-encoding", b""), carried)
        else:
            response, body, is_html, fields = read_response(start, lines)
            results.append(response)
            # RFC 9110 15.2: an interim response is followed by the final one.
            if response.status >= 200:
                asked, carried = self._requests.popleft() if self._requests else (None, None)
                content_type = fields.get(b"content-type", b"")
                if carried is not None:
                    answer = carried_response(carried, response.status, content_type, response.server)
                    if answer is not None:
                        results.append(answer)
                if asked is not None and asked.method == "HEAD":
                    body = 0
                elif asked is not None and asked.method == "CONNECT" and response.status < 300:
                    body = NOT_HTTP
                elif is_html:
                    if asked is not None and _is_front_page(asked):
                        side.body = _Title()
                elif content_type and body:
                    side.body = response_body(content_type, fields.get(b"content-encoding", b""), carried)
        side.chunked = body == CHUNKED
        if body >= 0:
            side.left = body
            side.mode = _BODY if body else _START
        elif body == CHUNKED:
            side.mode = _CHUNK_LINE
        elif body == UNTIL_CLOSE:
            side.mode = _CLOSE
        elif body == UNREADABLE_LENGTH:
            self._lose(side, "Content-Length", "it is no number", results)
        else:
            for one in self._sides:
                one.mode = _OTHER
                one.pending.clear()
                one.body = None

    def _read_chunk_line(self, side: _Side, data: bytes, at: int, results: list[Result]) -> int:
        # RFC 9112 7.1: size line, data, line end; after the last chunk, trailer fields and an empty line.
        end = data.find(b"\n", at)
        if (end if end >= 0 else len(data)) - at > CHUNK_LINE_LIMIT_BYTES:
            self._lose(side, "chunk", f"its line is longer than {CHUNK_LINE_LIMIT_BYTES} bytes", results)
            return at
        if end < 0:
            side.pending += data[at:]
            return -1
        line = data[at:end]
        if side.mode == _CHUNK_LINE:
            size = _CHUNK_SIZE.match(line)
            if size is None:
                self._lose(side, "chunk-size", "it is no hexadecimal number", results)
                return at
            side.left = int(size[1], 16)
            side.mode = _BODY if side.left else _TRAILER
        elif side.mode == _CHUNK_END:
            if line not in (b"\r", b""):
                self._lose(side, "chunk", "its data are longer than its size", results)
                return at
            side.mode = _CHUNK_LINE
        elif line in (b"\r", b""):
            side.mode = _START
            self._end_body(side, results)
        return end + 1

    @staticmethod
    def _search(side: _Side, data: bytes, at: int) -> int:
        start = at
        while (mark := data.find(_START_LINE_MARK, at)) >= 0:
            end = data.find(b"\n", mark)
            if end < 0:
                break
            begin = max(data.rfind(b"\n", start, mark) + 1, start, end - START_LINE_LIMIT_BYTES)
            if found := _START_LINE_WITHIN.search(data, begin, end + 1):
                side.mode = _START
                return found.start()
            at = end + 1
        tail = data[max(data.rfind(b"\n", start) + 1, start) :]
        side.pending += tail if len(tail) <= _PENDING_LIMITS[_SEARCH] else tail[-START_LINE_LIMIT_BYTES:]
        return -1


def _title(text: bytes) -> str:
    # Imported late because its table of entities takes longer to load than this module, and titles are rare.
    from html import unescape

    shown = masked_text(" ".join(unescape(text.decode("utf-8", "replace")).split()))
    # A caret parts the components of a person's name in DICOM and HL7.
    return "" if "^" in shown else shown[:TITLE_LIMIT]


def _is_front_page(asked: HttpRequest) -> bool:
    # Only the title of a front page (/, /index.html, /login) is read: what lies deeper may name a patient.
    path = asked.path
    return asked.method == "GET" and path[:1] == "/" and path.count("/") == 1 and "?" not in path


DISSECTOR: Final = Dissector(protocol=PROTOCOL, open=HttpStream, carries=HTTP_FAMILY - {PROTOCOL})
