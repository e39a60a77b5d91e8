"""CDP, Cisco's discovery protocol: what a switch, a router or a phone says of itself to its neighbour.

In: the bytes behind the SNAP header of Cisco's protocol 0x2000. Out: one ``Cdp``. There is no public standard; the
layout is what Cisco documents ("Cisco Discovery Protocol Version 2", LAN switching configuration guides) and what
tshark and tcpdump read. Neighbours: ``lldp`` says the same in IEEE's words.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, ClassVar, Final

from asepsis.kernel.value import value
from asepsis.protocols.fields import facts_of, ip, text, text_or_hex
from asepsis.protocols.message import Dissector, Malformed, Result

# A frame holds some twenty TLVs.
TLVS_LIMIT = 64
ADDRESSES_LIMIT = 32
# A sender repeats itself every 60 seconds, byte by byte. 1,024 frames of at most 1,500 bytes stay under 4 MiB.
REMEMBERED_FRAMES = 1024
REMEMBERED_LENGTH_BYTES = 1500

_HEADER_LENGTH_BYTES = 4

# Bit 0 first.
_CAPABILITIES: Final = (
    "router",
    "transparent bridge",
    "source-route bridge",
    "switch",
    "host",
    "IGMP capable",
    "repeater",
    "VoIP phone",
    "remotely managed device",
    "CVTA phone port",
    "two-port MAC relay",
)
# Protocol type 1 (NLPID) with 0xCC is IPv4; type 2 (802.2) with this SNAP header is IPv6.
_IPV4 = b"\xcc"
_IPV6 = b"\xaa\xaa\x03\x00\x00\x00\x86\xdd"


@value
class Cdp:
    """One CDP announcement. Texts are empty and tuples too where the sender does not say."""

    PROTOCOL: ClassVar[str] = "cdp"
    version: int
    ttl_seconds: int
    device_id: str = ""
    """The host name, a serial number, or ``SEP`` with the hardware address of a phone."""
    port_id: str = ""
    platform: str = ""
    """The product: ``cisco WS-C2960X-48FPS-L``."""
    software_version: str = ""
    """What the sender says of its software, mostly several lines."""
    capabilities: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    management_addresses: tuple[str, ...] = ()
    vtp_domain: str = ""
    native_vlan: int = 0
    voice_vlan: int = 0
    """Which VLAN a phone at this port shall use; 0 where none is said."""
    duplex: str = ""
    """``full`` or ``half``."""
    power_milliwatts: int = 0
    """What the sender draws from the cable."""
    mtu_bytes: int = 0
    system_name: str = ""
    location: str = ""

    @property
    def kind(self) -> str:
        """``ANNOUNCEMENT``, or ``SHUTDOWN`` for a lifetime of 0."""
        return "ANNOUNCEMENT" if self.ttl_seconds else "SHUTDOWN"

    @property
    def sender_is_server(self) -> bool | None:
        """CDP has no servers."""
        return None

    def facts(self) -> dict[str, Any]:
        """All that is said."""
        return _facts(self)


_facts: Final = facts_of(Cdp)


def read(payload: bytes) -> Sequence[Result]:
    """Reads one announcement; what is understood before a malformed TLV is kept."""
    return _remembered(payload) if len(payload) <= REMEMBERED_LENGTH_BYTES else _read(payload)


def _read(payload: bytes) -> tuple[Result, ...]:
    if len(payload) < _HEADER_LENGTH_BYTES:
        return (_malformed("header", f"{len(payload)} bytes of {_HEADER_LENGTH_BYTES}"),)
    if payload[0] not in (1, 2):
        return (_malformed("version", f"{payload[0]} is none"),)
    found: dict[str, Any] = {"version": payload[0], "ttl_seconds": payload[1]}
    malformed = _read_tlvs(payload, found)
    if malformed and len(found) == 2:
        return (malformed,)
    message = Cdp(**found)
    return (message, malformed) if malformed else (message,)


_remembered = lru_cache(maxsize=REMEMBERED_FRAMES)(_read)


def _malformed(where: str, why: str) -> Malformed:
    return Malformed(protocol="cdp", where=where, why=why)


def _read_tlvs(payload: bytes, found: dict[str, Any]) -> Malformed | None:
    at, end = _HEADER_LENGTH_BYTES, len(payload)
    for _ in range(TLVS_LIMIT):
        if at + 4 > end:
            return None
        tlv_type, length = payload[at] << 8 | payload[at + 1], payload[at + 2] << 8 | payload[at + 3]
        if tlv_type == 0 and length == 0:
            return None  # the padding of a short frame
        # The length counts its own header.
        if length < 4 or at + length > end:
            return _malformed(f"TLV type {tlv_type}", f"{length} bytes said, {end - at} left")
        _read_tlv(tlv_type, payload[at + 4 : at + length], found)
        at += length
    return None


def _read_tlv(tlv_type: int, body: bytes, found: dict[str, Any]) -> None:
    """Adds what a TLV says to ``found``; one that is too short says nothing."""
    match tlv_type:
        case 0x01:
            found["device_id"] = text_or_hex(body)
        case 0x02:
            found["addresses"] = _addresses(body)
        case 0x03:
            found["port_id"] = text(body)
        case 0x04 if len(body) >= 4:
            bits = int.from_bytes(body[:4], "big")
            found["capabilities"] = tuple(name for bit, name in enumerate(_CAPABILITIES) if bits >> bit & 1)
        case 0x05:
            found["software_version"] = text(body)
        case 0x06:
            found["platform"] = text(body)
        case 0x09:
            found["vtp_domain"] = text(body)
        case 0x0A if len(body) >= 2:
            found["native_vlan"] = body[0] << 8 | body[1]
        case 0x0B if body:
            found["duplex"] = "full" if body[0] else "half"
        case 0x0E if len(body) >= 3:
            found["voice_vlan"] = body[1] << 8 | body[2]
        case 0x10 if len(body) >= 2:
            found["power_milliwatts"] = body[0] << 8 | body[1]
        case 0x11 if len(body) >= 4:
            found["mtu_bytes"] = int.from_bytes(body[:4], "big")
        case 0x14:
            found["system_name"] = text(body)
        case 0x16:
            found["management_addresses"] = _addresses(body)
        case 0x17:
            found["location"] = text(body[1:])


def _addresses(body: bytes) -> tuple[str, ...]:
    """The IP addresses of an address TLV, as far as it is whole: type and length of a protocol, it; length, address."""
    found: list[str] = []
    at = 4
    for _ in range(min(int.from_bytes(body[:4], "big"), ADDRESSES_LIMIT)):
        if at + 2 > len(body):
            break
        protocol = body[at + 2 : at + 2 + body[at + 1]]
        at += 2 + body[at + 1]
        length = int.from_bytes(body[at : at + 2], "big")
        address = body[at + 2 : at + 2 + length]
        at += 2 + length
        if len(address) == (4 if protocol == _IPV4 else 16 if protocol == _IPV6 else 0):
            written = ip(address)
            if written:
                found.append(written)
    return tuple(found)


DISSECTOR = Dissector(protocol="cdp", datagram=read)
