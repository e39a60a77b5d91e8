"""Another process than the scanner's: hears every packet that leaves by one interface, and signs what it heard.

``python -m asepsis.pipeline.scanning.recorder INTERFACE PLAN_DIGEST KEY_FILE RECEIPT``; it says ``ready`` when it
hears, and writes the receipt when its standard input ends. Each line of its input names a device that the scanner did
not ask after all, and why. It knows nothing of what the plan allows: it tells what left, and what it was told.
"""

from __future__ import annotations

import hashlib
import json
import os
import select
import socket
import struct
import sys
import time
from pathlib import Path
from typing import Any, Final

from asepsis.crypto.signing import signing_key_file
from asepsis.exposure.scanning.envelope import RECEIPT, seal
from asepsis.exposure.scanning.plan import TARGETS_LIMIT

FORMAT: Final = "asepsis-scan-receipt-1"
# The largest plan lets some 15,000 packets out; ten times as many are a fault that the receipt must still show.
PACKETS_LIMIT: Final = 150_000
_ETH_P_ALL: Final = 3
_PACKET_OUTGOING: Final = 4
_SOL_PACKET, _PACKET_STATISTICS = 263, 6
_BUFFER_BYTES: Final = 8 << 20
_FRAME_BYTES: Final = 65_600
# Every device of the largest plan, with a sentence each.
_TOLD_LIMIT_BYTES: Final = 256 << 10


def headers_length(frame: bytes) -> int:
    """How much of an Ethernet frame is headers; what follows may be a secret, and only its digest is kept."""
    kind = frame[12:14]
    if kind == b"\x08\x06":
        return min(len(frame), 42)
    if kind == b"\x08\x00" and len(frame) >= 34:
        start, protocol = 14 + 4 * (frame[14] & 15), frame[23]
    elif kind == b"\x86\xdd" and len(frame) >= 54:
        start, protocol = 54, frame[20]
    else:
        return min(len(frame), 14)
    length = {6: 20, 17: 8, 58: 24}.get(protocol, 0)
    return min(len(frame), start + length)


def entry(frame: bytes, at_ns: int) -> dict[str, Any]:
    """One packet of the receipt."""
    return {
        "at_ns": at_ns,
        "bytes": len(frame),
        "head": frame[: headers_length(frame)].hex(),
        "sha256": hashlib.sha256(frame).hexdigest(),
    }


def skipped(told: bytes) -> list[dict[str, str]]:
    """The devices that the scanner says it does not ask, in its own words; a line that is none is passed over."""
    found = []
    for line in told.splitlines()[:TARGETS_LIMIT]:
        try:
            said = json.loads(line)
            found.append({"device": str(said["device"]), "why": str(said["why"])})
        except (ValueError, TypeError, KeyError, RecursionError):
            continue
    return found


def record(interface: str, plan: str, key_file: Path, receipt: Path) -> None:
    """Records until standard input ends."""
    key = signing_key_file(key_file)
    # Protocol 0 until it is bound: nothing of other interfaces is received before.
    listening = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
    listening.bind((interface, _ETH_P_ALL))
    listening.setblocking(False)
    began_ns = time.time_ns()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    packets: list[dict[str, Any]] = []
    beyond = 0
    told = b""
    going = True
    while going:
        readable, _, _ = select.select([listening.fileno(), 0], [], [])
        if 0 in readable:
            said = os.read(0, _TOLD_LIMIT_BYTES)
            told = (told + said)[:_TOLD_LIMIT_BYTES]
            going = bool(said)
        # What the kernel handed over before the end was said is still read.
        while (frame := _next(listening)) is not None:
            if len(packets) < PACKETS_LIMIT:
                packets.append(entry(frame, time.time_ns()))
            else:
                beyond += 1
    # struct tpacket_stats: packets, drops
    lost = struct.unpack("=II", listening.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8))[1]
    statement = {
        "format": FORMAT,
        "plan": plan,
        "interface": interface,
        "mac": listening.getsockname()[4].hex(":"),
        "began_ns": began_ns,
        "ended_ns": time.time_ns(),
        "packets": packets,
        "lost": lost + beyond,
        "skipped": skipped(told),
    }
    temporary = receipt.with_suffix(".part")
    temporary.write_bytes(seal(RECEIPT, statement, key))
    temporary.replace(receipt)


def _next(listening: socket.socket) -> bytes | None:
    """The next frame that left; what arrived is not kept."""
    while True:
        try:
            frame, address = listening.recvfrom(_FRAME_BYTES)
        except BlockingIOError:
            return None
        if address[2] == _PACKET_OUTGOING:
            return frame


if __name__ == "__main__":
    record(sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
