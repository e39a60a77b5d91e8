"""A radiologist's workstation: queries, retrieves, reads."""

from __future__ import annotations

from lab.hospital.kinds import Task
from lab.hospital.network import Hospital
from lab.hospital.parts import addressing, dicom, services
from lab.hospital.topology import Device

CATEGORY = "imaging_workstation"


def start(hospital: Hospital, device: Device) -> None:
    """Asks for its address and starts its receiver."""
    addressing.ask(hospital, device, vendor_class="MSFT 5.0")
    hospital.hosts[device.name].path("/run/received").mkdir(exist_ok=True)
    argv = ["/usr/bin/storescp", "-aet", dicom.title(device), "-od", "/run/received", str(dicom.READER_PORT)]
    hospital.lasting(device.name, "receives images", argv, port=dicom.READER_PORT, application="dicom")


def work(hospital: Hospital, device: Device, task: Task) -> None:
    """Reads a patient's studies."""
    dicom.query(hospital, device, task.facts["patient"])
    portal = hospital.first("radiology_information_system")
    if portal is not None:
        services.fetch(hospital, device.name, f"http://{hospital.full_name(portal.name)}/", portal.name)
