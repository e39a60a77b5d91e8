"""The conversation table: find or open the row of a packet, count it, close what is over.

Open addressing with linear probing over 64-bit slots (upper half of the hash, row number + 1); rows never move
and are reused through a list of free rows. The table is bounded: when it fills up, the longest idle
conversations are finished early and counted as evicted.
"""

from __future__ import annotations

from asepsis.wire.kernels.classify import classify_tcp, classify_udp
from asepsis.wire.kernels.classify_control import BACNET
from asepsis.wire.kernels.classify_quic import NAMED_ONLY
from asepsis.wire.kernels.emit import emit_datagram, emit_segment
from asepsis.wire.kernels.handing import FLAG_RAW, add_said, hand_on, mark, sender_of
from asepsis.wire.kernels.machine import copy, get, inlined, kernel, put, shift_right
from asepsis.wire.kernels.meaning import content_hash, meaning_of, without
from asepsis.wire.kernels.repeats import is_repeat, is_repeated_frame
from asepsis.wire.layout import (
    ACTIVE_NS,
    B_DESTINATION_HIGH,
    B_DESTINATION_LOW,
    B_DESTINATION_MAC,
    B_HASH,
    B_KEY,
    B_LENGTH,
    B_PACKET,
    B_PAYLOAD,
    B_SOURCE_HIGH,
    B_SOURCE_LOW,
    B_SOURCE_MAC,
    B_TCP,
    B_TIME,
    B_VLAN,
    B_WIRE,
    EMIT,
    EMIT_CLUES,
    EVICTED,
    FINISHED,
    FINISHED_CAPACITY,
    FINISHED_COUNT,
    IDLE_CLOSED_NS,
    IDLE_TCP_NS,
    IDLE_UDP_NS,
    NOW_NS,
    ORDINAL,
    R_A_HIGH,
    R_A_LOW,
    R_B_HIGH,
    R_B_LOW,
    R_BYTES_A,
    R_BYTES_B,
    R_FIRST_NS,
    R_FIRST_PACKET,
    R_HASH,
    R_KEY,
    R_LAST_NS,
    R_LIVE,
    R_MAC_A,
    R_NEXT,
    R_ORDINAL,
    R_PACKETS_A,
    R_PACKETS_B,
    R_PARTIAL_A,
    R_PARTIAL_B,
    R_PDU_A,
    R_PDU_B,
    R_STATE,
    R_VLAN,
    ROW_FREE,
    ROW_LIVE,
    ROW_TOP,
    ROW_WORDS,
    ROWS,
    S_APPLICATION,
    S_BY_CONTENT,
    S_CLIENT,
    S_CUT,
    S_FIN,
    S_FIRST_B,
    S_RAW,
    S_RESET,
    S_SPLIT,
    S_STARTED,
    S_SYN,
    S_SYN_ACK,
    S_TRIES_SHIFT,
    S_TUNNEL_SHIFT,
    SEED,
    SLOT_MASK,
    SLOTS,
    SPLITS,
    SWEEP_NS,
)

# How many payloads of a conversation the classifier looks at before it lets go: a capture may begin inside a
# long message, but a conversation of bulk must not be read for ever.
MOST_TRIES = 64
# A first segment shorter than this may be the beginning of a message whose rest tells what it is.
SHORT_BEGINNING = 12
# An unknown conversation whose first bytes come out of order is handed on up to this many bytes a direction.
LIMIT_UNKNOWN_RAW = 64 * 1024

NEIGHBOUR_DISCOVERY = 17

REVERSED_BIT = 48
NO_PAYLOAD_BIT = 49

ENDED_IDLE = 1
ENDED_SPLIT = 2
ENDED_EVICTED = 3
ENDED_CLOSED = 4

TAG = -1 << 32  # the upper half of a slot


@inlined
def is_closed(state: int) -> bool:
    """A reset was seen, or both sides said that they are done."""
    return state & S_RESET != 0 or state & (S_FIN * 3) == S_FIN * 3


@kernel
def finish(c: int, row_at: int, ended_by: int) -> None:
    """Copies a row to the finished conversations; the caller made sure of room."""
    count = get(c, FINISHED_COUNT)
    o = get(c, FINISHED) + count * (ROW_WORDS * 8)
    copy(o, row_at, ROW_WORDS * 8)
    put(o, R_LIVE, 2 + ended_by)
    put(c, FINISHED_COUNT, count + 1)


@kernel
def open_row(c: int, row_at: int, w: int) -> None:
    """Writes a new conversation, begun by the packet ``w``, into a row."""
    tcp = get(w, B_TCP)
    key = get(w, B_KEY)
    backwards = shift_right(tcp, REVERSED_BIT) & 1
    state = 0
    if backwards:
        put(row_at, R_A_HIGH, get(w, B_DESTINATION_HIGH))
        put(row_at, R_A_LOW, get(w, B_DESTINATION_LOW))
        put(row_at, R_B_HIGH, get(w, B_SOURCE_HIGH))
        put(row_at, R_B_LOW, get(w, B_SOURCE_LOW))
        put(row_at, R_KEY, (key >> 16 & 0xFFFF) << 32 | (key >> 32) << 16 | key & 0xFFFF)
        put(row_at, R_MAC_A, get(w, B_DESTINATION_MAC))
        put(row_at, R_MAC_A + 1, get(w, B_SOURCE_MAC))
        state = S_FIRST_B
    else:
        put(row_at, R_A_HIGH, get(w, B_SOURCE_HIGH))
        put(row_at, R_A_LOW, get(w, B_SOURCE_LOW))
        put(row_at, R_B_HIGH, get(w, B_DESTINATION_HIGH))
        put(row_at, R_B_LOW, get(w, B_DESTINATION_LOW))
        put(row_at, R_KEY, key)
        put(row_at, R_MAC_A, get(w, B_SOURCE_MAC))
        put(row_at, R_MAC_A + 1, get(w, B_DESTINATION_MAC))
    put(row_at, R_HASH, get(w, B_HASH))
    put(row_at, R_FIRST_NS, get(w, B_TIME))
    put(row_at, R_LAST_NS, get(w, B_TIME))
    put(row_at, R_PACKETS_A, 0)
    put(row_at, R_PACKETS_B, 0)
    put(row_at, R_BYTES_A, 0)
    put(row_at, R_BYTES_B, 0)
    put(row_at, R_STATE, state | (get(w, B_VLAN) >> 16 & 0xFF) << S_TUNNEL_SHIFT)
    ordinal = get(c, ORDINAL)
    put(c, ORDINAL, ordinal + 1)
    put(row_at, R_ORDINAL, ordinal)
    put(row_at, R_FIRST_PACKET, get(w, B_PACKET))
    put(row_at, R_VLAN, get(w, B_VLAN) & 0xFFFF)
    put(row_at, R_NEXT, 0)
    put(row_at, R_PDU_A, 0)
    put(row_at, R_PDU_B, 0)
    put(row_at, R_PARTIAL_A, 0)
    put(row_at, R_PARTIAL_B, 0)
    put(row_at, R_LIVE, 1)


@kernel
def split(c: int, row_at: int, w: int) -> None:
    """Finishes what a long conversation has counted so far and lets it go on under the same ordinal."""
    finish(c, row_at, ENDED_SPLIT)
    put(row_at, R_FIRST_NS, get(w, B_TIME))
    put(row_at, R_PACKETS_A, 0)
    put(row_at, R_PACKETS_B, 0)
    put(row_at, R_BYTES_A, 0)
    put(row_at, R_BYTES_B, 0)
    put(row_at, R_FIRST_PACKET, get(w, B_PACKET))
    put(row_at, R_STATE, get(row_at, R_STATE) | S_SPLIT)
    put(c, SPLITS, get(c, SPLITS) + 1)


@inlined
def idle_limit(c: int, protocol: int, state: int) -> int:
    """How long a conversation may be silent before it is over, in nanoseconds."""
    if protocol != 6:
        return get(c, IDLE_UDP_NS)
    if is_closed(state):
        return get(c, IDLE_CLOSED_NS)
    # A scan's SYN that nobody answered does not deserve the patience of a session.
    if state & (S_STARTED * 3) != S_STARTED * 3:
        return get(c, IDLE_UDP_NS)
    return get(c, IDLE_TCP_NS)


@kernel
def find_or_open(c: int, w: int) -> int:
    """The row number of the packet's conversation, opened if need be."""
    h = get(w, B_HASH)
    slots = get(c, SLOTS)
    mask = get(c, SLOT_MASK)
    rows = get(c, ROWS)
    key = get(w, B_KEY)
    tcp = get(w, B_TCP)
    if shift_right(tcp, REVERSED_BIT) & 1:
        a_high = get(w, B_DESTINATION_HIGH)
        a_low = get(w, B_DESTINATION_LOW)
        b_high = get(w, B_SOURCE_HIGH)
        b_low = get(w, B_SOURCE_LOW)
        key = (key >> 16 & 0xFFFF) << 32 | (key >> 32) << 16 | key & 0xFFFF
    else:
        a_high = get(w, B_SOURCE_HIGH)
        a_low = get(w, B_SOURCE_LOW)
        b_high = get(w, B_DESTINATION_HIGH)
        b_low = get(w, B_DESTINATION_LOW)
    slot = h & mask
    while True:
        s = get(slots, slot)
        if s == 0:
            break
        if (s ^ h) & TAG == 0:
            row = (s & 0xFFFFFFFF) - 1
            row_at = rows + row * (ROW_WORDS * 8)
            if (
                get(row_at, R_KEY) == key
                and get(row_at, R_A_LOW) == a_low
                and get(row_at, R_B_LOW) == b_low
                and get(row_at, R_A_HIGH) == a_high
                and get(row_at, R_B_HIGH) == b_high
            ):
                state = get(row_at, R_STATE)
                now = get(w, B_TIME)
                silent = now - get(row_at, R_LAST_NS)
                flags = tcp >> 32 & 0xFF
                protocol = key >> 8 & 0xFF
                if silent > idle_limit(c, protocol, state):
                    finish(c, row_at, ENDED_CLOSED if protocol == 6 and is_closed(state) else ENDED_IDLE)
                    open_row(c, row_at, w)
                elif protocol == 6 and flags & 0x12 == 0x02 and is_closed(state):
                    # A new connection on the ports of one that is over.
                    finish(c, row_at, ENDED_CLOSED)
                    open_row(c, row_at, w)
                elif now - get(row_at, R_FIRST_NS) > get(c, ACTIVE_NS):
                    split(c, row_at, w)
                return row
        slot = (slot + 1) & mask
    free = get(c, ROW_FREE)
    if free > 0:
        row = free - 1
        put(c, ROW_FREE, get(rows + row * (ROW_WORDS * 8), 0))
    else:
        row = get(c, ROW_TOP)
        put(c, ROW_TOP, row + 1)
    put(c, ROW_LIVE, get(c, ROW_LIVE) + 1)
    put(slots, slot, h & TAG | (row + 1))
    open_row(c, rows + row * (ROW_WORDS * 8), w)
    return row


@kernel
def close_row(c: int, row: int) -> None:
    """Takes a row out of the table: its slot by shifting back what was pushed on by it, its words to the free list."""
    slots = get(c, SLOTS)
    mask = get(c, SLOT_MASK)
    rows = get(c, ROWS)
    row_at = rows + row * (ROW_WORDS * 8)
    hole = get(row_at, R_HASH) & mask
    while get(slots, hole) & 0xFFFFFFFF != row + 1:
        hole = (hole + 1) & mask
    probe = hole
    while True:
        probe = (probe + 1) & mask
        s = get(slots, probe)
        if s == 0:
            break
        home = get(rows + ((s & 0xFFFFFFFF) - 1) * (ROW_WORDS * 8), R_HASH) & mask
        # May the entry at ``probe`` stand in the hole? Only if its home is not cyclically in (hole, probe].
        if (probe - home) & mask >= (probe - hole) & mask:
            put(slots, hole, s)
            hole = probe
    put(slots, hole, 0)
    put(row_at, R_LIVE, 0)
    put(row_at, 0, get(c, ROW_FREE))
    put(c, ROW_FREE, row + 1)
    put(c, ROW_LIVE, get(c, ROW_LIVE) - 1)


@kernel
def sweep(c: int, start: int) -> int:
    """Finishes what is over, from row ``start`` on; returns the row to go on with, or -1 when through.

    CONTROL[SWEEP_NS] of -1 finishes everything (the capture is over); a positive one is a shorter patience
    that makes room, and what it takes is counted as evicted.
    """
    rows = get(c, ROWS)
    top = get(c, ROW_TOP)
    now = get(c, NOW_NS)
    forced = get(c, SWEEP_NS)
    row = start
    while row < top:
        if get(c, FINISHED_COUNT) >= get(c, FINISHED_CAPACITY):
            return row
        row_at = rows + row * (ROW_WORDS * 8)
        if get(row_at, R_LIVE) == 1:
            state = get(row_at, R_STATE)
            protocol = get(row_at, R_KEY) >> 8 & 0xFF
            silent = now - get(row_at, R_LAST_NS)
            ended = -1
            if protocol == 6 and is_closed(state) and (silent > get(c, IDLE_CLOSED_NS) or forced != 0):
                ended = ENDED_CLOSED
            elif forced == -1:
                ended = 0
            elif silent > idle_limit(c, protocol, state):
                ended = ENDED_IDLE
            elif forced > 0 and silent > forced:
                ended = ENDED_EVICTED
                put(c, EVICTED, get(c, EVICTED) + 1)
            if ended >= 0:
                finish(c, row_at, ended)
                close_row(c, row)
        row += 1
    return -1


@kernel
def note_tcp(row_at: int, direction: int, flags: int, sequence: int) -> None:
    """What the flags of a segment say about the connection (RFC 9293 3.1)."""
    state = get(row_at, R_STATE)
    if flags & 0x02:
        if flags & 0x10:
            state |= S_SYN_ACK << direction
        else:
            state |= S_SYN << direction
        if state & (S_STARTED << direction) == 0:
            state |= S_STARTED << direction
            shift = 32 * direction
            put(
                row_at,
                R_NEXT,
                get(row_at, R_NEXT) & ~(0xFFFFFFFF << shift) | ((sequence + 1) & 0xFFFFFFFF) << shift,
            )
    if flags & 0x01:
        state |= S_FIN << direction
    if flags & 0x04:
        state |= S_RESET
    put(row_at, R_STATE, state)


@inlined
def client_bit(side: int, direction: int) -> int:
    """The S_CLIENT bit that a classification proves: 1 the sender is the client, 2 it is the server."""
    if side == 1:
        return S_CLIENT << direction
    if side == 2:
        return S_CLIENT << (1 - direction)
    return 0


@kernel
def take_segment(c: int, w: int, row_at: int, row: int, direction: int, p: int, n: int) -> None:
    """A TCP payload: classify the conversation if that is still to do, then hand on what matters."""
    state = get(row_at, R_STATE)
    application = state & S_APPLICATION
    sequence = get(w, B_TCP) & 0xFFFFFFFF
    if get(w, B_TCP) >> 32 & 0x02:
        sequence = (sequence + 1) & 0xFFFFFFFF  # data in a SYN begins behind it
    if application == 0:
        tries = state >> S_TRIES_SHIFT & 0xFF
        if tries >= MOST_TRIES:
            return
        key = get(w, B_KEY)
        found = classify_tcp(p, n, key >> 32, key >> 16 & 0xFFFF)
        state = state & ~(0xFF << S_TRIES_SHIFT) | (tries + 1) << S_TRIES_SHIFT
        if found == 0:
            shift = 32 * direction
            ahead = (sequence - (shift_right(get(row_at, R_NEXT), shift) & 0xFFFFFFFF)) & 0xFFFFFFFF
            if state & S_RAW or (
                state & (S_STARTED << direction)
                and state & (S_CUT << direction) == 0
                and (0 < ahead < 0x80000000 or (ahead == 0 and n < SHORT_BEGINNING))
            ):
                # The first bytes are still to come, or they are too few to tell.
                state |= S_RAW
                put(row_at, R_STATE, state)
                said = get(row_at, R_VLAN) >> (16 + 24 * direction) & 0xFFFFFF
                if said < LIMIT_UNKNOWN_RAW:
                    add_said(row_at, direction, said, n)
                    hand_on(c, w, row_at, row, sender_of(row_at, direction), 0, p, n, FLAG_RAW, sequence)
                return
            state |= S_STARTED << direction | S_CUT << direction
            put(row_at, R_STATE, state)
            put(
                row_at,
                R_NEXT,
                get(row_at, R_NEXT) & ~(0xFFFFFFFF << shift) | ((sequence + n) & 0xFFFFFFFF) << shift,
            )
            return
        application = found & 0xFF
        put(row_at, R_STATE, state | S_BY_CONTENT | application | client_bit(found >> 8, direction))
    if application >= NAMED_ONLY:
        return
    emit_segment(c, w, row_at, row, direction, application, sequence, p, n)


@kernel
def take_datagram(c: int, w: int, row_at: int, row: int, direction: int, p: int, n: int) -> None:
    """A UDP payload: as ``take_segment``, without order."""
    state = get(row_at, R_STATE)
    application = state & S_APPLICATION
    if application == 0:
        tries = state >> S_TRIES_SHIFT & 0xFF
        if tries >= 4:
            return
        key = get(w, B_KEY)
        found = classify_udp(p, n, key >> 32, key >> 16 & 0xFFFF)
        state = state & ~(0xFF << S_TRIES_SHIFT) | (tries + 1) << S_TRIES_SHIFT
        if found == 0:
            put(row_at, R_STATE, state)
            return
        application = found & 0xFF
        put(row_at, R_STATE, state | S_BY_CONTENT | application | client_bit(found >> 8, direction))
    if application >= NAMED_ONLY:
        return
    emit_datagram(c, w, row_at, row, direction, application, p, n)


@kernel
def take_frame(c: int, w: int) -> None:
    """What a protocol reads without IP: ARP, LLDP, CDP, radio management, Bluetooth, BACnet on its own lines."""
    application = get(w, B_KEY)
    p = get(w, B_PAYLOAD)
    n = get(w, B_LENGTH)
    if n > 0:
        put(w, B_SOURCE_HIGH, 0)
        put(w, B_SOURCE_LOW, 0)
        put(w, B_DESTINATION_HIGH, 0)
        put(w, B_DESTINATION_LOW, 0)
        # Of ARP the sender's half matters: operation, hardware and network address (RFC 826).
        if application >= BACNET:
            if is_repeated_frame(c, w, application, p, n) == 0:
                hand_on(c, w, 0, -1, 0, application, p, n, 0, 0)
            return
        half = content_hash(get(c, SEED), p, 18 if application == 1 and n >= 28 else n)
        if is_repeat(c, w, application, half, 0) == 0:
            whole = half if get(c, EMIT) == EMIT_CLUES else content_hash(get(c, SEED), p, n)
            meaning = meaning_of(c, application, whole)
            hand_on(c, w, 0, -1, 0, application, p, n if meaning >= 0 else 0, 0, 0)
            mark(c, meaning, 0)


@kernel
def take_neighbour(c: int, w: int, row_at: int, row: int, direction: int, p: int, n: int) -> None:
    """Neighbour discovery, which ``decode`` has told from other ICMPv6; its receiver changes only the checksum."""
    put(row_at, R_STATE, get(row_at, R_STATE) & ~S_APPLICATION | S_BY_CONTENT | NEIGHBOUR_DISCOVERY)
    if is_repeat(c, w, NEIGHBOUR_DISCOVERY, without(get(c, SEED), p, n, 2, 4), 1) == 0:
        hand_on(c, w, row_at, row, sender_of(row_at, direction), NEIGHBOUR_DISCOVERY, p, n, 0, 0)


@inlined
def account(c: int, w: int) -> None:
    """Counts one decoded packet in its conversation and takes its payload."""
    row = find_or_open(c, w)
    row_at = get(c, ROWS) + row * (ROW_WORDS * 8)
    tcp = get(w, B_TCP)
    direction = shift_right(tcp, REVERSED_BIT) & 1
    put(row_at, R_LAST_NS, get(w, B_TIME))
    put(row_at, R_PACKETS_A + direction, get(row_at, R_PACKETS_A + direction) + 1)
    put(row_at, R_BYTES_A + direction, get(row_at, R_BYTES_A + direction) + get(w, B_WIRE))
    flags = tcp >> 32 & 0xFF
    mac = get(row_at, R_MAC_A + direction)
    if shift_right(mac, 48) & 0xFF == 0:
        mac |= (tcp >> 40 & 0xFF) << 48
    put(row_at, R_MAC_A + direction, mac | flags << 56)
    protocol = get(w, B_KEY) >> 8 & 0xFF
    n = get(w, B_LENGTH)
    if protocol == 6:
        if flags & 0x07:
            note_tcp(row_at, direction, flags, tcp & 0xFFFFFFFF)
        if n > 0 and shift_right(tcp, NO_PAYLOAD_BIT) & 1 == 0 and get(c, EMIT):
            take_segment(c, w, row_at, row, direction, get(w, B_PAYLOAD), n)
    elif protocol == 17 and n > 0 and shift_right(tcp, NO_PAYLOAD_BIT) & 1 == 0 and get(c, EMIT):
        take_datagram(c, w, row_at, row, direction, get(w, B_PAYLOAD), n)
    elif protocol == 58 and n > 0 and shift_right(tcp, NO_PAYLOAD_BIT) & 1 == 0 and get(c, EMIT):
        take_neighbour(c, w, row_at, row, direction, get(w, B_PAYLOAD), n)
