"""Addresses: DHCP (RFC 2131, RFC 2132), ARP (RFC 826), LLDP (IEEE 802.1AB)."""

from __future__ import annotations

import struct
from random import Random

from bench.hospital.net import BROADCAST, SHORTEST_FRAME, Host, Link, Session

DISCOVER, OFFER, REQUEST, ACKNOWLEDGE = 1, 2, 3, 5
EVERYONE, NOBODY = b"\xff" * 4, bytes(4)
LLDP_MAC = bytes.fromhex("0180c200000e")
# vendor class, parameter request list
CLIENTS = (
    (b"MSFT 5.0", bytes((1, 3, 6, 15, 31, 33, 43, 44, 46, 47, 119, 121, 249, 252))),
    (b"dhcpcd-5.5.6:Linux-2.6.35:armv7l", bytes((1, 121, 33, 3, 6, 15, 26, 28, 42, 51, 54, 58, 59, 119))),
    (b"udhcp 1.24.2", bytes((1, 3, 6, 12, 15, 28, 42))),
    (b"Hewlett-Packard JetDirect", bytes((6, 3, 1, 15, 66, 67, 13, 44, 12, 81))),
)


def _option(number: int, content: bytes) -> bytes:
    return bytes((number, len(content))) + content


def dhcp(random: Random, now: int, client: Host, server: Host) -> Session:
    """DISCOVER, OFFER, REQUEST, ACK of one lease."""
    transaction = random.getrandbits(32)
    vendor, wishes = CLIENTS[client.mac[5] % len(CLIENTS)]
    from_client = Link(client, BROADCAST, EVERYONE, protocol=17, source_ip=NOBODY)
    from_server = Link(server, client.mac, client.ip, protocol=17, vlan=client.vlan)
    for kind in (DISCOVER, OFFER, REQUEST, ACKNOWLEDGE):
        asks = kind in (DISCOVER, REQUEST)
        options = _option(53, bytes((kind,)))
        if asks:
            options += _option(61, b"\1" + client.mac) + _option(12, client.name.encode())
            options += _option(60, vendor) + _option(55, wishes)
            if kind == REQUEST:
                options += _option(50, client.ip) + _option(54, server.ip)
        else:
            options += _option(54, server.ip) + _option(51, struct.pack(">I", 86400)) + _option(1, b"\xff\xff\0\0")
        yours = NOBODY if asks else client.ip
        data = struct.pack(
            ">BBBBIHH4s4s4s4s16s64x128x",
            1 if asks else 2, 1, 6, 0, transaction, 0, 0x8000, NOBODY, yours, NOBODY, NOBODY, client.mac,
        )  # fmt: skip
        data = (data + b"\x63\x82\x53\x63" + options + b"\xff").ljust(300, b"\0")
        yield now, from_client.datagram(68, 67, data) if asks else from_server.datagram(67, 68, data)
        now += 1_000 + random.randrange(3_000)


def arp(random: Random, now: int, asker: Host, asked: Host) -> Session:
    """A request, and in two of three cases the reply."""
    tag = struct.pack(">HH", 0x8100, asker.vlan) if asker.vlan else b""
    head = tag + struct.pack(">HHHBB", 0x0806, 1, 0x0800, 6, 4)
    request = BROADCAST + asker.mac + head + struct.pack(">H6s4s6x4s", 1, asker.mac, asker.ip, asked.ip)
    yield now, request.ljust(SHORTEST_FRAME, b"\0")
    if random.random() < 0.67:
        reply = asker.mac + asked.mac + head + struct.pack(">H6s4s6s4s", 2, asked.mac, asked.ip, asker.mac, asker.ip)
        yield now + random.randrange(100, 2_000), reply.ljust(SHORTEST_FRAME, b"\0")


def _tlv(kind: int, content: bytes) -> bytes:
    return struct.pack(">H", kind << 9 | len(content)) + content


def lldp(random: Random, now: int, switch: Host, until: int) -> Session:
    """What a switch says of itself every 30 seconds."""
    content = (
        _tlv(1, b"\4" + switch.mac)
        + _tlv(2, b"\5Gi1/0/%d" % (switch.mac[5] % 48))
        + _tlv(3, struct.pack(">H", 120))
        + _tlv(5, switch.name.encode())
        + _tlv(6, b"Made-up Switch Software, Version 15.2(4)E%d" % (switch.mac[4] % 10))
        + _tlv(7, struct.pack(">HH", 0x14, 0x04))
        + _tlv(8, b"\5\1" + switch.ip + b"\2\0\0\0\1\0")
        + _tlv(0, b"")
    )
    frame = (LLDP_MAC + switch.mac + b"\x88\xcc" + content).ljust(SHORTEST_FRAME, b"\0")
    while now < until:
        yield now, frame
        now += 30_000_000 + random.randrange(-100_000, 100_000)
