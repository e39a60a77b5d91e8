"""Hosts and frames: Ethernet, VLAN, IPv4, IPv6, UDP and TCP, written with ``struct``.

IPv4 header checksums are right. TCP and UDP checksums are zero, as a capture taken at a sender with checksum
offload shows them: no tool measured here looks at them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

Packet: TypeAlias = tuple[int, bytes]
"""Time in microseconds since 1970, and the whole frame."""

Session: TypeAlias = Iterator[Packet]
"""The packets of one session in order of time."""

BROADCAST = b"\xff" * 6
SHORTEST_FRAME = 60  # IEEE 802.3 3.2.8: 64 bytes with the frame check sequence, which captures leave out
SEGMENT = 1460  # TCP payload of a full Ethernet frame
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
SYN_OPTIONS = bytes.fromhex("020405b40103030801010402")  # MSS 1460, window scale 8, SACK permitted

_RANDOM_BYTES = Random(11).randbytes(1 << 20)


@dataclass(slots=True, frozen=True)
class Host:
    """One machine with its addresses. ``vlan`` is 0 on the untagged network."""

    name: str
    mac: bytes
    ip: bytes
    ip6: bytes
    vlan: int


def blob(random: Random, length: int) -> bytes:
    """``length`` bytes that look like pixels or ciphertext; cheap, for they repeat after 1 MiB."""
    start = random.randrange(len(_RANDOM_BYTES))
    out = _RANDOM_BYTES[start : start + length]
    while len(out) < length:
        out += _RANDOM_BYTES[: length - len(out)]
    return out


def _fold(total: int) -> int:
    total = (total & 0xFFFF) + (total >> 16)
    return ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF


class Link:
    """One direction between two addresses: makes frames around IP payloads."""

    def __init__(
        self,
        source: Host,
        destination_mac: bytes,
        destination_ip: bytes,
        *,
        protocol: int,
        vlan: int | None = None,
        source_ip: bytes | None = None,
        ttl: int = 64,
        identification: int = 0,
    ) -> None:
        tag = source.vlan if vlan is None else vlan
        ethernet = destination_mac + source.mac + (struct.pack(">HH", 0x8100, tag) if tag else b"")
        self.protocol = protocol
        self.ttl = ttl
        self.identification = identification
        self.version = 6 if len(destination_ip) == 16 else 4
        if self.version == 6:
            self.addresses = (source.ip6 if source_ip is None else source_ip) + destination_ip
            self.ethernet = ethernet + b"\x86\xdd"
        else:
            self.addresses = (source.ip if source_ip is None else source_ip) + destination_ip
            self.ethernet = ethernet + b"\x08\x00"
            constant = 0x4500 + 0x4000 + (ttl << 8 | protocol)
            self.constant = constant + sum(struct.unpack(">4H", self.addresses))

    def frame(self, payload: bytes) -> bytes:
        """A frame that carries ``payload`` as the IP payload, padded to Ethernet's minimum."""
        if self.version == 6:
            header = struct.pack(">IHBB", 6 << 28, len(payload), self.protocol, self.ttl)
        else:
            length = 20 + len(payload)
            self.identification = (self.identification + 1) & 0xFFFF
            header = struct.pack(
                ">BBHHHBBH",
                0x45,
                0,
                length,
                self.identification,
                0x4000,  # don't fragment
                self.ttl,
                self.protocol,
                _fold(self.constant + length + self.identification),
            )
        out = self.ethernet + header + self.addresses + payload
        if len(out) < SHORTEST_FRAME:
            out += b"\0" * (SHORTEST_FRAME - len(out))
        return out

    def datagram(self, source_port: int, destination_port: int, data: bytes) -> bytes:
        """A frame with one UDP datagram."""
        return self.frame(struct.pack(">HHHH", source_port, destination_port, 8 + len(data), 0) + data)


class Tcp:
    """One TCP connection between two hosts, whose clock ``now`` moves on with every packet."""

    def __init__(
        self,
        random: Random,
        client: Host,
        server: Host,
        server_port: int,
        now: int,
        *,
        ipv6: bool = False,
        round_trip_us: int = 400,
    ) -> None:
        vlan = max(client.vlan, server.vlan)
        first, second = (server.ip6, client.ip6) if ipv6 else (server.ip, client.ip)
        start = random.getrandbits(16)
        self.random = random
        self.now = now
        self.round_trip_us = round_trip_us
        self.links = (
            Link(client, server.mac, first, protocol=6, vlan=vlan, identification=start),
            Link(server, client.mac, second, protocol=6, vlan=vlan, identification=start ^ 0x5555),
        )
        client_port = random.randrange(1024, 65536)
        self.ports = (struct.pack(">HH", client_port, server_port), struct.pack(">HH", server_port, client_port))
        self.sequence = [random.getrandbits(32), random.getrandbits(32)]

    def packet(self, sender: int, flags: int, data: bytes = b"", options: bytes = b"") -> Packet:
        """The next packet; ``sender`` is 0 for the client, 1 for the server."""
        header = self.ports[sender] + struct.pack(
            ">IIBBHHH",
            self.sequence[sender],
            self.sequence[1 - sender] if flags & ACK else 0,
            (5 + len(options) // 4) << 4,
            flags,
            64240,
            0,
            0,
        )
        out = (self.now, self.links[sender].frame(header + options + data))
        used = len(data) + (1 if flags & (SYN | FIN) else 0)
        self.sequence[sender] = (self.sequence[sender] + used) & 0xFFFFFFFF
        self.now += 20 + int(self.random.random() * self.round_trip_us)
        return out

    def open(self) -> Session:
        """The three-way handshake."""
        yield self.packet(0, SYN, options=SYN_OPTIONS)
        yield self.packet(1, SYN | ACK, options=SYN_OPTIONS)
        yield self.packet(0, ACK)

    def send(self, sender: int, data: bytes) -> Session:
        """``data`` in full segments, acknowledged every second segment."""
        sent = 0
        for start in range(0, len(data), SEGMENT):
            last = start + SEGMENT >= len(data)
            yield self.packet(sender, ACK | PSH if last else ACK, data[start : start + SEGMENT])
            sent += 1
            if sent % 2 == 0:
                yield self.packet(1 - sender, ACK)
        if sent % 2:
            yield self.packet(1 - sender, ACK)

    def wait(self, microseconds: int) -> None:
        """Nothing is sent for a while."""
        self.now += microseconds

    def close(self) -> Session:
        """Both sides say that they are done."""
        yield self.packet(0, FIN | ACK)
        yield self.packet(1, FIN | ACK)
        yield self.packet(0, ACK)
