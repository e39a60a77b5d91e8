"""A medication cabinet: tells the pharmacy what was taken; keeps lists on the file server."""

from __future__ import annotations

from lab.hospital.kinds import Task
from lab.hospital.network import Hospital
from lab.hospital.parts import addressing, hl7, records, services
from lab.hospital.topology import Device

CATEGORY = "medication_cabinet"


def start(hospital: Hospital, device: Device) -> None:
    """Asks for its address."""
    addressing.ask(hospital, device, vendor_class="MSFT 5.0")
    services.time_client(hospital, device)


def work(hospital: Hospital, device: Device, task: Task) -> None:
    """Tells of a withdrawal (RDS^O13) and renews its list."""
    pharmacy, files = hospital.first("pharmacy_system"), hospital.first("storage")
    who, number = task.facts["patient"], task.facts["number"]
    if pharmacy is not None:
        message = "\r".join(
            [
                records.header("LABCABINET", "LABRX", "RDS^O13^RDS_O13", f"W{number:06d}"),
                records.person(who),
                f"ORC|RE|{number}",
                f"RXD|1|LABDRUG^Test drug^LAB|{records.STORY_TIME}|1|TAB",
                "",
            ]
        )
        hl7.send(hospital, device.name, pharmacy.name, message, "tells of a withdrawal", port=2576)
    if files is not None:
        services.files(hospital, device.name, files.name, "ls")
