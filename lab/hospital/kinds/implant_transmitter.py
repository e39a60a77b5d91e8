"""A transmitter of an implant's readings at home."""

from __future__ import annotations

from lab.hospital.kinds import Task
from lab.hospital.network import Hospital
from lab.hospital.parts import services
from lab.hospital.topology import Device

CATEGORY = "implant_transmitter"


def start(hospital: Hospital, device: Device) -> None:
    """Nothing lasts here: it wakes up, uploads and sleeps."""


def work(hospital: Hospital, device: Device, task: Task) -> None:
    """Uploads to its maker's service; outside the hospital's sensor."""
    cloud = hospital.topology.devices.get("telemetry")
    if cloud is not None:
        services.fetch(hospital, device.name, f"https://{cloud.ip}/", cloud.name, body="{}")
