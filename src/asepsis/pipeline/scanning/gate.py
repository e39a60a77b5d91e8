"""The only way from this program to a device: a line to one port of the plan, within the device's budget.

The kernel holds the same limits once more (``exposure.scanning.ruleset``); neither relies on the other.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from typing import Final

from asepsis.exposure.scanning.plan import Asked, Plan, ScanError, Target

CONNECT_SECONDS: Final = 3.0
READ_SECONDS: Final = 3.0
# An answer longer than this is no answer to anything that is asked.
ANSWER_LIMIT_BYTES: Final = 64 * 1024
# linux/tcp.h: the first SYN and one more; unacknowledged data are given up after this time.
_TCP_SYNCNT: Final = 7
_TCP_USER_TIMEOUT: Final = 18
_TCP_INFO: Final = 11
_SEGMENTS_SENT: Final = slice(136, 140)
"""``tcpi_segs_out`` of ``struct tcp_info``."""
_HEADERS_BYTES: Final = 60
"""Of a packet at most: IPv6's 40 and TCP's 20 without options, which the first packet alone has."""


class RefusedError(ScanError):
    """The gate did not let something through."""

    def __init__(self, why: str) -> None:
        super().__init__(why, code="scan-refused")


class Gate:
    """Lets through what the plan names.

    Args:
        plan: What may be asked.
        may_go_on: Asked before every line; says why not, or an empty text.
    """

    def __init__(self, plan: Plan, may_go_on: Callable[[Target], str] = lambda _: "") -> None:
        self._allowed = {(target.ip, each): target for target in plan.targets for each in target.questions}
        self._packets = {target.ip: target.packets for target in plan.targets}
        self._bytes = {target.ip: target.bytes for target in plan.targets}
        self._may_go_on = may_go_on
        self._open = False

    @contextlib.contextmanager
    def line(self, ip: str, asked: Asked) -> Iterator[Line]:
        """One connection or datagram socket; the gate has one line at a time.

        Raises:
            RefusedError: The plan does not name it, its budget is used up, or the scan must not go on.
            OSError: Nobody answers.
        """
        target = self._allowed.get((ip, asked))
        if target is None:
            raise RefusedError(f"{ip} port {asked.port} is not part of the plan")
        if self._open:
            raise RefusedError("one line at a time")
        why = self._may_go_on(target)
        if why:
            raise RefusedError(why)
        self._open = True
        try:
            line = Line(target, asked, packets=self._packets[ip], size=self._bytes[ip])
            try:
                line.connect()
                yield line
            finally:
                line.close()
                self._packets[ip] -= line.packets
                self._bytes[ip] -= line.size
        finally:
            self._open = False


class Line:
    """A connected socket that counts what it sends."""

    def __init__(self, target: Target, asked: Asked, *, packets: int, size: int) -> None:
        self._asked = asked
        self._target = target
        self._packets_left = packets
        self._bytes_left = size
        self._payload = 0
        self.packets = 0
        """Sent, as the kernel counts them."""
        self._received = 0
        family = socket.AF_INET if ip_address(target.ip).version == 4 else socket.AF_INET6
        kind = socket.SOCK_STREAM if asked.question.transport == "tcp" else socket.SOCK_DGRAM
        self._socket = socket.socket(family, kind)

    @property
    def size(self) -> int:
        """Bytes sent, with headers, at most."""
        return self._payload + self.packets * _HEADERS_BYTES

    def connect(self) -> None:
        """Connects; a name is never looked up, so that no answer of a name server leads elsewhere."""
        self._demand(packets=4, payload=0)
        self._socket.settimeout(CONNECT_SECONDS)
        if self._socket.type == socket.SOCK_STREAM:
            self._socket.setsockopt(socket.IPPROTO_TCP, _TCP_SYNCNT, 1)
            self._socket.setsockopt(socket.IPPROTO_TCP, _TCP_USER_TIMEOUT, int(2 * READ_SECONDS * 1000))
        try:
            self._socket.connect((self._target.ip, self._asked.port))
        finally:
            self._count()

    def send(self, content: bytes) -> None:
        """Sends a whole message.

        Raises:
            RefusedError: It would exceed the budget of the device.
        """
        self._demand(packets=2 + len(content) // 1200, payload=len(content))
        self._payload += len(content)
        if self._socket.type == socket.SOCK_DGRAM:
            self.packets += 1
        self._socket.sendall(content)
        self._count()

    def receive(self, most: int) -> bytes:
        """What arrives next, within three seconds; empty at the end of the stream.

        Raises:
            TimeoutError: Nothing arrived.
            RefusedError: It answers without end, or acknowledging more would exceed the budget.
        """
        if self._received >= ANSWER_LIMIT_BYTES:
            raise RefusedError("the answer has no end")
        # Whatever is read is acknowledged, which are packets too.
        self._demand(packets=2, payload=0)
        self._socket.settimeout(READ_SECONDS)
        content = self._socket.recv(min(most, ANSWER_LIMIT_BYTES))
        self._received += len(content)
        self._count()
        return content

    def receive_exactly(self, size: int) -> bytes:
        """So many bytes; fewer where the stream ends before, or where they take longer than a few reads' time."""
        content = b""
        end = time.monotonic() + 2 * READ_SECONDS
        while len(content) < size and time.monotonic() < end:
            part = self.receive(size - len(content))
            if not part:
                break
            content += part
        return content

    def close(self) -> None:
        """Closes in order: what is waiting is read first, so that no reset leaves (RFC 9293 3.6.1)."""
        with contextlib.suppress(OSError):
            if self._socket.type == socket.SOCK_STREAM:
                self._socket.shutdown(socket.SHUT_WR)
                self._socket.settimeout(1.0)
                for _ in range(8):
                    if not self._socket.recv(4096):
                        break
        self._count()
        self._socket.close()

    def _demand(self, *, packets: int, payload: int) -> None:
        # Two packets stay for closing.
        if self.packets + packets + 2 > self._packets_left:
            raise RefusedError("the device's budget of packets is used up")
        if self.size + payload + (packets + 2) * _HEADERS_BYTES > self._bytes_left:
            raise RefusedError("the device's budget of bytes is used up")

    def _count(self) -> None:
        if self._socket.type != socket.SOCK_STREAM:
            return
        with contextlib.suppress(OSError, struct.error):
            told = self._socket.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, 256)
            self.packets = max(self.packets, int(struct.unpack("=I", told[_SEGMENTS_SENT])[0]))
