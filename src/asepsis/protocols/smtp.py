"""SMTP (RFC 5321, RFC 3207, RFC 4954): what a mail server is and offers, and whether mail or secrets go in clear.

In: the two directions of a conversation. Out: the greeting, who says hello, the extensions, that TLS began, and that a
login or a mail went over the network for everybody to read. Addresses, secrets and mails are never kept.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from asepsis.kernel.value import value
from asepsis.protocols.command_lines import Command, Reply
from asepsis.protocols.command_stream import CommandStream
from asepsis.protocols.fields import text
from asepsis.protocols.masking import MASK
from asepsis.protocols.message import Dissector, Result

# IANA "SMTP Service Extensions": servers offer some ten.
EXTENSIONS_LIMIT = 64

_HELLOS: Final = ("EHLO", "HELO", "LHLO")
_GREETS, _OK, _SEND_MAIL, _LOGGED_IN = 220, 250, 354, 235
_LOGIN_FAILS: Final = (454, 500, 501, 504, 530, 534, 535, 538)


@value
class SmtpGreeting:
    """The server's first reply (RFC 5321 4.2): its name, then mostly product and version."""

    PROTOCOL: ClassVar[str] = "smtp"
    kind: ClassVar[str] = "greeting"
    sender_is_server: ClassVar[bool | None] = True
    host: str
    banner: str
    """What stands behind the host's name."""

    def facts(self) -> dict[str, Any]:
        """Host and banner."""
        return {name: said for name, said in (("host", self.host), ("banner", self.banner)) if said}


@value
class SmtpHello:
    """The client names itself (RFC 5321 4.1.1.1)."""

    PROTOCOL: ClassVar[str] = "smtp"
    kind: str
    """``EHLO``, ``HELO`` or ``LHLO``."""
    host: str
    sender_is_server: ClassVar[bool | None] = False

    def facts(self) -> dict[str, Any]:
        """The name."""
        return {"host": self.host} if self.host else {}


@value
class SmtpExtensions:
    """The answer to EHLO: what the server can do."""

    PROTOCOL: ClassVar[str] = "smtp"
    kind: ClassVar[str] = "extensions"
    sender_is_server: ClassVar[bool | None] = True
    extensions: tuple[str, ...]
    mechanisms: tuple[str, ...]
    """How it lets people log in (RFC 4954 3)."""

    @property
    def offers_tls(self) -> bool:
        """STARTTLS (RFC 3207)."""
        return "STARTTLS" in self.extensions

    def facts(self) -> dict[str, Any]:
        """The extensions, and whether TLS is among them."""
        facts: dict[str, Any] = {"offers_tls": self.offers_tls}
        if self.extensions:
            facts["extensions"] = list(self.extensions)
        if self.mechanisms:
            facts["mechanisms"] = list(self.mechanisms)
        return facts


@value
class SmtpLogin:
    """The server answered a login that went in clear (RFC 4954)."""

    PROTOCOL: ClassVar[str] = "smtp"
    kind: ClassVar[str] = "login"
    sender_is_server: ClassVar[bool | None] = True
    mechanism: str
    """``PLAIN`` and ``LOGIN`` show the password itself."""
    accepted: bool

    def facts(self) -> dict[str, Any]:
        """How, and whether it was accepted."""
        return {"mechanism": self.mechanism, "accepted": self.accepted, "in_clear": True}


@value
class SmtpMail:
    """The server takes a mail in clear (RFC 5321 3.3)."""

    PROTOCOL: ClassVar[str] = "smtp"
    kind: ClassVar[str] = "mail"
    sender_is_server: ClassVar[bool | None] = True

    def facts(self) -> dict[str, Any]:
        """That it was in clear."""
        return {"in_clear": True}


@value
class SmtpTls:
    """The server agrees to go on in TLS (RFC 3207 4): its hellos and certificates follow, as messages of ``tls``."""

    PROTOCOL: ClassVar[str] = "smtp"
    kind: ClassVar[str] = "STARTTLS"
    sender_is_server: ClassVar[bool | None] = True

    def facts(self) -> dict[str, Any]:
        """Nothing more."""
        return {}


class SmtpStream(CommandStream):
    """Reads one conversation; see ``protocols.message.Stream``."""

    PROTOCOL: ClassVar[str] = "smtp"
    __slots__ = ("_asked", "_gathered", "_is_greeted", "_is_whole", "_mechanism")

    def __init__(self) -> None:
        super().__init__()
        self._is_greeted = False
        self._is_whole = False  # the greeting was seen, and everything since
        self._asked = ""  # the last command that we wait to see answered
        self._mechanism = ""
        self._gathered: list[bytes] = []  # the lines so far of a reply of many

    def _missed(self) -> None:
        self._gathered = []
        self._asked = ""
        self._is_whole = False

    def _command(self, command: Command | None, results: list[Result]) -> bool:
        # Lines of a mail and of a login stand among the commands: of those we know nothing, and want nothing.
        if command is None or self._asked in ("DATA", "BDAT"):
            return True
        if command.verb in _HELLOS:
            self._asked = "HELLO"
            # In mid-stream and after a gap a line may be a mail's.
            host = _host(command.argument) if self._is_whole else ""
            results.append(SmtpHello(kind=command.verb, host=host))
        elif command.verb in ("STARTTLS", "DATA", "BDAT"):
            self._asked = command.verb
        elif command.verb == "AUTH" and command.argument:
            self._asked = "AUTH"
            mechanism = command.argument.split(b" ", 1)[0].upper()
            # RFC 4422 3.1: what is longer, or has other signs, is no mechanism and may be a secret.
            is_mechanism = len(mechanism) <= 20 and mechanism.replace(b"-", b"").replace(b"_", b"").isalnum()
            self._mechanism = text(mechanism) if is_mechanism else MASK
        return True

    def _reply(self, reply: Reply | None, line: bytes, results: list[Result]) -> bool:
        if reply is None:
            return not line
        if len(self._gathered) < EXTENSIONS_LIMIT:
            self._gathered.append(reply.text)
        if not reply.is_last:
            return True
        lines, self._gathered = self._gathered, []
        code = reply.code
        asked = self._asked
        if code == _GREETS and not self._is_greeted and not asked:
            self._is_whole = True
            host, _, banner = lines[0].partition(b" ")
            results.append(SmtpGreeting(host=_host(host), banner=_without_addresses(banner)))
        elif code == _GREETS and asked == "STARTTLS":
            results.append(SmtpTls())
            self._begin_tls()
        elif code == _OK and asked == "HELLO":
            if len(lines) > 1:
                results.append(_extensions(lines[1:]))
        elif code == _SEND_MAIL or (asked == "BDAT" and code == _OK):
            results.append(SmtpMail())
            self._asked = "DATA" if code == _SEND_MAIL else ""
            self._is_greeted = True
            return True
        elif asked == "AUTH" and (code == _LOGGED_IN or code in _LOGIN_FAILS):
            results.append(SmtpLogin(mechanism=self._mechanism, accepted=code == _LOGGED_IN))
        self._is_greeted = True
        if code != 334:  # RFC 4954 4: the server asks on
            self._asked = ""
        return True


def _extensions(lines: list[bytes]) -> SmtpExtensions:
    names: dict[str, None] = {}
    mechanisms: dict[str, None] = {}
    for line in lines:
        # Old servers write AUTH=LOGIN.
        words = text(line.replace(b"=", b" ", 1)).upper().split()
        if not words:
            continue
        names[words[0]] = None
        if words[0] == "AUTH":
            mechanisms.update(dict.fromkeys(words[1:]))
    return SmtpExtensions(extensions=tuple(names), mechanisms=tuple(mechanisms))


def _host(octets: bytes) -> str:
    return _without_addresses(octets.split(b" ", 1)[0])


def _without_addresses(octets: bytes) -> str:
    """Text without mail addresses: RFC 5321 has none here, and people's scripts have."""
    return " ".join(MASK if "@" in word else word for word in text(octets).split(" "))


DISSECTOR: Final = Dissector(protocol="smtp", open=SmtpStream, carries=frozenset(("tls",)))
