"""Makers by the first 24 bits of a MAC address, from the maintained package ``aiooui``.

Its table is read in place (a memory map and a binary search, well under a millisecond) instead of through its
asyncio interface, which costs more to import than a whole small capture to analyse.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from functools import lru_cache
from importlib.util import find_spec
from mmap import ACCESS_READ, mmap
from pathlib import Path

from asepsis.knowledge.table import find

# The layout is documented in aiooui's source: magic, count, count keys, count offsets, then names ended by newline.
_MAGIC = b"OUI1"
_HEADER = struct.Struct("<4sI")

# The registry's own name stands for blocks of 28 and 36 bits, which the 24-bit table cannot tell apart.
_NOBODY = frozenset({"IEEE Registration Authority", "Private"})

LOCALLY_ADMINISTERED = 0x02  # IEEE 802-2014 8.2.2: second bit of the first octet


class VendorPrefixes:
    """The sorted table of prefixes."""

    __slots__ = ("_blob", "_data", "_keys", "_offsets")

    def __init__(self, data: bytes | mmap) -> None:
        magic, count = _HEADER.unpack_from(data)
        keys_end = _HEADER.size + 4 * count
        if magic != _MAGIC or len(data) < keys_end + 4 * count:
            raise ValueError("not a table of vendor prefixes")
        self._data = data
        view = memoryview(data)
        self._keys = view[_HEADER.size : keys_end].cast("I")
        self._offsets = view[keys_end : keys_end + 4 * count].cast("I")
        self._blob = keys_end + 4 * count

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, prefix: int) -> str:
        """The maker's name as registered, or an empty text."""
        place = bisect_left(self._keys, prefix)
        if place == len(self._keys) or self._keys[place] != prefix:
            return ""
        start = self._blob + self._offsets[place]
        end = self._data.find(b"\n", start)
        return self._data[start:end].decode("utf-8", "replace")


@lru_cache(maxsize=1)
def prefixes() -> VendorPrefixes:
    """The table of the installed package; raises ``FileNotFoundError`` or ``ValueError`` when it cannot be read."""
    package = find_spec("aiooui")
    if package is None or package.origin is None:
        raise FileNotFoundError("package aiooui is not installed")
    path = Path(package.origin).with_name("oui.data")
    with path.open("rb") as file:
        return VendorPrefixes(mmap(file.fileno(), 0, access=ACCESS_READ))


@lru_cache(maxsize=1 << 15)
def registered_vendor(mac: str) -> str:
    """The maker that registered the prefix of ``mac`` (``00:09:5c:...``), as registered; empty when nobody did.

    The table ``mac_prefixes`` comes first: it holds blocks of 28 and 36 bits, which the package does not tell apart,
    and what a site knows better. A locally administered address has no maker: its bits are chosen, often at random
    (RFC 9542 2.1).
    """
    try:
        first, prefix = int(mac[:2], 16), int(mac[:8].replace(":", ""), 16)
    except ValueError:
        return ""
    if first & (LOCALLY_ADMINISTERED | 1):
        return ""
    known = find("mac_prefixes", mac)
    if known is not None:
        return known.fact.vendor
    name = prefixes().find(prefix)
    return "" if name in _NOBODY else name


def forget() -> None:
    """Looks up prefixes anew when they are next asked for."""
    registered_vendor.cache_clear()
