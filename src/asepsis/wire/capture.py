"""Reads one capture through the engine: format, blocks, leftovers, and an account of every packet.

pcap (tcpdump.org, "pcap-savefile") in both byte orders with micro- and nanoseconds, and pcapng (IETF
draft-ietf-opsawg-pcapng) with many sections and interfaces. What is damaged is reported and stops only itself.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from asepsis.wire import layout, reasons
from asepsis.wire.engine import Engine, Output
from asepsis.wire.errors import CaptureError
from asepsis.wire.source import Source

# Small enough to stay in the processor's second-level cache while the kernels walk it.
BLOCK_BYTES = 256 * 1024
# The largest record that is waited for: a pcapng block (asepsis.wire.kernels.records.LONGEST_BLOCK).
LONGEST_RECORD = 16 * 1024 * 1024 + 64

PCAP_MAGICS = {
    0xA1B2C3D4: (1000, 16),  # microseconds
    0xA1B23C4D: (1, 16),  # nanoseconds
    0xA1B2CD34: (1000, 24),  # modified by A. Kuznetzov, 8 more bytes a record
}
PCAPNG_MAGIC = 0x0A0D0D0A
BYTE_ORDER_MAGIC = 0x1A2B3C4D


@dataclass(slots=True, kw_only=True)
class Account:
    """Every packet of a capture, decoded or under the name of a reason."""

    link_types: list[str] = field(default_factory=list)
    packets: int = 0
    decoded: int = 0
    undecoded: dict[str, int] = field(default_factory=dict)
    bytes: int = 0
    truncated: bool = False
    error: str | None = None
    is_capture: bool = False
    """False for a file that is no capture at all."""


class CaptureReader:
    """Runs one source through an engine. Iterate ``outputs``, then read ``account``."""

    def __init__(self, engine: Engine, source: Source, *, progress: Callable[[int, int], None] | None = None) -> None:
        """Prepares to read.

        Args:
            engine: Its earlier capture must have been read to the end.
            source: Closed by the caller.
            progress: Called after each block with (bytes of the file read, packets).
        """
        self._engine = engine
        self._source = source
        self._progress = progress
        self._buffer = np.zeros(BLOCK_BYTES, np.uint8)
        self._have = 0
        self._section_start = 0
        self._links: list[int] = []
        self.account = Account()

    def outputs(self) -> Iterator[Output]:
        """Yields what the engine has to say until the source is at its end and every conversation is finished."""
        engine = self._engine
        engine.begin()
        try:
            if self._open():
                yield from self._blocks()
        except CaptureError as error:
            self.account.error = self.account.error or error.message
            self.account.truncated = self.account.truncated or error.code == "capture-compressed-truncated"
        except OSError as error:
            self.account.error = f"read error: {error.strerror or error}"
        yield from engine.sweep(everything=True)
        yield engine.drain()
        settle(engine, self.account, self._links)

    # --- formats -------------------------------------------------------------------------------------------------

    def _fill(self) -> int:
        """Reads more behind what is there; returns how many bytes came."""
        if self._have == len(self._buffer):
            grown = np.zeros(min(len(self._buffer) * 4, LONGEST_RECORD), np.uint8)
            grown[: self._have] = self._buffer[: self._have]
            self._buffer = grown
        count = self._source.readinto(self._buffer.data[self._have :])
        self._have += count
        return count

    def _open(self) -> bool:
        """Recognises the format and sets the kernels up; False when there is nothing to read."""
        while self._have < 24 and self._fill():
            pass
        account = self.account
        head = self._buffer[: self._have].tobytes()
        if not head:
            account.error = "the file is empty"
            return False
        control = self._engine.control
        magic = int.from_bytes(head[:4], "little")
        if magic == PCAPNG_MAGIC:
            control[layout.FORMAT] = layout.FORMAT_PCAPNG
            control[layout.SWAPPED] = 0
            account.is_capture = True
            return True
        order = "<"
        if magic not in PCAP_MAGICS:
            magic = int.from_bytes(head[:4], "big")
            order = ">"
        if magic not in PCAP_MAGICS:
            account.error = "this is no pcap or pcapng capture"
            return False
        account.is_capture = True
        if len(head) < 24:
            account.error = "the file ends inside the capture's header"
            account.truncated = True
            return False
        _, minor, _, _, snap, network = struct.unpack_from(order + "HHiIII", head, 4)
        fraction_ns, header_bytes = PCAP_MAGICS[magic]
        control[layout.FORMAT] = layout.FORMAT_PCAP
        control[layout.SWAPPED] = int(order == ">")
        control[layout.FRACTION_NS] = fraction_ns
        control[layout.HEADER_BYTES] = header_bytes
        control[layout.LENGTHS_SWAPPED] = int(minor < 3)
        # The upper bits tell about a frame check sequence.
        self._add_interface(network & 0x0FFFFFFF, 1, 1, 0, snap)
        self._consume(24)
        return True

    def _add_interface(self, link: int, multiply: int, divide: int, offset_ns: int, snap: int) -> None:
        control = self._engine.control
        number = int(control[layout.INTERFACE_COUNT])
        if number >= layout.MAX_INTERFACES:
            raise CaptureError(
                f"more than {layout.MAX_INTERFACES} interfaces in one section", code="capture-interfaces"
            )
        row = self._engine.interfaces[number]
        row[layout.I_LINK] = reasons.link_code(link)
        row[layout.I_MULTIPLY] = multiply
        row[layout.I_DIVIDE] = divide
        row[layout.I_OFFSET_NS] = offset_ns
        row[layout.I_SNAP] = snap
        row[layout.I_PACKETS] = 0
        control[layout.INTERFACE_COUNT] = number + 1
        self._links.append(link)
        name = reasons.link_name(link)
        if name not in self.account.link_types:
            self.account.link_types.append(name)

    def _consume(self, count: int) -> None:
        """Drops bytes from the front of the buffer."""
        left = self._have - count
        if left > 0:
            self._buffer[:left] = (
                self._buffer[count : self._have].copy() if left > count else self._buffer[count : self._have]
            )
        self._have = left

    # --- blocks --------------------------------------------------------------------------------------------------

    def _blocks(self) -> Iterator[Output]:
        engine = self._engine
        control = engine.control
        at_end = False
        while True:
            control[layout.BUFFER] = self._buffer.ctypes.data
            control[layout.LIMIT] = self._have
            control[layout.POSITION] = 0
            while True:
                status = engine.run()
                if status == layout.DRAIN:
                    yield from engine.housekeeping()
                    yield engine.drain()
                    continue
                if status == layout.BLOCK and self._read_block(int(control[layout.POSITION])):
                    continue
                break
            if status == layout.DAMAGED:
                self._damaged()
                return
            yield from engine.housekeeping()
            if engine.must_drain():
                yield engine.drain()
            self._consume(int(control[layout.POSITION]))
            if self._progress is not None:
                self._progress(self._source.position(), engine.packets)
            if at_end:
                break
            if self._have >= LONGEST_RECORD:
                self._damaged()
                return
            at_end = self._fill() == 0
            if at_end and self._have == 0:
                break
        if self._have:
            self.account.truncated = True

    def _damaged(self) -> None:
        self.account.truncated = True
        self.account.error = f"the capture is damaged behind packet {self._engine.packets}; the rest was not read"

    def _read_block(self, position: int) -> bool:
        """A pcapng section header or interface description; False when it is not wholly in the buffer."""
        control = self._engine.control
        data = self._buffer[position : self._have].tobytes()
        if len(data) < 12:
            return False
        kind = int.from_bytes(data[:4], "little")
        if kind == PCAPNG_MAGIC:
            if int.from_bytes(data[8:12], "little") == BYTE_ORDER_MAGIC:
                swapped = False
            elif int.from_bytes(data[8:12], "big") == BYTE_ORDER_MAGIC:
                swapped = True
            else:
                raise CaptureError("a pcapng section without byte order", code="capture-damaged")
            control[layout.SWAPPED] = int(swapped)
        order = ">" if control[layout.SWAPPED] else "<"
        kind, length = struct.unpack_from(order + "II", data)
        if length < 12 or length % 4 or length > LONGEST_RECORD:
            raise CaptureError(f"a damaged block behind packet {self._engine.packets}", code="capture-damaged")
        if length > len(data):
            return False
        if kind == PCAPNG_MAGIC:
            control[layout.INTERFACE_COUNT] = 0
        elif length >= 20:
            self._describe_interface(order, data[8 : length - 4])
        else:
            raise CaptureError("a damaged interface description", code="capture-damaged")
        control[layout.POSITION] = position + length
        return True

    def _describe_interface(self, order: str, body: bytes) -> None:
        """Interface description block (pcapng 4.2): link type, snap length, time resolution and offset."""
        link, _, snap = struct.unpack_from(order + "HHI", body)
        multiply, divide, offset_ns = 1000, 1, 0
        at = 8
        while at + 4 <= len(body):
            code, length = struct.unpack_from(order + "HH", body, at)
            content = body[at + 4 : at + 4 + length]
            at += 4 + (length + 3 & ~3)
            if code == 0:
                break
            if code == 9 and length == 1:
                multiply, divide = _resolution(content[0])
            elif code == 14 and length == 8:
                offset_ns = struct.unpack(order + "q", content)[0] * 1_000_000_000
        # An offset beyond what 64 bits of nanoseconds can hold is damage.
        if not -(1 << 62) < offset_ns < 1 << 62:
            offset_ns = 0
        self._add_interface(link, multiply, divide, offset_ns, snap)


def settle(engine: Engine, account: Account, links: list[int]) -> None:
    """Writes the engine's counters into the account: every packet under one heading."""
    control = engine.control
    account.packets = int(control[layout.PACKETS])
    account.bytes = int(control[layout.WIRE_BYTES])
    counters = control[layout.REASONS : layout.REASONS + 64]
    account.decoded = int(counters[layout.REASON_NONE])
    for code in np.flatnonzero(counters).tolist():
        if code == layout.REASON_NONE:
            continue
        if code == layout.REASON_LINK_TYPE:
            unread = [reasons.link_name(link) for link in links if not reasons.link_code(link)]
            name = "link type " + (" or ".join(dict.fromkeys(unread)) or "not read")
        else:
            name = reasons.REASONS[code]
        account.undecoded[name] = account.undecoded.get(name, 0) + int(counters[code])


def _resolution(code: int) -> tuple[int, int]:
    """``if_tsresol`` (pcapng 4.2): nanoseconds of a tick as a fraction; bit 7 chooses powers of two."""
    exponent = code & 0x7F
    if code & 0x80:
        # Finer than 2^-61 s does not fit in the arithmetic; no clock is finer.
        return 1_000_000_000, 1 << min(exponent, 61)
    if exponent <= 9:
        return 10 ** (9 - exponent), 1
    return 1, 10 ** min(exponent - 9, 18)
