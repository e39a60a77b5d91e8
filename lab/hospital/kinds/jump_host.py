"""Where the maker's service office comes in: SSH, and from there to devices."""

from __future__ import annotations

from lab.hospital.network import Hospital
from lab.hospital.parts import services
from lab.hospital.topology import Device

CATEGORY = "server"
START = 1


def start(hospital: Hospital, device: Device) -> None:
    """Starts the SSH server."""
    services.ssh_server(hospital, device)
