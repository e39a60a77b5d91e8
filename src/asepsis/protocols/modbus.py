"""Modbus/TCP (MODBUS Application Protocol V1.1b3, MODBUS Messaging on TCP/IP V1.0b): who works which unit how.

In: a TCP conversation. Out: a ``Modbus`` for each unit of data: the function, the unit behind the address, exceptions,
and what a device says it is (function 43/14). Registers and coils are never read. The engine hands on each pair of
unit and function once in some minutes: masters ask for the same registers many times a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, ClassVar, Final

from asepsis.kernel.value import value
from asepsis.protocols.fields import facts_of, text, text_or_hex
from asepsis.protocols.framing import Frames
from asepsis.protocols.message import Dissector, Malformed, Result

# Messaging on TCP/IP 3.1.3: transaction, protocol, length, unit.
HEADER_LENGTH_BYTES = 7
# Application Protocol 4.1: an ADU on TCP has at most 260 bytes, of which the length field counts all but six. Some
# makers' own functions (Schneider's UMAS) use longer ones, of about a kilobyte.
LENGTH_LIMIT = 2048
# 255 units times some twenty functions, two sides: a site has a few hundred of them.
REMEMBERED_MESSAGES = 1 << 12

# Application Protocol 5.1.
FUNCTIONS: Final = {
    1: "Read Coils",
    2: "Read Discrete Inputs",
    3: "Read Holding Registers",
    4: "Read Input Registers",
    5: "Write Single Coil",
    6: "Write Single Register",
    7: "Read Exception Status",
    8: "Diagnostics",
    11: "Get Comm Event Counter",
    12: "Get Comm Event Log",
    15: "Write Multiple Coils",
    16: "Write Multiple Registers",
    17: "Report Server ID",
    20: "Read File Record",
    21: "Write File Record",
    22: "Mask Write Register",
    23: "Read/Write Multiple Registers",
    24: "Read FIFO Queue",
    43: "Encapsulated Interface Transport",
}
_WRITES: Final = frozenset((5, 6, 15, 16, 21, 22, 23))
# Application Protocol 7.
EXCEPTIONS: Final = {
    1: "Illegal Function",
    2: "Illegal Data Address",
    3: "Illegal Data Value",
    4: "Server Device Failure",
    5: "Acknowledge",
    6: "Server Device Busy",
    8: "Memory Parity Error",
    10: "Gateway Path Unavailable",
    11: "Gateway Target Device Failed To Respond",
}
# Application Protocol 6.21, and the members of ``Modbus`` that the objects fill. 6 is the user's own name for it.
_OBJECTS: Final = ("vendor_name", "product_code", "revision", "vendor_url", "product_name", "model_name", "application")


@value
class Modbus:
    """One Modbus application data unit."""

    PROTOCOL: ClassVar[str] = "modbus"
    function: str
    unit: int
    """The device behind the address: on a serial line of a gateway, or 0 or 255 for the addressed one itself."""
    from_server: bool | None = None
    exception: str = ""
    writes: bool = False
    """It changes coils, registers or files."""
    server_id: str = ""
    """Answer to Report Server ID: what the maker puts there, as text or in hexadecimal digits."""
    vendor_name: str = ""
    product_code: str = ""
    revision: str = ""
    vendor_url: str = ""
    product_name: str = ""
    model_name: str = ""
    application: str = ""

    @property
    def kind(self) -> str:
        """The function's name."""
        return self.function

    @property
    def sender_is_server(self) -> bool | None:
        """By the form of requests and answers, which some functions share."""
        return self.from_server

    def facts(self) -> dict[str, Any]:
        """All that is said, but the function, which is the kind."""
        return _facts(self)


_facts: Final = facts_of(Modbus, without=("function", "from_server"))


class ModbusStream:
    """One TCP conversation."""

    __slots__ = ("_directions", "_server")

    def __init__(self) -> None:
        self._directions = (Frames(), Frames())
        self._server: int | None = None

    def feed(self, sender: int, data: bytes, *, gap: bool = False) -> Sequence[Result]:
        """Takes the next bytes of one direction."""
        direction = self._directions[sender]
        if direction.is_lost and not gap:
            return ()
        results: list[Result] = [self._read(sender, unit[6], unit[7:]) for unit in direction.take(data, _size, gap=gap)]
        if direction.is_lost and not gap:
            results.append(Malformed(protocol="modbus", where="MBAP header", why="not protocol 0 or no length"))
        return results

    def close(self) -> Sequence[Result]:
        """A unit that is not whole says nothing."""
        return ()

    def _read(self, sender: int, unit: int, pdu: bytes) -> Modbus:
        proved = _from_server(pdu)
        if proved is not None and self._server is None:
            self._server = sender if proved else 1 - sender
        from_server = proved if self._server is None else sender == self._server
        code = pdu[0]
        if from_server and code == 43 and len(pdu) >= 7 and pdu[1] == 14:
            return Modbus(function=FUNCTIONS[43], unit=unit, from_server=True, **_identification(pdu))
        if from_server and code == 17 and len(pdu) > 2:
            return Modbus(function=FUNCTIONS[17], unit=unit, from_server=True, server_id=text_or_hex(pdu[2:]))
        return _plain(unit, code, pdu[1] if code & 0x80 and len(pdu) > 1 else 0, from_server=from_server)


def _size(data: bytes, at: int) -> int:
    """Bytes of the unit at ``at``: 0 where that is not known yet, -1 where none begins."""
    if len(data) - at <= HEADER_LENGTH_BYTES:
        return 0
    length = data[at + 4] << 8 | data[at + 5]
    return -1 if data[at + 2] or data[at + 3] or not 2 <= length <= LENGTH_LIMIT else 6 + length


@lru_cache(maxsize=REMEMBERED_MESSAGES)
def _plain(unit: int, code: int, exception: int, *, from_server: bool | None) -> Modbus:
    plain = code & 0x7F
    return Modbus(
        function=FUNCTIONS.get(plain, f"function {plain}"),
        unit=unit,
        from_server=from_server,
        exception=EXCEPTIONS.get(exception, f"exception {exception}") if code & 0x80 else "",
        # Request and answer alike; a refused write changed nothing.
        writes=code in _WRITES,
    )


def _from_server(pdu: bytes) -> bool | None:
    """Whether the form of a PDU is that of an answer (Application Protocol 6); None where both look alike."""
    code, size = pdu[0], len(pdu)
    if code & 0x80:
        return True
    if 1 <= code <= 4:
        counted = size >= 2 and pdu[1] == size - 2
        if size == 5 and not counted:
            return False
        return True if counted and size != 5 else None
    if code in (15, 16):
        return size == 5
    if code == 23:
        return bool(size >= 2 and pdu[1] == size - 2)
    if code in (7, 11, 12, 17):
        return size > 1
    if code == 43 and size >= 2 and pdu[1] == 14:
        return size >= 7
    return None


def _identification(pdu: bytes) -> dict[str, Any]:
    """Read Device Identification (Application Protocol 6.21): objects of number, length, text."""
    found: dict[str, Any] = {}
    at = 7
    for _ in range(pdu[6]):
        if at + 2 > len(pdu):
            break
        number, length = pdu[at], pdu[at + 1]
        if number < len(_OBJECTS):
            found[_OBJECTS[number]] = text(pdu[at + 2 : at + 2 + length])
        at += 2 + length
    return found


DISSECTOR = Dissector(protocol="modbus", open=ModbusStream)
