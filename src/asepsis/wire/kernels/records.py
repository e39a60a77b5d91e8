"""From a block of capture bytes to the packets in it: pcap, pcapng and AF_PACKET ring blocks.

Each walker fills the frame words of the batch scratch for at most ``BATCH_PACKETS`` packets and moves
CONTROL[POSITION] behind the last one. It stops before a record that is not wholly in the block.
"""

from __future__ import annotations

from asepsis.wire.kernels.machine import be16, be32, get, inlined, kernel, le16, le32, put, shift_right
from asepsis.wire.layout import (
    B_END,
    B_FRAME,
    B_LINK,
    B_PACKET,
    B_TIME,
    B_VLAN,
    B_WIRE,
    BATCH,
    BATCH_PACKETS,
    BATCH_WORDS,
    BLOCK,
    BUFFER,
    DAMAGED,
    FORMAT,
    FORMAT_PCAP,
    FORMAT_PCAPNG,
    FRACTION_NS,
    HEADER_BYTES,
    I_DIVIDE,
    I_LINK,
    I_MULTIPLY,
    I_OFFSET_NS,
    I_PACKETS,
    I_SNAP,
    INTERFACE_COUNT,
    INTERFACE_WORDS,
    INTERFACES,
    LENGTHS_SWAPPED,
    LIMIT,
    NEED_INPUT,
    NOW_NS,
    PACKETS,
    POSITION,
    STAGE_PACKETS,
    SWAPPED,
)

# libpcap's own largest snapshot length; a larger record length means that the file is damaged here.
LONGEST_PACKET = 262_144
# A block longer than this is damage, not data: the largest packet with room for its options.
LONGEST_BLOCK = 16 * 1024 * 1024
# What the kernel marks in tp_status when it took the VLAN tag out of the frame (TP_STATUS_VLAN_VALID).
RING_VLAN_VALID = 0x10


@inlined
def word32(p: int, swapped: int) -> int:
    """A 32-bit number in the byte order of the file."""
    return be32(p) if swapped else le32(p)


@inlined
def word16(p: int, swapped: int) -> int:
    """A 16-bit number in the byte order of the file."""
    return be16(p) if swapped else le16(p)


@inlined
def note_packet(c: int, n: int, frame: int, length: int, wire: int, time_ns: int, link: int, vlan: int) -> None:
    """Writes packet ``n`` of the batch and counts it."""
    w = get(c, BATCH) + n * (BATCH_WORDS * 8)
    ordinal = get(c, PACKETS) + 1
    put(c, PACKETS, ordinal)
    put(w, B_FRAME, frame)
    put(w, B_END, frame + length)
    put(w, B_WIRE, wire)
    put(w, B_TIME, time_ns)
    put(w, B_LINK, link)
    put(w, B_VLAN, vlan)
    put(w, B_PACKET, ordinal)


@kernel
def walk_pcap(c: int) -> int:
    """Classic pcap: 16-byte record headers (24 in the modified variant of 1998)."""
    buffer = get(c, BUFFER)
    position = get(c, POSITION)
    limit = get(c, LIMIT)
    swapped = get(c, SWAPPED)
    header = get(c, HEADER_BYTES)
    fraction_ns = get(c, FRACTION_NS)
    swapped_lengths = get(c, LENGTHS_SWAPPED) * 4
    link = get(get(c, INTERFACES), I_LINK)
    n = 0
    status = NEED_INPUT
    while n < BATCH_PACKETS and position + header <= limit:
        p = buffer + position
        length = word32(p + 8 + swapped_lengths, swapped)
        if length > LONGEST_PACKET:
            status = DAMAGED
            break
        if position + header + length > limit:
            break
        time_ns = word32(p, swapped) * 1_000_000_000 + word32(p + 4, swapped) * fraction_ns
        note_packet(c, n, p + header, length, word32(p + 12 - swapped_lengths, swapped), time_ns, link, 0)
        position += header + length
        n += 1
    put(c, POSITION, position)
    put(c, STAGE_PACKETS, n)
    return status


@inlined
def interface_time(interface: int, ticks: int) -> int:
    """Ticks of an interface as nanoseconds since 1970 (pcapng 4.2, if_tsresol and if_tsoffset)."""
    divide = get(interface, I_DIVIDE)
    multiply = get(interface, I_MULTIPLY)
    if divide == 1:
        return ticks * multiply + get(interface, I_OFFSET_NS)
    # Ticks are unsigned: halve them for the division, then put the last bit back.
    whole = shift_right(ticks, 1) // divide * 2
    rest = ticks - whole * divide
    if rest >= divide:
        whole += 1
        rest -= divide
    # Whole units first; finer than 2^-33 s, low bits are dropped so that the product stays within 63 bits.
    part = divide
    while multiply > 1 and part > 8_589_934_592:
        part = shift_right(part, 1)
        rest = shift_right(rest, 1)
    return whole * multiply + rest * multiply // part + get(interface, I_OFFSET_NS)


@kernel
def walk_pcapng(c: int) -> int:
    """Pcapng: enhanced, simple and obsolete packet blocks; headers go to Python, other blocks are passed over."""
    buffer = get(c, BUFFER)
    position = get(c, POSITION)
    limit = get(c, LIMIT)
    swapped = get(c, SWAPPED)
    interfaces = get(c, INTERFACES)
    count = get(c, INTERFACE_COUNT)
    n = 0
    status = NEED_INPUT
    while n < BATCH_PACKETS and position + 12 <= limit:
        p = buffer + position
        kind = word32(p, swapped)
        if kind == 0x0A0D0D0A or kind == 1:
            status = BLOCK
            break
        length = word32(p + 4, swapped)
        if length < 12 or length > LONGEST_BLOCK or length % 4 != 0:
            status = DAMAGED
            break
        if position + length > limit:
            break
        position += length
        number = 0
        data = 28
        if kind == 6:  # enhanced packet block
            if length < 32:
                status = DAMAGED
                break
            number = word32(p + 8, swapped)
            captured = word32(p + 20, swapped)
            wire = word32(p + 24, swapped)
        elif kind == 2:  # packet block, obsolete: the interface has 16 bits, then 16 bits of drops
            if length < 32:
                status = DAMAGED
                break
            number = word16(p + 8, swapped)
            captured = word32(p + 20, swapped)
            wire = word32(p + 24, swapped)
        elif kind == 3:  # simple packet block: no time, no interface, no captured length
            if length < 16:
                status = DAMAGED
                break
            data = 12
            wire = word32(p + 8, swapped)
            captured = wire
            if count > 0:
                snap = get(interfaces, I_SNAP)
                if snap > 0 and captured > snap:
                    captured = snap
            if captured > length - 16:
                captured = length - 16
        else:
            continue
        if captured > length - data - 4:
            status = DAMAGED
            break
        if number >= count:
            note_packet(c, n, p + data, captured, wire, get(c, NOW_NS), -1, 0)
            n += 1
            continue
        interface = interfaces + number * (INTERFACE_WORDS * 8)
        if kind == 3:
            time_ns = get(c, NOW_NS)
        else:
            ticks = word32(p + 12, swapped) << 32 | word32(p + 16, swapped)
            time_ns = interface_time(interface, ticks)
        put(interface, I_PACKETS, get(interface, I_PACKETS) + 1)
        note_packet(c, n, p + data, captured, wire, time_ns, get(interface, I_LINK), 0)
        n += 1
    put(c, POSITION, position)
    put(c, STAGE_PACKETS, n)
    return status


@kernel
def walk_ring(c: int) -> int:
    """One block of a TPACKET_V3 ring; POSITION is the offset of the next packet header, LIMIT the packets left."""
    buffer = get(c, BUFFER)
    position = get(c, POSITION)
    left = get(c, LIMIT)
    link = get(get(c, INTERFACES), I_LINK)
    n = 0
    while n < BATCH_PACKETS and left > 0:
        p = buffer + position
        time_ns = le32(p + 4) * 1_000_000_000 + le32(p + 8)
        vlan = 0
        if le32(p + 20) & RING_VLAN_VALID:
            vlan = le32(p + 32) & 0xFFF
        note_packet(c, n, p + le16(p + 24), le32(p + 12), le32(p + 16), time_ns, link, vlan)
        position += le32(p)
        left -= 1
        n += 1
    put(c, POSITION, position)
    put(c, LIMIT, left)
    put(c, STAGE_PACKETS, n)
    return NEED_INPUT


@kernel
def walk(c: int) -> int:
    """Fills the batch from the block in hand; returns a status."""
    form = get(c, FORMAT)
    if form == FORMAT_PCAP:
        return walk_pcap(c)
    if form == FORMAT_PCAPNG:
        return walk_pcapng(c)
    return walk_ring(c)
