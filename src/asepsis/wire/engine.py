"""The packet engine as Python sees it: blocks of capture bytes in, payload pieces and conversations out.

One ``Engine`` serves many captures, one after the other. It owns the tables that the kernels fill; what it
gives out is valid until it is asked for more.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from asepsis.wire import compiled, finished, layout
from asepsis.wire.reorder import Reorder
from asepsis.wire.tables import GAP, RAW

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Words = NDArray[np.int64]

# Conversations at work at the same time. A hospital of some thousand devices has about 20,000; a row is 192 bytes.
DEFAULT_ROWS = 1 << 16
# Room for payload bytes between two drains, and for their rows.
ARENA_BYTES = 4 * 1024 * 1024
PAYLOAD_ROWS = 1 << 15
FINISHED_ROWS = 1 << 14
# The table is looked through for finished conversations once in so much capture time.
SWEEP_EVERY_NS = 10 * 1_000_000_000
# How idle a conversation must be to be evicted from a full table, tried in this order.
EVICTION_LADDER_NS = (60_000_000_000, 20_000_000_000, 5_000_000_000, 1_000_000_000, 1)
# So many bytes of a beginning are enough for every classifier.
CLASSIFIED_BYTES = 512
# Disordered conversations at the same time; beyond, the oldest one's holes are given up.
MOST_REORDERS = 4096


class Limits(NamedTuple):
    """Time-outs in nanoseconds of capture time."""

    idle_udp_ns: int = 120 * 1_000_000_000
    """Silence that ends a UDP (or other) conversation, or a TCP connection attempt that nobody answered."""
    idle_tcp_ns: int = 3600 * 1_000_000_000
    """Silence that ends a TCP conversation that was not closed: interfaces between hospital systems idle at night."""
    idle_closed_ns: int = 10 * 1_000_000_000
    """After FIN of both sides or RST: late acknowledgements still belong to it."""
    active_ns: int = 1800 * 1_000_000_000
    """A longer conversation is reported in parts."""


Piece = tuple[list[int], bytes, bool]
"""(words, data, gap): a row of ``PAYLOADS`` as its 64-bit words (``asepsis.wire.layout.P_*``), the bytes in the order
in which a protocol reads them, and whether bytes before them are missing."""


class Output(NamedTuple):
    """What the engine has to say since the last time: pieces first, then the conversations that are over."""

    pieces: list[Piece]
    finished: NDArray[np.void]
    """Dtype ``CONVERSATIONS``."""
    repeats: Words
    """Rows of ``PAYLOADS`` as 64-bit words, whose bytes said what an earlier piece with their meaning said."""
    forget: bool
    """The numbers of all meanings begin anew after this output."""


class Emit(IntEnum):
    """What the engine hands on beside conversations."""

    NOTHING = layout.EMIT_NOTHING
    MESSAGES = layout.EMIT_MESSAGES
    CLUES = layout.EMIT_CLUES
    """As ``MESSAGES``, but frames that differ only in what no clue is made of are one meaning."""


class Engine:
    """The compiled packet engine with its tables."""

    def __init__(
        self,
        *,
        rows: int = DEFAULT_ROWS,
        limits: Limits | None = None,
        emit: Emit = Emit.MESSAGES,
        seed: int | None = None,
    ) -> None:
        """Allocates the tables.

        Args:
            rows: Conversations at the same time; a power of two.
            limits: Time-outs.
            emit: What is handed on; with ``NOTHING`` no payload is even classified.
            seed: Of the hash; random unless a test wants to repeat itself.
        """
        limits = limits or Limits()
        self._enter = compiled.load()
        self._control: Words = np.zeros(layout.CONTROL_WORDS, np.int64)
        self._rows: Words = np.zeros((rows, layout.ROW_WORDS), np.int64)
        self._slots: Words = np.zeros(rows * 4, np.int64)
        self._batch: Words = np.zeros(layout.BATCH_PACKETS * layout.BATCH_WORDS, np.int64)
        self._payloads: Words = np.zeros((PAYLOAD_ROWS, layout.PAYLOAD_WORDS), np.int64)
        self._arena = np.zeros(ARENA_BYTES, np.uint8)
        self._finished: Words = np.zeros((FINISHED_ROWS, layout.ROW_WORDS), np.int64)
        self._fragments: Words = np.zeros(layout.FRAGMENT_SLOTS * layout.FRAGMENT_WORDS, np.int64)
        self._repeats: Words = np.zeros(layout.REPEAT_SLOTS, np.int64)
        self._meanings: Words = np.zeros(layout.MEANING_SLOTS * 2, np.int64)
        self.interfaces: Words = np.zeros((layout.MAX_INTERFACES, layout.INTERFACE_WORDS), np.int64)
        self._reorders: dict[int, tuple[Reorder, int]] = {}
        self._pending: dict[int, list[Piece]] = {}
        self._last_sweep_ns = 0
        control = self._control
        control[layout.ROWS] = self._rows.ctypes.data
        control[layout.ROW_CAPACITY] = rows
        control[layout.SLOTS] = self._slots.ctypes.data
        control[layout.SLOT_MASK] = len(self._slots) - 1
        control[layout.SEED] = int.from_bytes(os.urandom(8), "little") >> 1 if seed is None else seed
        control[layout.BATCH] = self._batch.ctypes.data
        control[layout.PAYLOADS] = self._payloads.ctypes.data
        control[layout.PAYLOAD_CAPACITY] = PAYLOAD_ROWS
        control[layout.ARENA] = self._arena.ctypes.data
        control[layout.ARENA_CAPACITY] = ARENA_BYTES
        control[layout.FINISHED] = self._finished.ctypes.data
        control[layout.FINISHED_CAPACITY] = FINISHED_ROWS
        control[layout.FRAGMENTS] = self._fragments.ctypes.data
        control[layout.REPEATS] = self._repeats.ctypes.data
        control[layout.MEANINGS] = self._meanings.ctypes.data
        control[layout.INTERFACES] = self.interfaces.ctypes.data
        control[layout.IDLE_UDP_NS] = limits.idle_udp_ns
        control[layout.IDLE_TCP_NS] = limits.idle_tcp_ns
        control[layout.IDLE_CLOSED_NS] = limits.idle_closed_ns
        control[layout.ACTIVE_NS] = limits.active_ns
        control[layout.EMIT] = int(emit)
        self._address = control.ctypes.data
        self._memory = self._arena.data

    # --- counters ------------------------------------------------------------------------------------------------

    @property
    def control(self) -> Words:
        """The control block; its words are named in ``asepsis.wire.layout``."""
        return self._control

    @property
    def packets(self) -> int:
        """Packets seen in this capture."""
        return int(self._control[layout.PACKETS])

    @property
    def wire_bytes(self) -> int:
        """Original frame lengths of this capture, summed."""
        return int(self._control[layout.WIRE_BYTES])

    @property
    def evicted(self) -> int:
        """Conversations finished early because the table was full, over the engine's life."""
        return int(self._control[layout.EVICTED])

    @property
    def conversations(self) -> int:
        """Conversations opened over the engine's life."""
        return int(self._control[layout.ORDINAL])

    def repeated(self) -> dict[int, int]:
        """Datagrams that repeated an earlier one of their sender and were counted only, by application code."""
        counters = self._control[layout.REPEATED : layout.REPEATED + 256]
        return {int(code): int(counters[code]) for code in np.flatnonzero(counters)}

    # --- one capture ---------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Starts a new capture: packet numbers and counters of reasons and bytes begin anew."""
        control = self._control
        control[layout.PACKETS] = 0
        control[layout.WIRE_BYTES] = 0
        control[layout.NOW_NS] = 0
        control[layout.STAGE_PACKETS] = 0
        control[layout.INTERFACE_COUNT] = 0
        control[layout.REASONS : layout.REASONS + 64] = 0
        control[layout.REPEATED : layout.REPEATED + 256] = 0
        self.interfaces[:] = 0
        self._fragments[:] = 0
        self._repeats[:] = 0
        self._forget_meanings()
        self._last_sweep_ns = 0

    def run(self) -> int:
        """Lets the kernels work through the block that the control block describes; returns a status."""
        return self._enter(self._address, 0, 0)

    def must_drain(self) -> bool:
        """True when the tables are so full that a drain is due anyway."""
        control = self._control
        return bool(
            control[layout.ARENA_USED] * 2 > ARENA_BYTES
            or control[layout.PAYLOAD_COUNT] * 2 > PAYLOAD_ROWS
            or control[layout.FINISHED_COUNT] * 2 > FINISHED_ROWS
        )

    def sweep(self, *, everything: bool = False) -> Iterator[Output]:
        """Finishes what is over (or everything); yields when the table of finished conversations fills up."""
        self._control[layout.SWEEP_NS] = -1 if everything else 0
        yield from self._sweep()
        self._last_sweep_ns = int(self._control[layout.NOW_NS])

    def _sweep(self) -> Iterator[Output]:
        row = 0
        while row >= 0:
            row = self._enter(self._address, 1, row)
            if row >= 0:
                yield self.drain()

    def housekeeping(self) -> Iterator[Output]:
        """Sweeps when it is time to; makes room in a table that is nearly full."""
        control = self._control
        live = int(control[layout.ROW_LIVE])
        capacity = int(control[layout.ROW_CAPACITY])
        crowded = live + 2 * layout.BATCH_PACKETS > capacity - capacity // 16
        now = int(control[layout.NOW_NS])
        if crowded or abs(now - self._last_sweep_ns) > SWEEP_EVERY_NS:
            yield from self.sweep()
        if crowded:
            for patience in EVICTION_LADDER_NS:
                if int(control[layout.ROW_LIVE]) <= capacity - capacity // 4:
                    break
                control[layout.SWEEP_NS] = patience
                yield from self._sweep()
            else:
                if int(control[layout.ROW_LIVE]) > capacity - capacity // 4:
                    # All of them spoke within one nanosecond: nothing is left to choose by.
                    control[layout.EVICTED] += control[layout.ROW_LIVE]
                    control[layout.SWEEP_NS] = -1
                    yield from self._sweep()
            control[layout.SWEEP_NS] = 0

    # --- output --------------------------------------------------------------------------------------------------

    def drain(self) -> Output:
        """Takes what the kernels have handed on and makes room for more."""
        control = self._control
        payloads = self._payloads[: int(control[layout.PAYLOAD_COUNT])]
        is_repeat = payloads[:, layout.P_MEANING] < 0
        pieces = self._take_pieces(payloads[~is_repeat])
        rows = self._finished[: int(control[layout.FINISHED_COUNT])]
        conversations = finished.conversations(rows)
        if self._reorders and len(rows):
            self._flush_reorders(conversations, pieces)
        control[layout.PAYLOAD_COUNT] = 0
        control[layout.ARENA_USED] = 0
        control[layout.FINISHED_COUNT] = 0
        forget = int(control[layout.MEANING_COUNT]) > layout.MOST_MEANINGS * 3 // 4
        if forget:
            self._forget_meanings()
        return Output(pieces, conversations, payloads[is_repeat], forget)

    def forget_meaning(self, number: int) -> None:
        """What has this meaning is handed on with its bytes when it comes again."""
        table = self._meanings.reshape(-1, 2)
        table[table[:, 1] == number] = 0

    def is_meaning(self, number: int) -> bool:
        """Whether this number stands for a content at present."""
        return bool((self._meanings.reshape(-1, 2)[:, 1] == number).any())

    def _forget_meanings(self) -> None:
        self._meanings[:] = 0
        self._control[layout.MEANING_COUNT] = 0

    def _take_pieces(self, payloads: Words) -> list[Piece]:
        memory = self._memory
        pieces: list[Piece] = []
        append = pieces.append
        for words in payloads.tolist():
            offset = words[3]
            data = memory[offset : offset + words[4]].tobytes()
            flags = words[12] >> 16 & 255
            if flags & RAW:
                self._reorder(words, data, pieces)
            else:
                append((words, data, flags & GAP != 0))
        if self._reorders:
            self._give_back()
        return pieces

    def _reorder(self, words: list[int], data: bytes, pieces: list[Piece]) -> None:
        """Puts a disordered segment where it belongs; appends what is in order now."""
        conversation, meta = words[layout.P_CONVERSATION], words[layout.P_META]
        known = self._reorders.get(conversation)
        if known is None:
            if len(self._reorders) >= MOST_REORDERS:
                oldest = next(iter(self._reorders))
                del self._reorders[oldest]
                self._pending.pop(oldest, None)
            row = words[layout.P_ROW]
            known = (Reorder(self._following(row, conversation)), row)
            self._reorders[conversation] = known
        ordered: list[Piece] = [
            (words, ready, gap) for ready, gap in known[0].push(meta >> 8 & 1, meta >> 32 & 0xFFFFFFFF, data)
        ]
        pending = self._pending.get(conversation)
        if meta & 255 == 0 or pending is not None:
            pending = self._pending.setdefault(conversation, [])
            pending += ordered
            ordered = self._settle_application(conversation, words[layout.P_ROW], meta & 255, pending)
        pieces += ordered

    def _settle_application(self, conversation: int, row: int, application: int, pending: list[Piece]) -> list[Piece]:
        """What waited for its application to be known, once it is; until then nothing.

        The bytes of each direction are classified together, because no single segment told.
        """
        if application == 0:
            state = int(self._rows[row, layout.R_STATE])
            if int(self._rows[row, layout.R_ORDINAL]) != conversation:
                return []
            application = state & layout.S_APPLICATION
            for sender in (0, 1) if application == 0 else ():
                beginning = b"".join(data for words, data, _ in pending if words[layout.P_META] >> 8 & 1 == sender)
                found = self._classify(beginning[:CLASSIFIED_BYTES])
                if found:
                    application = found & 255
                    side = sender ^ (state & layout.S_FIRST_B != 0)
                    state |= layout.S_BY_CONTENT | application
                    if found >> 8:
                        state |= layout.S_CLIENT << (side if found >> 8 == 1 else 1 - side)
                    self._rows[row, layout.R_STATE] = state
                    break
        if application == 0:
            return []
        for words, _, _ in pending:
            words[layout.P_META] = words[layout.P_META] & ~255 | application
        return self._pending.pop(conversation)

    def _classify(self, data: bytes) -> int:
        """The kernels' word for the application of a TCP payload: code | side << 8."""
        if not data:
            return 0
        held = np.frombuffer(data, np.uint8)
        return self._enter(held.ctypes.data, 2, len(data))

    def _following(self, row: int, conversation: int) -> tuple[int | None, int | None]:
        """What the kernels expected next from either sender when they gave the conversation up."""
        words = self._rows[row]
        if int(words[layout.R_ORDINAL]) != conversation:
            return None, None
        state = int(words[layout.R_STATE])
        following = int(words[layout.R_NEXT]) & 0xFFFFFFFFFFFFFFFF
        sides = [following >> 32 * side & 0xFFFFFFFF if state & layout.S_STARTED << side else None for side in (0, 1)]
        if state & layout.S_FIRST_B:
            sides.reverse()
        return sides[0], sides[1]

    def _give_back(self) -> None:
        """Hands conversations that are in order again back to the kernels."""
        for conversation, (reorder, row) in list(self._reorders.items()):
            if not reorder.in_order or conversation in self._pending:
                continue
            words = self._rows[row]
            if int(words[layout.R_ORDINAL]) == conversation and words[layout.R_LIVE] == 1:
                state = int(words[layout.R_STATE])
                if not state & layout.S_RAW:
                    continue
                sides = [direction.following for direction in reorder.directions]
                if state & layout.S_FIRST_B:
                    sides.reverse()
                following = 0
                for side, sequence in enumerate(sides):
                    if sequence is None:
                        state &= ~(layout.S_STARTED << side)
                    else:
                        following |= sequence << 32 * side
                        state |= layout.S_STARTED << side
                state &= ~(layout.S_RAW | layout.S_ALIGNED | layout.S_ALIGNED << 1)
                words[layout.R_STATE] = state
                words[layout.R_NEXT] = following - (1 << 64) if following >> 63 else following
            del self._reorders[conversation]

    def _flush_reorders(self, conversations: NDArray[np.void], pieces: list[Piece]) -> None:
        """Gives up the holes of conversations that are over."""
        over = conversations[conversations["ended_by"] != finished.ENDED_SPLIT]
        for row in over[np.isin(over["conversation"], np.fromiter(self._reorders, np.int64))]:
            reorder, _ = self._reorders.pop(int(row["conversation"]))
            self._pending.pop(int(row["conversation"]), None)
            for sender, data, gap in reorder.flush():
                pieces.append((finished.piece_words(row, sender), data, gap))
