"""RTSP (RFC 2326, RFC 7826): cameras and who watches them.

In: TCP conversations and UDP payloads. Out: one ``Rtsp`` a message. Passwords are never kept, only that one came in
clear (Basic); paths are masked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, ClassVar, Final

from asepsis.kernel.value import value
from asepsis.protocols.fields import facts_of
from asepsis.protocols.masking import MASK_WINDOW, TEXT_LIMIT, masked, printable
from asepsis.protocols.message import Dissector, Malformed, Result
from asepsis.protocols.text_stream import TextStream, is_status, may_begin, read_head, split

PROTOCOL: Final = "rtsp"

REMEMBERED_MESSAGES = 2048
# A session description names its session and its tool in the first lines (RFC 4566 5).
DESCRIPTION_LINES_LIMIT = 64

_METHODS: Final = frozenset(
    (
        *(b"OPTIONS", b"DESCRIBE", b"ANNOUNCE", b"SETUP", b"PLAY", b"PAUSE", b"TEARDOWN", b"GET_PARAMETER"),
        *(b"SET_PARAMETER", b"REDIRECT", b"RECORD", b"PLAY_NOTIFY"),
    )
)
_REALM: Final = re.compile(rb'realm\s*=\s*"([^"]{0,128})"', re.IGNORECASE)


@value
class Rtsp:
    """A request or a response."""

    PROTOCOL: ClassVar[str] = PROTOCOL
    kind: str
    """The method, or the status code of a response."""
    sender_is_server: bool | None
    """None for requests that a server may send too (RFC 2326 10)."""
    user_agent: str = ""
    server: str = ""
    path: str = ""
    """What is asked for, without the host and masked: ``/Streaming/Channels/#``."""
    authentication: str = ""
    """The scheme: ``Basic``, ``Digest``."""
    password: bool = False
    """A password stood there in clear: Basic, or one in the address."""
    realm: str = ""
    """What a camera calls the realm that it asks a password for; many write their model there."""
    session: str = ""
    """What a described session is called."""
    tool: str = ""
    """The software that described it."""

    def facts(self) -> dict[str, Any]:
        """All that is said, but kind and side."""
        return _facts(self)


_facts: Final = facts_of(Rtsp, without=("kind", "sender_is_server"))


def begins(octets: bytes) -> bool:
    """Whether bytes may begin a message, as far as they go."""
    return may_begin(octets, b"RTSP/", _METHODS)


def read(payload: bytes) -> Sequence[Result]:
    """Reads one datagram."""
    if not begins(payload[:32]) or not payload:
        return (Malformed(protocol=PROTOCOL, where="start line", why="neither a method nor a status"),)
    return read_message(*split(payload))


def read_message(head: bytes, body: bytes) -> Sequence[Result]:
    """Reads a head and, where it is a session description, its body."""
    start, fields = read_head(head)
    get = fields.get
    words = start.split(b" ", 2)
    if len(words) < 2:
        return (Malformed(protocol=PROTOCOL, where="start line", why="it has less than two parts"),)
    session = tool = b""
    if b"sdp" in get(b"content-type", b"").lower():
        session, tool = _described(body)
    if words[0].startswith(b"RTSP/"):
        if not is_status(words[1]):
            return (Malformed(protocol=PROTOCOL, where="Status-Code", why="not three digits"),)
        challenge = get(b"www-authenticate", b"")[: 2 * TEXT_LIMIT]
        realm = _REALM.search(challenge)
        return (
            _message(
                *(words[1], b"", get(b"server", b"")[:TEXT_LIMIT], b"", challenge.split(b" ", 1)[0][:16]),
                *(realm[1] if realm else b"", session, tool, False),
            ),
        )
    if words[0] not in _METHODS:
        return (Malformed(protocol=PROTOCOL, where="method", why="it is none of RTSP's"),)
    address = words[1].partition(b"://")[2] or words[1]
    authority, slash, path = address.partition(b"/")
    scheme = get(b"authorization", b"").split(b" ", 1)[0][:16]
    return (
        _message(
            words[0],
            get(b"user-agent", b"")[:TEXT_LIMIT],
            b"",
            # What follows a question mark names a session or a password.
            (slash + path.partition(b"?")[0])[:MASK_WINDOW],
            scheme,
            b"",
            session,
            tool,
            scheme.lower() == b"basic" or b":" in authority.rpartition(b"@")[0],
        ),
    )


def _described(body: bytes) -> tuple[bytes, bytes]:
    session = tool = b""
    for line in body.split(b"\n", DESCRIPTION_LINES_LIMIT)[:DESCRIPTION_LINES_LIMIT]:
        if line.startswith(b"s=") and not session:
            session = line[2:].strip()[:TEXT_LIMIT]
        elif line.startswith(b"a=tool:") and not tool:
            tool = line[7:].strip()[:TEXT_LIMIT]
        elif line.startswith(b"m="):
            break
    return session, tool


@lru_cache(maxsize=REMEMBERED_MESSAGES)
def _message(  # what a message is remembered by
    kind: bytes,
    user_agent: bytes,
    server: bytes,
    path: bytes,
    authentication: bytes,
    realm: bytes,
    session: bytes,
    tool: bytes,
    password: bool,  # as above
) -> Rtsp:
    is_response = kind.isdigit()
    asked_by_client = kind in (b"DESCRIBE", b"SETUP", b"PLAY", b"PAUSE", b"RECORD")
    return Rtsp(
        kind=printable(kind),
        sender_is_server=False if asked_by_client else None,
        user_agent=printable(user_agent),
        server=printable(server),
        path="" if is_response else masked(path),
        authentication=printable(authentication) if authentication.isalpha() else "",
        password=password,
        realm=printable(realm),
        session=masked(session) if len(session) > 1 else "",
        tool=printable(tool),
    )


def open_stream() -> TextStream:
    """A conversation over TCP; media may come between the messages."""
    return TextStream(PROTOCOL, begins=begins, read=read_message, interleaved=True)


DISSECTOR: Final = Dissector(protocol=PROTOCOL, open=open_stream, datagram=read)
