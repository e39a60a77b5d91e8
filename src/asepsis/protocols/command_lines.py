"""Commands and replies in lines, as FTP and SMTP have them (RFC 959 4, RFC 5321 4.2): bytes in, lines out.

A server's lines begin with three digits, a client's with a word: that tells who serves. Lines are read one after the
other in the order in which they come; a line that is too long is cut, and what follows a gap is dropped to the next
line end, because it may be the rest of a secret.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

# RFC 5321 4.5.3.1.5: a reply line has at most 512 octets; a command with parameters of extensions some more.
LINE_LIMIT_BYTES = 512

_REPLY: Final = re.compile(rb"(?P<code>[1-5][0-9]{2})(?P<more>[ -]|\Z)(?P<text>.*)", re.DOTALL)
_COMMAND: Final = re.compile(rb"(?P<verb>[A-Za-z]{3,10})(?: +(?P<argument>.*))?\Z", re.DOTALL)


class Reply(NamedTuple):
    """One line of a server. In a reply of many lines only the first and the last must have a code (RFC 959 4.2)."""

    code: int
    """0 for a line between."""
    is_last: bool
    text: bytes


class Command(NamedTuple):
    """One line of a client."""

    verb: str
    """In capitals."""
    argument: bytes
    """May hold a secret: look at it only where the verb is known to have none."""


class Direction:
    """The lines of one side."""

    __slots__ = ("_is_lost", "_pending", "is_server")

    def __init__(self) -> None:
        self._pending = bytearray()  # at most a line and the piece that ends it
        self._is_lost = False
        self.is_server: bool | None = None

    def lines(self, data: bytes, *, gap: bool) -> list[bytes]:
        """The lines that are whole now, without their ends, each cut to the limit."""
        if gap:
            self._pending.clear()
            self._is_lost = True
        *whole, rest = data.split(b"\n")
        found = []
        for part in whole:
            line = bytes(self._pending) + part if self._pending else part
            self._pending.clear()
            if self._is_lost:
                self._is_lost = False
                continue
            found.append(line[:LINE_LIMIT_BYTES].rstrip(b"\r"))
        # One more than the limit, so that a carriage return does not fall where the line is cut.
        self._pending += rest[: LINE_LIMIT_BYTES - len(self._pending)]
        return found


def read_reply(line: bytes) -> Reply | None:
    """A line with a code, or None."""
    found = _REPLY.match(line)
    if found is None:
        return None
    return Reply(code=int(found["code"]), is_last=found["more"] != b"-", text=found["text"])


def read_command(line: bytes) -> Command | None:
    """A line that begins with a word, or None."""
    found = _COMMAND.match(line)
    if found is None:
        return None
    return Command(verb=found["verb"].decode("ascii").upper(), argument=found["argument"] or b"")
