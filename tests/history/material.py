"""Rows and messages for the tests of the history, made by hand: documentation addresses (RFC 5737, RFC 3849)."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import Any, ClassVar

import numpy as np

from asepsis.history.columns import Rows
from asepsis.kernel.time import SECOND_NS
from asepsis.kernel.value import value
from asepsis.protocols.message import Sighting
from asepsis.wire.tables import CONVERSATIONS

NOON = 1_700_049_600 * SECOND_NS
"""2023-11-15T12:00:00Z."""
DAY = 86_400 * SECOND_NS


@value
class Greeting:
    """A message of a protocol that exists in these tests only."""

    PROTOCOL: ClassVar[str] = "greeting"
    words: str
    numbers: tuple[int, ...] = ()

    @property
    def kind(self) -> str:
        return "HELLO"

    @property
    def sender_is_server(self) -> bool | None:
        return None

    def facts(self) -> dict[str, Any]:
        return {"words": self.words, "numbers": list(self.numbers)}


def rows(count: int, *, start_ns: int = NOON, step_ns: int = SECOND_NS) -> Rows:
    """Conversations of one client with one server, one each ``step_ns``."""
    made = np.zeros(count, CONVERSATIONS)
    made["conversation"] = np.arange(count)
    made["start_ns"] = start_ns + np.arange(count) * step_ns
    made["end_ns"] = made["start_ns"] + SECOND_NS
    made["first_packet"] = np.arange(count) * 3 + 1
    made["ip_version"] = 4
    made["ip_protocol"] = 6
    made["client_low"] = int(IPv4Address("192.0.2.10"))
    made["server_low"] = int(IPv4Address("198.51.100.1"))
    made["client_mac"] = 0x00005E005301  # RFC 7042 2.1.2: for documentation
    made["server_mac"] = 0x00005E005302
    made["client_port"] = 40_000 + np.arange(count) % 20_000
    made["server_port"] = 2575
    made["application"] = 15
    made["packets_to_server"] = 2
    made["packets_to_client"] = 1
    made["bytes_to_server"] = 120
    made["bytes_to_client"] = 60
    return made


def set_address(made: Rows, side: str, address: str) -> None:
    """Gives every row one address at its ``client`` or ``server`` side."""
    if ":" in address:
        number = int(IPv6Address(address))
        made["ip_version"] = 6
        made[side + "_high"] = number >> 64
        made[side + "_low"] = number & (1 << 64) - 1
    else:
        made[side + "_low"] = int(IPv4Address(address))


def sighting(words: str = "hello", *, time_ns: int = NOON, packet: int = 1, numbers: Sequence[int] = ()) -> Sighting:
    """One message between the same two."""
    return Sighting(
        message=Greeting(words=words, numbers=tuple(numbers)),
        time_ns=time_ns,
        capture="",
        packet=packet,
        conversation=0,
        source_mac="00:00:5e:00:53:01",
        source_ip="192.0.2.10",
        source_port=40_000,
        destination_mac="00:00:5e:00:53:02",
        destination_ip="198.51.100.1",
        destination_port=2575,
        vlan=7,
    )
