"""A thermometer of a medicine fridge: MQTT with a password in clear, time by NTP."""

from __future__ import annotations

from lab.hospital.kinds import Task
from lab.hospital.network import Hospital
from lab.hospital.parts import addressing, mqtt
from lab.hospital.topology import Device

CATEGORY = "smart_home"


def start(hospital: Hospital, device: Device) -> None:
    """Asks for its address."""
    addressing.ask(hospital, device)


def work(hospital: Hospital, device: Device, task: Task) -> None:
    """Publishes a temperature."""
    broker = hospital.first("broker")
    if broker is not None:
        mqtt.publish(
            hospital, device.name, broker.name, f"fridge/{device.name}/temperature", task.facts["value"], tls=False
        )
