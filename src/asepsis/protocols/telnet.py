"""Telnet (RFC 854, RFC 855): options that both sides negotiate, the banner before a login, that a login took place.

In: the two directions of a conversation. Out: what each side offers and asks for, what the server shows before it asks
who is there, and that somebody answered in clear. What is typed and what is shown after that is never kept.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar, Final

from asepsis.kernel.value import value
from asepsis.protocols.fields import text
from asepsis.protocols.message import Dissector, Result

# Options of one side: terminals negotiate some ten.
OPTIONS_LIMIT = 64
# A banner of more bytes is a page of terms of use; the prompt must come within them.
BANNER_LIMIT_BYTES = 2048
# A subnegotiation of more bytes is an attack (CVE-2020-10188).
SUBNEGOTIATION_LIMIT_BYTES = 64
# "username", blanks and the colon.
PROMPT_WINDOW_BYTES = 32

_IAC, _DONT, _DO, _WONT, _WILL, _SB, _SE = 255, 254, 253, 252, 251, 250, 240
_VERBS: Final = {_WILL: "WILL", _WONT: "WONT", _DO: "DO", _DONT: "DONT"}
# IANA "Telnet Options".
_OPTIONS: Final = {
    0: "binary transmission",
    1: "echo",
    3: "suppress go ahead",
    5: "status",
    6: "timing mark",
    18: "logout",
    19: "byte macro",
    24: "terminal type",
    25: "end of record",
    31: "window size",
    32: "terminal speed",
    33: "remote flow control",
    34: "line mode",
    35: "X display location",
    36: "environment",
    37: "authentication",
    38: "encryption",
    39: "new environment",
    40: "TN3270E",
    44: "COM port control",
    45: "suppress local echo",
    46: "start TLS",
}
_ECHO, _TERMINAL_TYPE = 1, 24
# Options that only the user's side performs (RFC 1073, 1079, 1091, 1096, 1184, 1372, 1572): DO comes from the server.
_OF_TERMINALS: Final = frozenset((24, 31, 32, 33, 34, 35, 36, 39))

_PROMPT: Final = re.compile(rb"(?:log ?in|user ?name|user|password|passwort|passcode) {0,4}:", re.IGNORECASE)
_PASSWORD: Final = re.compile(rb"(?:password|passwort|passcode) {0,4}:", re.IGNORECASE)
# Codes of terminals for colours and places (ECMA-48 5.4) say nothing.
_CONTROL_SEQUENCE: Final = re.compile(rb"\x1b\[[0-?]{0,16}[ -/]{0,4}[@-~]|\x1b.")
_CONTROL: Final = re.compile(rb"[\0-\x1f\x7f]+")
# RFC 1091 appendix A: names of terminals.
_TERMINAL: Final = re.compile(rb"[A-Za-z0-9./+-]{1,40}\Z")


@value
class TelnetOptions:
    """What one side has said of options before it sent its first sign."""

    PROTOCOL: ClassVar[str] = "telnet"
    kind: ClassVar[str] = "options"
    sender_is_server: bool | None
    options: tuple[str, ...]
    """``WILL echo``, in the order in which they came: implementations differ in it."""
    terminal: str = ""
    """Type of the user's terminal (RFC 1091)."""

    def facts(self) -> dict[str, Any]:
        """Options and terminal."""
        facts: dict[str, Any] = {"options": list(self.options)} if self.options else {}
        if self.terminal:
            facts["terminal"] = self.terminal
        return facts


@value
class TelnetBanner:
    """What the server shows before it asks who is there."""

    PROTOCOL: ClassVar[str] = "telnet"
    kind: ClassVar[str] = "banner"
    sender_is_server: ClassVar[bool | None] = True
    banner: str

    def facts(self) -> dict[str, Any]:
        """The banner; of a server that shows nothing, only that it asked."""
        return {"banner": self.banner} if self.banner else {}


@value
class TelnetLogin:
    """Somebody answered a prompt for a password in clear."""

    PROTOCOL: ClassVar[str] = "telnet"
    kind: ClassVar[str] = "login"
    sender_is_server: ClassVar[bool | None] = False

    def facts(self) -> dict[str, Any]:
        """That it was in clear."""
        return {"in_clear": True}


class _Side:
    """One direction."""

    __slots__ = ("command", "has_told", "is_server", "negotiated", "options", "shown", "sub", "terminal")

    def __init__(self) -> None:
        self.command = bytearray()  # IAC, a verb: at most two bytes
        self.sub: bytearray | None = None  # the subnegotiation that is open
        self.options: list[str] = []
        self.terminal = ""
        self.has_told = False
        self.is_server: bool | None = None
        self.negotiated = False  # its first byte was IAC: this is the beginning of the conversation
        self.shown = bytearray()


class TelnetStream:
    """Reads one conversation; see ``protocols.message.Stream``."""

    __slots__ = ("_asks_password", "_done", "_has_banner", "_sides", "_talked")

    def __init__(self) -> None:
        self._sides = (_Side(), _Side())
        self._done = False
        self._has_banner = False
        self._asks_password = False
        self._talked: _Side | None = None  # who sent the first sign

    def feed(self, sender: int, data: bytes, *, gap: bool = False) -> Sequence[Result]:
        """Takes the next bytes of one direction; see ``protocols.message.Stream.feed``."""
        if gap:
            # What is a banner and what an answer cannot be told any more.
            self._done = True
        if self._done:
            return ()
        side = self._sides[sender]
        results: list[Result] = []
        at = 0
        while at < len(data) and not self._done:
            if side.command or side.sub is not None or data[at] == _IAC:
                at = self._command(side, data, at)
                continue
            end = data.find(b"\xff", at)
            signs = data[at : end if end >= 0 else len(data)]
            self._tell_options(side, results)
            self._signs(side, signs, results)
            at += len(signs)
        return results

    def close(self) -> Sequence[Result]:
        """Options of a conversation that never came to a sign."""
        results: list[Result] = []
        if not self._done:
            for side in self._sides:
                if side.is_server is not None:
                    self._tell_options(side, results)
        self._done = True
        return results

    def _tell_options(self, side: _Side, results: list[Result]) -> None:
        if side.options and not side.has_told:
            results.append(
                TelnetOptions(sender_is_server=side.is_server, options=tuple(side.options), terminal=side.terminal)
            )
        side.has_told = True

    def _command(self, side: _Side, data: bytes, at: int) -> int:
        """Takes bytes of a command (RFC 854, RFC 855); gives where the next sign or command begins."""
        if not side.has_told and not side.options and not side.shown:
            side.negotiated = True
        byte = data[at]
        command = side.command
        if side.sub is not None:
            return self._subnegotiation(side, data, at)
        command.append(byte)
        if len(command) == 1:
            return at + 1
        if len(command) == 2:
            if byte == _SB:
                side.sub = bytearray()
                command.clear()
            elif byte not in _VERBS:
                command.clear()  # two bytes: NOP, a break, or a 255 that is data
            return at + 1
        self._option(side, command[1], byte)
        command.clear()
        return at + 1

    def _option(self, side: _Side, verb: int, option: int) -> None:
        if len(side.options) < OPTIONS_LIMIT:
            side.options.append(f"{_VERBS[verb]} {_OPTIONS.get(option, f'option {option}')}")
        if side.is_server is None:
            if (option == _ECHO and verb == _WILL) or (option in _OF_TERMINALS and verb == _DO):
                self._serves(side)
            elif (option == _ECHO and verb == _DO) or (option in _OF_TERMINALS and verb == _WILL):
                self._serves(self._other(side))

    def _other(self, side: _Side) -> _Side:
        return self._sides[1] if side is self._sides[0] else self._sides[0]

    def _serves(self, side: _Side) -> None:
        side.is_server = True
        self._other(side).is_server = False

    @staticmethod
    def _subnegotiation(side: _Side, data: bytes, at: int) -> int:
        """Takes bytes up to IAC SE; a doubled 255 stands for one."""
        sub = side.sub
        assert sub is not None
        byte = data[at]
        if side.command:
            side.command.clear()
            if byte == _SE:
                # RFC 1091 2: IS is 0. The environment (RFC 1572) may hold the user's name and is left alone.
                if sub[:2] == bytes((_TERMINAL_TYPE, 0)) and _TERMINAL.match(sub[2:]):
                    side.terminal = sub[2:].decode("ascii")
                side.sub = None
                return at + 1
        elif byte == _IAC:
            side.command.append(byte)
            return at + 1
        end = data.find(b"\xff", at + 1)
        taken = data[at : end if end >= 0 else len(data)]
        sub += taken[: SUBNEGOTIATION_LIMIT_BYTES - len(sub)]
        return at + len(taken)

    def _signs(self, side: _Side, signs: bytes, results: list[Result]) -> None:
        """Takes what is shown or typed."""
        if self._talked is None:
            self._talked = side
        if side.is_server is False:
            if self._asks_password:
                results.append(TelnetLogin())
                self._done = True
            return
        if side.is_server is None or not side.negotiated or side is not self._talked:
            # Without a negotiation at its beginning, text may be anything, a session's content too.
            return
        self._show(side, signs, results)

    def _show(self, side: _Side, signs: bytes, results: list[Result]) -> None:
        shown = side.shown
        if not self._has_banner:
            start = max(len(shown) - PROMPT_WINDOW_BYTES, 0)
            taken = signs[: BANNER_LIMIT_BYTES - len(shown)]
            shown += taken
            prompt = _PROMPT.search(shown, start)
            if prompt is None:
                self._done = len(shown) >= BANNER_LIMIT_BYTES
                return
            self._has_banner = True
            results.append(TelnetBanner(banner=_cleaned(bytes(shown[: prompt.start()]))))
            signs = bytes(shown[prompt.start() :]) + signs[len(taken) :]
            shown.clear()
        if not self._asks_password:
            # Only the last signs are held, to find the prompt for a password.
            shown += signs
            self._asks_password = _PASSWORD.search(shown) is not None
            del shown[:-PROMPT_WINDOW_BYTES]


def _cleaned(shown: bytes) -> str:
    """A banner in one line, without what moves the cursor."""
    return " ".join(text(_CONTROL.sub(b" ", _CONTROL_SEQUENCE.sub(b" ", shown))).split())


DISSECTOR: Final = Dissector(protocol="telnet", open=TelnetStream)
