"""An access switch: LLDP and SNMP."""

from __future__ import annotations

from lab.hospital.network import Hospital
from lab.hospital.parts import services
from lab.hospital.topology import Device

CATEGORY = "network_switch"


def start(hospital: Hospital, device: Device) -> None:
    """Starts LLDP and the SNMP agent."""
    services.lldp(hospital, device, description(device), bridge=True)
    services.snmp_agent(hospital, device, description(device), "1.3.6.1.4.1.11.2.3.7.11.152")
    services.time_client(hospital, device)


def description(device: Device) -> str:
    """What it answers for sysDescr."""
    return f"HP J9773A {device.model.model}-PoEP Switch, revision {device.model.firmware}"
