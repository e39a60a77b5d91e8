"""NTP (RFC 5905, RFC 4330) with its control messages (RFC 9327): who gives the time, who takes it, by which clock.

In: one UDP payload of port 123. Out: one ``Ntp`` for a message that carries time, one ``NtpControl`` for what asks or
tells how a server runs, which shows its software and can be misused to flood others.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, ClassVar, Final

from asepsis.kernel.value import value
from asepsis.protocols.fields import facts_of, ip, text
from asepsis.protocols.message import Dissector, Malformed, Result

# RFC 5905 7.3: the header without extensions. Behind its first 16 bytes stand times, which differ in every message.
HEADER_LENGTH_BYTES = 48
CONSTANT_LENGTH_BYTES = 16
# RFC 9327 2: the header of a control message; its data are at most 468 bytes.
CONTROL_LENGTH_BYTES = 12
CONTROL_DATA_LIMIT_BYTES = 468
# ntpd's private messages begin with four bytes of what and which.
PRIVATE_LENGTH_BYTES = 4
# A site has some hundred kinds of headers; 2,048 of 16 bytes are nothing, and of control messages 512 of 480.
REMEMBERED_HEADERS = 2048
REMEMBERED_CONTROLS = 512

# RFC 5905 figure 10.
_MODES: Final = {1: "symmetric active", 2: "symmetric passive", 3: "client", 4: "server", 5: "broadcast"}
# RFC 5905 figure 12: reference identifiers of stratum 1 are letters; at stratum 0 they are kiss codes (figure 13).
_REFERENCE = re.compile(rb"[A-Za-z0-9.+/-]{1,4}\0*\Z")
# RFC 9327 2, figure 2.
_OPERATIONS: Final = {
    0: "reserved",
    1: "read status",
    2: "read variables",
    3: "write variables",
    4: "read clock variables",
    5: "write clock variables",
    6: "set trap address",
    7: "asynchronous message",
    8: "configure",
    9: "save configuration",
    10: "read most recently used list",
    11: "read ordered list",
    12: "request nonce",
    31: "unset trap address",
}
# ntpd's ntp_request.h: the requests of mode 7 that answer with lists; 42 is what floods are made of (CVE-2013-5211).
_PRIVATE: Final = {0: "peer list", 1: "peer list summary", 4: "system information", 42: "monitor list"}
# RFC 9327 4.1: system variables that tell the software; the rest is about clocks.
_VARIABLE = re.compile(rb'(?:\A|[,\s])(version|processor|system)="([^"]{0,256})"')


@value
class Ntp:
    """One message that carries time."""

    PROTOCOL: ClassVar[str] = "ntp"
    mode: str
    version: int
    stratum: int = 0
    """How far from a reference clock; 0 where it is not said, 16 where the sender has no time itself."""
    reference: str = ""
    """A reference clock's kind (``GPS``) at stratum 1, a kiss code (``RATE``) at 0, the address of the next server
    above it (or a hash of one, where that is an IPv6 address)."""

    @property
    def kind(self) -> str:
        """The mode."""
        return self.mode

    @property
    def sender_is_server(self) -> bool | None:
        """By the mode; two that are symmetric are neither."""
        return {"client": False, "server": True, "broadcast": True}.get(self.mode)

    def facts(self) -> dict[str, Any]:
        """All that is said, but the mode, which is the kind."""
        return _facts(self)


_facts: Final = facts_of(Ntp, without=("mode",))


@value
class NtpControl:
    """One message about how a server runs: a control message (mode 6) or one of ntpd's private ones (mode 7)."""

    PROTOCOL: ClassVar[str] = "ntp"
    kind: str
    """``control`` or ``private``."""
    version: int
    operation: str
    is_response: bool
    software: str = ""
    """``version`` of the system variables: ``ntpd 4.2.8p15@1.3728-o``."""
    processor: str = ""
    system: str = ""
    """The operating system: ``Linux/5.10.0``."""

    @property
    def sender_is_server(self) -> bool | None:
        """Who answers serves."""
        return self.is_response

    def facts(self) -> dict[str, Any]:
        """All that is said, but the kind."""
        return _control_facts(self)


_control_facts: Final = facts_of(NtpControl, without=("kind",))


def read(payload: bytes) -> Sequence[Result]:
    """Reads one message."""
    mode = payload[0] & 7 if payload else 0
    if mode < 6:
        if len(payload) < HEADER_LENGTH_BYTES:
            return (_malformed("header", f"{len(payload)} bytes of {HEADER_LENGTH_BYTES}"),)
        # Poll, precision, root delay and root dispersion say nothing of who speaks.
        return _read(payload[:2] + payload[12:CONSTANT_LENGTH_BYTES])
    if mode == 7:
        return _read_private(payload[:PRIVATE_LENGTH_BYTES])
    return _read_control(payload[: CONTROL_LENGTH_BYTES + CONTROL_DATA_LIMIT_BYTES])


def _malformed(where: str, why: str) -> Malformed:
    return Malformed(protocol="ntp", where=where, why=why)


@lru_cache(maxsize=REMEMBERED_HEADERS)
def _read(header: bytes) -> tuple[Result, ...]:
    """``header``: the first two bytes and the reference identifier."""
    mode, version, stratum = _MODES.get(header[0] & 7), header[0] >> 3 & 7, header[1]
    if mode is None:
        return (_malformed("mode", f"{header[0] & 7} is reserved"),)
    if not 1 <= version <= 4:
        return (_malformed("version", f"{version} is none"),)
    if stratum > 16:
        stratum = 0  # RFC 5905 figure 11: reserved
    identifier = header[2:]
    letters = text(identifier) if _REFERENCE.match(identifier) else ""
    reference = letters if stratum <= 1 else ip(identifier)
    return (Ntp(mode=mode, version=version, stratum=stratum, reference=reference),)


@lru_cache(maxsize=REMEMBERED_CONTROLS)
def _read_control(message: bytes) -> tuple[Result, ...]:
    if len(message) < CONTROL_LENGTH_BYTES:
        return (_malformed("control header", f"{len(message)} bytes of {CONTROL_LENGTH_BYTES}"),)
    code = message[1] & 0x1F
    # RFC 9327 2: sequence, status, association, offset, count; then the data.
    count = message[10] << 8 | message[11]
    data = message[CONTROL_LENGTH_BYTES : CONTROL_LENGTH_BYTES + count]
    found = {name: text(said) for name, said in _VARIABLE.findall(data)}
    return (
        NtpControl(
            kind="control",
            version=message[0] >> 3 & 7,
            operation=_OPERATIONS.get(code, f"code {code}"),
            is_response=bool(message[1] & 0x80),
            software=found.get(b"version", ""),
            processor=found.get(b"processor", ""),
            system=found.get(b"system", ""),
        ),
    )


@lru_cache(maxsize=REMEMBERED_CONTROLS)
def _read_private(message: bytes) -> tuple[Result, ...]:
    if len(message) < PRIVATE_LENGTH_BYTES:
        return (_malformed("private header", f"{len(message)} bytes of {PRIVATE_LENGTH_BYTES}"),)
    code = message[3]
    return (
        NtpControl(
            kind="private",
            version=message[0] >> 3 & 7,
            operation=_PRIVATE.get(code, f"code {code}"),
            is_response=bool(message[0] & 0x80),
        ),
    )


DISSECTOR = Dissector(protocol="ntp", datagram=read)
