"""A host on the internet that belongs to an attacker: HTTPS, and what the attacks start there."""

from __future__ import annotations

from lab.hospital.network import Hospital
from lab.hospital.parts import services
from lab.hospital.topology import Device

CATEGORY = "server"
START = 1


def start(hospital: Hospital, device: Device) -> None:
    """Starts the page; the rest belongs to the attacks."""
    services.nginx(hospital, device, tls=True)
