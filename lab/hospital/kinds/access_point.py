"""A wireless access point: DHCP, LLDP, a small SSH server, and it reports to the record keeper of logs."""

from __future__ import annotations

from lab.hospital.network import Hospital
from lab.hospital.parts import addressing, services
from lab.hospital.topology import Device

CATEGORY = "access_point"


def start(hospital: Hospital, device: Device) -> None:
    """Starts its services."""
    addressing.ask(hospital, device, vendor_class="ubnt")
    services.ssh_server(hospital, device, small=True)
