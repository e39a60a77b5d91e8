"""A ventilator: an SDC provider (IEEE 11073-20701) with discovery by WS-Discovery."""

from __future__ import annotations

from lab.hospital.network import Hospital
from lab.hospital.parts import addressing
from lab.hospital.topology import Device

CATEGORY = "ventilator"


def start(hospital: Hospital, device: Device) -> None:
    """Starts the provider."""
    addressing.ask(hospital, device)
    words = [device.model.announced_vendor, device.model.model, device.serial, device.model.firmware]
    argv = [*hospital.python("sdc_provider.py"), device.ip, device.mac, *words]
    hospital.lasting(device.name, "provides its state (SDC)", argv, application="sdc", talks=True)
    if hospital.first("central_station") is not None:
        for text in (device.model.announced_vendor, device.model.model, device.serial, device.model.firmware):
            hospital.announces(device.name, "payload", text)
    hospital.says(device.name, program="sdc11073 from PyPI; the description of the device (MDIB) is the lab's")
