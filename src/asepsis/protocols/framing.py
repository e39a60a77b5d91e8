"""The bytes of one direction that are not enough yet, and frames whose first bytes say how long they are."""

from __future__ import annotations

from collections.abc import Callable


class Held:
    """What of one direction waits for more, and what of it passes by unread."""

    __slots__ = ("needed", "pending", "skip")

    def __init__(self) -> None:
        self.pending = bytearray()
        self.needed = 0  # how many bytes what is pending takes
        self.skip = 0  # bytes still to come that say nothing

    def join(self, data: bytes) -> bytes:
        """What is pending with ``data`` behind it; nothing while that is not enough: pieces are put together once."""
        pending = self.pending
        if not pending:
            return data
        pending += data
        if len(pending) < self.needed:
            return b""
        data = bytes(pending)
        pending.clear()
        return data

    def keep(self, data: bytes, at: int, needed: int) -> None:
        """Holds what begins at ``at`` until it has ``needed`` bytes."""
        self.needed = needed
        self.pending += data[at:]

    def pass_by(self, left: int) -> int:
        """How many of the ``left`` bytes at hand are among those to be skipped; they are no longer."""
        step = min(self.skip, left)
        self.skip -= step
        return step

    def forget(self) -> None:
        """Drops everything, as after a gap."""
        self.pending.clear()
        self.needed = self.skip = 0


class Frames(Held):
    """One direction in frames, one behind the other. Holds at most one frame, which ``size_of`` must limit."""

    __slots__ = ("is_lost",)

    def __init__(self) -> None:
        super().__init__()
        self.is_lost = False

    def take(self, data: bytes, size_of: Callable[[bytes, int], int], *, gap: bool) -> list[bytes]:
        """The frames that are whole now; ``is_lost`` where none begins, until bytes come after a gap.

        Args:
            data: The next bytes.
            size_of: Of the frame that begins at a place, with its header: its size in bytes, 0 where that is not known
                yet, and -1 where no frame begins.
            gap: Bytes are missing before ``data``: a frame is taken to begin with it.
        """
        if gap:
            self.forget()
            self.is_lost = False
        if self.is_lost:
            return []
        if self.pending:
            data = self.join(data)
        found: list[bytes] = []
        at, end = 0, len(data)
        while at < end:
            size = size_of(data, at)
            if size < 0:
                self.is_lost = True
                break
            if size == 0 or at + size > end:
                self.keep(data, at, size or end - at + 1)
                break
            found.append(data[at : at + size])
            at += size
        return found
