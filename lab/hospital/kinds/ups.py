"""An uninterruptible power supply: SNMP and a page."""

from __future__ import annotations

from lab.hospital.network import Hospital
from lab.hospital.parts import addressing, services
from lab.hospital.topology import Device

CATEGORY = "ups"


def start(hospital: Hospital, device: Device) -> None:
    """Starts its services."""
    addressing.ask(hospital, device)
    services.snmp_agent(hospital, device, description(device), "1.3.6.1.4.1.318.1.3.27")
    services.lighttpd(hospital, device)


def description(device: Device) -> str:
    """What it answers for sysDescr."""
    return f"APC Web/SNMP Management Card (MB:v4.1.0 PF:v{device.model.firmware} MN:LAB) {device.model.model}"
