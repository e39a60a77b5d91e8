"""BACnet (ASHRAE 135): which controller is what, who asks it, and who writes to it.

In: a UDP payload of BACnet/IP (annex J) or BACnet/IPv6 (annex U), or an NPDU as it stands in a frame of Ethernet,
ARCnet or MS/TP. Out: one ``Bacnet``. Of readings nothing is kept, of passwords only that one was sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, ClassVar, Final, NamedTuple

from asepsis.kernel.value import value
from asepsis.protocols.bacnet_names import (
    BVLC_FUNCTIONS,
    CONFIRMED_SERVICES,
    IDENTIFYING,
    NETWORK_MESSAGES,
    OBJECT_TYPES,
    PROPERTIES,
    UNCONFIRMED_SERVICES,
)
from asepsis.protocols.fields import MalformedError, facts_of, ip, text
from asepsis.protocols.masking import TEXT_LIMIT, printable_text
from asepsis.protocols.message import Dissector, Malformed, Result

# An APDU has at most 1,476 bytes (ASHRAE 135 20.1.2.5), a tag at least one; junk of 64 KiB is not read to its end.
TAGS_LIMIT = 2048
# Names in one message; a device object has some sixty properties.
LIST_LIMIT = 32
# Requests and short answers repeat but for their invoke id: 4,096 of at most 256 bytes are 2 MiB.
REMEMBERED_MESSAGES = 1 << 12
REMEMBERED_LENGTH_BYTES = 256

# ASHRAE 135 20.1.2 to 20.1.9.
_CONFIRMED, _UNCONFIRMED, _SIMPLE_ACK, _COMPLEX_ACK, _SEGMENT_ACK, _ERROR, _REJECT, _ABORT = range(8)
_PDU_TYPES: Final = ("Request", "Request", "SimpleACK", "ACK", "SegmentACK", "Error", "Reject", "Abort")
_DEVICE: Final = 8
# Service, object identifier and property of the usual length (ASHRAE 135 15.5): tags 0C and 19.
_PROPERTY_END: Final = 8
_ANY_INSTANCE: Final = 4194303  # ASHRAE 135 15.5.1.3: whoever is asked, itself
# Services that change a device.
_WRITES: Final = frozenset((7, 8, 9, 10, 11, 15, 16, 17, 20, 27))


@value
class Bacnet:
    """One BACnet message."""

    PROTOCOL: ClassVar[str] = "bacnet"
    message: str
    """``I-Am``, ``ReadProperty-Request``, ``ReadProperty-ACK``, ``I-Am-Router-To-Network``, ``BVLC-Result``."""
    from_server: bool | None = None
    device: str = ""
    """Instance of the device object that the message names: the number by which a site knows its controllers."""
    object: str = ""
    """``analog-input,3``: the first object that is read or written."""
    properties: tuple[str, ...] = ()
    vendor_id: int = 0
    vendor_name: str = ""
    model_name: str = ""
    firmware_revision: str = ""
    application_software: str = ""
    object_name: str = ""
    description: str = ""
    location: str = ""
    serial_number: str = ""
    writes: bool = False
    """It changes the state or the program of a device."""
    password: bool = False
    """A password was sent, in clear."""
    networks: tuple[int, ...] = ()
    """Networks that a router says it reaches."""
    source_network: int = 0
    """Where the sender stands, if a router passed the message on; 0 for the network on which it was seen."""
    source_address: str = ""
    """Its address there, in hexadecimal digits."""
    origin: str = ""
    """Network address of who sent it first, if it was forwarded across subnets."""

    @property
    def kind(self) -> str:
        """The message's name."""
        return self.message

    @property
    def sender_is_server(self) -> bool | None:
        """Who answers serves; who asks does not."""
        return self.from_server

    def facts(self) -> dict[str, Any]:
        """All that is said."""
        return _facts(self)


_facts: Final = facts_of(Bacnet, without=("message", "from_server"))


def read(payload: bytes) -> Sequence[Result]:
    """Reads one datagram or NPDU."""
    try:
        at, origin = _virtual_link(payload)
        if at < 0:
            return (Bacnet(message=BVLC_FUNCTIONS[payload[1]], origin=origin),)
        start = _apdu(payload, at)
        # The invoke id differs in every message: one byte, whose place follows from the type.
        kind = payload[start] >> 4 if start < len(payload) and not payload[at + 1] & 0x80 else -1
        if kind != _UNCONFIRMED and kind >= 0:
            invoke = start + (2 if kind == _CONFIRMED else 1)
            head, body = payload[at:invoke], payload[invoke + 1 :]
            if kind == _COMPLEX_ACK and _is_reading(payload[start], body):
                body = body[:_PROPERTY_END]
        else:
            head, body = payload[at:], b""
        if len(head) + len(body) <= REMEMBERED_LENGTH_BYTES:
            return _remembered(head, body, start - at, kind, origin)
        return _read(head, body, start - at, kind, origin)
    except MalformedError as found:
        return (Malformed(protocol="bacnet", where=found.where, why=found.why),)


def _is_reading(flags: int, body: bytes) -> bool:
    """Whether an answer to ReadProperty is of an object that is no device: its value differs in every poll."""
    return (
        len(body) > _PROPERTY_END
        and not flags & 8
        and body[0] == 12
        and body[1] == 0x0C
        and body[6] == 0x19
        and (body[2] << 2 | body[3] >> 6) != _DEVICE
    )


def _virtual_link(payload: bytes) -> tuple[int, str]:
    """Where the NPDU begins and the address of a forwarded one; -1 where there is no NPDU (ASHRAE 135 J.2, U.2)."""
    if len(payload) < 2:
        raise MalformedError("BVLC", f"{len(payload)} bytes")
    if payload[0] not in (0x81, 0x82):
        return 0, ""
    if len(payload) < 4:
        raise MalformedError("BVLC", f"{len(payload)} bytes of 4")
    function, length = payload[1], payload[2] << 8 | payload[3]
    if length != len(payload):
        raise MalformedError("BVLC", f"a length of {length} in {len(payload)} bytes")
    if function not in BVLC_FUNCTIONS:
        raise MalformedError("BVLC", f"function {function}")
    if payload[0] == 0x82:
        at = {1: 10, 2: 7, 8: 25, 12: 7}.get(function, -1)
        origin = ip(payload[7:23]) if function == 8 else ""
    else:
        at = {4: 10, 9: 4, 10: 4, 11: 4}.get(function, -1)
        origin = ip(payload[4:8]) if function == 4 else ""
    if at > length:
        raise MalformedError("BVLC", f"{length} bytes of {at}")
    return at, origin


def _apdu(payload: bytes, at: int) -> int:
    """Where the APDU, or the network layer message, begins (ASHRAE 135 6.2.2)."""
    if at + 2 > len(payload):
        raise MalformedError("NPDU", f"{len(payload) - at} bytes of 2")
    if payload[at] != 1:
        raise MalformedError("NPDU", f"version {payload[at]}")
    control = payload[at + 1]
    at += 2
    for flag in (0x20, 0x08):
        if control & flag:
            at += 3 + payload[at + 2] if at + 3 <= len(payload) else 3
    at += 1 if control & 0x20 else 0
    if at > len(payload):
        raise MalformedError("NPDU", "an address goes beyond its end")
    return at


def _read(head: bytes, body: bytes, start: int, kind: int, origin: str) -> tuple[Result, ...]:
    found: dict[str, Any] = {"origin": origin} if origin else {}
    malformed = None
    try:
        _read_source(head, found)
        if head[1] & 0x80:
            _read_network_message(head[start:], found)
        elif start >= len(head):
            raise MalformedError("APDU", "nothing")
        elif kind == _UNCONFIRMED:
            _read_unconfirmed(head[start:], found)
        elif kind > _ABORT:
            raise MalformedError("APDU", f"type {kind}")
        else:
            _read_confirmed(kind, head[start], body, found)
    except MalformedError as fault:
        malformed = Malformed(protocol="bacnet", where=fault.where, why=fault.why)
    if "message" not in found:
        return (malformed,) if malformed else ()
    said: dict[str, Any] = {name: tuple(fact) if isinstance(fact, list) else fact for name, fact in found.items()}
    message = Bacnet(**said)
    return (message, malformed) if malformed else (message,)


_remembered = lru_cache(maxsize=REMEMBERED_MESSAGES)(_read)


def _read_source(head: bytes, found: dict[str, Any]) -> None:
    at = 2
    if head[1] & 0x20:
        at += 3 + head[at + 2]
    if head[1] & 0x08:
        length = head[at + 2]
        found["source_network"] = head[at] << 8 | head[at + 1]
        found["source_address"] = head[at + 3 : at + 3 + min(length, 18)].hex()


def _read_network_message(body: bytes, found: dict[str, Any]) -> None:
    if not body:
        raise MalformedError("network layer message", "no type")
    found["message"] = NETWORK_MESSAGES.get(body[0], f"network layer message {body[0]}")
    if body[0] == 1:
        found["from_server"] = True
        found["networks"] = [body[at] << 8 | body[at + 1] for at in range(1, min(len(body) - 1, 2 * LIST_LIMIT), 2)]


def _read_unconfirmed(apdu: bytes, found: dict[str, Any]) -> None:
    if len(apdu) < 2:
        raise MalformedError("APDU", "no service")
    service = apdu[1]
    found["message"] = (
        UNCONFIRMED_SERVICES[service] if service < len(UNCONFIRMED_SERVICES) else f"unconfirmed service {service}"
    )
    if service == 0:
        found["from_server"] = True
        parts = list(islice(_tags(apdu, 2), 4))
        # ASHRAE 135 16.10: object identifier, maximum length, segmentation, vendor identifier.
        if len(parts) < 4 or parts[0].number != 12 or parts[0].context or len(parts[0].octets) != 4:
            raise MalformedError("I-Am", "not the four members of ASHRAE 135 16.10")
        _name_object(parts[0].octets, found)
        found["vendor_id"] = int.from_bytes(parts[3].octets[:4], "big")
    elif service == 1:
        found["from_server"] = True
        first = next(_tags(apdu, 2), None)
        if first is None or first.number != 12 or len(first.octets) != 4:
            raise MalformedError("I-Have", "no device")
        _name_object(first.octets, found)
    elif service in (7, 8):
        found["from_server"] = False


def _read_confirmed(kind: int, flags: int, body: bytes, found: dict[str, Any]) -> None:
    """``body`` is what stands behind the invoke id (ASHRAE 135 20.1.2 to 20.1.9)."""
    if kind in (_SEGMENT_ACK, _REJECT, _ABORT):
        found["message"] = _PDU_TYPES[kind]
        # Either side may reject, abort or acknowledge; the SRV bit of an abort and an acknowledgement says which.
        found["from_server"] = True if kind == _REJECT else bool(flags & 1)
        return
    at = 0
    segment = 0
    if flags & 8 and kind in (_CONFIRMED, _COMPLEX_ACK):
        segment = body[0] if body else 0
        at = 2
    if at >= len(body):
        raise MalformedError("APDU", "no service")
    service = body[at]
    name = CONFIRMED_SERVICES[service] if service < len(CONFIRMED_SERVICES) else f"confirmed service {service}"
    found["message"] = f"{name}-{_PDU_TYPES[kind]}"
    found["from_server"] = kind != _CONFIRMED
    if kind == _CONFIRMED and service in _WRITES:
        found["writes"] = True
    if segment or kind in (_SIMPLE_ACK, _ERROR):
        return
    if service in (12, 15):
        _read_property(body, at + 1, found, answer=kind == _COMPLEX_ACK)
    elif service in (14, 16):
        _read_properties(body, at + 1, found, answer=kind == _COMPLEX_ACK)
    elif service in (17, 20) and kind == _CONFIRMED:
        # ASHRAE 135 16.1.1.1.3, 16.4.1.1.2: the password is the last context member.
        password = 2 if service == 17 else 1
        if any(tag.context and tag.number == password and tag.octets for tag in _tags(body, at + 1)):
            found["password"] = True


def _read_property(body: bytes, at: int, found: dict[str, Any], *, answer: bool) -> None:
    """ReadProperty and its answer, WriteProperty (ASHRAE 135 15.5, 15.9)."""
    if len(body) >= at + 7 and body[at] == 0x0C and body[at + 5] == 0x19:
        # As nearly all are: an object and a property of one byte.
        kind = _name_object(body[at + 1 : at + 5], found)
        found["properties"] = (_property(body[at + 6]),)
        if not answer or kind != _DEVICE:
            return
    kind, identifier = -1, -1
    inside = False
    for tag in _tags(body, at):
        if tag.number == 0 and tag.context and not inside and len(tag.octets) == 4:
            kind = _name_object(tag.octets, found)
        elif tag.number == 1 and tag.context and not inside and tag.is_octets:
            identifier = int.from_bytes(tag.octets[:4], "big")
            found["properties"] = (_property(identifier),)
        elif tag.number == 3 and tag.opens:
            if not answer:
                return
            inside = True
        elif inside and tag.is_octets:
            _keep(kind, identifier, tag, found)
            return


def _read_properties(body: bytes, at: int, found: dict[str, Any], *, answer: bool) -> None:
    """ReadPropertyMultiple and its answer, WritePropertyMultiple (ASHRAE 135 15.7, 15.10)."""
    kind, identifier, depth = -1, -1, 0
    # In requests the property is member 0 of its group, in answers member 2 (ASHRAE 135 21).
    member = 2 if answer else 0
    names: list[str] = []
    for tag in _tags(body, at):
        if tag.opens:
            depth += 1
        elif tag.closes:
            depth -= 1
        elif depth == 0 and tag.context and tag.number == 0 and len(tag.octets) == 4:
            kind = _name_object(tag.octets, found)
        elif depth == 1 and tag.context and tag.number == member:
            identifier = int.from_bytes(tag.octets[:4], "big")
            if len(names) < LIST_LIMIT:
                names.append(_property(identifier))
        elif answer and depth == 2 and not tag.context:
            _keep(kind, identifier, tag, found)
    if names:
        found["properties"] = names


def _keep(kind: int, identifier: int, tag: _Tag, found: dict[str, Any]) -> None:
    """Of a device object keeps what says what the device is."""
    if kind != _DEVICE or tag.context:
        return
    if identifier in IDENTIFYING:
        if tag.number == 7:
            found.setdefault(IDENTIFYING[identifier], _string(tag.octets))
    elif identifier == 120 and tag.number == 2:
        found["vendor_id"] = int.from_bytes(tag.octets[:4], "big")
    elif identifier == 75 and tag.number == 12 and len(tag.octets) == 4:
        _name_object(tag.octets, found)


def _name_object(octets: bytes, found: dict[str, Any]) -> int:
    """ASHRAE 135 20.2.14: ten bits of type, 22 of instance. The first object is named; gives the type."""
    number = int.from_bytes(octets, "big")
    kind, instance = number >> 22, number & 0x3FFFFF
    name = OBJECT_TYPES[kind] if kind < len(OBJECT_TYPES) else f"object type {kind}"
    found.setdefault("object", f"{name},{instance}")
    if kind == _DEVICE and instance != _ANY_INSTANCE:
        found.setdefault("device", str(instance))
    return kind


def _property(identifier: int) -> str:
    return PROPERTIES.get(identifier, f"property {identifier}")


def _string(octets: bytes) -> str:
    """A character string by its first byte (ASHRAE 135 20.2.9)."""
    if not octets:
        return ""
    encoding, letters = octets[0], octets[1 : 1 + 4 * TEXT_LIMIT]
    match encoding:
        case 0:
            return text(letters)
        case 4:
            return printable_text(letters.decode("utf-16-be", "replace").strip("\0 \t\r\n"))
        case 3:
            return printable_text(letters.decode("utf-32-be", "replace").strip("\0 \t\r\n"))
        case 5:
            return printable_text(letters.decode("latin-1").strip("\0 \t\r\n"))
        case _:
            return ""


class _Tag(NamedTuple):
    """ASHRAE 135 20.2.1."""

    number: int
    context: bool
    opens: bool
    closes: bool
    octets: bytes

    @property
    def is_octets(self) -> bool:
        return not self.opens and not self.closes


def _tags(body: bytes, at: int) -> Iterator[_Tag]:
    """The tags of an APDU from ``at`` on."""
    end = len(body)
    for _ in range(TAGS_LIMIT):
        if at >= end:
            return
        first = body[at]
        at += 1
        number, context, size = first >> 4, bool(first & 8), first & 7
        if number == 15:
            if at >= end:
                raise MalformedError("tag", "cut in its number")
            number = body[at]
            at += 1
        if context and size >= 6:
            yield _Tag(number, context=True, opens=size == 6, closes=size == 7, octets=b"")
            continue
        if not context and number == 1:  # a boolean is its own length
            yield _Tag(number, context=False, opens=False, closes=False, octets=bytes((size,)))
            continue
        if size == 5:
            size = body[at] if at < end else 0
            at += 1
            if size >= 254:
                wide = 2 if size == 254 else 4
                size = int.from_bytes(body[at : at + wide], "big")
                at += wide
        elif size > 5:
            raise MalformedError("tag", f"a length of {size}")
        if at + size > end:
            raise MalformedError("tag", f"{size} bytes said, {max(end - at, 0)} left")
        yield _Tag(number, context=context, opens=False, closes=False, octets=body[at : at + size])
        at += size


DISSECTOR = Dissector(protocol="bacnet", datagram=read)
