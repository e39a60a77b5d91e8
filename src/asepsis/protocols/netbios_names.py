"""NetBIOS names (RFC 1001 14, RFC 1002 4.1): sixteen bytes, written as 32 letters, whose last byte tells the service.

Out of bytes come values; ``nbns`` and ``nbdgm`` read their messages with them. A name of the messenger service is
the name of whoever is logged in: that it was there is kept, the name is not.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from asepsis.kernel.value import value
from asepsis.protocols.fields import wire_name
from asepsis.protocols.masking import MASK, printable

# RFC 1001 14.1: a length byte, 32 letters; behind them the scope as further labels, then a zero.
ENCODED_LENGTH_BYTES = 33
NAME_LENGTH_BYTES = 16
# RFC 1002 4.1: a name with its scope has at most 255 bytes.
NAME_LIMIT_BYTES = 255
# The names of a site, 16 bytes each.
REMEMBERED_NAMES = 8192

MESSENGER: Final = 0x03

# Microsoft knowledge base 163409, "NetBIOS Suffixes (16th Character of the NetBIOS Name)": suffix -> service, of a
# name that one holds alone and of a group's.
_UNIQUE: Final = {
    0x00: "workstation",
    0x03: "messenger",
    0x06: "remote access server",
    0x1B: "domain master browser",
    0x1D: "master browser",
    0x1F: "NetDDE",
    0x20: "file server",
    0x21: "remote access client",
    0x22: "Exchange interchange",
    0x23: "Exchange store",
    0x24: "Exchange directory",
    0x30: "modem sharing server",
    0x31: "modem sharing client",
    0x43: "SMS remote control",
    0x44: "SMS administrator's remote control",
    0x45: "SMS remote chat",
    0x46: "SMS remote transfer",
    0x6A: "Exchange IMC",
    0x87: "Exchange MTA",
    0xBE: "network monitor agent",
    0xBF: "network monitor application",
}
_GROUP: Final = {
    0x00: "domain",
    0x01: "master browsers",
    0x1C: "domain controllers",
    0x1E: "browser elections",
}


@value
class NetbiosName:
    """One name."""

    name: str
    """Without padding; ``#`` where it names a person; ``*`` for any."""
    suffix: int
    """The sixteenth byte."""
    scope: str = ""

    def service(self, *, is_group: bool | None = None) -> str:
        """What the suffix means; of a name that may be one's own or a group's, the first meaning that there is."""
        if is_group is None:
            return _UNIQUE.get(self.suffix) or _GROUP.get(self.suffix, "")
        return (_GROUP if is_group else _UNIQUE).get(self.suffix, "")

    def __str__(self) -> str:
        """``WARD3<20>``, as ``nbtstat`` and Samba write it."""
        return f"{self.name}<{self.suffix:02x}>"


@lru_cache(maxsize=REMEMBERED_NAMES)
def plain_name(octets: bytes) -> NetbiosName:
    """A name out of its sixteen bytes."""
    suffix = octets[15] if len(octets) == NAME_LENGTH_BYTES else 0
    # RFC 1001 14.1 pads with blanks; Microsoft writes 01 02 __MSBROWSE__ 02 for the master browsers.
    name = printable(octets[:15].strip(b" \0\x01\x02"))
    return NetbiosName(name=MASK if suffix == MESSENGER and name else name, suffix=suffix)


def read_encoded(message: bytes, at: int) -> tuple[NetbiosName, int] | None:
    """The name that is written at an offset, and the offset behind it; None where there is none."""
    encoded = message[at + 1 : at + ENCODED_LENGTH_BYTES]
    if len(encoded) < 32 or message[at] != 32:
        return None
    name = _decoded(encoded)
    if name is None:
        return None
    at += ENCODED_LENGTH_BYTES
    scope_at = at
    while at < len(message) and message[at]:
        if message[at] >= 0xC0:  # a scope that was written before
            return (name, at + 2) if at + 2 <= len(message) else None
        at += 1 + message[at]
        if at - scope_at > NAME_LIMIT_BYTES:
            return None
    if at >= len(message):
        return None
    if at > scope_at:
        name = NetbiosName(name=name.name, suffix=name.suffix, scope=wire_name(message[scope_at : at + 1]))
    return name, at + 1


@lru_cache(maxsize=REMEMBERED_NAMES)
def _decoded(letters: bytes) -> NetbiosName | None:
    # RFC 1001 14.1: each half of a byte is a letter from A.
    halves = [letter - 0x41 for letter in letters]
    if min(halves) < 0 or max(halves) > 15:
        return None
    return plain_name(bytes(halves[place] << 4 | halves[place + 1] for place in range(0, 32, 2)))
