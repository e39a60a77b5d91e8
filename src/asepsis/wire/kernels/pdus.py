"""DICOM: which PDUs matter, and how much of each (PS3.8 9.3)."""

from __future__ import annotations

from asepsis.wire.kernels.classify import DICOM
from asepsis.wire.kernels.handing import FLAG_GAP, hand_on, sender_of
from asepsis.wire.kernels.machine import be32, get, kernel, put, shift_right, u8
from asepsis.wire.layout import (
    MAX_PIECES,
    R_PARTIAL_A,
    R_PDU_A,
    R_STATE,
    S_ALIGNED,
    S_CUT,
    S_DATASET,
)

# Bytes of a DICOM PDU that carries pixels which are handed on: a command set is under 1 KiB, and the attributes
# that name the equipment stand in the first 4 KiB of a data set. A PDU must be this much longer to be cut.
PDU_HEAD = 4096
PDU_WORTH_CUTTING = 8192


@kernel
def emit_pdus(c: int, w: int, row_at: int, row: int, direction: int, p: int, n: int, gap: int) -> None:
    """DICOM: hands on whole small PDUs and the heads of large ones (PS3.8 9.3.1: type, reserved, 4-byte length).

    R_PDU holds, for an aligned direction, how many bytes of the current PDU are still to come and how many of
    them to hand on; R_PARTIAL the first bytes of a header that a segment boundary cut.
    """
    state = get(row_at, R_STATE)
    sender = sender_of(row_at, direction)
    aligned = state & (S_ALIGNED << direction)
    end = p + n
    if aligned == 0 or gap:
        # A PDU header at the start of a segment brings us back in step.
        kind = u8(p)
        if (
            n >= 12
            and 1 <= kind <= 7
            and u8(p + 1) == 0
            and be32(p + 2) < 0x4000000
            and (kind != 4 or (be32(p + 6) + 4 <= be32(p + 2) and be32(p + 6) >= 2 and u8(p + 11) <= 3))
        ):
            state |= S_ALIGNED << direction
            put(row_at, R_PDU_A + direction, 0)
            put(row_at, R_PARTIAL_A + direction, 0)
        else:
            state &= ~(S_ALIGNED << direction)
            put(row_at, R_STATE, state & ~(S_CUT << direction))
            hand_on(c, w, row_at, row, sender, DICOM, p, n, FLAG_GAP if gap else 0, 0)
            return
    remaining = get(row_at, R_PDU_A + direction) & 0xFFFFFFFF
    wanted = shift_right(get(row_at, R_PDU_A + direction), 32)
    partial = get(row_at, R_PARTIAL_A + direction)
    held = shift_right(partial, 56)
    # A PDU cut before ended exactly where its segment did.
    cut = 1 if gap or state & (S_CUT << direction) else 0
    piece = p  # where the piece to hand on begins
    pieces = 0
    while p < end:
        if remaining > 0:
            take = min(remaining, end - p)
            if wanted < remaining and pieces < MAX_PIECES - 1:
                # The tail of this PDU does not matter.
                useful = min(wanted, take)
                if p + useful > piece:
                    hand_on(c, w, row_at, row, sender, DICOM, piece, p + useful - piece, FLAG_GAP if cut else 0, 0)
                    cut = 0
                    pieces += 1
                if take > useful:
                    cut = 1
                wanted -= useful
                remaining -= take
                p += take
                piece = p
                if useful == take and remaining > 0:
                    continue
            else:
                wanted -= min(wanted, take)
                remaining -= take
                p += take
            continue
        # A header begins here, or went on from the segment before.
        control = 0
        known = 0
        if held > 0:
            while held < 6 and p < end:
                partial = (partial & 0xFFFFFFFFFFFF) << 8 | u8(p)
                held += 1
                p += 1
            if held < 6:
                break
            length = partial & 0xFFFFFFFF
            kind = partial >> 40 & 0xFF
            held = 0
        elif end - p < 6:
            partial = 0
            while p < end:
                partial = partial << 8 | u8(p)
                held += 1
                p += 1
            break
        else:
            kind = u8(p)
            length = be32(p + 2)
            if kind == 4 and end - p >= 12:
                control = u8(p + 11)
                known = 1
            p += 6
        if kind < 1 or kind > 7 or length > 0x4000000:
            # Out of step: hand the rest on as it is and look for a header at the next segment.
            state &= ~(S_ALIGNED << direction)
            p = end
            break
        remaining = length
        wanted = length
        if kind == 4 and known:
            if control & 1:
                state &= ~(S_DATASET << direction)
            elif state & (S_DATASET << direction):
                # More of a data set whose head was handed on: not even this PDU's header.
                if pieces < MAX_PIECES - 1:
                    if p - 6 > piece:
                        hand_on(c, w, row_at, row, sender, DICOM, piece, p - 6 - piece, FLAG_GAP if cut else 0, 0)
                        pieces += 1
                    piece = p
                    cut = 1
                    wanted = 0
            else:
                state |= S_DATASET << direction
                if length > PDU_WORTH_CUTTING:
                    wanted = PDU_HEAD
    if end > piece:
        hand_on(c, w, row_at, row, sender, DICOM, piece, end - piece, FLAG_GAP if cut else 0, 0)
        cut = 0
    if cut:
        state |= S_CUT << direction
    else:
        state &= ~(S_CUT << direction)
    put(row_at, R_STATE, state)
    put(row_at, R_PDU_A + direction, remaining | wanted << 32)
    put(row_at, R_PARTIAL_A + direction, partial & 0xFFFFFFFFFFFF | held << 56)
