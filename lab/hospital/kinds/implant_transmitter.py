"""A transmitter of an implant's readings at home."""

from __future__ import annotations

from lab.hospital.kinds import Task
from lab.hospital.network import Hospital
from lab.hospital.parts import addressing, services
from lab.hospital.topology import Device

CATEGORY = "implant_transmitter"


def start(hospital: Hospital, device: Device) -> None:
    """Asks for its address; then it wakes up, uploads and sleeps."""
    addressing.ask(hospital, device)


def work(hospital: Hospital, device: Device, task: Task) -> None:
    """Uploads to its maker's service, over the home's line."""
    cloud = hospital.topology.devices.get("telemetry")
    if cloud is not None:
        services.fetch(hospital, device.name, f"https://{hospital.full_name(cloud.name)}/", cloud.name, body="{}")
