"""What both sides of the comparison are brought to: packets and bytes of each direction by innermost 5-tuple."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

End: TypeAlias = tuple[int, int, int]
"""IP version, address as a number, port."""


class Key(NamedTuple):
    """A conversation regardless of who began: the lower end first."""

    protocol: int
    low: End
    high: End


class Counts(NamedTuple):
    """Packets and bytes from the lower end and from the higher end."""

    packets_low: int = 0
    packets_high: int = 0
    bytes_low: int = 0
    bytes_high: int = 0


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet as a direction within a conversation."""

    protocol: int
    source: End
    destination: End

    @property
    def key(self) -> Key:
        """Its conversation."""
        return Key(self.protocol, *sorted((self.source, self.destination)))


def add(table: dict[Key, Counts], packet: Packet, packets: int, size: int) -> None:
    """Counts ``packets`` packets of together ``size`` bytes in the direction of ``packet``."""
    key = packet.key
    before = table.get(key, Counts())
    if packet.source == key.low:
        table[key] = before._replace(packets_low=before.packets_low + packets, bytes_low=before.bytes_low + size)
    else:
        table[key] = before._replace(packets_high=before.packets_high + packets, bytes_high=before.bytes_high + size)
