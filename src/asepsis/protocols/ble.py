"""Bluetooth LE from the air: who advertises what, who connects to whom, and how they pair (Bluetooth Core 5.4).

In: one link layer packet from its access address on, check sequence included. Out: one ``Ble``. Values of
characteristics are readings of patients and are never read, but for those that name the device.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, ClassVar, Final

from asepsis.kernel.value import value
from asepsis.protocols.ble_names import ADVERTISING_PDUS, IO_CAPABILITIES, PAIRING_FAILURES, pairing_method
from asepsis.protocols.fields import facts_of, mac, text
from asepsis.protocols.message import Dissector, Malformed, Result

ADVERTISING_ACCESS_ADDRESS: Final = b"\xd6\xbe\x89\x8e"
CHECK_LENGTH_BYTES = 3
# Advertising data is at most 255 bytes a packet (Core 6.B.2.3.4.9), a structure at least one.
STRUCTURES_LIMIT = 256
LIST_LIMIT = 16
# A device advertises the same a few times a second: 4,096 packets of at most 300 bytes are 2 MiB.
REMEMBERED_PACKETS = 1 << 12
REMEMBERED_LENGTH_BYTES = 300

# Assigned Numbers 2.3: lists of service UUIDs, their width in bytes.
_UUID_LISTS: Final = {0x02: 2, 0x03: 2, 0x04: 4, 0x05: 4, 0x06: 16, 0x07: 16, 0x14: 2, 0x15: 16, 0x1F: 4}
_SERVICE_DATA: Final = {0x16: 2, 0x20: 4, 0x21: 16}
_BASE_UUID: Final = "-0000-1000-8000-00805f9b34fb"


@value
class Ble:
    """What one packet of Bluetooth LE says of a device."""

    PROTOCOL: ClassVar[str] = "ble"
    packet: str
    """``ADV_IND``, ``SCAN_RSP``, ``CONNECT_IND``, ``Pairing Request``, ``Device Information``, ``Services`` ..."""
    address: str = ""
    """Of the device that is spoken of; empty where that is not known."""
    address_kind: str = ""
    """``public``, ``random static``, ``random resolvable`` or ``random non-resolvable``."""
    peer: str = ""
    name: str = ""
    appearance: int = 0
    """Appearance value (Assigned Numbers 2.6): category * 64 + subcategory."""
    companies: tuple[int, ...] = ()
    """Company identifiers of manufacturer data."""
    services: tuple[str, ...] = ()
    """UUIDs of services, those of Bluetooth SIG as four digits."""
    characteristics: tuple[str, ...] = ()
    manufacturer: str = ""
    model: str = ""
    serial: str = ""
    firmware: str = ""
    hardware: str = ""
    software: str = ""
    io_capability: str = ""
    requirements: tuple[str, ...] = ()
    """Of a pairing: ``bonding``, ``MITM``, ``Secure Connections``, ``keypress``, ``out of band``."""
    method: str = ""
    """How it is proved: ``Just Works`` (not at all), ``Passkey Entry``, ``Numeric Comparison``, ``Out of Band``."""
    key_size_bytes: int = 0
    """The longest encryption key of a pairing side."""
    failure: str = ""
    version: str = ""
    """Of Bluetooth."""
    encrypted: bool = False

    @property
    def kind(self) -> str:
        """The packet's name."""
        return self.packet

    @property
    def sender_is_server(self) -> bool | None:
        """Not told: these packets belong to no conversation."""
        return None

    def facts(self) -> dict[str, Any]:
        """All that is said, but the packet, which is the kind."""
        return _facts(self)


_facts: Final = facts_of(Ble, without=("packet",))


def read(payload: bytes) -> Sequence[Result]:
    """Reads one packet."""
    if len(payload) <= REMEMBERED_LENGTH_BYTES:
        return _remembered(payload)
    return (_malformed("packet", f"{len(payload)} bytes"),)


def _malformed(where: str, why: str) -> Malformed:
    return Malformed(protocol="ble", where=where, why=why)


@lru_cache(maxsize=REMEMBERED_PACKETS)
def _remembered(payload: bytes) -> tuple[Result, ...]:
    if len(payload) < 6 + CHECK_LENGTH_BYTES:
        return (_malformed("packet", f"{len(payload)} bytes"),)
    header, length = payload[4], payload[5]
    # Some sniffers write a byte between header and payload; the length tells.
    padding = len(payload) - 6 - length - CHECK_LENGTH_BYTES
    if padding not in (0, 1):
        return (_malformed("packet", f"a length of {length} in {len(payload)} bytes"),)
    body = payload[6 + padding : 6 + padding + length]
    if payload[:4] == ADVERTISING_ACCESS_ADDRESS:
        return _advertising(header, body)
    if header & 3 != 2 or len(body) < 5 or body[0] | body[1] << 8 != len(body) - 4:
        return ()
    found = channel_message(body[2] | body[3] << 8, body[4:])
    return (Ble(**found),) if found else ()


def _advertising(header: int, body: bytes) -> tuple[Result, ...]:
    """Core 6.B.2.3: type in four bits, TxAdd in bit 6, RxAdd in bit 7."""
    kind = header & 15
    name = ADVERTISING_PDUS.get(kind)
    if name is None:
        return (_malformed("advertising PDU", f"type {kind}"),)
    if kind == 7:  # extended: the address stands behind flags, where it stands at all (Core 6.B.2.3.4)
        return (_extended(header, body),)
    if len(body) < (12 if kind in (1, 3, 5) else 6):
        return (_malformed(name, f"{len(body)} bytes"),)
    if kind in (3, 5):  # the scanner or initiator first, then the advertiser
        said: dict[str, Any] = {**whose(body[6:12], header >> 7 & 1), "peer": address_text(body[:6])}
    else:
        said = whose(body[:6], header >> 6 & 1)
        if kind == 1:
            said["peer"] = address_text(body[6:12])
        else:
            said |= advertised(body[6:])
    return (Ble(packet=name, **said),)


def _extended(header: int, body: bytes) -> Ble:
    if not body:
        return Ble(packet="ADV_EXT_IND")
    length = body[0] & 0x3F
    inside, data = body[1 : 1 + length], body[1 + length :]
    said: dict[str, Any] = {}
    if len(inside) >= 7 and inside[0] & 1:
        said = whose(inside[1:7], header >> 6 & 1)
    return Ble(packet="ADV_EXT_IND", **said, **advertised(data))


def address_text(octets: bytes) -> str:
    """Six bytes, the least significant first (Core 6.B.1.3)."""
    return mac(octets[::-1])


def whose(octets: bytes, random: int) -> dict[str, Any]:
    """A device address and its kind (Core 6.B.1.3.2)."""
    kind = "public"
    if random:
        kind = {3: "random static", 1: "random resolvable", 0: "random non-resolvable"}.get(octets[5] >> 6, "random")
    return {"address": address_text(octets), "address_kind": kind}


def uuid(octets: bytes) -> str:
    """A UUID of 2, 4 or 16 bytes as they stand on the air; those of Bluetooth SIG by their short number."""
    digits = octets[::-1].hex()
    if len(octets) == 16:
        long = f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
        return long[4:8] if long.startswith("0000") and long.endswith(_BASE_UUID) else long
    return digits[4:] if len(digits) == 8 and digits.startswith("0000") else digits


def advertised(octets: bytes) -> dict[str, Any]:
    """What advertising data says (Core 3.C.11, Supplement part A): structures of length, type, data."""
    return _advertised(octets) if len(octets) <= REMEMBERED_LENGTH_BYTES else {}


@lru_cache(maxsize=REMEMBERED_PACKETS)
def _advertised(octets: bytes) -> dict[str, Any]:
    """The same dictionary for the same data: whoever takes it copies it."""
    found: dict[str, Any] = {}
    services: list[str] = []
    companies: list[int] = []
    at = 0
    for _ in range(STRUCTURES_LIMIT):
        if at >= len(octets) or octets[at] == 0:
            break
        kind, body = octets[at + 1 : at + 2], octets[at + 2 : at + 1 + octets[at]]
        at += 1 + octets[at]
        if not kind or at > len(octets):
            break
        number = kind[0]
        if number in _UUID_LISTS:
            width = _UUID_LISTS[number]
            services += [uuid(body[i : i + width]) for i in range(0, len(body) - width + 1, width)]
        elif number in _SERVICE_DATA and len(body) >= _SERVICE_DATA[number]:
            services.append(uuid(body[: _SERVICE_DATA[number]]))
        elif number == 0x09 or (number == 0x08 and "name" not in found):
            found["name"] = text(body)
        elif number == 0x19 and len(body) == 2:
            found["appearance"] = body[0] | body[1] << 8
        elif number == 0xFF and len(body) >= 2:
            companies.append(body[0] | body[1] << 8)
    if services:
        found["services"] = tuple(dict.fromkeys(services))[:LIST_LIMIT]
    if companies:
        found["companies"] = tuple(dict.fromkeys(companies))[:LIST_LIMIT]
    return found


def channel_message(channel: int, body: bytes, request: bytes | None = None) -> dict[str, Any] | None:
    """What an L2CAP message says that needs no other one to be understood; None when it says nothing.

    Args:
        channel: 4 for the attribute protocol, 6 for the security manager (Core 3.A.2.1).
        body: The message behind the L2CAP header.
        request: The Pairing Request that a Pairing Response answers, behind its opcode, where it was seen.
    """
    if not body:
        return None
    if channel == 6:
        return _security(body, request)
    if channel == 4 and body[0] == 0x11 and len(body) > 2:  # Read By Group Type Response (Core 3.F.3.4.4.10)
        size = body[1]
        if size in (6, 20):
            found = [uuid(body[at + 4 : at + size]) for at in range(2, len(body) - size + 1, size)]
            return {"packet": "Services", "services": tuple(found[:LIST_LIMIT])} if found else None
    return None


def _security(body: bytes, request: bytes | None) -> dict[str, Any] | None:
    """Core 3.H.3.5."""
    operation = body[0]
    if operation in (1, 2) and len(body) == 7:
        needs = body[3]
        words = [
            word
            for word, said in (
                ("bonding", needs & 3 == 1),
                ("MITM", needs & 4),
                ("Secure Connections", needs & 8),
                ("keypress", needs & 16),
                ("out of band", body[2] == 1),
            )
            if said
        ]
        return {
            "packet": "Pairing Request" if operation == 1 else "Pairing Response",
            "io_capability": IO_CAPABILITIES[body[1]] if body[1] < len(IO_CAPABILITIES) else "",
            "requirements": tuple(words),
            "key_size_bytes": body[4],
            "method": pairing_method(request, body[1:]) if operation == 2 else "",
        }
    if operation == 5 and len(body) == 2:
        return {"packet": "Pairing Failed", "failure": PAIRING_FAILURES.get(body[1], f"reason {body[1]}")}
    return None


DISSECTOR = Dissector(protocol="ble", datagram=read)
