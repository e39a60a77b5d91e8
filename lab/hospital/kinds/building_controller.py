"""A controller of ventilation: a BACnet device."""

from __future__ import annotations

from lab.hospital.network import Hospital
from lab.hospital.topology import Device

CATEGORY = "building_controller"


def start(hospital: Hospital, device: Device) -> None:
    """Starts the BACnet device."""
    number = str(1000 + int(device.ip.rsplit(".", 1)[1]))
    argv = [
        *hospital.python("bacnet_device.py"),
        f"{device.ip}/24",
        device.name,
        number,
        device.model.announced_vendor,
        device.model.model,
        device.model.firmware,
    ]
    hospital.lasting(
        device.name, "controls ventilation (BACnet)", argv, port=47808, transport="udp", application="bacnet"
    )
    if hospital.first("building_workstation") is not None:
        for text in (device.model.announced_vendor, device.model.model, device.model.firmware):
            hospital.announces(device.name, "payload", text)
    hospital.says(device.name, program="bacpypes3 from PyPI; its objects are the lab's")
