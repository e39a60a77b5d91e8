"""A live interface: an AF_PACKET ring of the Linux kernel (TPACKET_V3), read without a copy.

The ring is shared memory: the kernel fills whole blocks, the engine works through them where they lie and
gives them back. What the kernel had to drop is counted (packet(7), Documentation/networking/packet_mmap).
"""

from __future__ import annotations

import errno
import mmap
import os
import select
import socket
import struct
import time
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from asepsis.wire import layout, reasons
from asepsis.wire.capture import Account, settle
from asepsis.wire.engine import Engine, Output
from asepsis.wire.errors import CaptureError

# linux/if_packet.h
_SOL_PACKET = 263
_PACKET_ADD_MEMBERSHIP = 1
_PACKET_RX_RING = 5
_PACKET_STATISTICS = 6
_PACKET_VERSION = 10
_TPACKET_V3 = 2
_PACKET_MR_PROMISC = 1
_ETH_P_ALL = 3
_STATUS_USER = 1

# linux/if_arp.h: hardware type -> link type of capture files
_HARDWARE = {1: 1, 772: 1, 65534: 101, 768: 101, 769: 101, 776: 101, 778: 101, 801: 105, 803: 127, 512: 9}

BLOCK_BYTES = 1 << 20
# 64 MiB hold a second of traffic at 500 Mbit/s while Python is busy elsewhere.
DEFAULT_BLOCKS = 64
# What was taken out of the ring and not yet read by protocols: some seconds of the densest clinical traffic.
BACKLOG_BYTES = 256 << 20
# Pieces that are read before the ring is looked at again: some 20 ms.
PIECES_AT_ONCE = 2000
# What a piece weighs beside its bytes, and a finished conversation, in Python's memory.
PIECE_BYTES = 700
# A block that is not full is handed over after this time, so that a quiet network is seen soon.
HAND_OVER_MS = 100


class LiveCapture:
    """A ring on one interface. Needs CAP_NET_RAW; receives, never sends."""

    def __init__(self, engine: Engine, interface: str, *, blocks: int = DEFAULT_BLOCKS) -> None:
        """Opens the ring.

        Args:
            engine: Its earlier capture must have been read to the end.
            interface: Name of the interface, such as ``eth1``.
            blocks: Size of the ring in blocks of 1 MiB.

        Raises:
            CaptureError: No such interface, no permission, or no memory for the ring.
        """
        self._engine = engine
        self.interface = interface
        self.account = Account(is_capture=True)
        self.dropped = 0
        """Packets that the kernel dropped because the ring was full."""
        try:
            index = socket.if_nametoindex(interface)
        except OSError as error:
            there = ", ".join(sorted(name for _, name in socket.if_nameindex()))
            raise CaptureError(
                f"{interface}: no such interface", code="interface-missing", hint=f"There are: {there}"
            ) from error
        try:
            # Protocol 0: nothing is received before the ring is bound to the interface.
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        except PermissionError as error:
            raise CaptureError(
                f"{interface}: no permission to capture",
                code="interface-permission",
                hint="Run as root, or once: sudo setcap cap_net_raw=ep $(readlink -f .venv/bin/python)",
            ) from error
        try:
            self._open_ring(index, blocks)
        except OSError as error:
            self._socket.close()
            if error.errno == errno.ENETDOWN:
                raise CaptureError(
                    f"{interface}: the interface is down",
                    code="interface-down",
                    hint=f"Bring it up: sudo ip link set {interface} up",
                ) from error
            raise CaptureError(
                f"{interface}: cannot capture: {error.strerror}",
                code="interface-ring",
                hint=f"The ring takes {blocks} MiB of memory that cannot be swapped.",
            ) from error
        self._link = _HARDWARE.get(_hardware_type(interface), 1)
        self._next = 0
        self._backlog: deque[Output] = deque()
        self._backlog_bytes = 0

    @property
    def waiting_bytes(self) -> int:
        """What was taken out of the ring and not yet read by protocols, about."""
        return self._backlog_bytes

    @property
    def ring_share(self) -> float:
        """How much of the ring waits to be emptied, 0..1."""
        return sum(bool(head[0] & _STATUS_USER) for head in self._heads) / self._blocks

    def _open_ring(self, index: int, blocks: int) -> None:
        self._socket.setsockopt(_SOL_PACKET, _PACKET_VERSION, struct.pack("i", _TPACKET_V3))
        frame_bytes = 2048  # TPACKET_V3 packs frames of any size; the number only has to divide the block
        request = struct.pack(
            "7I", BLOCK_BYTES, blocks, frame_bytes, BLOCK_BYTES * blocks // frame_bytes, HAND_OVER_MS, 0, 0
        )
        self._socket.setsockopt(_SOL_PACKET, _PACKET_RX_RING, request)
        self._memory = mmap.mmap(
            self._socket.fileno(), BLOCK_BYTES * blocks, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE
        )
        self._ring = np.frombuffer(self._memory, np.uint8)
        self._blocks = blocks
        # The block descriptor: version, offset to private, then status, packets, offset to the first packet.
        self._heads = [
            self._ring[block * BLOCK_BYTES + 8 : block * BLOCK_BYTES + 20].view(np.uint32) for block in range(blocks)
        ]
        self._socket.setsockopt(
            _SOL_PACKET, _PACKET_ADD_MEMBERSHIP, struct.pack("iHH8s", index, _PACKET_MR_PROMISC, 0, b"")
        )
        self._socket.bind((self.interface, _ETH_P_ALL))
        # Binding to an interface that is down succeeds; the kernel leaves the error with the socket (packet(7)).
        if error := self._pending_error():
            raise OSError(error, os.strerror(error))
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN | select.POLLERR)

    def begin(self) -> None:
        """Sets the engine up for this interface."""
        engine = self._engine
        engine.begin()
        control = engine.control
        control[layout.FORMAT] = layout.FORMAT_RING
        control[layout.INTERFACE_COUNT] = 1
        engine.interfaces[0, layout.I_LINK] = reasons.link_code(self._link)
        self.account.link_types = [reasons.link_name(self._link)]

    def outputs(self, *, wait_ms: int = 200) -> Iterator[Output]:
        """What the interface brought, waiting at most ``wait_ms`` for something to come.

        Emptying the ring goes before reading what was in it: after each small output the ring is looked at again,
        so that a burst is held in memory (``BACKLOG_BYTES``) and not dropped while protocols are read.
        """
        if not self._backlog and not self._heads[self._next][0] & _STATUS_USER:
            try:
                ready = self._poll.poll(wait_ms)
            except InterruptedError:
                return
            if ready and ready[0][1] & select.POLLERR and self._pending_error():
                # The interface went down: until the error is fetched every poll returns at once. The kernel hands
                # on packets again when it is up.
                time.sleep(wait_ms / 1000)
        self._empty_ring()
        self._keep(self._engine.housekeeping())
        self._keep([self._engine.drain()])
        while self._backlog:
            output = self._backlog.popleft()
            self._backlog_bytes -= _size(output)
            yield output
            self._empty_ring()

    def _empty_ring(self) -> None:
        """Works through the blocks that are ready, as long as there is room for what they say."""
        while self._backlog_bytes < BACKLOG_BYTES and self._heads[self._next][0] & _STATUS_USER:
            self._block(self._next)
            self._heads[self._next][0] = 0
            self._next = (self._next + 1) % self._blocks
            if self._engine.must_drain():
                self._keep([self._engine.drain()])
        self._count_drops()

    def _keep(self, outputs: Iterable[Output]) -> None:
        """Puts outputs into the backlog, cut so small that none takes long to read."""
        for output in outputs:
            pieces = output.pieces
            for start in range(0, len(pieces), PIECES_AT_ONCE):
                part = Output(pieces[start : start + PIECES_AT_ONCE], output.finished[:0], output.repeats[:0], False)
                self._backlog.append(part)
                self._backlog_bytes += _size(part)
            if len(output.finished) or len(output.repeats) or output.forget:
                last = Output([], output.finished, output.repeats, output.forget)
                self._backlog.append(last)
                self._backlog_bytes += _size(last)

    def _block(self, number: int) -> None:
        engine = self._engine
        control = engine.control
        head = self._heads[number]
        control[layout.BUFFER] = self._ring.ctypes.data + number * BLOCK_BYTES
        control[layout.POSITION] = int(head[2])
        control[layout.LIMIT] = int(head[1])
        while engine.run() == layout.DRAIN or control[layout.LIMIT] > 0:
            self._keep(engine.housekeeping())
            self._keep([engine.drain()])

    def _pending_error(self) -> int:
        """The error number that the kernel left with the socket, 0 if none; asking clears it."""
        return self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)

    def _count_drops(self) -> None:
        """The kernel's counters start anew at each reading."""
        _, drops, _ = struct.unpack("3I", self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 12))
        self.dropped += drops

    def finish(self) -> Iterator[Output]:
        """Ends the capture: every conversation is finished, the ring is given back."""
        self._empty_ring()
        self._keep(self._engine.sweep(everything=True))
        self._keep([self._engine.drain()])
        while self._backlog:
            yield self._backlog.popleft()
        settle(self._engine, self.account, [self._link])
        self.close()

    def close(self) -> None:
        """Gives the ring back; may be called twice."""
        self._heads = []
        self._ring = np.zeros(0, np.uint8)
        self._socket.close()


def _size(output: Output) -> int:
    """Bytes of memory that an output takes, about."""
    return sum(len(data) for _, data, _ in output.pieces) + PIECE_BYTES * len(output.pieces) + output.finished.nbytes


def _hardware_type(interface: str) -> int:
    """The ARP hardware type of an interface, as sysfs tells; 1 (Ethernet) where it does not."""
    try:
        return int(Path(f"/sys/class/net/{interface}/type").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 1
