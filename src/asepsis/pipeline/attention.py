"""Which senders still have something to say: for runs that look for devices and keep no messages.

Devices repeat themselves. A sender whose last messages of a protocol brought nothing new is not read any more
until the window is over; then a few of its messages are read again, and all of them once one is new. What is not
read is counted where that needs no reading (datagrams), and its conversations are counted always. Runs that keep
messages read all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

# So many messages of one protocol in a row without anything new, and a sender is believed to repeat itself. An
# interface engine that speaks for many pumps brings something new with each of them, and is read on.
QUIET_MESSAGES: Final = 12
# So many messages of a sender that repeats itself are read in each later window.
SAMPLED_MESSAGES: Final = 3
# A window is 2^39 ns, 9.2 minutes, of capture time: the same as for repeated datagrams (asepsis.wire.kernels.emit).
WINDOW_BITS: Final = 39
# Senders remembered at the same time; beyond, all are listened to again.
MOST_SENDERS: Final = 1 << 17

Sender = tuple[int, int, int, int]
"""Hardware address, upper and lower word of the network address, application."""


class Attention:
    """How long each sender has said nothing new."""

    def __init__(self, novelties: Callable[[], int]) -> None:
        """Begins with everybody listened to.

        Args:
            novelties: How many new things were said so far, by anybody (``Observer.novelties``).
        """
        self._novelties = novelties
        self._before = 0
        self._quiet: dict[Sender, int] = {}
        self._window = -1

    def wanted(self, sender: Sender, time_ns: int) -> bool:
        """Whether a message of this sender is worth reading."""
        window = time_ns >> WINDOW_BITS
        if window != self._window:
            self._open_window(window)
        self._before = self._novelties()
        return self._quiet.get(sender, 0) < QUIET_MESSAGES

    def _open_window(self, window: int) -> None:
        self._window = window
        if len(self._quiet) > MOST_SENDERS:
            self._quiet.clear()
        again = QUIET_MESSAGES - SAMPLED_MESSAGES
        for sender, messages in self._quiet.items():
            if messages > again:
                self._quiet[sender] = again

    def heard(self, sender: Sender, messages: int) -> None:
        """Messages of this sender were read since ``wanted`` was asked."""
        if self._novelties() != self._before:
            self._quiet[sender] = 0
        else:
            self._quiet[sender] = self._quiet.get(sender, 0) + messages
