"""FTP's control connection (RFC 959, RFC 2389, RFC 4217): what the server is, and whether somebody logs in in clear.

In: the two directions of a conversation. Out: the greeting, the system, the features, that TLS began, and that a
password went over the network for everybody to read. Names, passwords and files are never kept.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from asepsis.kernel.value import value
from asepsis.protocols.command_lines import Command, Reply
from asepsis.protocols.command_stream import CommandStream
from asepsis.protocols.fields import text
from asepsis.protocols.masking import printable_text
from asepsis.protocols.message import Dissector, Result

# A greeting of more lines is a page of terms of use.
GREETING_LINES = 8
# RFC 2389 3.2: servers list some twenty features.
FEATURES_LIMIT = 64

# RFC 1635 2: a name that anybody may log in with.
_ANONYMOUS: Final = (b"anonymous", b"ftp")
# RFC 959 4.2.2 and 5.4: what answers a login.
_LOGGED_IN, _WANTS_PASSWORD, _GREETS, _SYSTEM, _FEATURES, _TLS = 230, 331, 220, 215, 211, 234
_LOGIN_FAILS: Final = (430, 530, 532)


@value
class FtpGreeting:
    """The server's first reply: mostly product and version."""

    PROTOCOL: ClassVar[str] = "ftp"
    kind: ClassVar[str] = "greeting"
    sender_is_server: ClassVar[bool | None] = True
    banner: str

    def facts(self) -> dict[str, Any]:
        """The banner."""
        return {"banner": self.banner} if self.banner else {}


@value
class FtpSystem:
    """The answer to SYST (RFC 959 4.1.3)."""

    PROTOCOL: ClassVar[str] = "ftp"
    kind: ClassVar[str] = "system"
    sender_is_server: ClassVar[bool | None] = True
    system: str
    """``UNIX Type: L8``."""

    def facts(self) -> dict[str, Any]:
        """The system."""
        return {"system": self.system} if self.system else {}


@value
class FtpFeatures:
    """The answer to FEAT (RFC 2389 3.2)."""

    PROTOCOL: ClassVar[str] = "ftp"
    kind: ClassVar[str] = "features"
    sender_is_server: ClassVar[bool | None] = True
    features: tuple[str, ...]

    def facts(self) -> dict[str, Any]:
        """The features, in the server's order."""
        return {"features": list(self.features)}


@value
class FtpLogin:
    """The server answered a login whose name and password went in clear."""

    PROTOCOL: ClassVar[str] = "ftp"
    kind: ClassVar[str] = "login"
    sender_is_server: ClassVar[bool | None] = True
    accepted: bool
    is_anonymous: bool
    """By a name that anybody may use (RFC 1635)."""

    def facts(self) -> dict[str, Any]:
        """Whether it was accepted and whether it was anonymous."""
        return {"accepted": self.accepted, "is_anonymous": self.is_anonymous, "in_clear": True}


@value
class FtpTls:
    """The server agrees to go on in TLS (RFC 4217 4): its hellos and certificates follow, as messages of ``tls``."""

    PROTOCOL: ClassVar[str] = "ftp"
    kind: ClassVar[str] = "AUTH TLS"
    sender_is_server: ClassVar[bool | None] = True

    def facts(self) -> dict[str, Any]:
        """Nothing more."""
        return {}


class FtpStream(CommandStream):
    """Reads one control connection; see ``protocols.message.Stream``."""

    PROTOCOL: ClassVar[str] = "ftp"
    __slots__ = ("_asked", "_gathered", "_gathering", "_is_anonymous", "_is_greeted", "_wants_features")

    def __init__(self) -> None:
        super().__init__()
        self._is_greeted = False
        self._asked = ""  # the last verb of the login: USER or PASS; empty where nobody logs in
        self._is_anonymous = False
        self._wants_features = False
        self._gathering = 0  # code of the reply of many lines that is being gathered
        self._gathered: list[str] = []

    def _missed(self) -> None:
        self._gathering = 0

    def _command(self, command: Command | None, _: list[Result]) -> bool:
        if command is None:
            return False
        if command.verb == "USER":
            self._asked = "USER"
            self._is_anonymous = command.argument.strip().lower() in _ANONYMOUS
        elif command.verb == "PASS":
            self._asked = "PASS"
        # Other lists of code 211 (RFC 959 4.1.3, STAT) name the user.
        self._wants_features = command.verb == "FEAT"
        return True

    def _reply(self, reply: Reply | None, line: bytes, results: list[Result]) -> bool:
        if self._gathering:
            if reply is None or reply.code != self._gathering or not reply.is_last:
                self._gather(line if reply is None or reply.code != self._gathering else reply.text)
                return True
            code, self._gathering = self._gathering, 0
            if code != _FEATURES:
                self._gather(reply.text)
            self._tell(code, results)
            return True
        if reply is None:
            return False
        self._gathered = []
        if reply.code != _FEATURES:
            self._gather(reply.text)
        if reply.is_last:
            self._tell(reply.code, results)
        else:
            self._gathering = reply.code
        return True

    def _gather(self, said: bytes) -> None:
        if len(self._gathered) < FEATURES_LIMIT:
            self._gathered.append(text(said))

    def _tell(self, code: int, results: list[Result]) -> None:
        """A reply is whole."""
        if code == _GREETS:
            if not self._is_greeted:
                banner = " ".join(line for line in self._gathered[:GREETING_LINES] if line)
                results.append(FtpGreeting(banner=printable_text(banner)))
        elif code == _SYSTEM:
            results.append(FtpSystem(system=self._gathered[0]))
        elif code == _FEATURES and self._wants_features:
            # RFC 2389 3.2: one feature a line; its parameters may be names.
            features = tuple(line.split(" ", 1)[0].upper() for line in self._gathered if line)
            if features:
                results.append(FtpFeatures(features=features))
        elif code == _TLS:
            results.append(FtpTls())
            self._begin_tls()
        elif self._asked and (code == _LOGGED_IN or (code in _LOGIN_FAILS and self._asked == "PASS")):
            results.append(FtpLogin(accepted=code == _LOGGED_IN, is_anonymous=self._is_anonymous))
            self._asked = ""
        self._is_greeted = True


DISSECTOR: Final = Dissector(protocol="ftp", open=FtpStream, carries=frozenset(("tls",)))
