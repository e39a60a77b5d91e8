"""MQTT: who publishes under which name to which topics."""

from __future__ import annotations

from collections.abc import Hashable

from asepsis.devices.clue import Attribute
from asepsis.devices.observe.say import REPORTED, Reader, Say, host_name
from asepsis.knowledge.vocabulary import Role
from asepsis.protocols.mqtt import MqttConnack, MqttConnect, MqttPublish


def _connect(message: MqttConnect) -> Hashable:
    return message.client_id


def _explain_connect(message: MqttConnect, say: Say) -> None:
    say.that(Attribute.ROLE, Role.MQTT_CLIENT, 0.6)
    say.that(Attribute.NAME, host_name(message.client_id), REPORTED)
    say.known("products", message.client_id, 0.6)


def _connack(_: MqttConnack) -> Hashable:
    return True


def _explain_connack(_: MqttConnack, say: Say) -> None:
    say.that(Attribute.ROLE, Role.MQTT_BROKER, 0.7)


def _publish(message: MqttPublish) -> Hashable:
    # What a broker passes on was published by others.
    return None if message.sender_is_server else message.topic


def _explain_publish(message: MqttPublish, say: Say) -> None:
    say.that(Attribute.ROLE, Role.MQTT_CLIENT, 0.5)
    say.known("products", message.topic, 0.6)


READERS: dict[type, Reader] = {
    MqttConnect: Reader(_connect, _explain_connect),
    MqttConnack: Reader(_connack, _explain_connack),
    MqttPublish: Reader(_publish, _explain_publish),
}
