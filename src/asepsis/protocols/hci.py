"""Bluetooth LE between a host and its controller (HCI, Bluetooth Core 5.4 part 4.E, transport H4 of part 4.A).

In: packets of H4, one after another: advertising reports, connections, and the first piece of L2CAP messages about
pairing and discovery. Out: ``HciBle``, what each says of a device. A connection's number is tied to its device, a read
to its answer, so that the strings of the device information service are those of the device that was read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final

from asepsis.kernel.value import value
from asepsis.protocols.ble import Ble, advertised, channel_message, uuid, whose
from asepsis.protocols.ble_names import APPEARANCE_CHARACTERISTIC, DEVICE_INFORMATION, VERSIONS
from asepsis.protocols.fields import text
from asepsis.protocols.framing import Frames
from asepsis.protocols.message import Dissector, Malformed, Result

# A controller keeps some ten connections; what more is said is remembered for the last ones only.
CONNECTIONS_LIMIT = 64
# A device has some fifty characteristics; of them those that are kept have a number.
ATTRIBUTES_LIMIT = 64
# Core 4.E.5.4.4: an event is at most 257 bytes, ACL data at most 64 KiB; of messages about identity a kilobyte is all.
PACKET_LIMIT_BYTES = 4096
REPORTS_LIMIT = 16

_COMMAND, _ACL, _SYNCHRONOUS, _EVENT = 1, 2, 3, 4
_CHARACTERISTIC: Final = 0x2803


@value
class HciBle(Ble):
    """The same, as a host's own record says it."""

    PROTOCOL: ClassVar[str] = "hci"


class _Connection:
    """A connection: whose it is, and which attributes of either side are worth reading."""

    __slots__ = ("attributes", "pairing", "reading", "whose")

    def __init__(self, whose: dict[str, Any]) -> None:
        self.whose = whose
        # Of the host (0) and of the peer (1): handle of a value -> its 16-bit UUID.
        self.attributes: tuple[dict[int, int], dict[int, int]] = ({}, {})
        # What was last asked of the host (0) and of the peer (1): 16-bit UUID of a type or a value, 0 for others.
        self.reading = [0, 0]
        self.pairing: bytes | None = None


class HciStream:
    """The record of one host."""

    __slots__ = ("_connections", "_directions")

    def __init__(self) -> None:
        self._directions = (Frames(), Frames())
        self._connections: dict[int, _Connection] = {}

    def feed(self, sender: int, data: bytes, *, gap: bool = False) -> Sequence[Result]:
        """Takes the next bytes; the packets themselves say who sent them."""
        direction = self._directions[sender]
        if direction.is_lost and not gap:
            return ()
        results: list[Result] = []
        for packet in direction.take(data, _size, gap=gap):
            results += self._packet(packet)
        if direction.is_lost:
            results.append(Malformed(protocol="hci", where="H4 packet", why="no type, or no length"))
        return results

    def close(self) -> Sequence[Result]:
        """A packet that is not whole says nothing."""
        return ()

    def _packet(self, packet: bytes) -> Sequence[Result]:
        if packet[0] == _EVENT:
            return self._event(packet[1], packet[3:])
        if packet[0] == _ACL and len(packet) >= 10:
            handle = packet[1] | packet[2] << 8
            # Core 4.E.5.4.2: for low energy 00 is a first piece from the host, 10 one from the controller.
            boundary = handle >> 12 & 3
            length, channel = packet[5] | packet[6] << 8, packet[7] | packet[8] << 8
            if boundary in (0, 2) and length == len(packet) - 9:
                found = self._message(handle & 0xFFF, boundary == 2, channel, packet[9:])
                return (HciBle(**found),) if found else ()
        return ()

    def _event(self, code: int, body: bytes) -> Sequence[Result]:
        """Core 4.E.7.7."""
        if code == 0x3E and body:
            if body[0] in (0x01, 0x0A, 0x29) and len(body) >= 12:
                return self._connected(body)
            if body[0] == 0x02:
                return _reports(body)
            if body[0] == 0x0D:
                return _extended_reports(body)
            return ()
        if len(body) < 4 or body[0]:  # a status other than 0 is a failure
            return ()
        handle = (body[1] | body[2] << 8) & 0xFFF
        connection = self._connections.get(handle)
        if code == 0x05:
            self._connections.pop(handle, None)
        elif connection is not None and code == 0x08:
            return (HciBle(packet="Encryption Change", **connection.whose, encrypted=body[3] != 0),)
        elif connection is not None and code == 0x0C and len(body) >= 6:
            company = body[4] | body[5] << 8
            return (
                HciBle(
                    packet="Remote Version",
                    **connection.whose,
                    version=VERSIONS.get(body[3], ""),
                    companies=(company,),
                ),
            )
        return ()

    def _connected(self, body: bytes) -> Sequence[Result]:
        """Core 4.E.7.7.65.1 and .10: status, handle, role, kind of the peer's address, its address."""
        if body[1]:
            return ()
        handle = (body[2] | body[3] << 8) & 0xFFF
        # 2 and 3 are identity addresses that the controller resolved: public and random.
        said = whose(body[6:12], body[5] & 1)
        if len(self._connections) >= CONNECTIONS_LIMIT:
            self._connections.pop(next(iter(self._connections)))
        self._connections[handle] = _Connection(said)
        return (HciBle(packet="Connection Complete", **said),)

    def _message(self, handle: int, from_peer: bool, channel: int, body: bytes) -> dict[str, Any] | None:
        """What an L2CAP message says, and of whom: of the host itself no address is known."""
        connection = self._connections.get(handle)
        if connection is None:
            connection = self._connections[handle] = _Connection({})
            if len(self._connections) > CONNECTIONS_LIMIT:
                self._connections.pop(next(iter(self._connections)))
        found: dict[str, Any] | None
        if channel == 6:
            found = channel_message(6, body, connection.pairing)
            if len(body) == 7 and body[0] in (1, 2):
                connection.pairing = body[1:] if body[0] == 1 else None
        elif channel == 4:
            found = _attribute(connection, int(from_peer), body)
        else:
            found = None
        if found is None or not connection.whose:
            return found
        # Of the host itself no address is known; to whom it speaks is.
        return found | connection.whose if from_peer else found | {"peer": connection.whose["address"]}


def _attribute(connection: _Connection, peer: int, body: bytes) -> dict[str, Any] | None:
    """The attribute protocol (Core 3.F.3.4). ``peer`` 1: the peer sent it: it asks the host, or tells of itself."""
    operation = body[0]
    asked, told = 1 - peer, peer
    if operation in (0x08, 0x10) and len(body) >= 7:  # Read By Type, Read By Group Type
        connection.reading[asked] = int.from_bytes(body[5:7], "little") if len(body) == 7 else 0
        return None
    if operation == 0x0A and len(body) == 3:  # Read
        connection.reading[asked] = connection.attributes[asked].get(body[1] | body[2] << 8, 0)
        return None
    reading, attributes = connection.reading[told], connection.attributes[told]
    if operation == 0x05 and len(body) > 2 and body[1] == 1:  # Find Information Response, 16-bit
        for at in range(2, len(body) - 3, 4):
            _note(attributes, body[at] | body[at + 1] << 8, body[at + 2] | body[at + 3] << 8)
        return None
    if operation == 0x09 and len(body) > 2:
        return _by_type(reading, attributes, body)
    if operation == 0x11:
        return channel_message(4, body)
    if operation == 0x0B:
        connection.reading[told] = 0
        return _characteristic(reading, body[1:])
    return None


def _by_type(reading: int, attributes: dict[int, int], body: bytes) -> dict[str, Any] | None:
    """Read By Type Response (Core 3.F.3.4.4.2): declarations of characteristics, or values of one kind."""
    size = body[1]
    if reading == _CHARACTERISTIC and size in (7, 21):
        names = []
        for at in range(2, len(body) - size + 1, size):
            kind = body[at + 5 : at + size]
            names.append(uuid(kind))
            if size == 7:
                _note(attributes, body[at + 3] | body[at + 4] << 8, kind[0] | kind[1] << 8)
        return {"packet": "Characteristics", "characteristics": tuple(names)} if names else None
    return _characteristic(reading, body[4 : 2 + size]) if size > 2 else None


def _note(attributes: dict[int, int], handle: int, kind: int) -> None:
    if (kind in DEVICE_INFORMATION or kind == APPEARANCE_CHARACTERISTIC) and len(attributes) < ATTRIBUTES_LIMIT:
        attributes[handle] = kind


def _characteristic(kind: int, octets: bytes) -> dict[str, Any] | None:
    """A value that says what a device is; every other one is a reading."""
    if kind in DEVICE_INFORMATION:
        said = text(octets)
        return {"packet": "Device Information", DEVICE_INFORMATION[kind]: said} if said else None
    if kind == APPEARANCE_CHARACTERISTIC and len(octets) == 2:
        return {"packet": "Device Information", "appearance": octets[0] | octets[1] << 8}
    return None


def _size(data: bytes, at: int) -> int:
    """Bytes of the H4 packet at ``at``: 0 while its header is not whole, -1 for no packet that we read (Core 4.A.2)."""
    kind, left = data[at], len(data) - at
    if kind == _EVENT:
        return 3 + data[at + 2] if left >= 3 else 0
    if kind in (_COMMAND, _SYNCHRONOUS):
        return 4 + data[at + 3] if left >= 4 else 0
    if kind == _ACL:
        if left < 5:
            return 0
        size = 5 + (data[at + 3] | data[at + 4] << 8)
        return size if size <= PACKET_LIMIT_BYTES else -1
    return -1


def _reports(body: bytes) -> list[Result]:
    """LE Advertising Report (Core 4.E.7.7.65.2): of several devices each member stands for all of them in turn."""
    count = body[1] if len(body) > 1 else 0
    results: list[Result] = []
    if not 0 < count <= REPORTS_LIMIT or len(body) < 2 + 9 * count:
        return results
    kinds, addresses, lengths = 2 + count, 2 + 2 * count, 2 + 8 * count
    at = 2 + 9 * count
    for i in range(count):
        length = body[lengths + i]
        if at + length > len(body):
            break
        octets = body[addresses + 6 * i : addresses + 6 * i + 6]
        said = whose(octets, body[kinds + i] & 1)
        results.append(HciBle(packet="Advertising Report", **said, **advertised(body[at : at + length])))
        at += length
    return results


def _extended_reports(body: bytes) -> list[Result]:
    """LE Extended Advertising Report (Core 4.E.7.7.65.13): one device after the other, 24 bytes and its data."""
    results: list[Result] = []
    at = 2
    for _ in range(min(body[1], REPORTS_LIMIT) if len(body) > 1 else 0):
        if at + 24 > len(body) or at + 24 + body[at + 23] > len(body):
            break
        length = body[at + 23]
        # 0xFF is an advertiser without an address.
        said = whose(body[at + 3 : at + 9], body[at + 2] & 1) if body[at + 2] != 0xFF else {}
        said |= advertised(body[at + 24 : at + 24 + length])
        results.append(HciBle(packet="Extended Advertising Report", **said))
        at += 24 + length
    return results


DISSECTOR = Dissector(protocol="hci", open=HciStream, whole_datagrams=True)
