"""The headers of one frame in words, and where its payload begins: to show a packet, and to hide what it carries.

In: a frame as it was captured. Out: layers with their offsets. What is not understood is payload, so that whoever may
not see payloads sees no byte of it. Pure; one packet, not a capture.
"""

from __future__ import annotations

import struct
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from asepsis.kernel.value import value

ETHERNET: Final = 1
RAW_IP: Final = frozenset((12, 14, 101, 228, 229))
LINUX_SLL: Final = 113
MOST_TAGS: Final = 4
"""VLAN tags, and IPv6 extension headers, that are followed."""

_TYPES: Final = {0x0800: "IPv4", 0x86DD: "IPv6", 0x0806: "ARP", 0x88CC: "LLDP", 0x8100: "VLAN", 0x88A8: "VLAN"}
_PROTOCOLS: Final = {1: "ICMP", 2: "IGMP", 6: "TCP", 17: "UDP", 58: "ICMPv6"}
_FLAGS: Final = ((2, "SYN"), (16, "ACK"), (8, "PSH"), (1, "FIN"), (4, "RST"), (32, "URG"))
_EXTENSIONS: Final = frozenset((0, 43, 60))


@value
class Layer:
    """One header, or the payload behind the last one."""

    name: str
    begin: int
    end: int
    """Offsets in the frame; the end is not included."""
    facts: tuple[tuple[str, str], ...] = ()


@value
class Headers:
    """A frame taken apart."""

    layers: tuple[Layer, ...]
    payload: int
    """Where what it carries begins; the frame's length where it carries nothing."""


class _Frame:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.layers: list[Layer] = []
        self.at = 0
        self.end = len(data)
        """Padding of short frames is behind it."""

    def has(self, count: int) -> bool:
        return self.at + count <= self.end

    def add(self, name: str, count: int, *facts: tuple[str, str]) -> None:
        self.layers.append(Layer(name=name, begin=self.at, end=self.at + count, facts=facts))
        self.at += count


def headers_of(data: bytes, link_type: int) -> Headers:
    """Takes the headers of a frame apart.

    Args:
        data: The frame from its first byte.
        link_type: Of the captures' registry.
    """
    frame = _Frame(data)
    if link_type == ETHERNET:
        _ethernet(frame)
    elif link_type in RAW_IP:
        _ip(frame)
    elif link_type == LINUX_SLL and frame.has(16):
        kind = int.from_bytes(data[14:16], "big")
        frame.add("Linux cooked capture", 16, ("Carries", _TYPES.get(kind, f"0x{kind:04x}")))
        _by_type(frame, kind)
    payload = frame.at
    if payload < len(data):
        frame.layers.append(Layer(name="Payload", begin=payload, end=len(data)))
    return Headers(layers=tuple(frame.layers), payload=payload)


def _mac(data: bytes) -> str:
    return data.hex(":")


def _ethernet(frame: _Frame) -> None:
    if not frame.has(14):
        return
    data = frame.data
    kind = int.from_bytes(data[12:14], "big")
    carries = _TYPES.get(kind, f"0x{kind:04x}") if kind >= 0x600 else f"{kind} bytes (IEEE 802.3)"
    frame.add("Ethernet", 14, ("From", _mac(data[6:12])), ("To", _mac(data[:6])), ("Carries", carries))
    _by_type(frame, kind)


def _by_type(frame: _Frame, kind: int) -> None:
    for _ in range(MOST_TAGS):
        if kind not in (0x8100, 0x88A8) or not frame.has(4):
            break
        tag, kind = struct.unpack_from(">HH", frame.data, frame.at)
        frame.add("VLAN tag", 4, ("VLAN", str(tag & 0xFFF)), ("Carries", _TYPES.get(kind, f"0x{kind:04x}")))
    if kind in (0x0800, 0x86DD):
        _ip(frame)
    elif kind == 0x0806:
        _arp(frame)


def _arp(frame: _Frame) -> None:
    """RFC 826, Ethernet and IPv4; another hardware is left as payload."""
    if not frame.has(28):
        return
    at = frame.at
    hardware, protocol, sizes, operation = struct.unpack_from(">HHHH", frame.data, at)
    if (hardware, protocol, sizes) != (1, 0x0800, 0x0604):
        return
    says = {1: "who has", 2: "is at"}.get(operation, str(operation))
    sender, target = IPv4Address(frame.data[at + 14 : at + 18]), IPv4Address(frame.data[at + 24 : at + 28])
    mac = _mac(frame.data[at + 8 : at + 14])
    frame.add("ARP", 28, ("Says", says), ("Sender", f"{sender} at {mac}"), ("Asked for", str(target)))


def _ip(frame: _Frame) -> None:
    if not frame.has(1):
        return
    version = frame.data[frame.at] >> 4
    if version == 4:
        _ipv4(frame)
    elif version == 6:
        _ipv6(frame)


def _ipv4(frame: _Frame) -> None:
    """RFC 791 3.1."""
    at, data = frame.at, frame.data
    size = (data[at] & 15) * 4
    if size < 20 or not frame.has(size):
        return
    total, _, fragment = struct.unpack_from(">HHH", data, at + 2)
    protocol = data[at + 9]
    facts = [("From", str(IPv4Address(data[at + 12 : at + 16]))), ("To", str(IPv4Address(data[at + 16 : at + 20])))]
    facts += [("Carries", _PROTOCOLS.get(protocol, str(protocol))), ("Time to live", str(data[at + 8]))]
    if size <= total:  # segmentation offload writes 0
        frame.end = min(frame.end, at + total)
    if fragment & 0x3FFF:
        facts.append(("Fragment", f"at byte {(fragment & 0x1FFF) * 8}"))
    frame.add("IPv4", size, *facts)
    if not fragment & 0x1FFF:
        _transport(frame, protocol)


def _ipv6(frame: _Frame) -> None:
    """RFC 8200 3 and 4."""
    at, data = frame.at, frame.data
    if not frame.has(40):
        return
    length, protocol, hops = struct.unpack_from(">HBB", data, at + 4)
    facts = [("From", str(IPv6Address(data[at + 8 : at + 24]))), ("To", str(IPv6Address(data[at + 24 : at + 40])))]
    facts += [("Carries", _PROTOCOLS.get(protocol, str(protocol))), ("Hops left", str(hops))]
    if length:
        frame.end = min(frame.end, at + 40 + length)
    frame.add("IPv6", 40, *facts)
    for _ in range(MOST_TAGS):
        if protocol not in _EXTENSIONS or not frame.has(8):
            break
        size = (data[frame.at + 1] + 1) * 8
        if not frame.has(size):
            return
        protocol = data[frame.at]
        frame.add("IPv6 extension", size, ("Carries", _PROTOCOLS.get(protocol, str(protocol))))
    _transport(frame, protocol)


def _transport(frame: _Frame, protocol: int) -> None:
    at, data = frame.at, frame.data
    if protocol == 6 and frame.has(20):  # RFC 9293 3.1
        source, destination, sequence, acknowledged, bits, window = struct.unpack_from(">HHIIHH", data, at)
        size = (bits >> 12) * 4
        if size < 20 or not frame.has(size):
            return
        flags = " ".join(name for bit, name in _FLAGS if bits & bit) or "none"
        facts = (("From port", str(source)), ("To port", str(destination)), ("Flags", flags))
        more = (("Sequence", str(sequence)), ("Acknowledged", str(acknowledged)), ("Window", str(window)))
        frame.add("TCP", size, *facts, *more)
    elif protocol == 17 and frame.has(8):  # RFC 768
        source, destination, length, _ = struct.unpack_from(">HHHH", data, at)
        frame.add("UDP", 8, ("From port", str(source)), ("To port", str(destination)), ("Length", str(length)))
