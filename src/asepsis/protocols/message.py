"""What every protocol module gives and takes: messages, malformed input, streams and datagrams.

A protocol module is pure: bytes in, values out, no IO, no clock, no global state. It never raises on
hostile input; it returns ``Malformed``. It keeps no text of patients, only that it was there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

from asepsis.kernel.address import ip_text, mac_text
from asepsis.kernel.value import value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Message(Protocol):
    """One message of a protocol, already read. Concrete messages are ``@value`` classes of the protocol's module."""

    PROTOCOL: ClassVar[str]
    """The module's name: ``dicom``, ``hl7``, ``dhcp``."""

    @property
    def kind(self) -> str:
        """What sort of message, in the standard's own words: ``A-ASSOCIATE-RQ``, ``DISCOVER``."""
        ...

    @property
    def sender_is_server(self) -> bool | None:
        """True when the content proves that the sender serves, False when it asks, None when it does not say."""
        ...

    def facts(self) -> dict[str, Any]:
        """What is worth keeping, JSON-ready, without empty members and without any text of a patient."""
        ...


@value
class Malformed:
    """Bytes that claim to be a protocol and are not: a value, never an exception."""

    protocol: str
    where: str
    """The field or structure, in the standard's words."""
    why: str


Result = Message | Malformed


class Stream(Protocol):
    """The two directions of one TCP conversation, in order. One object per conversation; bounded memory."""

    def feed(self, sender: int, data: bytes, *, gap: bool = False) -> Sequence[Result]:
        """Takes the next bytes of one direction.

        Args:
            sender: 0 for the side that sent the first packet seen, 1 for the other. It is not "the client":
                a capture may begin in mid-stream.
            data: The next bytes in order; boundaries carry no meaning.
            gap: True when bytes before ``data`` are missing: drop what was pending in this direction and
                look for the next message boundary.
        """
        ...

    def close(self) -> Sequence[Result]:
        """The conversation ended: what is still pending, if it says anything."""
        ...


@value
class Dissector:
    """How the pipeline reaches a protocol module. Each module has one, named ``DISSECTOR``."""

    protocol: str
    open: Callable[[], Stream] | None = None
    """A new stream for a TCP conversation, or None."""
    datagram: Callable[[bytes], Sequence[Result]] | None = None
    """Reads one whole UDP payload or one whole link-layer payload, or None."""
    whole_datagrams: bool = False
    """``open`` is for UDP conversations, whose messages may need several datagrams: each piece fed is one of them."""
    carries: frozenset[str] = frozenset()
    """Other protocols whose messages come out too, because they ride on this one or this one on them."""


class Sighting(NamedTuple):
    """A message with where it was seen. Addresses are text, ``""`` where there is none; ports are 0 then."""

    message: Message
    time_ns: int
    capture: str
    """Digest of the capture, or ``interface:NAME``."""
    packet: int
    """Ordinal of the packet in its capture, from 1: the number that other tools show."""
    conversation: int
    """Ordinal of the conversation in this run; -1 for frames without one (ARP, LLDP)."""
    source_mac: str
    source_ip: str
    source_port: int
    destination_mac: str
    destination_ip: str
    destination_port: int
    vlan: int
    """0 where untagged."""


class Repeats(NamedTuple):
    """Many sightings of few messages, as columns: what was said before by anybody is not read again."""

    messages: Sequence[Message]
    """Each once."""
    of: NDArray[np.intp]
    """Which of ``messages`` each sighting is of."""
    rows: NDArray[np.void]
    """When, and by whom to whom, in the same order: dtype ``wire.tables.PAYLOADS``."""
    capture: str

    def sightings(self, places: NDArray[np.intp]) -> Iterator[Sighting]:
        """Some of them, one by one."""
        rows, messages = self.rows[places], self.messages
        columns = [rows[name].tolist() for name in _COLUMNS]
        for of, time_ns, packet, conversation, version, *ends in zip(self.of[places].tolist(), *columns, strict=True):
            source_mac, source_high, source_low, source_port, mac, high, low, port, vlan = ends
            yield Sighting._make(
                (
                    messages[of],
                    time_ns,
                    self.capture,
                    packet,
                    conversation,
                    mac_text(source_mac) if source_mac else "",
                    ip_text(version, source_high, source_low),
                    source_port,
                    mac_text(mac) if mac else "",
                    ip_text(version, high, low),
                    port,
                    vlan,
                )
            )


_COLUMNS = (
    *("time_ns", "packet", "conversation", "ip_version"),
    *("source_mac", "source_high", "source_low", "source_port"),
    *("destination_mac", "destination_high", "destination_low", "destination_port", "vlan"),
)
