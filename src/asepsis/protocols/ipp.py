"""IPP (RFC 8010, RFC 8011, PWG 5100.13): who prints where, and what a printer says it is.

In: the body of a request or response with the media type ``application/ipp``. Out: one ``Ipp``. Names of users and
jobs and the documents are never kept, only that they were there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, ClassVar, Final

from asepsis.kernel.value import value
from asepsis.protocols.fields import MalformedError, facts_of, text
from asepsis.protocols.http_body import REMEMBERED_BODIES, REMEMBERED_LENGTH_BYTES
from asepsis.protocols.http_family import on_http
from asepsis.protocols.masking import masked
from asepsis.protocols.message import Malformed, Result

# RFC 8010 3.1.1: version, operation or status, request id.
HEADER_LENGTH_BYTES = 8
# A printer has some 150 attributes with a thousand values.
ATTRIBUTES_LIMIT = 4096
VALUES_LIMIT = 16

_END, _PRINTER, _LAST_DELIMITER = 0x03, 0x04, 0x0F
_TEXT_WITH_LANGUAGE, _NAME_WITH_LANGUAGE, _ENUM = 0x35, 0x36, 0x23

# RFC 8011 5.4.15, RFC 3380, RFC 3995, PWG 5100.11, PWG 5100.13; CUPS implementation of IPP.
_OPERATIONS: Final = {
    0x02: "Print-Job",
    0x03: "Print-URI",
    0x04: "Validate-Job",
    0x05: "Create-Job",
    0x06: "Send-Document",
    0x07: "Send-URI",
    0x08: "Cancel-Job",
    0x09: "Get-Job-Attributes",
    0x0A: "Get-Jobs",
    0x0B: "Get-Printer-Attributes",
    0x0C: "Hold-Job",
    0x0D: "Release-Job",
    0x0E: "Restart-Job",
    0x10: "Pause-Printer",
    0x11: "Resume-Printer",
    0x12: "Purge-Jobs",
    0x13: "Set-Printer-Attributes",
    0x14: "Set-Job-Attributes",
    0x15: "Get-Printer-Supported-Values",
    0x16: "Create-Printer-Subscriptions",
    0x17: "Create-Job-Subscriptions",
    0x18: "Get-Subscription-Attributes",
    0x19: "Get-Subscriptions",
    0x1A: "Renew-Subscription",
    0x1B: "Cancel-Subscription",
    0x1C: "Get-Notifications",
    0x22: "Enable-Printer",
    0x23: "Disable-Printer",
    0x38: "Cancel-Jobs",
    0x39: "Cancel-My-Jobs",
    0x3B: "Close-Job",
    0x3C: "Identify-Printer",
    0x4001: "CUPS-Get-Default",
    0x4002: "CUPS-Get-Printers",
    0x4003: "CUPS-Add-Modify-Printer",
    0x4004: "CUPS-Delete-Printer",
    0x4005: "CUPS-Get-Classes",
    0x400B: "CUPS-Get-Devices",
    0x400C: "CUPS-Get-PPDs",
}
# RFC 8011 5.4.11: printer-state.
_STATES: Final = {3: "idle", 4: "processing", 5: "stopped"}

# Attributes of a printer (RFC 8011 5.4, PWG 5100.13, IPP Everywhere), and the members that they fill.
_TEXTS: Final = {
    b"printer-make-and-model": "make_and_model",
    b"printer-name": "name",
    b"printer-dns-sd-name": "dns_sd_name",
    b"printer-info": "description",
    b"printer-location": "location",
    b"printer-uuid": "uuid",
    b"printer-device-id": "device_id",
    b"printer-serial-number": "serial_number",
    b"printer-firmware-name": "firmware_name",
    b"printer-firmware-string-version": "firmware",
    b"cups-version": "cups",
}
_LISTS: Final = {
    b"printer-state-reasons": "state_reasons",
    b"uri-security-supported": "security",
    b"uri-authentication-supported": "authentication",
}


@value
class Ipp:
    """One request or response. Texts are empty where an attribute is missing."""

    PROTOCOL: ClassVar[str] = "ipp"
    kind: str
    """The operation of a request; ``response``."""
    from_server: bool
    version: str
    status: int = 0
    """RFC 8011 B.1; 0 for success, and in requests."""
    printer: str = ""
    """The printer's URI that a request is for, masked."""
    user: bool = False
    """Whether the request names a user, in clear."""
    job: bool = False
    """Whether the request names a job or a document, in clear."""
    make_and_model: str = ""
    name: str = ""
    dns_sd_name: str = ""
    description: str = ""
    location: str = ""
    uuid: str = ""
    device_id: str = ""
    """IEEE 1284: ``MFG:...;MDL:...;SN:...;``"""
    serial_number: str = ""
    firmware_name: str = ""
    firmware: str = ""
    cups: str = ""
    """The version of CUPS, where a queue of a print server answers and not a printer."""
    state: str = ""
    state_reasons: tuple[str, ...] = ()
    security: tuple[str, ...] = ()
    """``none``, ``tls``: how its URIs protect what is printed."""
    authentication: tuple[str, ...] = ()

    @property
    def sender_is_server(self) -> bool | None:
        """By the message of HTTP that bore it."""
        return self.from_server

    def facts(self) -> dict[str, Any]:
        """All that is said, but the kind."""
        return _facts(self)


_facts: Final = facts_of(Ipp, without=("kind", "from_server"))


def read_wish(data: bytes) -> Sequence[Result]:
    """Reads the body of a request."""
    return _read(data, False)


def read_reply(data: bytes) -> Sequence[Result]:
    """Reads the body of a response."""
    return _read(data, True)


def _read(data: bytes, answer: bool) -> Sequence[Result]:  # a key of the memory below
    # The request id (RFC 8010 3.1.1) differs in every message and says nothing.
    constant = data[:4] + data[8:]
    return _remembered(constant, answer) if len(constant) <= REMEMBERED_LENGTH_BYTES else _message(constant, answer)


def _message(data: bytes, answer: bool) -> tuple[Result, ...]:
    if len(data) < HEADER_LENGTH_BYTES - 4 or not 1 <= data[0] <= 2:
        return (Malformed(protocol="ipp", where="version-number", why="neither 1 nor 2"),)
    code = int.from_bytes(data[2:4], "big")
    said: dict[str, Any] = {}
    fault = None
    try:
        for group, name, tag, octets in _attributes(data):
            _take(group, name, tag, octets, said)
    except MalformedError as error:
        fault = Malformed(protocol="ipp", where=error.where, why=error.why)
    for member in _LISTS.values():
        if member in said:
            said[member] = tuple(said[member])
    message = Ipp(
        kind="response" if answer else _OPERATIONS.get(code, f"operation {code:#06x}"),
        from_server=answer,
        version=f"{data[0]}.{data[1]}",
        status=code if answer else 0,
        **said,
    )
    return (message,) if fault is None else (message, fault)


_remembered = lru_cache(maxsize=REMEMBERED_BODIES)(_message)


def _attributes(data: bytes) -> Iterator[tuple[int, bytes, int, bytes]]:
    """(group, name, tag, value) of every value up to the end, or to where the body was cut."""
    at = HEADER_LENGTH_BYTES - 4
    group = 0
    name = b""
    for _ in range(ATTRIBUTES_LIMIT):
        if at >= len(data):
            return
        tag = data[at]
        at += 1
        if tag <= _LAST_DELIMITER:
            if tag == _END:
                return
            group = tag
            continue
        # RFC 8010 3.1.4: a further value of the same attribute has a name of length 0.
        name_end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if name_end > at + 2:
            name = data[at + 2 : name_end]
        end = name_end + 2 + int.from_bytes(data[name_end : name_end + 2], "big")
        if end > len(data):
            return  # a printer's answer is longer than what is handed on
        if group == 0:
            raise MalformedError("attribute-group", "an attribute before the first group")
        yield group, name, tag, data[name_end + 2 : end]
        at = end


def _take(group: int, name: bytes, tag: int, octets: bytes, said: dict[str, Any]) -> None:
    if group != _PRINTER:
        if name == b"requesting-user-name":
            said["user"] = True
        elif name in (b"job-name", b"document-name"):
            said["job"] = True
        elif name == b"printer-uri":
            said["printer"] = masked(octets)
    elif name in _TEXTS:
        said.setdefault(_TEXTS[name], _text(tag, octets))
    elif name in _LISTS:
        values = said.setdefault(_LISTS[name], [])
        if len(values) < VALUES_LIMIT:
            values.append(text(octets))
    elif name == b"printer-state" and tag == _ENUM:
        said.setdefault("state", _STATES.get(int.from_bytes(octets, "big"), ""))


def _text(tag: int, octets: bytes) -> str:
    if tag in (_TEXT_WITH_LANGUAGE, _NAME_WITH_LANGUAGE):
        # RFC 8010 3.9: length and language, length and text.
        octets = octets[4 + int.from_bytes(octets[:2], "big") :]
    return text(octets)


DISSECTOR: Final = on_http("ipp")
