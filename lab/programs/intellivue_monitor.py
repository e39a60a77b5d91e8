"""A bedside monitor's emulator of our own, from Philips' public "IntelliVue Data Export Interface Programming Guide".

``python intellivue_monitor.py MAC MODEL SERIAL FIRMWARE BED``: says to the segment that it is there, takes one
association at a time, says what it is, and answers polls of numerics. It measures nobody.
"""

from __future__ import annotations

import fcntl
import random
import select
import socket
import struct
import sys
import time

from mder import attribute, listed, octets, text, u16, u32

mac, model, serial, firmware, bed = sys.argv[1:]
ANNOUNCE_PORT, PORT = 24005, 24105
SIOCGIFADDR = 0x8915  # linux/sockios.h
ANNOUNCE_SECONDS = 10.0
LARGEST_DATAGRAM_BYTES = 2048
MDS = u16(33, 0, 0)  # NOM_MOC_VMS_MDS, its context and handle
LABEL = octets(bed.encode("utf-16-be") + b"\0\0")
NUMERICS = ((1, 0x4182, 0x0AA0, 60, 99), (2, 0x4BB8, 0x0220, 93, 100), (3, 0x500A, 0x0AE0, 10, 20))
"""Handle, code and unit of the nomenclature, and between what the invented value lies."""
chance = random.Random(serial)

SYSTEM = (
    attribute(0x0984, octets(bytes.fromhex(mac.replace(":", "")) + b"\0\0")),
    attribute(0x0986, u16(1, 4429)),
    attribute(0x0928, text("Philips") + text(model)),
    attribute(0x092D, listed(u16(1, 8) + text(serial), u16(4, 0x58) + text(firmware))),
)


def own_address() -> bytes:
    """The address of eth0, as soon as it has one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        while True:
            try:
                return fcntl.ioctl(asked, SIOCGIFADDR, struct.pack("256s", b"eth0"))[20:24]
            except OSError:
                time.sleep(0.5)


def now() -> int:
    """Relative time, in eighths of a millisecond."""
    return int(time.monotonic() * 8000) & 0xFFFFFFFF


def report(event: int, content: bytes) -> bytes:
    """An event report's argument."""
    return MDS + u32(now()) + u16(event) + octets(content)


def operation(kind: int, invoke: int, command: int, content: bytes) -> bytes:
    """Session header, remote operation, command."""
    return bytes.fromhex("e1000002") + u16(kind) + octets(u16(invoke, command) + octets(content))


def indication() -> bytes:
    """Connect Indication, to everybody."""
    where = (
        attribute(0xF135, LABEL[2:]),
        attribute(0xF100, bytes.fromhex(mac.replace(":", "")) + own_address() + b"\xff\xff\xff\0"),
        attribute(0xF101, listed(u16(1, 1, PORT, 0))),
    )
    inner = u16(0, 0) + octets(report(3351, listed(*SYSTEM, *where)))
    return bytes.fromhex("00000100") + u16(1) + octets(inner)


def response() -> bytes:
    """Association Response: a server, started hot."""
    information = u32(0x80000000, 0x40000000, 0, 0x00800000, 0x80000000) + listed() + listed()
    body = bytes.fromhex("0508130100160102800014020002c100be80288002010281")
    content = body + bytes((len(information),)) + information + bytes(16)
    return bytes((0x0E, len(content))) + content


def numerics(invoke: int, number: int, wanted: bytes) -> bytes:
    """The answer to a poll: heart rate, saturation, respiration, as ``SingleContextPoll`` of ``ObservationPoll``."""
    seen = []
    for handle, code, unit, low, high in NUMERICS:
        value = u16(code, 0, unit) + u32(chance.randrange(low, high))
        seen.append(u16(handle) + listed(attribute(0x0950, value)))
    reply = u16(number) + u32(now()) + bytes(8) + wanted + listed(u16(0) + listed(*seen))
    return operation(2, invoke, 7, MDS + u16(3094) + octets(reply))


here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
here.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
here.bind(("0.0.0.0", PORT))
announced = 0.0
while True:
    if time.monotonic() - announced >= ANNOUNCE_SECONDS:
        here.sendto(indication(), ("255.255.255.255", ANNOUNCE_PORT))
        announced = time.monotonic()
    if not select.select([here], [], [], 1.0)[0]:
        continue
    asked, peer = here.recvfrom(LARGEST_DATAGRAM_BYTES)
    if asked[:1] == b"\x0d":
        here.sendto(response(), peer)
        created = report(3334, MDS + listed(*SYSTEM, attribute(0x091E, LABEL)))
        here.sendto(operation(1, 1, 1, created), peer)
    elif asked[:6] == bytes.fromhex("e10000020001") and asked[10:12] == u16(7) and len(asked) >= 34:
        # Confirmed action: invoke id at 8, poll number and class behind object, scope, type and length.
        here.sendto(
            numerics(int.from_bytes(asked[8:10], "big"), int.from_bytes(asked[28:30], "big"), asked[30:34]), peer
        )
