"""How bytes leave the kernels: copied to the arena, with a row that says whose they are."""

from __future__ import annotations

from asepsis.wire.kernels.machine import copy, get, inlined, put
from asepsis.wire.layout import (
    ARENA,
    ARENA_USED,
    B_DESTINATION_HIGH,
    B_DESTINATION_LOW,
    B_DESTINATION_MAC,
    B_KEY,
    B_PACKET,
    B_SOURCE_HIGH,
    B_SOURCE_LOW,
    B_SOURCE_MAC,
    B_TIME,
    B_VLAN,
    P_CONVERSATION,
    P_DESTINATION_HIGH,
    P_DESTINATION_LOW,
    P_DESTINATION_MAC,
    P_LENGTH,
    P_MEANING,
    P_META,
    P_OFFSET,
    P_PACKET,
    P_PORTS,
    P_ROW,
    P_SOURCE_HIGH,
    P_SOURCE_LOW,
    P_SOURCE_MAC,
    P_TIME,
    PAYLOAD_COUNT,
    PAYLOAD_WORDS,
    PAYLOADS,
    R_ORDINAL,
    R_STATE,
    R_VLAN,
    S_FIRST_B,
)

FLAG_GAP = 1
FLAG_RAW = 2
FLAG_GOES_ON = 4


@inlined
def hand_on(
    c: int, w: int, row_at: int, row: int, sender: int, application: int, p: int, n: int, flags: int, sequence: int
) -> None:
    """Copies ``n`` bytes to the arena and writes their payload row, or lengthens the row before if they go on there."""
    count = get(c, PAYLOAD_COUNT)
    used = get(c, ARENA_USED)
    o = get(c, PAYLOADS) + count * (PAYLOAD_WORDS * 8)
    copy(get(c, ARENA) + used, p, n)
    put(c, ARENA_USED, used + n)
    if count > 0 and row >= 0 and flags == 0 and get(w, B_KEY) >> 8 & 0xFF == 6:
        last = o - PAYLOAD_WORDS * 8
        if (
            get(last, P_CONVERSATION) == get(row_at, R_ORDINAL)
            and get(last, P_META) & ~(FLAG_GAP << 16) == application | sender << 8
            and get(last, P_ROW) == row
            and get(last, P_MEANING) == 0
        ):
            put(last, P_LENGTH, get(last, P_LENGTH) + n)
            return
    put(c, PAYLOAD_COUNT, count + 1)
    put(o, P_CONVERSATION, get(row_at, R_ORDINAL) if row >= 0 else -1)
    put(o, P_TIME, get(w, B_TIME))
    put(o, P_PACKET, get(w, B_PACKET))
    put(o, P_OFFSET, used)
    put(o, P_LENGTH, n)
    key = get(w, B_KEY)
    if row >= 0:
        put(o, P_SOURCE_HIGH, get(w, B_SOURCE_HIGH))
        put(o, P_SOURCE_LOW, get(w, B_SOURCE_LOW))
        put(o, P_DESTINATION_HIGH, get(w, B_DESTINATION_HIGH))
        put(o, P_DESTINATION_LOW, get(w, B_DESTINATION_LOW))
        ports = (
            (key >> 32)
            | (key >> 16 & 0xFFFF) << 16
            | (get(w, B_VLAN) & 0xFFFF) << 32
            | (key & 0xFF) << 48
            | (key >> 8 & 0xFF) << 56
        )
    else:
        put(o, P_SOURCE_HIGH, 0)
        put(o, P_SOURCE_LOW, 0)
        put(o, P_DESTINATION_HIGH, 0)
        put(o, P_DESTINATION_LOW, 0)
        ports = (get(w, B_VLAN) & 0xFFFF) << 32
    put(o, P_SOURCE_MAC, get(w, B_SOURCE_MAC))
    put(o, P_DESTINATION_MAC, get(w, B_DESTINATION_MAC))
    put(o, P_PORTS, ports)
    put(o, P_META, application | sender << 8 | flags << 16 | sequence << 32)
    put(o, P_ROW, row)
    put(o, P_MEANING, 0)


@inlined
def mark(c: int, meaning: int, flags: int) -> None:
    """Gives the payload row that was written last a meaning."""
    o = get(c, PAYLOADS) + (get(c, PAYLOAD_COUNT) - 1) * (PAYLOAD_WORDS * 8)
    put(o, P_MEANING, meaning)
    put(o, P_META, get(o, P_META) | flags << 16)


@inlined
def sender_of(row_at: int, direction: int) -> int:
    """0 when this direction's sender sent the conversation's first packet, else 1."""
    return direction ^ (1 if get(row_at, R_STATE) & S_FIRST_B else 0)


@inlined
def add_said(row_at: int, direction: int, said: int, n: int) -> None:
    """Adds to the count of bytes handed on; it stays at the top."""
    total = said + n
    if total > 0xFFFFFF:
        total = 0xFFFFFF
    shift = 16 + 24 * direction
    put(row_at, R_VLAN, get(row_at, R_VLAN) & ~(0xFFFFFF << shift) | total << shift)
