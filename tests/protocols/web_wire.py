"""HTTP around bodies, for vectors of the protocols that ride on it."""

from __future__ import annotations

from asepsis.protocols.http import HttpStream
from asepsis.protocols.message import Malformed, Message, Result
from tests.protocols.conformance import Turns


def ask(path: str, body: bytes = b"", content_type: str = "", *, method: str = "", fields: str = "") -> bytes:
    """A request; POST where it has a body and no other method is said."""
    head = f"{method or ('POST' if body else 'GET')} {path} HTTP/1.1\r\nHost: 10.0.0.9\r\n{fields}"
    if body:
        head += f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


def answer(body: bytes = b"", content_type: str = "", *, status: int = 200, fields: str = "") -> bytes:
    """A response."""
    head = f"HTTP/1.1 {status} Said\r\nServer: Engine/1.0\r\n{fields}Content-Length: {len(body)}\r\n"
    if body:
        head += f"Content-Type: {content_type}\r\n"
    return head.encode() + b"\r\n" + body


def chunked(body: bytes, content_type: str, *, fields: str = "", size: int = 100) -> bytes:
    """A response in chunks (RFC 9112 7.1)."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\n{fields}Transfer-Encoding: chunked\r\n\r\n"
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return head.encode() + b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def converse(*turns: tuple[int, bytes]) -> list[Result]:
    """All that a conversation says."""
    stream = HttpStream()
    results = [result for sender, data in turns for result in stream.feed(sender, data)]
    return [*results, *stream.close()]


def carried(turns: Turns, protocol: str) -> list[Message]:
    """The messages of one protocol in a conversation."""
    return [result for result in converse(*turns) if not isinstance(result, Malformed) and protocol == result.PROTOCOL]
