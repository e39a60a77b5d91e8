"""A made-up ward for tests: messages and conversations in few words. Addresses and names are invented.

Prefixes of hardware addresses are facts of the IEEE RA public listing (MA-L): 00:09:5c Philips Medical Systems,
00:03:b1 ICU Medical, 00:00:0c Cisco, 00:0c:29 VMware, 00:17:88 Philips Lighting.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from asepsis.devices.device import Device
from asepsis.devices.fold import fold
from asepsis.devices.observe import Observer
from asepsis.devices.observed import Observed
from asepsis.kernel.time import SECOND_NS
from asepsis.protocols.arp import Arp
from asepsis.protocols.dhcp import Dhcp
from asepsis.protocols.message import Message, Sighting
from asepsis.wire.applications import codes
from asepsis.wire.tables import CONVERSATIONS

NOON = 1_700_000_000 * SECOND_NS
MONITOR = "00:09:5c:00:00:01"
PUMP = "00:03:b1:00:00:02"
ROUTER = "00:00:0c:00:00:fe"
PC = "00:0c:29:00:00:03"
PHONE_MONDAY, PHONE_TUESDAY = "02:11:22:33:44:55", "da:a1:19:01:02:03"


def sighting(
    message: Message,
    mac: str = "",
    ip: str = "",
    *,
    to_mac: str = "",
    to_ip: str = "",
    at: float = 0.0,
    packet: int = 1,
) -> Sighting:
    """A message as the pipeline hands it over; ``at`` is in seconds after noon."""
    return Sighting(
        message=message,
        time_ns=NOON + int(at * SECOND_NS),
        capture="",
        packet=packet,
        conversation=-1,
        source_mac=mac,
        source_ip=ip,
        source_port=0,
        destination_mac=to_mac,
        destination_ip=to_ip,
        destination_port=0,
        vlan=0,
    )


def arp(mac: str, ip: str, *, at: float = 0.0) -> Sighting:
    """``mac`` says that it has ``ip`` (RFC 826)."""
    return sighting(Arp(operation="REPLY", sender_mac=mac, sender_ip=ip, target_mac="", target_ip=""), mac, at=at)


def lease(mac: str, ip: str, *, server: str = "10.0.0.2", at: float = 0.0, by: str = "00:0c:29:00:00:99") -> Sighting:
    """A DHCP server confirms an address (RFC 2131)."""
    said = Dhcp(message_type="ACK", is_reply=True, client_mac=mac, your_ip=ip, server_id=server)
    return sighting(said, by, server, to_mac=mac, to_ip=ip, at=at)


def request(mac: str, *, at: float = 0.0, **said: Any) -> Sighting:
    """A DHCP client asks."""
    return sighting(Dhcp(message_type="REQUEST", is_reply=False, client_mac=mac, **said), mac, "0.0.0.0", at=at)


def _number(mac: str) -> int:
    return int(mac.replace(":", ""), 16) if mac else 0


def _words(ip: str) -> tuple[int, int, int]:
    from ipaddress import ip_address

    address = ip_address(ip)
    value = int(address)
    return (4, 0, value) if address.version == 4 else (6, value >> 64, value & 0xFFFF_FFFF_FFFF_FFFF)


def conversation(
    client: tuple[str, str],
    server: tuple[str, str],
    port: int = 80,
    *,
    application: str = "",
    at: float = 0.0,
    lasts: float = 1.0,
    answered: bool = True,
    refused: bool = False,
    ttl: tuple[int, int] = (64, 64),
    udp: bool = False,
    tunnel: int = 0,
    packet: int = 1,
) -> NDArray[np.void]:
    """One row of ``CONVERSATIONS``; ends are (hardware address, network address)."""
    row = np.zeros(1, CONVERSATIONS)
    version, row["client_high"], row["client_low"] = _words(client[1])
    _, row["server_high"], row["server_low"] = _words(server[1])
    row["client_mac"], row["server_mac"] = _number(client[0]), _number(server[0])
    row["ip_version"] = version
    row["ip_protocol"] = 17 if udp else 6
    row["client_port"], row["server_port"] = 40000, port
    row["start_ns"] = NOON + int(at * SECOND_NS)
    row["end_ns"] = NOON + int((at + lasts) * SECOND_NS)
    row["first_packet"] = packet
    row["packets_to_server"] = 3
    row["packets_to_client"] = 2 if answered or refused else 0
    row["ttl_client"], row["ttl_server"] = ttl[0], ttl[1] if answered or refused else 0
    row["tcp_flags_client"] = 0 if udp else 0x1B if answered else 0x02
    row["tcp_flags_server"] = 0 if udp else 0x14 if refused else 0x1B if answered else 0
    row["application"] = codes()[application] if application else 0
    row["application_by"] = 1 if application else 0
    row["tunnel"] = tunnel
    return row


def observed(*seen: Sighting | NDArray[np.void], site: str = "north", capture: str = "capture") -> Observed:
    """What an observer makes of messages and conversations."""
    observer = Observer(site=site, capture=capture)
    for one in seen:
        if isinstance(one, Sighting):
            observer.message(one._replace(capture=capture))
        else:
            observer.conversations(one)
    return observer.observed()


def devices(*seen: Sighting | NDArray[np.void]) -> list[Device]:
    """The devices that follow."""
    return list(fold(observed(*seen)).devices)


def one(*seen: Sighting | NDArray[np.void]) -> Device:
    """The only device that follows."""
    (found,) = devices(*seen)
    return found


def by_mac(found: list[Device], mac: str) -> Device:
    """The device with a hardware address."""
    (device,) = [device for device in found if mac in device.macs]
    return device


def by_ip(found: list[Device], ip: str) -> Device:
    """The device that holds a network address."""
    (device,) = [device for device in found if ip in device.ips]
    return device


def said(device: Device, attribute: str) -> set[tuple[str, str]]:
    """(value, protocol) of the evidence for an attribute."""
    return {(reason.value, reason.protocol) for reason in device.evidence if reason.attribute == attribute}
