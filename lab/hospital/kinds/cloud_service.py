"""A maker's service on the internet: HTTPS."""

from __future__ import annotations

from lab.hospital.network import Hospital
from lab.hospital.parts import services, updates
from lab.hospital.topology import Device

CATEGORY = "server"
START = 1


def start(hospital: Hospital, device: Device) -> None:
    """Starts the service."""
    updates.offer(hospital, device)
    services.nginx(hospital, device, tls=True, folder=updates.FOLDER)
