"""The broker of sensors and beds (Mosquitto)."""

from __future__ import annotations

from lab.hospital.network import Hospital
from lab.hospital.parts import mqtt
from lab.hospital.topology import Device

CATEGORY = "server"
START = 1


def start(hospital: Hospital, device: Device) -> None:
    """Starts the broker."""
    mqtt.broker(hospital, device)
