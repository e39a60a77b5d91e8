"""Telnet, FTP and SMTP: what servers show before anybody logs in, and how clients name themselves."""

from __future__ import annotations

from collections.abc import Hashable

from asepsis.devices.clue import Attribute
from asepsis.devices.observe.say import REPORTED, Reader, Say, host_name
from asepsis.knowledge.vocabulary import Role
from asepsis.protocols.ftp import FtpGreeting, FtpSystem
from asepsis.protocols.smtp import SmtpGreeting, SmtpHello
from asepsis.protocols.telnet import TelnetBanner

_SERVES = 0.5


def _banner(message: FtpGreeting | TelnetBanner) -> Hashable:
    return message.banner


def _explain_banner(text: str, role: Role, say: Say) -> None:
    say.that(Attribute.ROLE, role, _SERVES)
    say.known("greetings", text)
    say.known("products", text)


def _explain_ftp(message: FtpGreeting, say: Say) -> None:
    _explain_banner(message.banner, Role.FILE_SERVER, say)


def _explain_telnet(message: TelnetBanner, say: Say) -> None:
    _explain_banner(message.banner, Role.REMOTE_LOGIN_SERVER, say)


def _system(message: FtpSystem) -> Hashable:
    return message.system


def _explain_system(message: FtpSystem, say: Say) -> None:
    say.known("greetings", message.system)


def _smtp(message: SmtpGreeting) -> Hashable:
    # The date that many greetings end with makes each a new one; what is behind it is cut off.
    return (message.host, message.banner.partition(";")[0])


def _explain_smtp(message: SmtpGreeting, say: Say) -> None:
    _explain_banner(message.banner, Role.MAIL_SERVER, say)
    if "." in message.host:
        say.that(Attribute.NAME, host_name(message.host), REPORTED)


def _hello(message: SmtpHello) -> Hashable:
    return message.host or None


def _explain_hello(message: SmtpHello, say: Say) -> None:
    # RFC 5321 4.1.3: an address in brackets names nobody. What is no domain name may be any word.
    if message.host and not message.host.startswith("["):
        say.that(Attribute.NAME, host_name(message.host), REPORTED)


READERS: dict[type, Reader] = {
    FtpGreeting: Reader(_banner, _explain_ftp),
    FtpSystem: Reader(_system, _explain_system),
    TelnetBanner: Reader(_banner, _explain_telnet),
    SmtpGreeting: Reader(_smtp, _explain_smtp),
    SmtpHello: Reader(_hello, _explain_hello),
}
