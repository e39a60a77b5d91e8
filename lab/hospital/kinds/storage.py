"""A file server."""

from __future__ import annotations

from lab.hospital.network import Hospital
from lab.hospital.parts import services
from lab.hospital.topology import Device

CATEGORY = "storage"
START = 1


def start(hospital: Hospital, device: Device) -> None:
    """Starts Samba and its announcements."""
    services.file_server(hospital, device)
    services.multicast_dns(hospital, device, "_smb._tcp", 445, f"model={device.model.model}")
    hospital.announces(device.name, "dns.txt", f"model={device.model.model}")
