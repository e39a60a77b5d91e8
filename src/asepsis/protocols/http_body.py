"""Bodies of HTTP that a protocol reads: which they are, collected and unpacked within bounds.

``http`` finds where a body begins and ends and hands its pieces here. docs/decisions/0007-bodies-of-http.md says
which bodies, how much of them, and why.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from asepsis.protocols.message import Message, Result

if TYPE_CHECKING:
    from asepsis.protocols.http_head import HttpRequest

# As much as the packet engine hands on of one body (LIMIT_BODY in wire/kernels/emit.py, less the head). Descriptions
# of devices are 1 to 20 KiB, printers' attributes 10 to 40 KiB; of longer documents the beginning is read.
BODY_LIMIT_BYTES = 64 * 1024
# What 64 KiB may become: a gzip bomb makes 64 MiB of them, an honest XML document ten times its size.
EXPANDED_LIMIT_BYTES = 256 * 1024
# The same descriptions and answers come again and again. A shorter body is remembered with what it said: 512 of each
# kind of at most 4 KiB are 2 MiB.
REMEMBERED_BODIES = 512
REMEMBERED_LENGTH_BYTES = 4096
# Paths and media types of requests that are looked at and remembered.
PATH_LIMIT_BYTES = 1024
TYPE_LIMIT_BYTES = 128
REMEMBERED_PATHS = 2048

_OF_DICOMWEB: Final = (b"/studies", b"/series", b"/instances", b"/workitems", b"wado")

BodyReader = Callable[[bytes], Sequence[Result]]

_MEDIA: Final = {
    b"text/xml": "xml",
    b"application/xml": "xml",
    b"application/soap+xml": "xml",
    b"application/fhir+xml": "xml",
    b"application/xml+fhir": "xml",
    b"application/fhir+json": "fhir",
    b"application/json+fhir": "fhir",
    b"application/json": "json",
    b"application/ipp": "ipp",
}
_GZIP, _DEFLATE = 31, 15
_PACKED: Final = {b"gzip": _GZIP, b"x-gzip": _GZIP, b"deflate": _DEFLATE}


class Body:
    """Collects one body for its reader."""

    __slots__ = ("_held", "_packed", "_read")

    def __init__(self, read: BodyReader, packed: int) -> None:
        self._held = bytearray()
        self._read = read
        self._packed = packed

    def take(self, piece: bytes, results: list[Result]) -> bool:
        """Takes the next bytes; False when no more are wanted, because what came was read."""
        held = self._held
        held += piece[: BODY_LIMIT_BYTES - len(held)]
        if len(held) < BODY_LIMIT_BYTES:
            return True
        self.end(results)
        return False

    def end(self, results: list[Result]) -> None:
        """The body is over, or cut: reads what came of it."""
        data = bytes(self._held)
        self._held.clear()
        if self._packed:
            data = unpacked(data, self._packed)
        if data:
            results.extend(self._read(data))


def unpacked(data: bytes, packed: int) -> bytes:
    """The first ``EXPANDED_LIMIT_BYTES`` of what was packed (RFC 9110 8.4.1); nothing where it is damaged."""
    # Some programs send DEFLATE without the zlib header that RFC 9110 8.4.1.2 asks for.
    if packed == _DEFLATE and not (data[:1] and data[0] & 15 == 8 and int.from_bytes(data[:2], "big") % 31 == 0):
        packed = -_DEFLATE
    try:
        return zlib.decompressobj(packed).decompress(data, EXPANDED_LIMIT_BYTES)
    except zlib.error:
        return b""


# How the media types begin that ``_MEDIA`` names.
_BEGINNINGS: Final = frozenset((b"text/x", b"applic"))


def request_body(content_type: bytes, encoding: bytes, carried: Message | None) -> Body | None:
    """A collector for a request's body, None where nobody reads it."""
    if content_type[:6].lower() not in _BEGINNINGS:
        return None
    return _body(_reader(content_type[:TYPE_LIMIT_BYTES], answer=False, fhir=_is_fhir(carried)), encoding)


def response_body(content_type: bytes, encoding: bytes, carried: Message | None) -> Body | None:
    """A collector for a response's body; ``carried`` is the message that the request was."""
    if content_type[:6].lower() not in _BEGINNINGS:
        return None
    return _body(_reader(content_type[:TYPE_LIMIT_BYTES], answer=True, fhir=_is_fhir(carried)), encoding)


def _is_fhir(carried: Message | None) -> bool:
    return carried is not None and carried.PROTOCOL == "fhir"


def _body(read: BodyReader | None, encoding: bytes) -> Body | None:
    if read is None:
        return None
    packed = 0
    if encoding and encoding.lower() != b"identity":
        packed = _PACKED.get(encoding.lower(), 0)
        if not packed:
            return None  # Brotli, LZ4: nothing in the standard library reads them
    return Body(read, packed)


@lru_cache(maxsize=256)
def _reader(content_type: bytes, *, answer: bool, fhir: bool) -> BodyReader | None:
    """Who reads a body of this media type (RFC 9110 8.3.1)."""
    medium = _MEDIA.get(content_type.partition(b";")[0].strip().lower())
    if medium == "xml":
        from asepsis.protocols.soap import read_answer, read_asked

        return read_answer if answer else read_asked
    if medium == "ipp":
        from asepsis.protocols.ipp import read_reply, read_wish

        return read_reply if answer else read_wish
    if medium == "fhir" or (medium == "json" and fhir):
        from asepsis.protocols.fhir import read_given, read_sent

        return read_given if answer else read_sent
    return None


def carried_request(request: HttpRequest, path: bytes, accept: bytes, content_type: bytes) -> Message | None:
    """What a request is in the protocol that rides on it, where path and media types say so."""
    service = _service(path[:PATH_LIMIT_BYTES])
    if service == "" and b"fhir" not in accept and (not content_type or b"fhir" not in content_type):
        return None
    if service != "dicomweb":
        from asepsis.protocols.fhir import read_interaction

        interaction = read_interaction(request.method, path[:PATH_LIMIT_BYTES], request.authorization)
        if interaction is not None or not service:
            return interaction
    from asepsis.protocols.dicomweb import read_transaction

    return read_transaction(
        request.method,
        path[:PATH_LIMIT_BYTES],
        accept[:TYPE_LIMIT_BYTES],
        content_type[:TYPE_LIMIT_BYTES],
        request.authorization,
    )


@lru_cache(maxsize=REMEMBERED_PATHS)
def _service(path: bytes) -> str:
    # One of these stands in every path of DICOMweb (PS3.18 8.2); ``dicomweb`` looks closer.
    lower = path.lower()
    if b"fhir" in lower:
        return "fhir"
    return "dicomweb" if any(part in lower for part in _OF_DICOMWEB) else ""


def carried_response(carried: Message, status: int, content_type: bytes, server: str) -> Message | None:
    """What a response is in the protocol of the request that it answers."""
    if carried.PROTOCOL == "dicomweb":
        from asepsis.protocols.dicomweb import Dicomweb, read_outcome

        assert isinstance(carried, Dicomweb)
        return read_outcome(carried.kind, status, content_type[:TYPE_LIMIT_BYTES], server)
    return None
