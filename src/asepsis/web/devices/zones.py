"""The zone of a network address: the network that it is taken to lie in, for maps and groups."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Final

# A capture does not show masks. Hospitals cut their networks by /24 more often than by anything else, and a /64 is
# what one link has in IPv6 (RFC 4291 2.5.4).
V4_PREFIX: Final = 24
V6_PREFIX: Final = 64
OUTSIDE: Final = "outside"
"""Public addresses: what is not the hospital's."""
GROUPS: Final = "multicast"
"""Multicast and broadcast: said to everybody."""
LOCAL: Final = "link-local"
UNPLACED: Final = "no address"
REMEMBERED: Final = 1 << 16


@lru_cache(REMEMBERED)
def zone_of(address: str) -> str:
    """``10.40.20.121`` -> ``10.40.20.0/24``; one word for what belongs to no network of the hospital's."""
    try:
        found = ip_address(address)
    except ValueError:
        return UNPLACED
    if found.is_multicast or address == "255.255.255.255":
        return GROUPS
    if found.is_unspecified or found.is_loopback:
        return UNPLACED
    if found.is_link_local:
        return LOCAL
    if found.is_global:
        return OUTSIDE
    return str(ip_network((found, V4_PREFIX if found.version == 4 else V6_PREFIX), strict=False))
