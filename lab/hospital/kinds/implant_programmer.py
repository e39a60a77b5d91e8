"""A programmer of implants: sends its report to the file server and to the maker."""

from __future__ import annotations

from lab.hospital.kinds import Task
from lab.hospital.network import Hospital
from lab.hospital.parts import addressing, services
from lab.hospital.topology import Device

CATEGORY = "implant_programmer"


def start(hospital: Hospital, device: Device) -> None:
    """Asks for its address."""
    addressing.ask(hospital, device, vendor_class="MSFT 5.0")


def work(hospital: Hospital, device: Device, task: Task) -> None:
    """Reports a check of an implant."""
    files, cloud = hospital.first("storage"), hospital.topology.devices.get("telemetry")
    report = hospital.scratch / f"report-{device.name}.txt"
    report.write_text(f"implant check {task.facts['number']}\n")
    if files is not None:
        services.files(hospital, device.name, files.name, f"put {report} implant.txt")
    if cloud is not None:
        services.fetch(hospital, device.name, f"https://{hospital.full_name(cloud.name)}/", cloud.name, body="{}")
