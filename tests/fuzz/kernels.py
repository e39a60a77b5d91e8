"""Feeds mutated captures to the compiled kernels, flush against a page that must not be read.

An over-read is a segmentation fault, so the images are tried in a child process that says where it is.
``python -m tests.fuzz.kernels --images 20000 --seed 1`` runs long.
"""

from __future__ import annotations

import argparse
import ctypes
import mmap
import random
import sys

from asepsis.wire import layout
from asepsis.wire.engine import Engine
from tests.protocols import test_bacnet, test_ble, test_ethernet_ip, test_hci, test_modbus, test_opcua, test_wifi
from tests.wire import frames

PAGE = mmap.PAGESIZE
ROOM = 1 << 20


class Guarded:
    """Memory whose end touches a page without any permission."""

    def __init__(self) -> None:
        library = ctypes.CDLL(None, use_errno=True)
        library.mmap.restype = ctypes.c_void_p
        library.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
        library.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
        start = library.mmap(None, ROOM + PAGE, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_PRIVATE | 0x20, -1, 0)
        if library.mprotect(start + ROOM, PAGE, 0) != 0:
            raise OSError("mprotect failed")
        self._end = start + ROOM

    def place(self, data: bytes) -> int:
        """Copies ``data`` so that its last byte is the last readable one; returns its address."""
        address: int = self._end - len(data)
        ctypes.memmove(address, data, len(data))
        return address


def run_image(engine: Engine, guarded: Guarded, image: bytes, form: int, link: int) -> int:
    """Runs one image of records through the kernels until they stop; returns the packets seen."""
    engine.begin()
    control = engine.control
    control[layout.FORMAT] = form
    control[layout.SWAPPED] = 0
    control[layout.FRACTION_NS] = 1000
    control[layout.HEADER_BYTES] = 16
    control[layout.INTERFACE_COUNT] = 1
    engine.interfaces[0] = (link, 1000, 1, 0, 0, 0)
    control[layout.BUFFER] = guarded.place(image)
    control[layout.LIMIT] = len(image)
    control[layout.POSITION] = 0
    while True:
        before = int(control[layout.POSITION])
        status = engine.run()
        if status == layout.DRAIN:
            for _ in engine.housekeeping():
                pass
            engine.drain()
            continue
        if status != layout.NEED_INPUT or int(control[layout.POSITION]) == before:
            break
    for _ in engine.sweep(everything=True):
        pass
    engine.drain()
    seen = int(control[layout.PACKETS])
    counters = control[layout.REASONS : layout.REASONS + 64]
    if int(counters.sum()) != seen:
        raise AssertionError(f"{seen} packets, {int(counters.sum())} accounted for")
    return seen


# Beginnings that each classifier looks into, cut where it stops looking or a little later.
PAYLOADS = (
    b"\x16\x03\x01\x00\x50\x01\x00\x00\x4c\x03\x03" + bytes(40),
    b"\x17\x03\x03\x00\x20" + bytes(32),
    b"\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10" + bytes(30),
    b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n\r\n",
    b"OPTIONS *",
    b"SUBSCRIBE /",
    b"SSH-2.0-x\r\n",
    b"\x01\x00\x00\x00\x00\x60\x00\x01\x00\x00PACS" + bytes(90),
    b"\x04\x00\x00\x00\x20\x00\x00\x00\x1f\xfc\x01\x00" + bytes(9000),
    b"\x04\x00\x00\x00\x00\x10\x00\x00\x00\x0c\x01\x03" + bytes(10),
    b"\x0bMSH|^~\\&|A|B|C|D|1||ACK|1|P|2.5\r\x1c\r",
    b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04abcd",
    b"\x00\x00\x00\x40\xfeSMB" + bytes(60),
    b"\x00\x00\x00\x40\xffSMB" + bytes(60),
    b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04ward\x00\x00\x01\x00\x01",
    b"\x01\x01\x06\x00" + bytes(232) + b"\x63\x82\x53\x63\x35\x01\x01\xff",
    b"\x30\x26\x02\x01\x01\x04\x06public\xa0\x19" + bytes(25),
    b"\x30\x84\x00\x00\x00\x26\x02\x01\x01\x04\x06public",
    b"M-SEARCH * HTTP/1.1\r\n\r\n",
    b"\x08" + bytes(7) + frames.ethernet(frames.ipv4(frames.udp(b"x"), protocol=17)),
    b"\xe2\x00\x00\x32\x80\x00\x00\x00\x00\x01\x00\x2a\x50\x79" + bytes(40),
    b"\xe7\x00\x00\x12\x00\x10\x00\x07\x01\x01\x00\x0a" + bytes(10),
    b"\x05\x021H|\\^&|||A^1\r",
    b"\x02\x1emtrsl|",
    b"<?xml version='1.0'?><HEL.R01><HDR>",
    b"\xe1\x00\x00\x02\x00\x01\x00\x0e\x00\x01\x00\x01\x00\x08" + bytes(8),
    b"\x0d\x40\x05\x08\x13\x01" + bytes(58),
    b"\x00\x00\x01\x00\x00\x01\x00\x14" + bytes(16) + b"\x0d\x17\x00\x00",
    test_bacnet.bvlc(test_bacnet.local(test_bacnet.READING)),
    test_bacnet.FORWARDED,
    test_bacnet.bvlc(test_bacnet.ROUTED),
    test_modbus.READ,
    test_modbus.REFUSED,
    test_ethernet_ip.REGISTER,
    test_ethernet_ip.sent(test_ethernet_ip.GET_IDENTITY),
    test_opcua.HELLO,
    bytes(3),
    b"",
)


def seeds() -> list[bytes]:
    """Frames to begin with."""
    inner = frames.ipv4(frames.udp(b"x" * 30), protocol=17)
    made = []
    for payload in PAYLOADS:
        made.append(frames.ethernet(frames.ipv4(frames.tcp(payload, 40000, 104))))
        made.append(frames.ethernet(frames.ipv4(frames.udp(payload, 40000, 53), protocol=17)))
        made.append(frames.ethernet(frames.ipv6(frames.udp(payload, 547, 546), protocol=17), 0x86DD))
    for port in (4789, 6081, 2152, 67, 1900, 5353, 161):
        for payload in PAYLOADS:
            made.append(frames.ethernet(frames.ipv4(frames.udp(payload, port, port), protocol=17)))
    made += [
        frames.ethernet(frames.ipv4(inner, protocol=4)),
        frames.ethernet(frames.ipv4(b"\xb0\x00\x08\x00" + bytes(12) + inner, protocol=47)),
        frames.ethernet(frames.ipv4(b"\x30\x81\x88\x0b" + bytes(12) + b"\xff\x03\x00\x21" + inner, protocol=47)),
        frames.ethernet(b"\x00\x00\x10\x40\x00\x00\x31\x40" + inner, 0x8847),
        frames.ethernet(b"\x11\x00\x00\x01\x00\x30\x00\x21" + inner, 0x8864),
        frames.ethernet(frames.vlan(frames.vlan(inner, 3), 2, 0x8100), 0x88A8),
        frames.ethernet(frames.ipv4(inner, protocol=17, fragment=0x2000)),
        frames.ethernet(frames.ipv6(bytes([60, 0] + [0] * 6) * 3 + inner, protocol=0), 0x86DD),
        frames.ethernet(b"\xaa\xaa\x03\x00\x00\x00\x08\x00" + inner, 60),
        frames.ethernet(bytes(28), 0x0806),
        frames.ethernet(b"\x02\x07\x04" + bytes(40), 0x88CC),
        frames.ethernet(b"\x82\x82\x03" + test_bacnet.local(test_bacnet.I_AM), 20),
        frames.ethernet(
            b"\xaa\xaa\x03\x00\x10\x90\x00\x01" + bytes(3) + b"\x06\xff\x07\x00\x0f\x00\x01" + bytes(16), 40
        ),
        b"\x55\xff\x05\xff\x07\x00\x0f\x00" + test_bacnet.local(test_bacnet.I_AM),
        b"\xc0\x00\xe8\x00\xcd\x82\x82\x03" + test_bacnet.local(test_bacnet.I_AM),
        test_wifi.BEACON,
        test_wifi.JOIN,
        test_wifi.DATA,
        test_ble.ADVERTISES,
        test_ble.connected(6, test_ble.PAIRING_REQUEST),
        b"\x12\x06\x30\x01\x09\x00\x06\x0a\x01\x25\x3c" + bytes(6) + test_ble.ADVERTISES,
        test_hci.REPORT,
        test_hci.CONNECTED,
        test_hci.WHICH,
    ]
    return made


def mutate(rng: random.Random, frame: bytes) -> bytes:
    """Flips, cuts, grows and wraps a frame."""
    data = bytearray(frame)
    for _ in range(rng.choice((0, 1, 2, 5, 20))):
        if data:
            data[rng.randrange(len(data))] = rng.choice(
                (0, 1, 4, 6, 17, 41, 47, 0x45, 0x60, 0x80, 0xFF, rng.randrange(256))
            )
    if rng.random() < 0.3:
        data = data[: rng.randrange(len(data) + 1)]
    if rng.random() < 0.2:
        data += rng.randbytes(rng.randrange(200))
    return bytes(data)


def record(rng: random.Random, frame: bytes, form: int) -> bytes:
    """A capture record around a frame, sometimes with lies in its header."""
    length = len(frame) if rng.random() < 0.97 else rng.randrange(1 << 17)
    if form == layout.FORMAT_PCAP:
        return b"".join(n.to_bytes(4, "little") for n in (rng.randrange(1 << 31), 5, length, length)) + frame
    block = bytearray(frames.enhanced(frame, rng.randrange(1 << 50)))
    if rng.random() < 0.03:
        block[rng.randrange(32)] = rng.randrange(256)
    return bytes(block)


def main(images: int, seed: int) -> int:
    """Runs ``images`` images; returns the packets that the kernels saw."""
    rng = random.Random(seed)
    guarded = Guarded()
    engine = Engine(rows=1 << 10, seed=3)
    material = seeds()
    links = list(range(-1, layout.LINK_BLE_LL_PHDR + 1))
    packets = 0
    for number in range(images):
        form = rng.choice((layout.FORMAT_PCAP, layout.FORMAT_PCAPNG))
        link = layout.LINK_ETHERNET if rng.random() < 0.6 else rng.choice(links)
        parts = []
        for _ in range(rng.randrange(1, 150)):
            frame = mutate(rng, rng.choice(material))
            if link in (layout.LINK_RAW_IP, layout.LINK_PPP) and rng.random() < 0.8:
                frame = frame[14:] if link == layout.LINK_RAW_IP else b"\x21" + frame[14:]
            parts.append(record(rng, frame, form))
        image = b"".join(parts)
        image = image[: len(image) - rng.randrange(0, 40)][-ROOM:]
        sys.stderr.write(f"\rimage {number} of {images}, seed {seed}")
        packets += run_image(engine, guarded, image, form, link)
    sys.stderr.write("\n")
    return packets


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    sys.stdout.write(f"{main(arguments.images, arguments.seed)} packets, no fault\n")
