"""ARP over Ethernet for IPv4 (RFC 826, RFC 5227): who claims which address.

In: the bytes behind EtherType 0x0806. Out: one ``Arp``. Neighbours: ``wire`` hands the frames, ``devices``
ties hardware addresses to network addresses by what is claimed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from struct import Struct
from typing import Any, ClassVar, Final

from asepsis.kernel.address import ip_text, mac_text
from asepsis.kernel.value import value
from asepsis.protocols.message import Dissector, Malformed, Result

# RFC 826: hardware type, protocol type, their address lengths, operation; then two pairs of addresses.
_PACKET = Struct(">HHBBHHIIHII")
_LENGTH_BYTES = 28

# Ethernet and IEEE 802 (RFC 5342 B.2: both carry 48-bit addresses).
_HARDWARE_TYPES = (1, 6)
_IPV4 = 0x0800

# IANA "ARP Parameters", operation codes; 3 to 7 are RARP and DRARP.
_OPERATIONS: Final = {
    1: "REQUEST",
    2: "REPLY",
    3: "RARP REQUEST",
    4: "RARP REPLY",
    8: "INARP REQUEST",
    9: "INARP REPLY",
    10: "NAK",
}

# A host asks for the same few neighbours all day. 8,192 packets of 28 bytes with their messages are about 4 MiB.
REMEMBERED_PACKETS = 8192


@value
class Arp:
    """One ARP packet.

    An address that the sender leaves at zero because it does not know it is an empty text.
    """

    PROTOCOL: ClassVar[str] = "arp"
    operation: str
    """``REQUEST``, ``REPLY``, or, by RFC 5227 1.1, ``PROBE`` (is the address free?) and ``ANNOUNCEMENT`` (it is
    mine); ``GRATUITOUS REPLY`` for a reply about the sender's own address that nobody need have asked for."""
    sender_mac: str
    sender_ip: str
    target_mac: str
    target_ip: str

    @property
    def kind(self) -> str:
        """The operation."""
        return self.operation

    @property
    def sender_is_server(self) -> bool | None:
        """ARP has no servers."""
        return None

    def facts(self) -> dict[str, Any]:
        """The addresses that are filled in."""
        facts = {
            "sender_mac": self.sender_mac,
            "sender_ip": self.sender_ip,
            "target_mac": self.target_mac,
            "target_ip": self.target_ip,
        }
        return {name: address for name, address in facts.items() if address}


def read(payload: bytes) -> Sequence[Result]:
    """Reads one ARP packet; padding of the frame behind it is left alone."""
    return _read(payload[:_LENGTH_BYTES])


@lru_cache(maxsize=REMEMBERED_PACKETS)
def _read(packet: bytes) -> tuple[Result, ...]:
    if len(packet) < _LENGTH_BYTES:
        return (Malformed(protocol="arp", where="packet", why=f"{len(packet)} bytes of {_LENGTH_BYTES}"),)
    (
        hardware,
        protocol,
        hardware_length,
        protocol_length,
        code,
        sender_mac_high,
        sender_mac_low,
        sender_ip,
        target_mac_high,
        target_mac_low,
        target_ip,
    ) = _PACKET.unpack(packet)
    if hardware not in _HARDWARE_TYPES or protocol != _IPV4:
        return ()  # another link or another network protocol: right, but nothing that we tie together
    if hardware_length != 6 or protocol_length != 4:
        why = f"{hardware_length} and {protocol_length} bytes instead of 6 and 4"
        return (Malformed(protocol="arp", where="address lengths", why=why),)
    operation = _OPERATIONS.get(code)
    if operation is None:
        return (Malformed(protocol="arp", where="operation", why=f"code {code} is not assigned"),)
    if code == 1 and not sender_ip:
        operation = "PROBE"  # RFC 5227 1.1
    elif code == 1 and sender_ip == target_ip:
        operation = "ANNOUNCEMENT"  # RFC 5227 1.1
    elif code == 2 and sender_ip == target_ip:
        operation = "GRATUITOUS REPLY"
    sender_mac = sender_mac_high << 32 | sender_mac_low
    target_mac = target_mac_high << 32 | target_mac_low
    return (
        Arp(
            operation=operation,
            sender_mac=mac_text(sender_mac) if sender_mac else "",
            sender_ip=ip_text(4, 0, sender_ip) if sender_ip else "",
            target_mac=mac_text(target_mac) if target_mac else "",
            target_ip=ip_text(4, 0, target_ip) if target_ip else "",
        ),
    )


DISSECTOR = Dissector(protocol="arp", datagram=read)
