"""CoAP (RFC 7252): small things that offer resources, and who reads them.

In: one UDP payload. Out: one ``Coap``. Readings are not kept; of paths and queries what may name somebody is masked.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, ClassVar, Final

from asepsis.kernel.value import value
from asepsis.protocols.fields import facts_of
from asepsis.protocols.masking import TEXT_LIMIT, masked, printable
from asepsis.protocols.message import Dissector, Malformed, Result

PROTOCOL: Final = "coap"

# A request has two to ten options; a path of many parts some more.
OPTIONS_LIMIT = 64
# RFC 6690: a thing lists some ten resources.
RESOURCES_LIMIT = 64
# Requests repeat but for message id and token, which are cut out; options longer than this are not remembered.
REMEMBERED_MESSAGES = 2048
REMEMBERED_BYTES = 512
# A list of resources is read as far as a datagram without fragments carries one.
LINKS_LIMIT_BYTES = 4096

_TYPES: Final = ("CON", "NON", "ACK", "RST")
_METHODS: Final = {1: "GET", 2: "POST", 3: "PUT", 4: "DELETE", 5: "FETCH", 6: "PATCH", 7: "iPATCH"}
# RFC 7252 12.2
_URI_HOST, _OBSERVE, _URI_PATH, _CONTENT_FORMAT, _URI_QUERY, _PROXY_URI = 3, 6, 11, 12, 15, 35
# RFC 7252 12.3 and the IANA registry, those that say what a thing is.
_FORMATS: Final = {
    0: "text/plain",
    40: "application/link-format",
    41: "application/xml",
    42: "application/octet-stream",
    47: "application/exi",
    50: "application/json",
    60: "application/cbor",
    64: "application/link-format+cbor",
    110: "application/senml+json",
    112: "application/senml+cbor",
    10000: "application/vnd.ocf+cbor",
    11542: "application/vnd.oma.lwm2m+tlv",
    11543: "application/vnd.oma.lwm2m+json",
}
_LINK_FORMAT: Final = 40


@value
class Coap:
    """One message."""

    PROTOCOL: ClassVar[str] = PROTOCOL
    kind: str
    """The method, the code of a response, or the type of a message without either: ``GET``, ``2.05``, ``RST``."""
    sender_is_server: bool | None
    confirmable: bool = False
    host: str = ""
    path: str = ""
    """Masked: ``/.well-known/core``."""
    observe: bool = False
    """To be told of changes, or a telling of one (RFC 7641)."""
    content_format: str = ""
    proxied: bool = False
    endpoint: str = ""
    """The name that a thing registers under (LwM2M and RFC 9176, query ``ep``), masked."""
    resources: tuple[tuple[str, str], ...] = ()
    """Path and type (``rt``) of what a thing offers (RFC 6690)."""

    def facts(self) -> dict[str, Any]:
        """All that is said, but kind and side."""
        facts = _facts(self)
        if self.resources:
            facts["resources"] = [
                {"path": path, "type": kind} if kind else {"path": path} for path, kind in self.resources
            ]
        return facts


_facts: Final = facts_of(Coap, without=("kind", "sender_is_server", "resources"))


def read(payload: bytes) -> Sequence[Result]:
    """Reads one message."""
    # RFC 7252 3: version, type and token length; code; message id; token.
    if len(payload) < 4:
        return (_malformed("header", f"{len(payload)} bytes of 4"),)
    first, code = payload[0], payload[1]
    token = first & 15
    if first >> 6 != 1 or token > 8 or len(payload) < 4 + token:
        return (_malformed("header", "the version is not 1, or the token is not whole"),)
    rest = payload[4 + token :]
    if code == 0:
        if rest or token:
            return (_malformed("empty message", "bytes behind its header"),)
        return (Coap(kind="ping" if first >> 4 & 3 == 0 else _TYPES[first >> 4 & 3], sender_is_server=None),)
    options, mark, body = _split(rest)
    if options is None:
        return (_malformed("option", mark),)
    confirmable = first >> 4 & 3 == 0
    if len(options) <= REMEMBERED_BYTES:
        message, links = _known_message(code, options, confirmable=confirmable)
    else:
        message, links = _message(code, options, confirmable=confirmable)
    if links and isinstance(message, Coap) and body:
        return (_with_resources(message, body[:LINKS_LIMIT_BYTES]),)
    return (message,)


def _malformed(where: str, why: str) -> Malformed:
    return Malformed(protocol=PROTOCOL, where=where, why=why)


def _split(rest: bytes) -> tuple[bytes | None, str, bytes]:
    """Options and payload; None and the reason where an option runs over the end."""
    at = 0
    for _ in range(OPTIONS_LIMIT):
        if at >= len(rest):
            return rest, "", b""
        if rest[at] == 0xFF:
            return rest[:at], "", rest[at + 1 :]
        delta, length = rest[at] >> 4, rest[at] & 15
        if delta == 15 or length == 15:
            return None, "15 is reserved", b""
        at += 1
        at += (0, 1, 2)[max(delta - 12, 0)]
        extra = (0, 1, 2)[max(length - 12, 0)]
        if extra:
            if at + extra > len(rest):
                return None, "its length runs over the end", b""
            length = int.from_bytes(rest[at : at + extra], "big") + (13 if extra == 1 else 269)
            at += extra
        at += length
        if at > len(rest):
            return None, "it runs over the end", b""
    return None, f"more than {OPTIONS_LIMIT}", b""


def _message(code: int, octets: bytes, *, confirmable: bool) -> tuple[Coap, bool]:
    """What the code and whole options say, and whether the payload is a list of links."""
    host, path, query, observe, content_format, proxied = b"", [], [], False, -1, False
    number = at = 0
    while at < len(octets):
        delta, length = octets[at] >> 4, octets[at] & 15
        at += 1
        if delta >= 13:
            extra = delta - 12
            delta = int.from_bytes(octets[at : at + extra], "big") + (13 if extra == 1 else 269)
            at += extra
        if length >= 13:
            extra = length - 12
            length = int.from_bytes(octets[at : at + extra], "big") + (13 if extra == 1 else 269)
            at += extra
        number += delta
        said = octets[at : at + length]
        at += length
        if number == _URI_PATH:
            path.append(said)
        elif number == _URI_QUERY:
            query.append(said)
        elif number == _URI_HOST:
            host = said
        elif number == _OBSERVE:
            observe = True
        elif number == _CONTENT_FORMAT:
            content_format = int.from_bytes(said[:2], "big")
        elif number == _PROXY_URI:
            proxied = True
    group = code >> 5
    method = _METHODS.get(code)
    message = Coap(
        kind=method or f"{group}.{code & 31:02d}",
        sender_is_server=False if method else True if group in (2, 4, 5) else None,
        confirmable=confirmable,
        host=printable(host),
        path=masked(b"/" + b"/".join(path)) if path else "",
        observe=observe,
        content_format=_FORMATS.get(content_format, str(content_format) if content_format >= 0 else ""),
        proxied=proxied,
        endpoint=masked(next((one[3:] for one in query if one.startswith(b"ep=")), b"")),
    )
    return message, content_format == _LINK_FORMAT


@lru_cache(maxsize=REMEMBERED_MESSAGES)
def _known_message(code: int, octets: bytes, *, confirmable: bool) -> tuple[Coap, bool]:
    return _message(code, octets, confirmable=confirmable)


def _with_resources(message: Coap, body: bytes) -> Coap:
    resources = []
    for link in body.split(b",<", RESOURCES_LIMIT)[:RESOURCES_LIMIT]:
        target, _, parameters = link.strip(b" \r\n<").partition(b">")
        kind = b""
        for parameter in parameters.split(b";", 16):
            name, _, said = parameter.partition(b"=")
            if name.strip() == b"rt":
                kind = said.strip(b' "')
        resources.append((masked(target[:TEXT_LIMIT]), masked(kind[:TEXT_LIMIT])))
    return Coap(
        kind=message.kind,
        sender_is_server=message.sender_is_server,
        confirmable=message.confirmable,
        observe=message.observe,
        content_format=message.content_format,
        resources=tuple(one for one in resources if one[0]),
    )


DISSECTOR: Final = Dissector(protocol=PROTOCOL, datagram=read)
