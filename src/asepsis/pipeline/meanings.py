"""What the engine's numbers of meanings stand for: read once, then named in columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from asepsis.protocols.message import Malformed, Message, Repeats, Result
from asepsis.wire.layout import P_MEANING, PAYLOAD_WORDS
from asepsis.wire.tables import PAYLOADS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Words = NDArray[np.int64]

# Messages of one meaning: a server's hello, its certificate, its request for the client's.
MOST_MESSAGES = 8


class Meanings:
    """The results of each meaning of one capture.

    Args:
        unlearn: Tells the engine that a meaning was not learnt as it should be, and that its bytes are wanted again.
    """

    def __init__(self, unlearn: Callable[[int], None] | None) -> None:
        self._unlearn = unlearn
        self._results: dict[int, Sequence[Result]] = {}
        # Meanings that go on with what the sender says next: those of the pieces read now, and of those read before.
        self._fresh: set[int] = set()
        self._ripening: set[int] = set()
        self._waiting: Words | None = None
        """Rows of the ripening ones."""

    def learn(self, number: int, results: Sequence[Result], *, goes_on: bool) -> None:
        """What the piece with this number says."""
        self._results[number] = results
        if goes_on:
            self._fresh.add(number)

    def add(self, number: int, results: Sequence[Result]) -> None:
        """What its sender said next."""
        known = self._results.get(number)
        is_open = number in self._fresh or number in self._ripening
        if known is not None and is_open and len(known) < MOST_MESSAGES:
            self._results[number] = (*known, *results)

    def unlearn(self, number: int) -> None:
        """What the piece says could not be told."""
        self._results.pop(number, None)
        self._fresh.discard(number)
        self._ripening.discard(number)
        if self._unlearn is not None:
            self._unlearn(number)

    def clear(self) -> None:
        """The numbers begin anew."""
        self._results.clear()
        self._fresh.clear()
        self._ripening.clear()

    def told(
        self, words: Words, capture: str, *, final: bool = False
    ) -> tuple[Repeats | None, list[tuple[Malformed, int]]]:
        """Which messages some rows are.

        Args:
            words: Rows of ``PAYLOADS`` as n x PAYLOAD_WORDS words, with negative meanings.
            capture: Digest of the capture.
            final: Nothing may wait any longer for the rest of its meaning.

        Returns:
            The sightings, and each malformed result with how often it was seen. Rows whose meaning is still going
            on wait for the next call.
        """
        ripe, self._ripening, self._fresh = self._ripening, self._fresh, set()
        waited, self._waiting = self._waiting, None
        if final:
            ripe |= self._ripening
            self._ripening = set()
        elif self._ripening and len(words):
            must_wait = np.isin(-words[:, P_MEANING], list(self._ripening))
            self._waiting, words = words[must_wait], words[~must_wait]
        if waited is not None:
            words = np.concatenate([waited, words])
        found = self._told(words, capture) if len(words) else (None, [])
        for number in ripe:
            # One that should have gone on and did not is not known.
            if len(self._results.get(number, ())) < 2:
                self.unlearn(number)
        return found

    def _told(self, words: Words, capture: str) -> tuple[Repeats | None, list[tuple[Malformed, int]]]:
        numbers, of_number, times = np.unique(-words[:, P_MEANING], return_inverse=True, return_counts=True)
        messages: list[Message] = []
        malformed: list[tuple[Malformed, int]] = []
        begins = np.empty(len(numbers), np.intp)
        counts = np.empty(len(numbers), np.intp)
        for place, number in enumerate(numbers.tolist()):
            begins[place] = len(messages)
            for result in self._results.get(number, ()):
                if isinstance(result, Malformed):
                    malformed.append((result, int(times[place])))
                else:
                    messages.append(result)
            counts[place] = len(messages) - begins[place]
        if not messages:
            return None, malformed
        of_row = counts[of_number]
        # Each row as often as its meaning has messages, and which of them.
        taken = np.repeat(np.arange(len(words)), of_row)
        within = np.arange(len(taken)) - np.repeat(np.cumsum(of_row) - of_row, of_row)
        rows = np.ascontiguousarray(words).view(np.uint8).reshape(-1, PAYLOAD_WORDS * 8)[taken].view(PAYLOADS)[:, 0]
        return Repeats(messages, begins[of_number][taken] + within, rows, capture), malformed
