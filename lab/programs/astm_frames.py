"""ASTM E1381 (CLSI LIS01-A2) framing: what the analyser's and the receiver's emulators share. Ours."""

from __future__ import annotations

import socket

ENQ, ACK, NAK, EOT, STX, ETX, CR, LF = (bytes([n]) for n in (0x05, 0x06, 0x15, 0x04, 0x02, 0x03, 0x0D, 0x0A))
LONGEST_TEXT = 240
"""LIS01-A2 6.3.1.2: the text of a frame; our records are shorter, so that none is continued."""


def checksum(text: bytes) -> bytes:
    """LIS01-A2 6.3.3: the sum of what stands between STX and the checksum, modulo 256, as two hexadecimal digits."""
    return f"{sum(text) % 256:02X}".encode()


def frame(number: int, record: str) -> bytes:
    """One frame for one record."""
    text = str(number % 8).encode() + record.encode()[:LONGEST_TEXT] + CR + ETX
    return STX + text + checksum(text) + CR + LF


def exactly(connection: socket.socket, size: int) -> bytes:
    """Reads ``size`` bytes; fewer at the end of the connection."""
    read = b""
    while len(read) < size and (more := connection.recv(size - len(read))):
        read += more
    return read
