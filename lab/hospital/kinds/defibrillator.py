"""A defibrillator: uploads the record of a use over HTTPS."""

from __future__ import annotations

import json

from lab.hospital.kinds import Task
from lab.hospital.network import Hospital
from lab.hospital.parts import addressing, services
from lab.hospital.topology import Device

CATEGORY = "defibrillator"


def start(hospital: Hospital, device: Device) -> None:
    """Asks for its address."""
    addressing.ask(hospital, device)


def work(hospital: Hospital, device: Device, task: Task) -> None:
    """Uploads the record of a use to the clinical record."""
    ehr = hospital.first("ehr_server")
    if ehr is not None:
        body = json.dumps(
            {"resourceType": "Device", "serialNumber": device.serial, "manufacturer": device.model.vendor}
        )
        services.fetch(hospital, device.name, f"https://{hospital.full_name(ehr.name)}/Device", ehr.name, body=body)
