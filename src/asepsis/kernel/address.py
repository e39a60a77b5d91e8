"""Hardware and network addresses between the engine's integers and the text that people read.

The engine holds an IPv4 address as one 32-bit number and an IPv6 address as two 64-bit words; a MAC
address is one 48-bit number. Text is made once per address and remembered.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Address

# A hospital's network holds some ten thousand addresses; internet peers add more. 2**17 texts are about 12 MB.
REMEMBERED_ADDRESSES = 1 << 17


@lru_cache(maxsize=REMEMBERED_ADDRESSES)
def mac_text(mac: int) -> str:
    """``0x00095C010203`` -> ``00:09:5c:01:02:03``."""
    digits = f"{mac:012x}"
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))


@lru_cache(maxsize=REMEMBERED_ADDRESSES)
def ip_text(version: int, high: int, low: int) -> str:
    """The usual text of an address; ``high`` is 0 for IPv4; version 0 (no IP) gives an empty text."""
    if version == 4:
        return f"{low >> 24 & 255}.{low >> 16 & 255}.{low >> 8 & 255}.{low & 255}"
    if version == 6:
        return str(IPv6Address(high << 64 | low))
    return ""
