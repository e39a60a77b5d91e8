"""One packet of a capture by its number, for showing the bytes behind a claim.

Walks the records of pcap and pcapng as the kernels do and counts the same ones, but takes nothing apart: for one
packet, not for a capture.
"""

from __future__ import annotations

import struct
from typing import Final

from asepsis.kernel.value import value
from asepsis.wire.capture import BYTE_ORDER_MAGIC, LONGEST_RECORD, PCAP_MAGICS, PCAPNG_MAGIC
from asepsis.wire.errors import CaptureError
from asepsis.wire.source import Source

MOST_BYTES: Final = 2 << 30
"""Capture bytes (unpacked) that are walked for one packet; about two seconds."""
LONGEST_PACKET: Final = 262_144
"""libpcap's own largest snapshot length."""
MOST_INTERFACES: Final = 256
_BLOCK: Final = 1 << 20

_SECTION, _INTERFACE, _OBSOLETE, _SIMPLE, _ENHANCED = PCAPNG_MAGIC, 1, 2, 3, 6


@value
class Packet:
    """The bytes of one packet as they were captured."""

    number: int
    """In its capture, from 1."""
    link_type: int
    """Of the captures' registry (tcpdump.org/linktypes.html); -1 where the file does not say."""
    data: bytes
    length: int
    """Of the frame on the wire, which may be longer than what was captured."""


class _Reading:
    """Bytes in order, a bounded number of them."""

    def __init__(self, source: Source, most_bytes: int) -> None:
        self._source = source
        self._left = most_bytes
        self._buffer = bytearray(_BLOCK)
        self._view = memoryview(self._buffer)
        self._begin = self._end = 0

    def take(self, count: int) -> bytes:
        """The next bytes; fewer at the end of the capture."""
        while self._end - self._begin < count:
            if not self._fill(count):
                break
        taken = bytes(self._view[self._begin : min(self._end, self._begin + count)])
        self._begin += len(taken)
        return taken

    def skip(self, count: int) -> bool:
        """Passes bytes over; False when they are not all there."""
        while count > self._end - self._begin:
            count -= self._end - self._begin
            self._begin = self._end = 0
            if not self._fill(1):
                return False
        self._begin += count
        return True

    def _fill(self, wanted: int) -> int:
        if self._left <= 0:
            raise CaptureError(
                "the packet lies too far inside the capture to be shown at once",
                code="packet-too-far",
                hint="Open the capture with a packet analyser; the packet's number is the same there.",
            )
        if self._begin:
            kept = self._end - self._begin
            self._buffer[:kept] = self._buffer[self._begin : self._end]
            self._begin, self._end = 0, kept
        if wanted > len(self._buffer):
            grown = bytearray(wanted)
            grown[: self._end] = self._buffer[: self._end]
            self._view.release()
            self._buffer, self._view = grown, memoryview(grown)
        count = self._source.readinto(self._view[self._end :])
        self._end += count
        self._left -= count
        return count


def packet_at(source: Source, number: int, *, most_bytes: int = MOST_BYTES) -> Packet | None:
    """Finds a packet.

    Args:
        source: The capture from its beginning; closed by the caller.
        number: From 1, as in every clue and message.
        most_bytes: No more of the capture is read.

    Returns:
        The packet, or None when the capture ends before it or is damaged there.

    Raises:
        CaptureError: It is no capture (``capture-unknown``), or the packet lies too far inside (``packet-too-far``).
    """
    reading = _Reading(source, most_bytes)
    head = reading.take(4)
    if len(head) == 4 and int.from_bytes(head, "little") == PCAPNG_MAGIC:
        return _in_pcapng(reading, head, number)
    for order in ("<", ">"):
        if len(head) == 4 and struct.unpack(order + "I", head)[0] in PCAP_MAGICS:
            return _in_pcap(reading, order, head, number)
    raise CaptureError("this is no pcap or pcapng capture", code="capture-unknown")


def _in_pcap(reading: _Reading, order: str, head: bytes, number: int) -> Packet | None:
    rest = reading.take(20)
    if len(rest) < 20:
        return None
    _, minor = struct.unpack_from(order + "HH", rest)
    link = struct.unpack_from(order + "I", rest, 16)[0] & 0x0FFFFFFF
    _, header_bytes = PCAP_MAGICS[struct.unpack(order + "I", head)[0]]
    for count in range(1, number + 1):
        header = reading.take(header_bytes)
        if len(header) < header_bytes:
            return None
        captured, length = struct.unpack_from(order + "II", header, 8)
        if minor < 3:  # before version 2.3 the original length came first
            captured, length = length, captured
        if captured > LONGEST_PACKET:
            return None
        if count < number:
            if not reading.skip(captured):
                return None
            continue
        data = reading.take(captured)
        return Packet(number=number, link_type=link, data=data, length=length) if len(data) == captured else None
    return None


def _in_pcapng(reading: _Reading, head: bytes, number: int) -> Packet | None:
    order = "<"
    links: list[tuple[int, int]] = []
    count = 0
    while True:
        start = head + reading.take(8 - len(head))
        head = b""
        if len(start) < 8:
            return None
        kind = struct.unpack_from(order + "I", start)[0]
        mark = b""
        if start[:4] == b"\x0a\x0d\x0d\x0a":  # the same in both byte orders
            mark = reading.take(4)
            if len(mark) < 4:
                return None
            order = "<" if int.from_bytes(mark, "little") == BYTE_ORDER_MAGIC else ">"
            links, kind = [], _SECTION
        length = struct.unpack_from(order + "I", start, 4)[0]
        if length < 12 or length % 4 or length > LONGEST_RECORD:
            return None
        left = length - 8 - len(mark)
        is_packet = kind in (_ENHANCED, _OBSOLETE, _SIMPLE)
        count += is_packet
        if kind == _INTERFACE and length >= 20 and len(links) < MOST_INTERFACES:
            body = reading.take(left)
            if len(body) < left:
                return None
            link, _, snap = struct.unpack_from(order + "HHI", body)
            links.append((link, snap))
        elif is_packet and count == number:
            body = reading.take(left)
            return _packet(order, kind, body, links, number) if len(body) == left else None
        elif not reading.skip(left):
            return None


def _packet(order: str, kind: int, body: bytes, links: list[tuple[int, int]], number: int) -> Packet | None:
    """A packet block's body, from behind the block's length to its end (pcapng 4.3, 4.4, A.1)."""
    if kind == _SIMPLE:
        if len(body) < 8:
            return None
        (length,) = struct.unpack_from(order + "I", body)
        link, snap = links[0] if links else (-1, 0)
        captured = min(length, snap or length, len(body) - 8)
        return Packet(number=number, link_type=link, data=body[4 : 4 + captured], length=length)
    if len(body) < 24:
        return None
    interface = struct.unpack_from(order + ("I" if kind == _ENHANCED else "H"), body)[0]
    captured, length = struct.unpack_from(order + "II", body, 12)
    if captured > len(body) - 24:
        return None
    link = links[interface][0] if interface < len(links) else -1
    return Packet(number=number, link_type=link, data=body[20 : 20 + captured], length=length)
