"""MQTT 3.1, 3.1.1 and 5 over TCP: both directions' bytes in, connections, subscriptions and topics out.

OASIS MQTT 3.1.1 and 5.0; section numbers are those of 5.0. Payloads are stepped over unread, and a name of a user
or a password is never kept, only that it crossed the network in clear. Sessions live for months: a topic is
reported when it is new, then once in ``PUBLISH_REPORT_EVERY``, and counted always.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar, Final

from asepsis.kernel.value import value
from asepsis.protocols.framing import Held
from asepsis.protocols.masking import MASK_WINDOW, masked, printable
from asepsis.protocols.message import Dissector, Malformed, Result

PROTOCOL: Final = "mqtt"

# A monitor publishes a few values a second on a few topics: one report an hour or so for each.
PUBLISH_REPORT_EVERY = 4096
# A device has tens of topics; a gateway that invents one for each message must not fill the memory. Masked topics,
# 256 bytes each: 64 KiB a conversation.
TOPICS_LIMIT = 256
# Filters in one SUBSCRIBE; brokers commonly limit them to 8 or 100.
FILTERS_LIMIT = 100
# SUBSCRIBE messages that are reported of one conversation; a client that reconnects begins a new conversation.
SUBSCRIPTIONS_LIMIT = 64
# Properties of a PUBLISH that are looked through for a topic alias; real ones take some ten to hundred bytes.
PROPERTIES_LIMIT_BYTES = 4096
# Of a packet other than PUBLISH: client id, will, user name and password have 64 KiB each by their length fields, in
# practice together under 2 KiB; with a certificate or token as the password, some 8 KiB.
PACKET_LIMIT_BYTES = 64 * 1024
# 2.1.4: four bytes of length at most.
LENGTH_BYTES = 4
# A stream is found again by a PUBLISH whose topic looks like one: so long at least, so long at most.
RESYNC_TEXT_BYTES = (3, 1024)

# 2.1.2
_CONNECT = 1
_CONNACK = 2
_PUBLISH = 3
_SUBSCRIBE = 8
# 2.1.3: the first bytes that may begin a packet. PUBLISH has flags of its own, without a quality of service of 3;
# MQTT 3.1 also marks a repeated PUBREL, SUBSCRIBE and UNSUBSCRIBE.
_FIRST_BYTES = frozenset(
    (0x10, 0x20, 0x40, 0x50, 0x62, 0x6A, 0x70, 0x82, 0x8A, 0x90, 0xA2, 0xAA, 0xB0, 0xC0, 0xD0, 0xE0, 0xF0)
) | frozenset(first for first in range(0x30, 0x40) if first & 0x06 != 0x06)
_RESYNC_FIRST_BYTE = re.compile(b"[\x10\x30-\x35\x38-\x3d]")  # CONNECT and PUBLISH
# Who sends which type; what both send says nothing.
_SENT_BY_SERVER = {1: False, 2: True, 8: False, 9: True, 10: False, 11: True, 12: False, 13: True}

_PROTOCOL_NAMES = {b"MQTT", b"MQIsdp"}  # 3.1.2.1; MQIsdp is that of 3.1
# 3.1.2.3
_USER_NAME = 0x80
_PASSWORD = 0x40
_WILL = 0x04
_CLEAN = 0x02
_TOPIC_ALIAS = 0x23  # 3.3.2.3.4
# 2.2.2.2: how a property's value is stored: a number is its size in bytes, -1 a string or binary data with two bytes
# of length, -2 two strings, -3 a variable byte integer.
_PROPERTY_SIZES = (
    {0x01: 1, 0x02: 4, 0x03: -1, 0x08: -1, 0x09: -1, 0x0B: -3, 0x11: 4, 0x12: -1, 0x13: 2, 0x15: -1, 0x16: -1, 0x17: 1}
    | {0x18: 4, 0x19: 1, 0x1A: -1, 0x1C: -1, 0x1F: -1, 0x21: 2, 0x22: 2, 0x23: 2, 0x24: 1, 0x25: 1, 0x26: -2, 0x27: 4}
    | {0x28: 1, 0x29: 1, 0x2A: 1}
)


@value
class MqttConnect:
    """3.1: a client opens a session."""

    PROTOCOL: ClassVar[str] = PROTOCOL
    kind: ClassVar[str] = "CONNECT"
    sender_is_server: ClassVar[bool | None] = False
    client_id: str
    level: int
    """3 for MQTT 3.1, 4 for 3.1.1, 5 for 5.0."""
    keep_alive_seconds: int | None
    """None where it is unknown: logs of other sensors do not tell it."""
    clean: bool
    user_name: bool
    password: bool
    will_topic: str

    def facts(self) -> dict[str, Any]:
        """Client id, level, keep-alive, whether a user name and a password came in clear, topic of the will."""
        facts: dict[str, Any] = {"level": self.level}
        if self.keep_alive_seconds is not None:
            facts["keep_alive_seconds"] = self.keep_alive_seconds
        for name in ("client_id", "clean", "user_name", "password", "will_topic"):
            if fact := getattr(self, name):
                facts[name] = fact
        if self.password:
            facts["credentials_in_clear"] = True
        return facts


@value
class MqttConnack:
    """3.2: the broker's answer; code 0 is accepted."""

    PROTOCOL: ClassVar[str] = PROTOCOL
    kind: ClassVar[str] = "CONNACK"
    sender_is_server: ClassVar[bool | None] = True
    code: int

    def facts(self) -> dict[str, Any]:
        """The code."""
        return {"code": self.code}


@value
class MqttPublish:
    """3.3: a value is published. The value is never kept."""

    PROTOCOL: ClassVar[str] = PROTOCOL
    kind: ClassVar[str] = "PUBLISH"
    sender_is_server: bool | None
    topic: str
    """Masked; empty where it was agreed on before the capture began (a topic alias), and for all topics beyond
    ``TOPICS_LIMIT`` together."""
    payload_bytes: int
    """Of this message. Where the version is unknown because the capture began later, properties count with it."""
    quality_of_service: int
    retain: bool
    count: int
    """Messages on this topic in this direction so far, this one included."""

    def facts(self) -> dict[str, Any]:
        """Topic, size of the payload, quality of service, how many there were."""
        facts: dict[str, Any] = {"payload_bytes": self.payload_bytes, "count": self.count}
        if self.topic:
            facts["topic"] = self.topic
        if self.quality_of_service:
            facts["quality_of_service"] = self.quality_of_service
        if self.retain:
            facts["retain"] = True
        return facts


@value
class MqttSubscribe:
    """3.8: a client asks for topics."""

    PROTOCOL: ClassVar[str] = PROTOCOL
    kind: ClassVar[str] = "SUBSCRIBE"
    sender_is_server: ClassVar[bool | None] = False
    filters: tuple[str, ...]

    def facts(self) -> dict[str, Any]:
        """The filters, masked."""
        return {"filters": list(self.filters)}


class _Topic:
    """What is known of a topic in one direction: numbers only, because most messages are never reported."""

    __slots__ = ("count", "flags", "payload_bytes", "reported")

    def __init__(self) -> None:
        self.count = 0
        self.reported = 0
        self.payload_bytes = 0
        self.flags = 0

    def report(self, topic: str, is_server: bool | None) -> MqttPublish:
        """The last message on this topic."""
        self.reported = self.count
        return MqttPublish(
            sender_is_server=is_server,
            topic=topic,
            payload_bytes=self.payload_bytes,
            quality_of_service=self.flags >> 1 & 3,
            retain=bool(self.flags & 1),
            count=self.count,
        )


class _Side(Held):
    """One direction; what passes by is a payload, or a packet that says nothing."""

    __slots__ = ("aliases", "is_server", "lost", "topics")

    def __init__(self) -> None:
        super().__init__()
        self.lost = False  # a packet has to be searched for
        self.is_server: bool | None = None
        self.topics: dict[str, _Topic] = {}
        self.aliases: dict[int, bytes] = {}


class MqttStream:
    """Reads one conversation; see ``protocols.message.Stream``."""

    __slots__ = ("_level", "_sides", "_subscriptions")

    def __init__(self) -> None:
        self._sides = (_Side(), _Side())
        self._level = 0
        self._subscriptions = 0

    def feed(self, sender: int, data: bytes, *, gap: bool = False) -> Sequence[Result]:
        """Takes the next bytes of one direction; see ``protocols.message.Stream.feed``."""
        side = self._sides[sender]
        if gap:
            side.forget()
            side.lost = True
        if side.pending:
            data = side.join(data)
        results: list[Result] = []
        at = 0
        size = len(data)
        while at < size:
            if side.skip:
                at += side.pass_by(size - at)
                continue
            needed = self._search(side, data, at, size) if side.lost else self._read(side, data, at, size, results)
            if at + needed > size:
                side.keep(data, at, needed)
                break
            at += needed
        return results

    def close(self) -> Sequence[Result]:
        """The last message of every topic whose count went on since it was reported."""
        results: list[Result] = []
        for side in self._sides:
            for name, topic in side.topics.items():
                if topic.count > topic.reported:
                    results.append(topic.report(name, side.is_server))
            side.topics.clear()
            side.pending.clear()
        return results

    @staticmethod
    def _lose(side: _Side, where: str, why: str, results: list[Result]) -> int:
        results.append(Malformed(protocol=PROTOCOL, where=where, why=why))
        side.lost = True
        return 1

    @staticmethod
    def _search(side: _Side, data: bytes, at: int, size: int) -> int:
        """Looks whether a CONNECT, or a PUBLISH with a likely topic, begins at ``at``.

        Returns:
            0 where one does; how many bytes to go on where none does; more than there are where they do not suffice.
        """
        likely = _RESYNC_FIRST_BYTE.search(data, at)
        if likely is None:
            return size - at
        if likely.start() > at:
            return likely.start() - at
        first = data[at]
        length, header = _length(data, at + 1, size)
        if not header:
            return size - at + 1 if size - at <= LENGTH_BYTES else 1
        # Both begin with a string: the name of the protocol, or the topic.
        text_at = at + 3 + header
        if size < text_at:
            return text_at - at
        text_size = data[text_at - 2] << 8 | data[text_at - 1]
        if not RESYNC_TEXT_BYTES[0] <= text_size <= min(RESYNC_TEXT_BYTES[1], length - 2):
            return 1
        if size < text_at + text_size:
            return text_at + text_size - at
        text = data[text_at : text_at + text_size]
        if first >> 4 == _CONNECT:
            side.lost = text not in _PROTOCOL_NAMES
        else:
            side.lost = not text.isascii() or not text.decode().isprintable() or b"+" in text or b"#" in text
        return 1 if side.lost else 0

    def _read(self, side: _Side, data: bytes, at: int, size: int, results: list[Result]) -> int:
        """Reads the packet at ``at``; gives the bytes that it takes, more than there are when it is not whole."""
        first = data[at]
        if first not in _FIRST_BYTES:
            return self._lose(side, "fixed header", f"no packet begins with 0x{first:02X}", results)
        length, header = _length(data, at + 1, size)
        if not header:
            if size - at <= LENGTH_BYTES:
                return size - at + 1
            return self._lose(side, "remaining length", f"it has more than {LENGTH_BYTES} bytes", results)
        kind = first >> 4
        start = at + 1 + header
        if kind == _PUBLISH:
            taken = self._publish(side, data, start, length, size, results, flags=first & 0x0F)
            return 1 if side.lost else 1 + header + taken
        if kind in _SENT_BY_SERVER:
            side.is_server = _SENT_BY_SERVER[kind]
        if kind not in (_CONNECT, _CONNACK, _SUBSCRIBE):
            side.skip = length
            return 1 + header
        if length > PACKET_LIMIT_BYTES:
            return self._lose(side, "remaining length", f"it is over {PACKET_LIMIT_BYTES}", results)
        if start + length <= size:
            body = data[start : start + length]
            if kind == _CONNECT:
                results.append(self._connect(body))
            elif kind == _CONNACK:
                results.append(_connack(body))
            else:
                self._subscribe(body, results)
        return 1 + header + length

    def _connect(self, body: bytes) -> Result:
        # 3.1.2: protocol name, level, flags, keep-alive.
        name, at = _string(body, 0)
        if name not in _PROTOCOL_NAMES or at + 4 > len(body):
            return Malformed(protocol=PROTOCOL, where="CONNECT protocol name", why="it is not that of MQTT")
        level, flags = body[at], body[at + 1]
        self._level = level
        keep_alive = body[at + 2] << 8 | body[at + 3]
        at += 4
        if level >= 5:
            at = _after_properties(body, at)
        # 3.1.3: client id, then the will's properties, topic and payload, then user name and password.
        client_id, at = _string(body, at)
        will_topic: bytes | None = b""
        if flags & _WILL:
            if level >= 5:
                at = _after_properties(body, at)
            will_topic, at = _string(body, at)
        if client_id is None or will_topic is None:
            return Malformed(protocol=PROTOCOL, where="CONNECT payload", why="it ends within a string")
        return MqttConnect(
            client_id=printable(client_id),
            level=level,
            keep_alive_seconds=keep_alive,
            clean=bool(flags & _CLEAN),
            user_name=bool(flags & _USER_NAME),
            password=bool(flags & _PASSWORD),
            will_topic=masked(will_topic),
        )

    def _subscribe(self, body: bytes, results: list[Result]) -> None:
        # 3.8.2: packet identifier, properties in version 5; 3.8.3: pairs of filter and options.
        at = 2 if self._level < 5 else _after_properties(body, 2)
        filters: dict[str, None] = {}
        while at < len(body) and len(filters) < FILTERS_LIMIT:
            wanted, at = _string(body, at)
            if wanted is None or at >= len(body) or not wanted:
                results.append(Malformed(protocol=PROTOCOL, where="SUBSCRIBE payload", why="it ends within a filter"))
                return
            filters[masked(wanted)] = None
            at += 1
        if not filters:
            # 3.8.3: at least one.
            results.append(Malformed(protocol=PROTOCOL, where="SUBSCRIBE payload", why="it has no filter"))
            return
        self._subscriptions += 1
        if self._subscriptions <= SUBSCRIPTIONS_LIMIT:
            results.append(MqttSubscribe(filters=tuple(filters)))

    def _publish(
        self, side: _Side, data: bytes, start: int, length: int, size: int, results: list[Result], *, flags: int
    ) -> int:
        """Reads what stands before the payload and steps over that; gives the bytes that it takes from ``start``."""
        # 3.3.2: topic, packet identifier where the quality of service is not 0, properties in version 5.
        if length < 2:
            return self._lose(side, "PUBLISH topic", "it is missing", results)
        if size < start + 2:
            return 2
        topic_size = data[start] << 8 | data[start + 1]
        head = 2 + topic_size + (2 if flags & 0x06 else 0)
        if head > length:
            return self._lose(side, "PUBLISH topic", "it is longer than the packet", results)
        if self._level < 5:
            if size < start + head:
                return head
            topic = data[start + 2 : start + 2 + topic_size]
        else:
            properties, bytes_of_length = _length(data, start + head, size)
            if not bytes_of_length:
                if size - start - head < LENGTH_BYTES:
                    return max(size - start, head) + 1
                return self._lose(side, "PUBLISH properties", f"over {LENGTH_BYTES} bytes of length", results)
            head += bytes_of_length
            if head + properties > length:
                return self._lose(side, "PUBLISH properties", "they are longer than the packet", results)
            if properties <= PROPERTIES_LIMIT_BYTES:
                head += properties
                if size < start + head:
                    return head
            topic = data[start + 2 : start + 2 + topic_size]
            if properties <= PROPERTIES_LIMIT_BYTES and properties >= 3:
                topic = _aliased(side, topic, data[start + head - properties : start + head])
        side.skip = length - head
        self._count(side, masked(topic), flags, length - head, results)
        return head

    @staticmethod
    def _count(side: _Side, name: str, flags: int, payload_bytes: int, results: list[Result]) -> None:
        topic = side.topics.get(name)
        if topic is None:
            if len(side.topics) >= TOPICS_LIMIT:
                name = ""
            topic = side.topics.setdefault(name, _Topic())
        topic.count += 1
        topic.flags = flags
        topic.payload_bytes = payload_bytes
        if topic.count == 1 or not topic.count % PUBLISH_REPORT_EVERY:
            results.append(topic.report(name, side.is_server))


def _connack(body: bytes) -> Result:
    # 3.2.2: flags, of which only the lowest is used, then the code.
    if len(body) < 2 or body[0] > 1:
        return Malformed(protocol=PROTOCOL, where="CONNACK", why="it is not two bytes with one flag")
    return MqttConnack(code=body[1])


def _length(data: bytes, at: int, size: int) -> tuple[int, int]:
    """A variable byte integer (1.5.5) and how many bytes it takes, 0 when it does not end in time."""
    if at < size and data[at] < 0x80:
        return data[at], 1
    number = 0
    for place in range(min(LENGTH_BYTES, size - at)):
        number |= (data[at + place] & 0x7F) << 7 * place
        if data[at + place] < 0x80:
            return number, place + 1
    return 0, 0


def _string(data: bytes, at: int) -> tuple[bytes | None, int]:
    """Two bytes of length and a string (1.5.4), and where the next field begins; None where it is not whole."""
    end = at + 2 + int.from_bytes(data[at : at + 2], "big")
    return (data[at + 2 : end] if at + 2 <= len(data) and end <= len(data) else None), end


def _after_properties(data: bytes, at: int) -> int:
    size, taken = _length(data, at, len(data))
    return at + taken + size


def _aliased(side: _Side, topic: bytes, properties: bytes) -> bytes:
    """Learns or resolves a topic alias (3.3.2.3.4); an alias that was agreed on before stands for no topic."""
    at = 0
    while at < len(properties):
        kind = properties[at]
        size = _PROPERTY_SIZES.get(kind)
        at += 1
        if kind == _TOPIC_ALIAS:
            alias = int.from_bytes(properties[at : at + 2], "big")
            if not topic:
                return side.aliases.get(alias, b"")
            if len(side.aliases) < TOPICS_LIMIT:
                side.aliases[alias] = topic[:MASK_WINDOW]
            return topic
        if size is None:
            break
        if size > 0:
            at += size
        elif size == -3:
            at += _length(properties, at, len(properties))[1] or 1
        else:
            for _ in range(-size):
                at += 2 + int.from_bytes(properties[at : at + 2], "big")
    return topic


DISSECTOR: Final = Dissector(protocol=PROTOCOL, open=MqttStream)
