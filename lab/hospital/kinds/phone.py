"""A desk telephone: registers by SIP."""

from __future__ import annotations

from lab.hospital.kinds import Task
from lab.hospital.network import Hospital
from lab.hospital.parts import addressing
from lab.hospital.topology import Device

CATEGORY = "phone"


def start(hospital: Hospital, device: Device) -> None:
    """Asks for its address."""
    addressing.ask(hospital, device, vendor_class="yealink")


def work(hospital: Hospital, device: Device, task: Task) -> None:
    """Registers with the telephone server."""
    registrar = hospital.first("telephone_server")
    if registrar is not None:
        argv = ["sipsak", "-U", "-s", f"sip:{device.name}@{registrar.ip}", "-x", "600"]
        hospital.do(
            device.name, "registers (SIP)", argv, server=registrar.name, port=5060, application="sip", expect=None
        )
