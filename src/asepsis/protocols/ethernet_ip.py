"""EtherNet/IP and CIP (ODVA, CIP volumes 1 and 2): which controller is what, and who works it how.

In: a TCP conversation or a datagram of the encapsulation protocol. Out: an ``EthernetIp`` for each command. A device's
identity is read wherever it says it; of other services only their names and the class of object they go to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final

from asepsis.kernel.value import value
from asepsis.protocols.fields import facts_of, text
from asepsis.protocols.framing import Frames
from asepsis.protocols.message import Dissector, Malformed, Result

# CIP volume 2, 2-3.1: command, length, session, status, context, options.
HEADER_LENGTH_BYTES = 24
# CIP volume 2, 2-3.3: the data of one command are at most 65,511 bytes.
LENGTH_LIMIT_BYTES = 65511
# A conversation has a few requests on their way; an answer that comes to none is read by its own form.
WAITING_LIMIT = 64
ITEMS_LIMIT = 16

# CIP volume 2, table 2-3.2.
COMMANDS: Final = {
    0x00: "NOP",
    0x04: "ListServices",
    0x63: "ListIdentity",
    0x64: "ListInterfaces",
    0x65: "RegisterSession",
    0x66: "UnRegisterSession",
    0x6F: "SendRRData",
    0x70: "SendUnitData",
}
# CIP volume 1, appendix A and 3-5.5; from 4B on services belong to their objects, so their names need the class.
_SERVICES: Final = {
    0x01: "Get_Attributes_All",
    0x02: "Set_Attributes_All",
    0x03: "Get_Attribute_List",
    0x04: "Set_Attribute_List",
    0x05: "Reset",
    0x06: "Start",
    0x07: "Stop",
    0x08: "Create",
    0x09: "Delete",
    0x0A: "Multiple_Service_Packet",
    0x0D: "Apply_Attributes",
    0x0E: "Get_Attribute_Single",
    0x10: "Set_Attribute_Single",
    0x11: "Find_Next_Object_Instance",
    0x15: "Restore",
    0x16: "Save",
    0x17: "No_Operation",
    0x18: "Get_Member",
    0x19: "Set_Member",
}
_MANAGER_SERVICES: Final = {
    0x4E: "Forward_Close",
    0x52: "Unconnected_Send",
    0x54: "Forward_Open",
    0x5B: "Large_Forward_Open",
}
_WRITES: Final = frozenset((0x02, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x10, 0x15, 0x16, 0x19))
_CLASSES: Final = {
    0x01: "Identity",
    0x02: "Message Router",
    0x04: "Assembly",
    0x06: "Connection Manager",
    0x37: "File",
    0xF5: "TCP/IP Interface",
    0xF6: "Ethernet Link",
}
_IDENTITY: Final = 0x01
_CONNECTION_MANAGER: Final = 0x06
# CIP volume 1, 6-1: device profiles.
DEVICE_TYPES: Final = {
    0x02: "AC drive",
    0x03: "motor overload",
    0x04: "limit switch",
    0x05: "inductive proximity switch",
    0x06: "photoelectric sensor",
    0x07: "general purpose discrete I/O",
    0x09: "resolver",
    0x0C: "communications adapter",
    0x0E: "programmable logic controller",
    0x10: "position controller",
    0x13: "DC drive",
    0x15: "contactor",
    0x16: "motor starter",
    0x17: "soft start",
    0x18: "human-machine interface",
    0x1A: "mass flow controller",
    0x1B: "pneumatic valve",
    0x1C: "vacuum pressure gauge",
    0x2B: "generic device",
    0x2C: "managed switch",
}


@value
class EthernetIp:
    """One command of the encapsulation protocol."""

    PROTOCOL: ClassVar[str] = "ethernet_ip"
    command: str
    from_server: bool | None = None
    service: str = ""
    """Of CIP, as ``Get_Attribute_Single``."""
    object_class: str = ""
    writes: bool = False
    status: int = 0
    """General status of an answer; 0 for success."""
    vendor_id: int = 0
    device_type: str = ""
    product_code: int = 0
    revision: str = ""
    serial: str = ""
    """Eight hexadecimal digits."""
    product_name: str = ""

    @property
    def kind(self) -> str:
        """The command's name."""
        return self.command

    @property
    def sender_is_server(self) -> bool | None:
        """Who answers serves."""
        return self.from_server

    def facts(self) -> dict[str, Any]:
        """All that is said."""
        return _facts(self)


_facts: Final = facts_of(EthernetIp, without=("command", "from_server"))


class EthernetIpStream:
    """One TCP conversation."""

    __slots__ = ("_directions", "_waiting")

    def __init__(self) -> None:
        self._directions = (Frames(), Frames())
        # Context of a request -> the class of object that it went to.
        self._waiting: dict[bytes, int] = {}

    def feed(self, sender: int, data: bytes, *, gap: bool = False) -> Sequence[Result]:
        """Takes the next bytes of one direction."""
        direction = self._directions[sender]
        if direction.is_lost and not gap:
            return ()
        results: list[Result] = [_read(command, self._waiting) for command in direction.take(data, _size, gap=gap)]
        if direction.is_lost and not gap:
            results.append(_malformed("encapsulation header", "no command, or no length"))
        return results

    def close(self) -> Sequence[Result]:
        """A command that is not whole says nothing."""
        return ()


def read(payload: bytes) -> Sequence[Result]:
    """Reads one datagram."""
    if len(payload) < HEADER_LENGTH_BYTES:
        return (_malformed("encapsulation header", f"{len(payload)} bytes of {HEADER_LENGTH_BYTES}"),)
    size = _size(payload, 0)
    if size < 0 or size > len(payload):
        return (_malformed("encapsulation header", "no command, or no length"),)
    return (_read(payload[:size], {}),)


def _malformed(where: str, why: str) -> Malformed:
    return Malformed(protocol="ethernet_ip", where=where, why=why)


def _word(data: bytes, at: int) -> int:
    return data[at] | data[at + 1] << 8


def _size(data: bytes, at: int) -> int:
    """Bytes of the command at ``at``: 0 while its header is not whole, -1 where it is none."""
    if len(data) - at < HEADER_LENGTH_BYTES:
        return 0
    length = _word(data, at + 2)
    if _word(data, at) not in COMMANDS or length > LENGTH_LIMIT_BYTES or data[at + 20 : at + 24] != bytes(4):
        return -1
    return HEADER_LENGTH_BYTES + length


def _read(octets: bytes, waiting: dict[bytes, int]) -> Result:
    number = _word(octets, 0)
    command, body = COMMANDS[number], octets[HEADER_LENGTH_BYTES:]
    if number in (0x04, 0x63, 0x64):
        found = _listed(body) if number == 0x63 and body else {}
        return EthernetIp(command=command, from_server=bool(body), **found)
    if number == 0x65:
        return EthernetIp(command=command, from_server=any(octets[4:8]))
    if number in (0x6F, 0x70):
        # Interface handle, time-out, then items of type, length, data (CIP volume 2, 2-6).
        for kind, item in _items(body, 6):
            if kind == 0xB2:
                return _service(command, item, octets[12:20], waiting)
            if kind == 0xB1 and len(item) > 2:  # connected data begin with a count
                return _service(command, item[2:], octets[12:20] + item[:2], waiting)
    return EthernetIp(command=command)


def _items(body: bytes, at: int) -> list[tuple[int, bytes]]:
    """The common packet format (CIP volume 2, 2-6.1)."""
    found: list[tuple[int, bytes]] = []
    if at + 2 > len(body):
        return found
    count = min(_word(body, at), ITEMS_LIMIT)
    at += 2
    for _ in range(count):
        if at + 4 > len(body):
            break
        kind, length = _word(body, at), _word(body, at + 2)
        found.append((kind, body[at + 4 : at + 4 + length]))
        at += 4 + length
    return found


def _listed(body: bytes) -> dict[str, Any]:
    """The identity item (CIP volume 2, 2-4.2.3): version, address, then the identity object's attributes."""
    for kind, item in _items(body, 0):
        if kind == 0x0C and len(item) >= 33:
            return _identity(item[18:])
    return {}


def _identity(octets: bytes) -> dict[str, Any]:
    """Attributes 1 to 7 of the identity object (CIP volume 1, 5-2.2); nothing where they are not whole."""
    if len(octets) < 15 or 15 + octets[14] > len(octets):
        return {}
    kind = _word(octets, 2)
    return {
        "vendor_id": _word(octets, 0),
        "device_type": DEVICE_TYPES.get(kind, f"type {kind}"),
        "product_code": _word(octets, 4),
        "revision": f"{octets[6]}.{octets[7]}",
        "serial": f"{int.from_bytes(octets[10:14], 'little'):08x}",
        "product_name": text(octets[15 : 15 + octets[14]]),
    }


def _service(command: str, item: bytes, context: bytes, waiting: dict[bytes, int]) -> EthernetIp:
    """A request or an answer of CIP (CIP volume 1, 2-4)."""
    if len(item) < 2:
        return EthernetIp(command=command)
    number = item[0] & 0x7F
    if item[0] & 0x80:
        kind = waiting.pop(context, -1)
        said: dict[str, Any] = {"status": item[2] if len(item) > 2 else 0}
        behind = 4 + 2 * item[3] if len(item) > 3 else len(item)
        if kind == _IDENTITY and number == 0x01 and said["status"] == 0:
            said |= _identity(item[behind:])
    else:
        kind = _class(item[2 : 2 + 2 * item[1]])
        if kind == _CONNECTION_MANAGER and number == 0x52:
            # Unconnected_Send (CIP volume 1, 3-5.5.4): a tick, a time-out, a length, and the request that is meant.
            inside = item[2 + 2 * item[1] + 4 :]
            if len(inside) >= 2:
                number, kind = inside[0], _class(inside[2 : 2 + 2 * inside[1]])
        if len(waiting) >= WAITING_LIMIT:
            waiting.pop(next(iter(waiting)))
        waiting[context] = kind
        said = {"writes": number in _WRITES}
    name = _SERVICES.get(number, f"service 0x{number:02x}")
    if kind == _CONNECTION_MANAGER:
        name = _MANAGER_SERVICES.get(number, name)
    return EthernetIp(
        command=command,
        from_server=bool(item[0] & 0x80),
        service=name,
        object_class=_CLASSES.get(kind, f"class 0x{kind:02x}") if kind >= 0 else "",
        **said,
    )


def _class(path: bytes) -> int:
    """The class that a path goes to (CIP volume 1, C-1.4.2): a segment of 8 or 16 bits; -1 for names and others."""
    if len(path) >= 2 and path[0] == 0x20:
        return path[1]
    if len(path) >= 4 and path[0] == 0x21:
        return _word(path, 2)
    return -1


DISSECTOR = Dissector(protocol="ethernet_ip", open=EthernetIpStream, datagram=read)
