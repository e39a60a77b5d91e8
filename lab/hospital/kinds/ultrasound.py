"""An ultrasound system on a trolley."""

from __future__ import annotations

from lab.hospital.kinds import Task
from lab.hospital.network import Hospital
from lab.hospital.parts import addressing, dicom, services
from lab.hospital.topology import Device

CATEGORY = "ultrasound"


def start(hospital: Hospital, device: Device) -> None:
    """Asks for its address and the time."""
    addressing.ask(hospital, device)
    services.time_client(hospital, device)


def work(hospital: Hospital, device: Device, task: Task) -> None:
    """Examines: asks the worklist, sends images."""
    dicom.ask_worklist(hospital, device, "US")
    dicom.store(hospital, device, task.facts["files"])
