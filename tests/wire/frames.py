"""Builds frames and captures by hand for the engine's tests; every layout cites its standard in the engine itself."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from ipaddress import ip_address

MAC_A = bytes.fromhex("00095c000001")
MAC_B = bytes.fromhex("00e0c5000002")
SYN, ACK, FIN, RST, PSH = 2, 16, 1, 4, 8


def ethernet(payload: bytes, ethertype: int = 0x0800, *, source: bytes = MAC_A, destination: bytes = MAC_B) -> bytes:
    return destination + source + struct.pack(">H", ethertype) + payload


def vlan(payload: bytes, number: int, ethertype: int = 0x0800) -> bytes:
    """What stands behind the EtherType 0x8100 or 0x88A8."""
    return struct.pack(">HH", number, ethertype) + payload


def ipv4(
    payload: bytes,
    source: str = "10.0.0.1",
    destination: str = "10.0.0.2",
    protocol: int = 6,
    *,
    ident: int = 1,
    fragment: int = 0,
    options: bytes = b"",
    total: int | None = None,
    ttl: int = 64,
) -> bytes:
    header = 20 + len(options)
    return (
        struct.pack(
            ">BBHHHBBH4s4s",
            0x40 | header // 4,
            0,
            header + len(payload) if total is None else total,
            ident,
            fragment,
            ttl,
            protocol,
            0,
            ip_address(source).packed,
            ip_address(destination).packed,
        )
        + options
        + payload
    )


def ipv6(payload: bytes, source: str = "fd00::1", destination: str = "fd00::2", protocol: int = 6) -> bytes:
    return (
        struct.pack(">IHBB", 6 << 28, len(payload), protocol, 64)
        + ip_address(source).packed
        + ip_address(destination).packed
        + payload
    )


def tcp(
    data: bytes = b"", source: int = 40000, destination: int = 5000, *, seq: int = 0, ack: int = 0, flags: int = ACK
) -> bytes:
    return struct.pack(">HHIIBBHHH", source, destination, seq & 0xFFFFFFFF, ack, 5 << 4, flags, 8192, 0, 0) + data


def udp(data: bytes = b"", source: int = 40000, destination: int = 5000) -> bytes:
    return struct.pack(">HHHH", source, destination, 8 + len(data), 0) + data


def pcap(
    frames: Iterable[bytes | tuple[int, bytes]],
    *,
    link: int = 1,
    order: str = "<",
    nanoseconds: bool = False,
    snap: int = 65535,
) -> bytes:
    """A capture; a frame alone comes one millisecond after the one before, with a time in nanoseconds at that time."""
    magic = 0xA1B23C4D if nanoseconds else 0xA1B2C3D4
    out = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, snap, link)]
    time_ns = 1_700_000_000_000_000_000
    for frame in frames:
        if isinstance(frame, tuple):
            time_ns, frame = frame
        else:
            time_ns += 1_000_000
        fraction = time_ns % 1_000_000_000
        out.append(
            struct.pack(
                order + "IIII",
                time_ns // 1_000_000_000,
                fraction if nanoseconds else fraction // 1000,
                min(len(frame), snap),
                len(frame),
            )
        )
        out.append(frame[:snap])
    return b"".join(out)


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    """A pcapng block: type, length, body padded to 32 bits, length."""
    body += bytes(-len(body) % 4)
    return struct.pack(order + "II", kind, len(body) + 12) + body + struct.pack(order + "I", len(body) + 12)


def option(code: int, content: bytes, order: str = "<") -> bytes:
    return struct.pack(order + "HH", code, len(content)) + content + bytes(-len(content) % 4)


def section(order: str = "<") -> bytes:
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def interface(link: int = 1, *, snap: int = 0, options: bytes = b"", order: str = "<") -> bytes:
    return block(1, struct.pack(order + "HHI", link, 0, snap) + options, order)


def enhanced(frame: bytes, ticks: int, number: int = 0, order: str = "<") -> bytes:
    head = struct.pack(order + "IIIII", number, ticks >> 32, ticks & 0xFFFFFFFF, len(frame), len(frame))
    return block(6, head + frame, order)


def conversation_frames(
    segments: Sequence[tuple[int, int, bytes]], *, ports: tuple[int, int] = (40000, 5000), syn: bool = True
) -> list[bytes]:
    """TCP frames of (direction, sequence offset, data); both sides' first data byte has offset 0, the ISN is 1 less."""
    initial = (0xFFFFFF00, 5000)  # the client's numbers wrap around soon
    frames = []
    if syn:
        frames.append(ethernet(ipv4(tcp(b"", *ports, seq=initial[0] - 1, flags=SYN))))
        answer = ipv4(tcp(b"", *ports[::-1], seq=initial[1] - 1, flags=SYN | ACK), "10.0.0.2", "10.0.0.1")
        frames.append(ethernet(answer, source=MAC_B, destination=MAC_A))
    for direction, offset, data in segments:
        if direction == 0:
            frames.append(ethernet(ipv4(tcp(data, *ports, seq=initial[0] + offset, flags=ACK | PSH))))
        else:
            reply = ipv4(tcp(data, *ports[::-1], seq=initial[1] + offset, flags=ACK | PSH), "10.0.0.2", "10.0.0.1")
            frames.append(ethernet(reply, source=MAC_B, destination=MAC_A))
    return frames
