"""An electrocardiograph: sends waveforms by DICOM."""

from __future__ import annotations

from lab.hospital.kinds import Task
from lab.hospital.network import Hospital
from lab.hospital.parts import addressing, dicom
from lab.hospital.topology import Device

CATEGORY = "ecg"


def start(hospital: Hospital, device: Device) -> None:
    """Asks for its address."""
    addressing.ask(hospital, device)


def work(hospital: Hospital, device: Device, task: Task) -> None:
    """Sends a recorded electrocardiogram to the archive."""
    dicom.store(hospital, device, task.facts["files"])
