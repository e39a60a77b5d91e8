"""A central station's emulator of our own for Philips' data export: hears monitors, associates, polls numerics.

``python intellivue_client.py SECONDS``: polls every monitor that says it is there, every so many seconds.
"""

from __future__ import annotations

import select
import socket
import sys
import time

from mder import listed, octets, u16, u32

pause = float(sys.argv[1])
ANNOUNCE_PORT, PORT = 24005, 24105
LARGEST_DATAGRAM_BYTES = 2048
MDS = u16(33, 0, 0)


def request() -> bytes:
    """Association Request: a client, started cold."""
    information = u32(0x80000000, 0x40000000, 0, 0x80000000, 0x20000000) + listed() + listed()
    body = bytes.fromhex("0508130100160102800014020002c100be80288002010281")
    content = body + bytes((len(information),)) + information + bytes(16)
    return bytes((0x0D, len(content))) + content


def operation(kind: int, invoke: int, command: int, content: bytes) -> bytes:
    """Session header, remote operation, command."""
    return bytes.fromhex("e1000002") + u16(kind) + octets(u16(invoke, command) + octets(content))


heard = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
heard.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
heard.bind(("0.0.0.0", ANNOUNCE_PORT))
asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asking.bind(("0.0.0.0", 0))
associated: dict[str, float] = {}
number = 0
while True:
    for ready in select.select([heard, asking], [], [], 0.5)[0]:
        said, (host, _) = ready.recvfrom(LARGEST_DATAGRAM_BYTES)
        if ready is heard and host not in associated:
            associated[host] = time.monotonic() + pause
            asking.sendto(request(), (host, PORT))
        elif ready is asking and said[:6] == bytes.fromhex("e10000020001"):
            asking.sendto(operation(2, 1, 1, MDS + u32(0) + u16(3334) + octets(b"")), (host, PORT))
    for host, due in associated.items():
        if time.monotonic() >= due:
            associated[host] = time.monotonic() + pause
            number = number % 60000 + 1
            poll = MDS + u32(0) + u16(3094) + octets(u16(number, 1, 6, 0))
            asking.sendto(operation(1, number, 7, poll), (host, PORT))
