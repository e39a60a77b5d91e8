"""Frames without IP that a protocol of ours reads: radio management, Bluetooth, BACnet on its own lines.

Each function is given a frame and says, in the batch's words, which part of it goes to which protocol. What it
returns is what ``link_layer`` returns: 0 for a frame that was understood, or the negative of a ``REASON_*``.
``frame_said`` says which of those bytes make two frames the same statement: beacons come ten times a second with a
clock in them, advertisements as often with a signal strength.
"""

from __future__ import annotations

from asepsis.wire.kernels.classify_control import BACNET
from asepsis.wire.kernels.machine import be16, be32, be64, kernel, le16, le32, le64, put, shift_right, u8
from asepsis.wire.layout import (
    B_DESTINATION_MAC,
    B_KEY,
    B_KIND,
    B_LENGTH,
    B_PAYLOAD,
    B_SOURCE_MAC,
    KIND_FRAME,
    LINK_BLE_LL,
    LINK_BLE_LL_PHDR,
    LINK_HCI_H4_PHDR,
    LINK_NORDIC_BLE,
    REASON_ARCNET,
    REASON_BLE_BAD,
    REASON_HCI_BAD,
    REASON_MSTP_BAD,
    REASON_SHORT_LINK,
)

WIFI = 38
BLE = 39
HCI = 40

# Bluetooth Core 6.B.2.1.2: the access address of every advertising packet, as it stands in memory.
ADVERTISING_ACCESS_ADDRESS = 0x8E89BED6
# An element of 802.11 is at least two bytes and a frame under 2,400 bytes; more elements are junk.
MOST_ELEMENTS = 256


@kernel
def hand_frame(w: int, application: int, p: int, n: int) -> None:
    """This part of the frame is a message of ``application``."""
    put(w, B_KIND, KIND_FRAME)
    put(w, B_KEY, application)
    put(w, B_PAYLOAD, p)
    put(w, B_LENGTH, n)


@kernel
def wifi_management(p: int, end: int, w: int) -> int:
    """IEEE 802.11 9.3.3.2: 24 bytes of header, then fixed fields and elements."""
    if p + 24 > end:
        return -REASON_SHORT_LINK
    put(w, B_DESTINATION_MAC, shift_right(be64(p + 4), 16))
    put(w, B_SOURCE_MAC, shift_right(be64(p + 10), 16))
    hand_frame(w, WIFI, p, end - p)
    return 0


@kernel
def wifi_membership(p: int, end: int, w: int) -> None:
    """An encrypted data frame between a station and its access point: the header says who belongs to which network."""
    if p + 24 <= end and (u8(p + 1) & 3 == 1 or u8(p + 1) & 3 == 2):
        put(w, B_DESTINATION_MAC, shift_right(be64(p + 4), 16))
        put(w, B_SOURCE_MAC, shift_right(be64(p + 10), 16))
        hand_frame(w, WIFI, p, 24)


@kernel
def mstp(p: int, end: int, w: int) -> int:
    """MS/TP (ASHRAE 135 9.3) behind its preamble: type, destination, source, length, header CRC, data, CRC."""
    if p + 6 > end:
        return -REASON_SHORT_LINK
    kind = u8(p)
    length = be16(p + 3)
    if length > 0 and p + 6 + length > end:
        return -REASON_MSTP_BAD
    if kind == 5 or kind == 6:  # BACnet data, expecting a reply or not
        if length < 2 or u8(p + 6) != 1:
            return -REASON_MSTP_BAD
        hand_frame(w, BACNET, p + 6, length)
        return 0
    # Tokens, polls for a master, tests and makers' own frames; 32 and above are of later standards.
    return 0


@kernel
def mstp_line(p: int, end: int, w: int) -> int:
    """MS/TP as captured from the line: two bytes of preamble first; some recorders leave them out."""
    put(w, B_SOURCE_MAC, 0)
    put(w, B_DESTINATION_MAC, 0)
    if p + 8 <= end and be16(p) == 0x55FF:
        return mstp(p + 2, end, w)
    return -REASON_MSTP_BAD


@kernel
def arcnet(p: int, end: int, w: int) -> int:
    """ARCnet: source, destination, for some recorders two bytes of offset, then the system code.

    BACnet is system code CD with IEEE 802.2 behind it (ASHRAE 135 8.2). Files say the one layout and hold the other,
    so the bytes decide.
    """
    put(w, B_SOURCE_MAC, 0)
    put(w, B_DESTINATION_MAC, 0)
    at = 0
    if p + 8 <= end and be32(p + 4) == 0xCD828203:
        at = p + 8
    elif p + 6 <= end and be32(p + 2) == 0xCD828203:
        at = p + 6
    elif p + 5 > end:
        return -REASON_SHORT_LINK
    if at == 0:
        return -REASON_ARCNET
    if at + 2 <= end and u8(at) == 1:
        hand_frame(w, BACNET, at, end - at)
    return 0


@kernel
def bacnet_ethernet(p: int, end: int, length: int, w: int) -> int:
    """IEEE 802.3 frames of BACnet: LLC 82 82 03 (ASHRAE 135 7.1), or MS/TP inside Cimetrics' SNAP. 1 when it is one."""
    if p + 5 <= end and be32(p) >> 8 == 0x828203:
        if u8(p + 3) == 1:
            hand_frame(w, BACNET, p + 3, min(end - p, length) - 3)
        return 1
    # Three bytes of timing, then the frame without its preamble.
    if p + 17 <= end and be32(p) == 0xAAAA0300 and be32(p + 4) == 0x10900001:
        return 1 if mstp(p + 11, end, w) == 0 else 0
    return 0


@kernel
def is_said(p: int) -> bool:
    """Whether an L2CAP message tells of its sender: pairing, discovery and reads; not notifications and writes."""
    channel = le16(p + 2)
    operation = u8(p + 4)
    if channel == 6:
        # Core 3.H.3.5: pairing request, response, failed, and the public keys of Secure Connections; never other keys.
        return operation == 1 or operation == 2 or operation == 5 or operation == 12
    return channel == 4 and 1 <= operation <= 0x11


@kernel
def le_packet(p: int, n: int, padded: int, encrypted: int, w: int) -> None:
    """A link layer packet of Bluetooth LE from its access address on; hands on what says who somebody is.

    ``padded`` 1: a byte stands between header and payload.
    """
    if n < 9 + padded:
        return
    length = u8(p + 5)
    if 6 + padded + length + 3 > n:
        return
    if le32(p) == ADVERTISING_ACCESS_ADDRESS:
        if length >= 6 and u8(p + 4) & 15 != 7:
            # Whoever sends, stands first: the least significant byte of the address at the lowest place (Core 6.B.2.3).
            body = p + 6 + padded
            put(w, B_SOURCE_MAC, le32(body) | le16(body + 4) << 32)
        hand_frame(w, BLE, p, 6 + padded + length + 3)
        return
    # Core 6.B.2.4: the start of an L2CAP message; 4 is the attribute protocol, 6 the security manager (3.A.2.1).
    if encrypted == 0 and u8(p + 4) & 3 == 2 and length >= 5:
        body = p + 6 + padded
        if le16(body) + 4 == length and is_said(body):
            hand_frame(w, BLE, p, 6 + padded + length + 3)


@kernel
def bluetooth(p: int, end: int, link: int, w: int) -> int:
    """Bluetooth from the air, and between a host and its controller."""
    put(w, B_SOURCE_MAC, 0)
    put(w, B_DESTINATION_MAC, 0)
    if link == LINK_NORDIC_BLE:
        # Board, then six bytes with the version third, then ten of timing and signal, then the packet.
        if p + 17 > end or (u8(p + 2) > 3 and u8(p + 1) != 6):
            return -REASON_BLE_BAD
        flags = u8(p + 8)
        if u8(p + 7) == 10 and flags & 1:  # a frame whose CRC was wrong is noise
            # The sniffer puts a byte between header and payload; most recorders take it out again.
            padded = 1 if p + 23 <= end and end - p - 17 == u8(p + 22) + 10 else 0
            le_packet(p + 17, end - p - 17, padded, flags >> 2 & 1, w)
        return 0
    if link == LINK_BLE_LL or link == LINK_BLE_LL_PHDR:
        if link == LINK_BLE_LL_PHDR:
            if p + 10 > end:
                return -REASON_SHORT_LINK
            flags = le16(p + 8)
            p += 10
            if flags & 0x0001 == 0:  # whitened still
                return 0
            if flags & 0x0400 and flags & 0x0800 == 0:  # the CRC was checked and was wrong
                return 0
        if p + 9 > end:
            return -REASON_BLE_BAD
        le_packet(p, end - p, 0, 0, w)
        return 0
    if link == LINK_HCI_H4_PHDR:
        p += 4
    if p + 4 > end:
        return -REASON_SHORT_LINK
    kind = u8(p)
    if kind == 1:  # command: opcode, length
        return 0 if p + 4 + u8(p + 3) <= end else -REASON_HCI_BAD
    if kind == 2:  # ACL data: handle, 16-bit length
        if p + 5 > end or p + 5 + le16(p + 3) > end:
            return -REASON_HCI_BAD
        # The first piece of an L2CAP message (Core 4.E.5.4.2): who somebody is needs no second one.
        if le16(p + 1) >> 12 & 1 == 0 and le16(p + 3) >= 5 and is_said(p + 5):
            hand_frame(w, HCI, p, 5 + le16(p + 3))
        return 0
    if kind == 3:  # synchronous data: handle, length
        return 0 if p + 4 + u8(p + 3) <= end else -REASON_HCI_BAD
    if kind == 4:  # event: code, length
        if p + 3 + u8(p + 2) > end:
            return -REASON_HCI_BAD
        code = u8(p + 1)
        # Disconnected, encryption changed, remote version, and the events of low energy (Core 4.E.7.7).
        if code == 0x05 or code == 0x08 or code == 0x0C or code == 0x3E:
            hand_frame(w, HCI, p, 3 + u8(p + 2))
        return 0
    if kind == 5:  # isochronous data
        return 0 if p + 5 <= end else -REASON_HCI_BAD
    return -REASON_HCI_BAD


@kernel
def stretch_hash(h: int, p: int, n: int) -> int:
    """Goes on with a 64-bit hash over ``n`` more bytes."""
    end = p + n
    while p + 8 <= end:
        h = (h ^ le64(p)) * -7046029254386353131
        h ^= shift_right(h, 29)
        p += 8
    rest = n
    while p < end:
        rest = rest << 8 | u8(p)
        p += 1
    h = (h ^ rest) * 1609587929392839161
    return h ^ shift_right(h, 32)


@kernel
def wifi_hash(seed: int, p: int, n: int) -> int:
    """A hash of what an 802.11 management frame states: no sequence number, clock, traffic map or load."""
    if n <= 24 or u8(p) >> 2 & 3 != 0:
        # Of a data frame the three addresses and the direction; of a short frame what there is.
        return stretch_hash(stretch_hash(seed, p, 1), p + 4, min(n, 22) - 4)
    subtype = u8(p) >> 4
    h = stretch_hash(stretch_hash(seed, p, 1), p + 10, 12)
    at = 24
    if subtype == 8 or subtype == 5:  # beacon, probe response: clock, interval, capabilities
        at = 34
        if n < 36:
            return h
        h = stretch_hash(h, p + 34, 2)
        at = 36
    else:
        # Everything else is rare, and its receiver matters.
        return stretch_hash(stretch_hash(h, p + 4, 6), p + 24, n - 24)
    steps = 0
    while at + 2 <= n and steps < MOST_ELEMENTS:
        number = u8(p + at)
        size = min(2 + u8(p + at + 1), n - at)
        # 5 is the traffic map, 11 the load of the cell, 35 the transmit power report.
        if number != 5 and number != 11 and number != 35:
            h = stretch_hash(h, p + at, size)
        at += size
        steps += 1
    return h


@kernel
def le_said(p: int, n: int) -> int:
    """How many bytes of an HCI packet are worth comparing, 0 where all must be read."""
    # An advertising report with one device ends with its signal strength (Core 4.E.7.7.65.2).
    if u8(p) == 4 and n > 6 and u8(p + 1) == 0x3E and u8(p + 3) == 2 and u8(p + 4) == 1:
        return n - 1
    return 0
