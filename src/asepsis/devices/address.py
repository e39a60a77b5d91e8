"""What an address says by itself: how far it reaches, whether a MAC address names a maker, a router or a group."""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

import numpy as np
from numpy.typing import NDArray

# As many as asepsis.kernel.address remembers, and for the same reason.
REMEMBERED_ADDRESSES = 1 << 17


class Reach(IntEnum):
    """How far an IP address reaches."""

    NONE = 0
    """No address, ``0.0.0.0``, ``::`` or no text of an address."""
    LOOPBACK = 1
    LINK = 2
    """Link-local: ``169.254.0.0/16`` (RFC 3927), ``fe80::/10`` (RFC 4291)."""
    PRIVATE = 3
    """RFC 1918, and ``fc00::/7`` (RFC 4193)."""
    PUBLIC = 4
    GROUP = 5
    """Multicast or broadcast: many listeners, no device."""


@lru_cache(maxsize=REMEMBERED_ADDRESSES)
def reach(ip: str) -> Reach:
    """How far the address in ``ip`` reaches; ``reaches`` holds the same rules for columns, and a test compares them."""
    if ":" not in ip:
        # The standard library takes five times as long, and ten thousand addresses come in a second.
        octets = ip.split(".")
        if len(octets) != 4 or not all(map(_is_octet, octets)):
            return Reach.NONE
        first, second = int(octets[0]), int(octets[1])
        return _reach_of_ipv4(first, second)
    try:
        value = int(IPv6Address(ip))
    except ValueError:
        return Reach.NONE
    if value <= 1:
        return Reach.LOOPBACK if value else Reach.NONE
    top = value >> 112
    if top >> 8 == 0xFF:
        return Reach.GROUP
    if top >> 6 == 0xFE80 >> 6:
        return Reach.LINK
    return Reach.PRIVATE if top >> 9 == 0xFC00 >> 9 or top >> 6 == 0xFEC0 >> 6 else Reach.PUBLIC


def _is_octet(text: str) -> bool:
    return text.isdecimal() and len(text) < 4 and int(text) < 256


def _reach_of_ipv4(first: int, second: int) -> Reach:
    if first >= 224:
        return Reach.GROUP
    if first == 127:
        return Reach.LOOPBACK
    if first == 10 or (first == 172 and second >> 4 == 1) or (first == 192 and second == 168):
        return Reach.PRIVATE
    if first == 169 and second == 254:
        return Reach.LINK
    return Reach.PUBLIC if first else Reach.NONE


def reaches(version: NDArray[np.uint8], high: NDArray[np.uint64], low: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """The reach of each address of a column; the same rules as ``reach``, a million addresses at a time."""
    result = np.zeros(len(version), np.uint8)
    four = version == 4
    first, second = (low >> np.uint64(24)).astype(np.uint16), (low >> np.uint64(16) & np.uint64(255)).astype(np.uint16)
    result[four] = Reach.PUBLIC
    private = (first == 10) | ((first == 172) & (second >> 4 == 1)) | ((first == 192) & (second == 168))
    result[four & private] = Reach.PRIVATE
    result[four & (first == 169) & (second == 254)] = Reach.LINK
    result[four & (first == 127)] = Reach.LOOPBACK
    # 224.0.0.0/4 is multicast, 240.0.0.0/4 is reserved and holds the limited broadcast address.
    result[four & (first >= 224)] = Reach.GROUP
    # "This network" (RFC 1122 3.2.1.3) is nobody's address.
    result[four & (first == 0)] = Reach.NONE
    six = version == 6
    if six.any():
        result[six] = Reach.PUBLIC
        top = (high >> np.uint64(48)).astype(np.uint32)
        result[six & (top >> 9 == 0xFC00 >> 9)] = Reach.PRIVATE
        result[six & (top >> 6 == 0xFE80 >> 6)] = Reach.LINK
        result[six & (top >> 6 == 0xFEC0 >> 6)] = Reach.PRIVATE  # site-local, deprecated by RFC 3879
        result[six & (top >> 8 == 0xFF)] = Reach.GROUP
        result[six & (high == 0) & (low == 1)] = Reach.LOOPBACK
        result[six & (high == 0) & (low == 0)] = Reach.NONE
    return result


# Broadcast, and the loopback assistance of the configuration testing protocol (IEEE 802 group addresses, CF-00-00).
_HIGH_GROUPS = ("ff:ff:ff", "cf:00:00")


def is_group(mac: str) -> bool:
    """True for multicast and broadcast MAC addresses (IEEE 802-2014 8.2.1: the first bit on the wire).

    Bluetooth has no such bit: a static random address has its two highest bits set, and any others (Core 6.B.1.3.2.1).
    Of Ethernet's groups only those of ``_HIGH_GROUPS`` lie there.
    """
    if not mac or not int(mac[1], 16) & 1:
        return False
    return mac[0] not in "cdef" or mac.startswith(_HIGH_GROUPS)


def is_random(mac: str) -> bool:
    """True for locally administered addresses: chosen by software, often at random, of no maker."""
    return bool(mac) and bool(int(mac[1], 16) & 2)


# Addresses that redundant routers share. RFC 9568 7.3 (VRRP), RFC 2281 5 (HSRP), Cisco's published ranges for HSRPv2
# and GLBP.
_ROUTER_PREFIXES = (
    ("00:00:5e:00:01:", "VRRP"),
    ("00:00:5e:00:02:", "VRRP"),
    ("00:00:0c:07:ac:", "HSRP"),
    ("00:00:0c:9f:f", "HSRP"),
    ("00:05:73:a0:0", "HSRP"),
    ("00:07:b4:00:", "GLBP"),
)


_ROUTER_STARTS = tuple(prefix for prefix, _ in _ROUTER_PREFIXES)


def virtual_router(mac: str) -> str:
    """The redundancy protocol whose shared router address ``mac`` is, or an empty text."""
    if not mac.startswith(_ROUTER_STARTS):
        return ""
    for prefix, protocol in _ROUTER_PREFIXES:
        if mac.startswith(prefix):
            return protocol
    return ""


def embedded_mac(ip: str) -> str:
    """The MAC address inside an IPv6 address made by modified EUI-64 (RFC 4291 appendix A), or an empty text."""
    return _embedded_mac(ip) if ":" in ip else ""


@lru_cache(maxsize=REMEMBERED_ADDRESSES)
def _embedded_mac(ip: str) -> str:
    try:
        octets = IPv6Address(ip).packed[8:]
    except ValueError:
        return ""
    if octets[3:5] != b"\xff\xfe":
        return ""
    mac = bytes((octets[0] ^ 2, *octets[1:3], *octets[5:8])).hex(":")
    # An inverted universal bit that says "local" is more likely a random number than an address.
    return "" if is_random(mac) or is_group(mac) else mac


@lru_cache(maxsize=REMEMBERED_ADDRESSES)
def address_key(ip: str) -> tuple[int, int]:
    """Sorts addresses as people count: IPv4 first, then by number."""
    try:
        address = ip_address(ip)
    except ValueError:
        return (9, 0)
    return (address.version, int(address))
