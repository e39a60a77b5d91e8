"""The server of the infusion pumps: hears their reports, programs them (IHE PCD-01, PCD-03)."""

from __future__ import annotations

from lab.hospital.kinds import Task
from lab.hospital.network import Hospital
from lab.hospital.parts import hl7, services
from lab.hospital.topology import Device

CATEGORY = "pump_server"
START = 1


def start(hospital: Hospital, device: Device) -> None:
    """Starts the listener for pumps and its page."""
    hl7.listen(hospital, device, "listens for pumps", port=hl7.DEVICE_PORT)
    services.nginx(hospital, device, tls=True)


def work(hospital: Hospital, device: Device, task: Task) -> None:
    """Programs a pump."""
    from lab.hospital.kinds.infusion_pump import program

    program(hospital, device.name, task.facts["pump"], task.facts["patient"], task.facts["rate"])
