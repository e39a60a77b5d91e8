"""The two entry points of the compiled engine: ``run`` a block of capture bytes, ``sweep`` the table.

A run works in batches of 128 packets: walk the records, decode and hash them, ask for the cache lines of
their slots and rows, then count. That order hides most of the time that memory needs.
"""

from __future__ import annotations

from asepsis.wire.kernels.decode import decode, orient
from asepsis.wire.kernels.flows import account, sweep, take_frame
from asepsis.wire.kernels.machine import get, kernel, prefetch, put
from asepsis.wire.kernels.records import walk
from asepsis.wire.layout import (
    ARENA_CAPACITY,
    ARENA_USED,
    B_END,
    B_FRAME,
    B_HASH,
    B_KIND,
    B_TIME,
    B_WIRE,
    BATCH,
    BATCH_PACKETS,
    BATCH_WORDS,
    DRAIN,
    EMIT,
    FINISHED_CAPACITY,
    FINISHED_COUNT,
    KIND_CONVERSATION,
    KIND_FRAME,
    MAX_PIECES,
    NOW_NS,
    PAYLOAD_CAPACITY,
    PAYLOAD_COUNT,
    REASONS,
    ROW_CAPACITY,
    ROW_LIVE,
    ROW_WORDS,
    ROWS,
    SLOT_MASK,
    SLOTS,
    STAGE_PACKETS,
    WIRE_BYTES,
)


@kernel
def has_room(c: int, arena_bytes: int) -> bool:
    """True when one more batch fits into every output table."""
    return (
        get(c, PAYLOAD_COUNT) + BATCH_PACKETS * MAX_PIECES <= get(c, PAYLOAD_CAPACITY)
        and get(c, FINISHED_COUNT) + BATCH_PACKETS <= get(c, FINISHED_CAPACITY)
        and get(c, ROW_LIVE) + BATCH_PACKETS <= get(c, ROW_CAPACITY)
        and get(c, ARENA_USED) + arena_bytes <= get(c, ARENA_CAPACITY)
    )


@kernel
def work(c: int, n: int) -> None:
    """Decodes and counts the ``n`` packets of the batch."""
    batch = get(c, BATCH)
    slots = get(c, SLOTS)
    mask = get(c, SLOT_MASK)
    rows = get(c, ROWS)
    wire = 0
    for i in range(n):
        w = batch + i * (BATCH_WORDS * 8)
        reason = decode(c, w)
        wire += get(w, B_WIRE)
        put(c, REASONS + reason, get(c, REASONS + reason) + 1)
        if reason == 0 and get(w, B_KIND) == KIND_CONVERSATION:
            orient(c, w)
            prefetch(slots + (get(w, B_HASH) & mask) * 8)
    put(c, WIRE_BYTES, get(c, WIRE_BYTES) + wire)
    for i in range(n):
        w = batch + i * (BATCH_WORDS * 8)
        if get(w, B_KIND) == KIND_CONVERSATION:
            s = get(slots, get(w, B_HASH) & mask)
            if s != 0:
                row_at = rows + ((s & 0xFFFFFFFF) - 1) * (ROW_WORDS * 8)
                prefetch(row_at)
                prefetch(row_at + 64)
    for i in range(n):
        w = batch + i * (BATCH_WORDS * 8)
        kind = get(w, B_KIND)
        if kind == KIND_CONVERSATION:
            account(c, w)
        elif kind == KIND_FRAME and get(c, EMIT):
            take_frame(c, w)
    if n > 0:
        put(c, NOW_NS, get(batch + (n - 1) * (BATCH_WORDS * 8), B_TIME))


@kernel
def run(c: int) -> int:
    """Works through the block that CONTROL describes; returns a status of ``asepsis.wire.layout``.

    A batch that was walked but found no room waits in the scratch: STAGE_PACKETS is then negative.
    """
    while True:
        n = get(c, STAGE_PACKETS)
        status = 0
        resumed = n < 0
        if resumed:
            n = -n
        else:
            status = walk(c)
            n = get(c, STAGE_PACKETS)
            if n == 0:
                return status
        batch = get(c, BATCH)
        room = 0
        for i in range(n):
            w = batch + i * (BATCH_WORDS * 8)
            room += get(w, B_END) - get(w, B_FRAME)
        if not has_room(c, room):
            put(c, STAGE_PACKETS, -n)
            return DRAIN
        put(c, STAGE_PACKETS, 0)
        work(c, n)
        if not resumed and (status != 0 or n < BATCH_PACKETS):
            return status


@kernel
def finish_idle(c: int, start: int) -> int:
    """``sweep`` for Python."""
    return sweep(c, start)
