"""The computer department's server of addresses, names and time."""

from __future__ import annotations

from lab.hospital.network import Hospital
from lab.hospital.parts import addressing, services
from lab.hospital.topology import Device

CATEGORY = "server"
START = 0


def start(hospital: Hospital, device: Device) -> None:
    """Starts DHCP, DNS and NTP for every segment inside."""
    segments = [s for s in hospital.topology.segments.values() if s.own and s.name != "transit"]
    addressing.server(hospital, device, segments, names=True)
    services.time_server(hospital, device)
