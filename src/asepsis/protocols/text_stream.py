"""Messages of lines over TCP, as SIP and RTSP have them: a head, an empty line, a body of a said length.

RFC 3261 7 and 18.3, RFC 2326 4. HTTP has more ways to end a body and a reader of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from asepsis.protocols.message import Malformed, Result

# SIP asks for 8 KB at least (RFC 3261 18.1.1 speaks of 65,535 for datagrams); heads in practice have 1 KB.
HEAD_LIMIT_BYTES = 16 * 1024
# A session description has some hundred bytes; longer bodies are stepped over.
BODY_LIMIT_BYTES = 8 * 1024
# Heads have ten to thirty lines.
LINES_LIMIT = 128


class Head(NamedTuple):
    """The start line and the fields of a message; of a field that comes more than once, the first."""

    start: bytes
    fields: dict[bytes, bytes]
    """By name in lower case."""


def read_head(octets: bytes) -> Head:
    """Reads the lines before the empty one."""
    lines = octets.split(b"\r\n", LINES_LIMIT)
    fields: dict[bytes, bytes] = {}
    for line in lines[1:LINES_LIMIT]:
        name, colon, said = line.partition(b":")
        if colon:
            fields.setdefault(name.strip().lower(), said.strip())
    return Head(lines[0], fields)


def split(octets: bytes) -> tuple[bytes, bytes]:
    """The head and the body of one message; without the empty line, the lines that are whole."""
    head, end, body = octets.partition(b"\r\n\r\n")
    return (head, body) if end else (octets.rpartition(b"\r\n")[0] or octets[:0], b"")


def may_begin(octets: bytes, version: bytes, methods: frozenset[bytes]) -> bool:
    """Whether bytes may begin a message, as far as they go.

    Args:
        octets: The beginning, of which a few bytes suffice.
        version: What a response begins with (RFC 3261 7.2, RFC 2326 7.1).
        methods: What a request begins with.
    """
    if octets.startswith(version[: len(octets)]):
        return True
    method, blank, _ = octets[:16].partition(b" ")
    return method in methods if blank else any(one.startswith(method) for one in methods)


def is_status(word: bytes) -> bool:
    """Whether a word of a start line is a status code: three digits."""
    return len(word) == 3 and word.isdigit()


class _Direction:
    __slots__ = ("done", "lost", "needed", "pending", "searched", "skip")

    def __init__(self) -> None:
        self.pending = bytearray()
        self.needed = 0  # so many bytes make the message whole that ``pending`` begins with
        self.searched = 0  # so many bytes of ``pending`` hold no end of a head
        self.skip = 0
        self.lost = False
        self.done = False


class TextStream:
    """Both directions of one conversation.

    Args:
        protocol: Its name, for what is malformed.
        begins: Whether these bytes are the beginning of a message, as far as they go.
        read: Reads a head and its body.
        lengths: The names of the field that says how long the body is, in lower case.
        interleaved: Binary frames behind a dollar sign may stand between messages (RFC 2326 10.12).
    """

    __slots__ = ("_begins", "_directions", "_interleaved", "_lengths", "_protocol", "_read")

    def __init__(
        self,
        protocol: str,
        *,
        begins: Callable[[bytes], bool],
        read: Callable[[bytes, bytes], Sequence[Result]],
        lengths: tuple[bytes, ...] = (b"content-length",),
        interleaved: bool = False,
    ) -> None:
        self._protocol = protocol
        self._begins = begins
        self._read = read
        self._lengths = lengths
        self._interleaved = interleaved
        self._directions = (_Direction(), _Direction())

    def feed(self, sender: int, data: bytes, *, gap: bool = False) -> Sequence[Result]:
        """Gives the messages that are complete now; after a gap, waits for a segment that begins with one."""
        direction = self._directions[sender]
        if gap:
            direction.pending.clear()
            direction.skip = direction.needed = direction.searched = 0
            direction.lost = True
            direction.done = False
        if direction.done or not data:
            return ()
        if direction.lost:
            if not self._begins(data):
                return ()
            direction.lost = False
        pending = direction.pending
        pending += data
        if len(pending) < direction.needed:
            return ()
        searched = direction.searched
        direction.needed = direction.searched = 0
        results: list[Result] = []
        at = 0
        while at < len(pending) and not direction.done:
            if direction.skip:
                step = min(direction.skip, len(pending) - at)
                direction.skip -= step
                at += step
                continue
            if pending[at] in b"\r\n":
                at += 1  # keep-alives (RFC 5626 4.4.1) and blank lines before a message (RFC 3261 7.5)
                continue
            if self._interleaved and pending[at] == 0x24:
                if len(pending) - at < 4:
                    break
                direction.skip = 4 + int.from_bytes(pending[at + 2 : at + 4], "big")
                continue
            end = pending.find(b"\r\n\r\n", max(at, searched))
            if end < 0:
                if len(pending) - at > HEAD_LIMIT_BYTES or not self._begins(bytes(pending[at : at + 32])):
                    self._fail(direction, results)
                direction.searched = max(len(pending) - 3 - at, 0)
                break
            if end - at > HEAD_LIMIT_BYTES or not self._begins(bytes(pending[at : at + 32])):
                self._fail(direction, results)
                break
            head = bytes(pending[at:end])
            length = self._length(head)
            if length <= BODY_LIMIT_BYTES:
                if end + 4 + length > len(pending):
                    direction.needed = end + 4 + length - at
                    break
                results += self._read(head, bytes(pending[end + 4 : end + 4 + length]))
                at = end + 4 + length
            else:
                results += self._read(head, b"")
                direction.skip = length
                at = end + 4
            searched = at
        del pending[: len(pending) if direction.done else at]
        return results

    def close(self) -> Sequence[Result]:
        """Part of a message says nothing that can be trusted."""
        return ()

    def _fail(self, direction: _Direction, results: list[Result]) -> None:
        direction.done = True
        results.append(Malformed(protocol=self._protocol, where="start line", why="no message begins here"))

    def _length(self, head: bytes) -> int:
        lower = head.lower()
        for name in self._lengths:
            place = lower.find(b"\r\n" + name)
            if place < 0:
                continue
            number, colon, digits = lower[place + 2 :].split(b"\r\n", 1)[0].partition(b":")
            digits = digits.strip()
            if colon and number.strip() == name and digits.isdigit() and len(digits) < 10:
                return int(digits)
        return 0
