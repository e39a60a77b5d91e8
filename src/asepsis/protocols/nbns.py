"""NetBIOS name service (RFC 1002 4.2): which names a computer holds, in which domain, and what it serves.

In: one UDP payload of port 137. Out: one ``Nbns``. Neighbours: ``netbios_names`` reads the names, ``nbdgm`` the
datagrams by which the same computers announce themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, ClassVar, Final

from asepsis.kernel.value import value
from asepsis.protocols.fields import ip, mac
from asepsis.protocols.message import Dissector, Malformed, Result
from asepsis.protocols.netbios_names import NAME_LENGTH_BYTES, NetbiosName, plain_name, read_encoded

_HEADER_LENGTH_BYTES = 12
# RFC 1002 4.2.18: a status response lists the names of one node; one datagram of 576 bytes holds thirty.
NAMES_LIMIT = 64
ADDRESSES_LIMIT = 25
# The same names are asked for all day. 4,096 messages of at most 576 bytes, with what was read, stay under 16 MiB.
REMEMBERED_MESSAGES = 4096
REMEMBERED_LENGTH_BYTES = 576

# RFC 1002 4.2.1.1; 9 is what Microsoft sends for a refresh too, 15 is multi-homed registration ([MS-NBTE]).
_OPERATIONS: Final = {
    0: "QUERY",
    5: "REGISTRATION",
    6: "RELEASE",
    7: "WACK",
    8: "REFRESH",
    9: "REFRESH",
    15: "MULTI-HOMED REGISTRATION",
}
# RFC 1002 4.2.6, 4.2.11 and 4.2.14.
_RCODES: Final = {
    1: "format error",
    2: "server failure",
    3: "name error",
    4: "unsupported request",
    5: "refused",
    6: "active",
    7: "conflict",
}
_NB, _NBSTAT = 0x20, 0x21
# RFC 1002 4.2.1.3: node types of an address.
_NODE_TYPES: Final = ("B", "P", "M", "H")


@value
class Held:
    """One name of a node's status (RFC 1002 4.2.18)."""

    name: NetbiosName
    is_group: bool

    def __str__(self) -> str:
        """``WARD3<20> file server``."""
        return f"{self.name} {self.name.service(is_group=self.is_group)}".rstrip()


@value
class Nbns:
    """One message of the name service."""

    PROTOCOL: ClassVar[str] = "nbns"
    kind: str
    """``QUERY``, ``STATUS``, ``REGISTRATION``, ``REFRESH``, ``RELEASE``, ``WACK``; with `` RESPONSE`` for an answer."""
    name: NetbiosName
    is_response: bool
    is_broadcast: bool
    is_group: bool = False
    """Of a name that is registered, released or told."""
    addresses: tuple[str, ...] = ()
    """Of the name, as told or registered."""
    node_type: str = ""
    """``B``, ``P``, ``M`` or ``H``: by broadcast, by a server, or both."""
    failure: str = ""
    """Why a request was not fulfilled."""
    held: tuple[Held, ...] = ()
    """All names of the node that answers a status request."""
    mac: str = ""
    """Unit id of the node that answers a status request."""

    @property
    def sender_is_server(self) -> bool | None:
        """Who answers serves."""
        return self.is_response

    def facts(self) -> dict[str, Any]:
        """What is said; names as ``NAME<20>`` with what their suffix means."""
        facts: dict[str, Any] = {"name": str(self.name)}
        service = self.name.service(is_group=self.is_group if self.addresses else None)
        if service:
            facts["service"] = service
        if self.name.scope:
            facts["scope"] = self.name.scope
        for fact in ("is_broadcast", "is_group", "addresses", "node_type", "failure", "mac"):
            if getattr(self, fact):
                facts[fact] = getattr(self, fact)
        if self.held:
            facts["held"] = [str(held) for held in self.held]
        return facts


def read(payload: bytes) -> Sequence[Result]:
    """Reads one message."""
    return _remembered(payload[2:]) if len(payload) <= REMEMBERED_LENGTH_BYTES else _read(payload[2:])


def _malformed(where: str, why: str) -> tuple[Result, ...]:
    return (Malformed(protocol="nbns", where=where, why=why),)


def _read(behind_id: bytes) -> tuple[Result, ...]:
    message = b"\0\0" + behind_id
    if len(message) < _HEADER_LENGTH_BYTES:
        return _malformed("header", f"{len(message)} bytes of {_HEADER_LENGTH_BYTES}")
    flags = message[2] << 8 | message[3]
    operation = _OPERATIONS.get(flags >> 11 & 15)
    if operation is None:
        return _malformed("OPCODE", f"{flags >> 11 & 15} is not assigned")
    found = read_encoded(message, _HEADER_LENGTH_BYTES)
    if found is None:
        return _malformed("name", "it is no NetBIOS name or runs over the end")
    name, at = found
    is_response = bool(flags & 0x8000)
    said: dict[str, Any] = {}
    asked = message[at] << 8 | message[at + 1] if at + 2 <= len(message) else 0
    why = ""
    if message[4] << 8 | message[5]:
        # A question: its type and class; a registration tells its address in an additional record.
        if message[10] << 8 | message[11] and at + 4 <= len(message):
            at += 4
            record_name = 2 if message[at : at + 1] >= b"\xc0" else 0
            behind = at + record_name if record_name else (read_encoded(message, at) or (None, len(message)))[1]
            why = _read_record(message, behind, said)
    else:
        why = _read_record(message, at, said)
    if why:
        return _malformed("resource record", why)
    if asked == _NBSTAT and operation == "QUERY":
        operation = "STATUS"
    if is_response and flags & 15:
        said["failure"] = _RCODES.get(flags & 15, f"code {flags & 15}")
    return (
        Nbns(
            kind=f"{operation} RESPONSE" if is_response else operation,
            name=name,
            is_response=is_response,
            is_broadcast=bool(flags & 0x0010),
            **said,
        ),
    )


_remembered = lru_cache(maxsize=REMEMBERED_MESSAGES)(_read)


def _read_record(message: bytes, at: int, said: dict[str, Any]) -> str:
    """Adds what a record says behind its name; returns why it is malformed, or an empty text."""
    if at + 10 > len(message):
        return f"{max(len(message) - at, 0)} bytes of 10"
    record_type = message[at] << 8 | message[at + 1]
    length = message[at + 8] << 8 | message[at + 9]
    data = message[at + 10 : at + 10 + length]
    if record_type == _NBSTAT:
        return _read_status(data, said)
    if len(data) < length:
        return f"{length} bytes said, {len(data)} left"
    if record_type == _NB:
        # RFC 1002 4.2.13: flags and address, again and again.
        addresses: dict[str, None] = {}
        for start in range(0, min(len(data) - 5, 6 * ADDRESSES_LIMIT), 6):
            said["is_group"] = bool(data[start] & 0x80)
            said["node_type"] = _NODE_TYPES[data[start] >> 5 & 3]
            address = ip(data[start + 2 : start + 6])
            if address:
                addresses[address] = None
        said["addresses"] = tuple(addresses)
    return ""


def _read_status(data: bytes, said: dict[str, Any]) -> str:
    # RFC 1002 4.2.18: a count; 16 bytes of name and two of flags each; then statistics, the unit id first.
    count = data[0] if data else 0
    end = 1 + 18 * count
    if end > len(data):
        return f"{count} names said in {len(data)} bytes"
    held = []
    for start in range(1, min(end, 1 + 18 * NAMES_LIMIT), 18):
        name = plain_name(data[start : start + NAME_LENGTH_BYTES])
        held.append(Held(name=name, is_group=bool(data[start + NAME_LENGTH_BYTES] & 0x80)))
    said["held"] = tuple(held)
    said["mac"] = mac(data[end : end + 6])
    return ""


DISSECTOR = Dissector(protocol="nbns", datagram=read)
