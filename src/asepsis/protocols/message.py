"""What every protocol module gives and takes: messages, malformed input, streams and datagrams.

A protocol module is pure: bytes in, values out, no IO, no clock, no global state. It never raises on
hostile input; it returns ``Malformed``. It keeps no text of patients, only that it was there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NamedTuple, Protocol

from asepsis.kernel.value import value


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
