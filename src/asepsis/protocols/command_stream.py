"""Conversations of commands and replies in lines, as FTP and SMTP hold them, until they turn to TLS."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from asepsis.protocols.command_lines import Command, Direction, Reply, read_command, read_reply
from asepsis.protocols.message import Malformed, Result
from asepsis.protocols.tls import TlsStream

# Lines without sense after which a conversation is of something else.
SENSELESS_LIMIT = 8


class CommandStream(ABC):
    """A ``protocols.message.Stream`` of one conversation; a protocol says what commands and replies mean to it."""

    __slots__ = ("_directions", "_is_done", "_odd", "_tls")
    PROTOCOL: ClassVar[str]

    def __init__(self) -> None:
        self._directions = (Direction(), Direction())
        self._is_done = False
        self._odd = 0
        self._tls: TlsStream | None = None

    def feed(self, sender: int, data: bytes, *, gap: bool = False) -> Sequence[Result]:
        """Takes the next bytes of one direction; see ``protocols.message.Stream.feed``."""
        if self._tls is not None:
            return self._tls.feed(sender, data, gap=gap)
        if self._is_done:
            return ()
        direction = self._directions[sender]
        if gap:
            self._missed()
        results: list[Result] = []
        for line in direction.lines(data, gap=gap):
            if self._is_done:
                break
            self._take(direction, line, results)
        return results

    def close(self) -> Sequence[Result]:
        """Part of a line says nothing."""
        self._is_done = True
        return ()

    def _take(self, direction: Direction, line: bytes, results: list[Result]) -> None:
        reply = read_reply(line)
        command = None if reply is not None else read_command(line)
        if direction.is_server is None and (reply is not None or command is not None):
            direction.is_server = reply is not None
        if direction.is_server:
            makes_sense = self._reply(reply, line, results)
        elif direction.is_server is False:
            makes_sense = self._command(command, results)
        else:
            makes_sense = not line
        if not makes_sense:
            self._odd += 1
            if self._odd >= SENSELESS_LIMIT:
                self._is_done = True
                results.append(Malformed(protocol=self.PROTOCOL, where="line", why="neither a command nor a reply"))

    def _begin_tls(self) -> None:
        """What comes now, of either side, is TLS."""
        self._is_done = True
        self._tls = TlsStream()

    @abstractmethod
    def _missed(self) -> None:
        """Bytes are missing: what was being put together will not be whole."""

    @abstractmethod
    def _command(self, command: Command | None, results: list[Result]) -> bool:
        """A line of the client, None where it is no command; says whether it makes sense."""

    @abstractmethod
    def _reply(self, reply: Reply | None, line: bytes, results: list[Result]) -> bool:
        """A line of the server, None where it has no code; says whether it makes sense."""
