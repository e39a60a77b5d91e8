"""What the processes of one server share: a little memory with how busy each is, and counts of requests by name.

The memory has no name in the file system; the server makes it and hands it to the processes that it starts. A process
that was started by nobody has one of its own, so that nothing else needs to know how many there are.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import Final

PROCESSES_LIMIT: Final = 16
"""Of one server; each takes a hundred MiB, and two fill the two cores of the machine that this is made for."""
_PLACE: Final = struct.Struct("<I")
# Of one name: its digest, the minute, the count.
_COUNT: Final = struct.Struct("<QII")
# A name may stand at eight places; of 16,384 names counted in one minute hardly one pushes out another.
_WAYS: Final = 8
_SETS: Final = 2048
_COUNTS_AT: Final = PROCESSES_LIMIT * _PLACE.size
_SIZE: Final = _COUNTS_AT + _SETS * _WAYS * _COUNT.size


class Shared:
    """The memory of one server, as one of its processes sees it."""

    def __init__(self, descriptor: int | None = None) -> None:
        """Makes new memory, or takes that of ``descriptor``."""
        if descriptor is None:
            descriptor = os.memfd_create("asepsis")
            os.ftruncate(descriptor, _SIZE)
        self.descriptor = descriptor
        self._memory = mmap.mmap(descriptor, _SIZE)
        self._mutex = threading.Lock()

    def close(self) -> None:
        """Lets go of it; it is gone with the last process."""
        self._memory.close()
        os.close(self.descriptor)

    # How busy each process is

    def tell(self, place: int, load: int | None) -> None:
        """Says how busy the process at a place is, from 0; None once it takes no connections."""
        _PLACE.pack_into(self._memory, place * _PLACE.size, 0 if load is None else load + 1)

    def is_another_less_busy(self, place: int, load: int) -> bool:
        """Whether another process takes connections and has less to do than ``load``."""
        told = (_PLACE.unpack_from(self._memory, at * _PLACE.size)[0] for at in range(PROCESSES_LIMIT) if at != place)
        return any(0 < other <= load for other in told)

    # Counts by name, in minutes of the clock

    def count(self, name: str, minute: int, *, counted: bool = True) -> int:
        """How often a name was counted in this minute before; counts it once more unless told not to."""
        digest = blake2b(name.encode("utf-8", "replace"), digest_size=8).digest()
        key = int.from_bytes(digest, "little") | 1  # an empty place is all zeroes
        first = _COUNTS_AT + (key >> 1) % _SETS * _WAYS * _COUNT.size
        with self._locked():
            weakest_at, weakest = first, 1 << 32
            for at in range(first, first + _WAYS * _COUNT.size, _COUNT.size):
                found, when, count = _COUNT.unpack_from(self._memory, at)
                if found == key and when == minute:
                    if counted:
                        _COUNT.pack_into(self._memory, at, key, minute, count + 1)
                    return int(count)
                # What was counted in another minute makes room first, then who asked least.
                standing = count if when == minute else 0
                if standing < weakest:
                    weakest_at, weakest = at, standing
            if counted:
                _COUNT.pack_into(self._memory, weakest_at, key, minute, 1)
            return 0

    @contextmanager
    def _locked(self) -> Iterator[None]:
        # A lock of the file holds between processes, one of Python between the threads of this one. The kernel
        # releases the first when its process is killed.
        with self._mutex:
            fcntl.lockf(self.descriptor, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.lockf(self.descriptor, fcntl.LOCK_UN)


_own: Shared | None = None
_making: Final = threading.Lock()


def shared() -> Shared:
    """The memory that this process uses; its own until it took another."""
    global _own
    with _making:
        if _own is None:
            _own = Shared()
        return _own


def take(descriptor: int) -> Shared:
    """Uses the memory of the server that started this process, from now on."""
    global _own
    with _making:
        _own = Shared(descriptor)
        return _own
