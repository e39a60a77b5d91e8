"""A telemedicine cart: registers by SIP, reads the record over HTTPS."""

from __future__ import annotations

from lab.hospital.kinds import Task
from lab.hospital.network import Hospital
from lab.hospital.parts import addressing, services
from lab.hospital.topology import Device

CATEGORY = "telemedicine_cart"


def start(hospital: Hospital, device: Device) -> None:
    """Asks for its address."""
    addressing.ask(hospital, device)


def work(hospital: Hospital, device: Device, task: Task) -> None:
    """Begins a visit."""
    registrar, ehr = hospital.first("telephone_server"), hospital.first("ehr_server")
    if registrar is not None:
        argv = ["sipsak", "-U", "-s", f"sip:{device.name}@{registrar.ip}", "-x", "120"]
        hospital.do(
            device.name, "registers (SIP)", argv, server=registrar.name, port=5060, application="sip", expect=None
        )
    if ehr is not None:
        services.fetch(hospital, device.name, f"https://{hospital.full_name(ehr.name)}/Patient", ehr.name)
