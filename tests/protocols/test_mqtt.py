"""MQTT: who connects, how, and about which topics; never what is said."""

from __future__ import annotations

import pytest

from asepsis.protocols.message import Malformed, Result
from asepsis.protocols.mqtt import (
    FILTERS_LIMIT,
    PACKET_LIMIT_BYTES,
    PUBLISH_REPORT_EVERY,
    SUBSCRIPTIONS_LIMIT,
    TOPICS_LIMIT,
    MqttConnect,
    MqttPublish,
    MqttStream,
    MqttSubscribe,
)
from tests.protocols.conformance import CANARY, MALFORMED, Vector, kinds

K = CANARY.encode()


def string(text: bytes) -> bytes:
    """MQTT 5.0 1.5.4."""
    return len(text).to_bytes(2, "big") + text


def variable(number: int) -> bytes:
    """MQTT 5.0 1.5.5."""
    octets = bytearray()
    while True:
        number, low = divmod(number, 128)
        octets.append(low | (0x80 if number else 0))
        if not number:
            return bytes(octets)


def packet(first: int, body: bytes) -> bytes:
    """MQTT 5.0 2.1."""
    return bytes((first,)) + variable(len(body)) + body


def connect(
    *, level: int = 4, name: bytes = b"MQTT", client_id: bytes = b"pump-7", flags: int = 0x02, rest: bytes = b""
) -> bytes:
    """MQTT 5.0 3.1; ``rest`` is what follows the client id."""
    properties = b"" if level < 5 else b"\x05\x11\x00\x00\x00\x3c"
    return packet(0x10, string(name) + bytes((level, flags)) + b"\x00\x3c" + properties + string(client_id) + rest)


def publish(topic: bytes, payload: bytes = b"", *, flags: int = 0, properties: bytes | None = None) -> bytes:
    """MQTT 5.0 3.3; with ``properties`` in the form of version 5."""
    body = string(topic) + (b"\x00\x07" if flags & 6 else b"")
    if properties is not None:
        body += variable(len(properties)) + properties
    return packet(0x30 | flags, body + payload)


def subscribe(*filters: bytes, level: int = 4) -> bytes:
    """MQTT 5.0 3.8."""
    body = b"\x00\x01" + (b"\x00" if level == 5 else b"") + b"".join(string(one) + b"\x00" for one in filters)
    return packet(0x82, body)


CREDENTIALS = string(b"will/patient/" + K) + string(K) + string(K) + string(K)
CONNACK = packet(0x20, b"\x00\x00")

VECTORS = (
    Vector(
        name="a session of 3.1.1",
        provenance="MQTT 3.1.1 3.1 to 3.14",
        data=(
            (0, connect(flags=0xC6, rest=CREDENTIALS)),
            (1, CONNACK),
            (0, subscribe(b"ward/+/alarm", b"mrn/12345/#")),
            (1, packet(0x90, b"\x00\x01\x00\x01")),
            (0, publish(b"bed/7/patient/" + K + b"/hr", K, flags=3) + publish(b"bed/7/spo2", K * 40) * 3),
            (1, packet(0x40, b"\x00\x07") + publish(b"ward/3/alarm", K) + b"\xd0\x00"),
            (0, b"\xc0\x00\xe0\x00"),
        ),
        kinds=("CONNECT", "CONNACK", "SUBSCRIBE", "PUBLISH", "PUBLISH", "PUBLISH", "PUBLISH"),
    ),
    Vector(
        name="a session of 5.0 with an alias for a topic",
        provenance="MQTT 5.0 3.1.2.11, 3.3.2.3.4",
        data=(
            (0, connect(level=5, flags=0xC6, rest=b"\x05\x18\x00\x00\x00\x09" + CREDENTIALS)),
            (1, packet(0x20, b"\x01\x87\x00")),
            (0, subscribe(b"a/b", level=5)),
            (0, publish(b"vent/paw", K, flags=2, properties=b"\x26" + string(K) + string(K) + b"\x23\x00\x05")),
            (0, publish(b"", K, properties=b"\x23\x00\x05") + publish(b"", K, properties=b"\x23\x00\x06")),
        ),
        kinds=("CONNECT", "CONNACK", "SUBSCRIBE", "PUBLISH", "PUBLISH", "PUBLISH"),
    ),
    Vector(
        name="a session of 3.1",
        provenance="MQTT 3.1 (IBM, Eurotech) 3.1",
        data=((0, connect(level=3, name=b"MQIsdp") + packet(0x8A, b"\x00\x01" + string(b"x") + b"\x01")), (1, CONNACK)),
        kinds=("CONNECT", "SUBSCRIBE", "CONNACK"),
    ),
    Vector(
        name="what is not MQTT",
        provenance="MQTT 5.0 2.1.2: type 0 is reserved",
        data=((0, b"\x00\x00" + K), (1, b"HTTP/1.1 200 OK\r\n")),
        kinds=(MALFORMED, MALFORMED),
    ),
)

HOSTILE = {
    "a new topic for each message": lambda size: (
        (0, b"".join(publish(b"t%x" % number) for number in range(size // 8))),
    ),
    "pings without end": lambda size: ((0, b"\xc0\x00" * (size // 2)),),
    "filters without content": lambda size: ((0, packet(0x82, b"\0\1" + b"\0\1x\0" * (min(size, 60_000) // 4))),),
    "what looks like the start of a message": lambda size: ((0, b"\0" + b"0" * size),),
    "properties without content": lambda size: (
        (0, connect(level=5) + publish(b"x", properties=b"\x01\x00" * 2000) * (size // 4000 + 1)),
    ),
}


def read(*turns: tuple[int, bytes]) -> list[Result]:
    stream = MqttStream()
    results = [result for sender, data in turns for result in stream.feed(sender, data)]
    return [*results, *stream.close()]


def published(results: list[Result]) -> list[MqttPublish]:
    return [result for result in results if isinstance(result, MqttPublish)]


def test_a_connection_says_who_and_whether_secrets_are_in_clear() -> None:
    (found,) = read((0, connect(flags=0xC6, rest=CREDENTIALS)))
    assert isinstance(found, MqttConnect)
    assert found.facts() == {
        "level": 4,
        "keep_alive_seconds": 60,
        "client_id": "pump-7",
        "clean": True,
        "user_name": True,
        "password": True,
        "credentials_in_clear": True,
        "will_topic": "will/patient/#",
    }


def test_the_properties_of_version_5_are_stepped_over() -> None:
    (found,) = read((0, connect(level=5, flags=0x06, rest=b"\x05\x18\0\0\0\x09" + string(b"gone") + string(K))))
    assert isinstance(found, MqttConnect)
    assert (found.level, found.client_id, found.will_topic, found.password) == (5, "pump-7", "gone", False)


def test_a_refusal_has_its_code() -> None:
    (found,) = read((1, packet(0x20, b"\x00\x05")))
    assert (found.facts(), found.sender_is_server) == ({"code": 5}, True)  # type: ignore[union-attr]


def test_filters_are_kept_masked_and_bounded() -> None:
    (found,) = read((0, subscribe(b"mrn/12345/#", b"ward/+/alarm", *[b"f%d" % number for number in range(200)])))
    assert isinstance(found, MqttSubscribe)
    assert found.filters[:2] == ("mrn/#/#", "ward/+/alarm")
    assert len(found.filters) == FILTERS_LIMIT


def test_a_message_is_kept_without_its_value() -> None:
    (found,) = read((0, publish(b"bed/7/hr", K, flags=3)))
    assert isinstance(found, MqttPublish)
    assert found.facts() == {
        "topic": "bed/7/hr",
        "payload_bytes": len(K),
        "quality_of_service": 1,
        "retain": True,
        "count": 1,
    }


def test_a_topic_is_reported_when_new_then_rarely_and_counted_to_the_end() -> None:
    found = published(read((0, publish(b"hr", b"1") * (PUBLISH_REPORT_EVERY + 5))))
    assert [message.count for message in found] == [1, PUBLISH_REPORT_EVERY, PUBLISH_REPORT_EVERY + 5]


def test_topics_beyond_the_limit_are_counted_together() -> None:
    topics = [b"t%x" % number for number in range(TOPICS_LIMIT + 50)]
    found = published(read((0, b"".join(map(publish, topics)))))
    assert len(found) == TOPICS_LIMIT + 2
    assert [(message.topic, message.count) for message in found[-2:]] == [("", 1), ("", 50)]


def test_who_sends_is_known_from_what_was_sent_before() -> None:
    assert published(read((0, publish(b"x"))))[0].sender_is_server is None
    assert published(read((0, connect() + publish(b"x"))))[0].sender_is_server is False
    assert published(read((1, CONNACK + publish(b"x"))))[0].sender_is_server is True
    assert published(read((1, b"\xd0\x00" + publish(b"x"))))[0].sender_is_server is True


def test_an_alias_stands_for_its_topic() -> None:
    found = published(read(*VECTORS[1].data))
    assert [(message.topic, message.count) for message in found] == [("vent/paw", 1), ("", 1), ("vent/paw", 2)]
    assert {message.payload_bytes for message in found} == {len(K)}


def test_a_long_payload_is_stepped_over_without_being_held() -> None:
    stream = MqttStream()
    data = publish(b"image", bytes(3_000_000))
    stream.feed(0, data[:20])
    assert not stream.feed(0, data[20:2_000_000])
    assert not stream._sides[0].pending
    assert kinds(stream.feed(0, data[2_000_000:] + publish(b"next"))) == ("PUBLISH",)


def test_subscriptions_are_reported_so_often_only() -> None:
    assert len(read((0, subscribe(b"x") * (SUBSCRIPTIONS_LIMIT + 9)))) == SUBSCRIPTIONS_LIMIT


@pytest.mark.parametrize(
    "before",
    [b"", b"4 is the rest of a value", b'{"v": 37.5, "t": "0:3<"}', bytes(range(64, 200)), b"\x30\x80\x80\x80\x80"],
)
def test_after_a_gap_the_next_message_is_found(before: bytes) -> None:
    stream = MqttStream()
    stream.feed(0, connect())
    found = published(list(stream.feed(0, before + publish(b"bed/7/hr", b"60") + publish(b"bed/7/rr"), gap=True)))
    assert [message.topic for message in found] == ["bed/7/hr", "bed/7/rr"]


def test_a_capture_that_begins_with_a_lost_packet_still_sees_the_connection() -> None:
    assert kinds(MqttStream().feed(0, b"\0\0" + connect(), gap=True)) == ("CONNECT",)


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (b"\x00", "fixed header"),
        (b"\x36\x00", "fixed header"),
        (b"\x11\x00", "fixed header"),
        (b"\xc0\xff\xff\xff\xff", "remaining length"),
        (b"\x10" + variable(PACKET_LIMIT_BYTES + 1), "remaining length"),
        (packet(0x10, string(b"HTTP") + bytes(8)), "CONNECT protocol name"),
        (packet(0x10, string(b"MQTT") + b"\x04\x02\x00\x3c\x00\x09x"), "CONNECT payload"),
        (packet(0x20, b"\x00"), "CONNACK"),
        (packet(0x20, b"\x02\x00"), "CONNACK"),
        (packet(0x82, b"\x00\x01\x00\x09x"), "SUBSCRIBE payload"),
        (packet(0x82, b"\x00\x01"), "SUBSCRIBE payload"),
        (packet(0x30, b"\x00"), "PUBLISH topic"),
        (packet(0x30, b"\x00\x09x"), "PUBLISH topic"),
        (connect(level=5) + packet(0x30, b"\x00\x01x\x09"), "PUBLISH properties"),
        (connect(level=5) + packet(0x30, b"\x00\x01x\xff\xff\xff\xff\x01"), "PUBLISH properties"),
    ],
)
def test_what_breaks_the_format_is_malformed(data: bytes, where: str) -> None:
    found = [result for result in read((0, data)) if isinstance(result, Malformed)]
    assert [result.where for result in found] == [where]
