"""Real captures for the large one, where they are at hand: read, laid over one hour, copied under other addresses.

Only Ethernet captures are taken. They are other people's and stay outside the repository; without them the
generator makes more of its own traffic instead.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Frame: TypeAlias = tuple[int, bytes, int]
"""Time in microseconds since 1970, the bytes kept, and the original length, which is more where the capture cut."""

ETHERNET = 1
HOUR_US = 3_600_000_000
LONGEST_GAP_US = 2_000_000  # longer silences are cut to this, so that a file is traffic and not waiting
LONGEST_FILE_US = 1_800_000_000  # a longer file is squeezed to half an hour
LONGEST_FRAME = 262_144  # libpcap's MAXIMUM_SNAPLEN: one capture of the archive holds absurd lengths
MAGICS = {
    b"\xd4\xc3\xb2\xa1": ("<", 1),
    b"\x4d\x3c\xb2\xa1": ("<", 1000),
    b"\xa1\xb2\xc3\xd4": (">", 1),
    b"\xa1\xb2\x3c\x4d": (">", 1000),
}


def read(path: Path) -> list[Frame] | None:
    """The frames of a pcap or pcapng file, or None when it holds anything but Ethernet or cannot be read."""
    data = path.read_bytes()
    if data[:4] in MAGICS:
        return _read_pcap(data)
    if data[:4] == b"\n\r\r\n":
        return _read_pcapng(data)
    return None


def _read_pcap(data: bytes) -> list[Frame] | None:
    order, divisor = MAGICS[data[:4]]
    if len(data) < 24 or struct.unpack_from(order + "I", data, 20)[0] & 0xFFFF != ETHERNET:
        return None
    header = struct.Struct(order + "IIII")
    at, out = 24, []
    while at + 16 <= len(data):
        seconds, fraction, kept, original = header.unpack_from(data, at)
        if at + 16 + kept > len(data):
            break
        if kept <= original <= LONGEST_FRAME:
            out.append((seconds * 1_000_000 + fraction // divisor, data[at + 16 : at + 16 + kept], original))
        at += 16 + kept
    return out


def _read_pcapng(data: bytes) -> list[Frame] | None:
    order, at = "<", 0
    resolutions: list[int] = []
    out: list[Frame] = []
    while at + 12 <= len(data):
        if data[at : at + 4] == b"\n\r\r\n":
            order = "<" if data[at + 8 : at + 12] == b"\x4d\x3c\x2b\x1a" else ">"
            resolutions = []
        kind, length = struct.unpack_from(order + "II", data, at)
        if length < 12 or at + length > len(data):
            break
        body = data[at + 8 : at + length - 4]
        if kind == 1:
            if struct.unpack_from(order + "H", body)[0] != ETHERNET:
                return None
            resolutions.append(_units_a_second(body[8:], order))
        elif kind == 6:
            interface, high, low, kept, original = struct.unpack_from(order + "IIIII", body)
            if interface < len(resolutions) and kept <= original <= LONGEST_FRAME:
                out.append(((high << 32 | low) * 1_000_000 // resolutions[interface], body[20 : 20 + kept], original))
        at += length
    return out


def _units_a_second(options: bytes, order: str) -> int:
    at = 0
    while at + 4 <= len(options):
        code, length = struct.unpack_from(order + "HH", options, at)
        if code == 9 and length == 1:  # if_tsresol
            exponent = options[at + 4]
            return int(2 ** (exponent & 127)) if exponent & 128 else int(10**exponent)
        if code == 0:
            break
        at += 4 + (length + 3) // 4 * 4
    return 1_000_000


class Recorded:
    """All usable frames of some folders, spread over one hour and sorted by time."""

    def __init__(self, folders: list[Path], start_us: int, seed: int = 7) -> None:
        random = Random(seed)
        digest = hashlib.sha256()
        frames: list[Frame] = []
        self.files = self.skipped = 0
        for path in sorted(p for folder in folders for p in folder.rglob("*") if p.is_file()):
            packets = read(path)
            if not packets:
                self.skipped += 1
                continue
            self.files += 1
            digest.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
            frames += self._laid_out(packets, start_us, random)
        frames.sort(key=lambda packet: packet[0])
        self.digest = digest.hexdigest()
        self.times = [time for time, _, _ in frames]
        self.originals = [original for _, _, original in frames]
        self.ends = np.cumsum([len(frame) for _, frame, _ in frames], dtype=np.int64).tolist()
        self.data = np.frombuffer(b"".join(frame for _, frame, _ in frames), dtype=np.uint8)
        self._locate()

    @staticmethod
    def _laid_out(packets: list[Frame], start_us: int, random: Random) -> Iterator[Frame]:
        times, now, before = [], 0, packets[0][0]
        for time, _, _ in packets:
            now += min(max(time - before, 0), LONGEST_GAP_US)
            before = time
            times.append(now)
        squeeze = min(1.0, LONGEST_FILE_US / now) if now else 1.0
        first = start_us + random.randrange(max(1, HOUR_US - int(now * squeeze)))
        for time, (_, frame, original) in zip(times, packets, strict=True):
            yield first + int(time * squeeze), frame, original

    def _locate(self) -> None:
        """Where the addresses stand that a copy changes, and the IPv4 headers whose checksum must follow."""
        macs, networks, networks6, headers = [], [], [], []
        raw = self.data.tobytes()
        start = 0
        for end in self.ends:
            frame = raw[start:end]
            macs += [start + at for at in (0, 6) if len(frame) >= 14 and not frame[at] & 1]
            at = 12
            while frame[at : at + 2] in (b"\x81\x00", b"\x88\xa8") and at < 20:
                at += 4
            kind, at = frame[at : at + 2], at + 2
            if kind == b"\x08\x00" and len(frame) >= at + 20 and frame[at] >> 4 == 4:
                places = [start + at + o for o in (12, 16) if _unicast4(frame[at + o])]
                networks += places
                if places:
                    headers.append(start + at)
            elif kind == b"\x86\xdd" and len(frame) >= at + 40:
                networks6 += [start + at + o for o in (8, 24) if frame[at + o] not in (0, 0xFF)]
            elif kind == b"\x08\x06" and len(frame) >= at + 28 and frame[at + 4 : at + 6] == b"\x06\x04":
                macs += [start + at + o for o in (8, 18) if any(frame[at + o : at + o + 6])]
                networks += [start + at + o for o in (14, 24) if _unicast4(frame[at + o])]
            start = end
        self.macs = np.array(macs, dtype=np.int64)
        self.networks = np.array(networks, dtype=np.int64)
        self.networks6 = np.array(networks6, dtype=np.int64)
        self.headers = np.array(headers, dtype=np.int64)

    def copy(self, number: int, shift_us: int) -> Iterator[Frame]:
        """The frames once more, ``shift_us`` later, every unicast address changed by the same bijection.

        The bits of ``number`` are flipped in the third byte of the vendor's part of a MAC address, in the second and
        third byte of an IPv4 address and in the subnet of an IPv6 address: two addresses that differ stay different,
        those that were equal stay equal. Copy 0 is the original.
        """
        data = self.data.copy()
        if number:
            data[self.macs + 4] ^= number
            data[self.networks + 1] ^= number
            data[self.networks + 2] ^= number
            data[self.networks6 + 7] ^= number
            self._mend_checksums(data)
        raw = data.tobytes()
        del data
        start = 0
        for time, end, original in zip(self.times, self.ends, self.originals, strict=True):
            yield time + shift_us, raw[start:end], original
            start = end

    def _mend_checksums(self, data: NDArray[np.uint8]) -> None:
        # RFC 1624 3: HC' = ~(~HC + ~m + m'), over the four words of the two addresses.
        def word(source: NDArray[np.uint8], offset: int) -> NDArray[np.int64]:
            at = self.headers + offset
            return source[at].astype(np.int64) << 8 | source[at + 1]

        total = ~word(self.data, 10) & 0xFFFF
        for offset in (12, 14, 16, 18):
            total = total + (~word(self.data, offset) & 0xFFFF) + word(data, offset)
        for _ in range(2):
            total = (total & 0xFFFF) + (total >> 16)
        checksum = ~total & 0xFFFF
        data[self.headers + 10] = checksum >> 8
        data[self.headers + 11] = checksum & 0xFF


def _unicast4(first: int) -> bool:
    return first not in (0, 127) and first < 224
