"""A programmable controller of medical gases: a Modbus server."""

from __future__ import annotations

from lab.hospital.network import Hospital
from lab.hospital.topology import Device

CATEGORY = "industrial_controller"


def start(hospital: Hospital, device: Device) -> None:
    """Starts the Modbus server."""
    argv = [
        *hospital.python("modbus_server.py"),
        device.ip,
        device.model.announced_vendor,
        device.model.model,
        device.model.firmware,
    ]
    hospital.lasting(device.name, "controls gases (Modbus)", argv, port=502, application="modbus")
    if hospital.first("building_workstation") is not None:
        for text in (device.model.announced_vendor, device.model.model, device.model.firmware):
            hospital.announces(device.name, "payload", text)
    hospital.says(device.name, program="pymodbus from PyPI; its registers are the lab's")
