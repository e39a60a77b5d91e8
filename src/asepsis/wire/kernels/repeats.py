"""What a sender said within the last minutes is counted, not handed on again."""

from __future__ import annotations

from asepsis.wire.kernels.classify_control import BACNET, bacnet_said
from asepsis.wire.kernels.decode import mix
from asepsis.wire.kernels.frames import HCI, WIFI, le_said, wifi_hash
from asepsis.wire.kernels.machine import get, kernel, put, shift_right, u8
from asepsis.wire.kernels.meaning import content_hash, without
from asepsis.wire.layout import (
    B_DESTINATION_HIGH,
    B_DESTINATION_LOW,
    B_SOURCE_HIGH,
    B_SOURCE_LOW,
    B_SOURCE_MAC,
    B_TIME,
    B_VLAN,
    REPEAT_SLOTS,
    REPEATED,
    REPEATS,
    SEED,
)

# A datagram that the same sender sent within this time is counted, not handed on again: 2^39 ns are 9.2 minutes.
REPEAT_TIME_BITS = 39


@kernel
def is_repeat(c: int, w: int, application: int, content: int, anybody: int) -> int:
    """1 when this sender sent the same content (a hash) within the last minutes.

    ``anybody`` 1: to whomever; 0: to the same receiver.
    """
    receiver_low = 0
    receiver_high = 0
    if anybody == 0:
        receiver_low = get(w, B_DESTINATION_LOW)
        receiver_high = get(w, B_DESTINATION_HIGH)
    h = mix(
        get(c, SEED),
        get(w, B_SOURCE_HIGH) ^ get(w, B_SOURCE_MAC) * 5,
        get(w, B_SOURCE_LOW) ^ receiver_low * 3,
        get(w, B_VLAN) << 8 ^ application ^ receiver_high * 7,
        shift_right(get(w, B_TIME), REPEAT_TIME_BITS),
        content,
    )
    slot = get(c, REPEATS) + (h & (REPEAT_SLOTS - 1)) * 8
    if get(slot, 0) == h:
        put(c, REPEATED + application, get(c, REPEATED + application) + 1)
        return 1
    put(slot, 0, h)
    return 0


@kernel
def is_repeated_frame(c: int, w: int, application: int, p: int, n: int) -> int:
    """As ``is_repeat``, for frames that say the same with other clocks, counters and signal strengths."""
    if application == BACNET:
        compared = bacnet_said(p, n)
        skip = min(compared >> 16, compared & 0xFFFF)
        stop = min(skip + (1 if skip else 0), compared & 0xFFFF)
        said = without(get(c, SEED), p, compared & 0xFFFF, skip, stop)
        return is_repeat(c, w, application, said, 0)
    if application == HCI:
        compared = le_said(p, n)
        return is_repeat(c, w, application, content_hash(get(c, SEED), p, compared), 0) if compared else 0
    if application != WIFI:
        return is_repeat(c, w, application, content_hash(get(c, SEED), p, n), 0)
    h = mix(
        get(c, SEED), application, shift_right(get(w, B_TIME), REPEAT_TIME_BITS), 0, 0, wifi_hash(get(c, SEED), p, n)
    )
    slot = get(c, REPEATS) + (h & (REPEAT_SLOTS - 1)) * 8
    if get(slot, 0) == h:
        if u8(p) & 0x0C == 0:  # of encrypted data frames only the first is a message
            put(c, REPEATED + application, get(c, REPEATED + application) + 1)
        return 1
    put(slot, 0, h)
    return 0
