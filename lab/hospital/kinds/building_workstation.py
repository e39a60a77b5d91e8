"""The operator's workstation of building control: BACnet and Modbus client."""

from __future__ import annotations

from lab.hospital.network import Hospital
from lab.hospital.parts import services
from lab.hospital.topology import Device

CATEGORY = "workstation"


def start(hospital: Hospital, device: Device) -> None:
    """Polls the controllers for good."""
    plcs = [other.ip for other in hospital.topology.of_kind("industrial_controller")]
    if plcs:
        argv = [*hospital.python("modbus_poller.py"), "15", *plcs]
        hospital.lasting(device.name, "polls controllers (Modbus)", argv, application="modbus", talks=True)
    if hospital.topology.of_kind("building_controller"):
        argv = [*hospital.python("bacnet_reader.py"), f"{device.ip}/24", "20"]
        hospital.lasting(
            device.name,
            "reads controllers (BACnet)",
            argv,
            port=47808,
            transport="udp",
            application="bacnet",
            talks=True,
        )
    services.time_client(hospital, device)
