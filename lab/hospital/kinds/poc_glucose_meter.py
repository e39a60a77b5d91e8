"""A point-of-care glucose meter in its base station: POCT1-A (an emulator of ours)."""

from __future__ import annotations

from lab.hospital.kinds import Task
from lab.hospital.network import Hospital
from lab.hospital.parts import addressing
from lab.hospital.topology import Device

CATEGORY = "poc_glucose_meter"


def start(hospital: Hospital, device: Device) -> None:
    """Asks for its address."""
    addressing.ask(hospital, device)


def work(hospital: Hospital, device: Device, task: Task) -> None:
    """Uploads its readings when it is put into the station."""
    to = hospital.first("lab_middleware")
    if to is None:
        return
    words = [device.model.announced_vendor, device.model.model, device.serial, device.model.firmware]
    argv = [
        *hospital.python("poct1a_meter.py"),
        hospital.full_name(to.name),
        "3001",
        *words,
        task.facts["patient"].id,
        str(task.facts["value"]),
    ]
    hospital.do(
        device.name,
        "uploads readings (POCT1-A)",
        argv,
        server=to.name,
        port=3001,
        application="poct1a",
        timeout_seconds=40,
    )
    for text in (device.model.announced_vendor, device.model.model, device.serial, device.model.firmware):
        hospital.announces(device.name, "payload", text)
    hospital.says(device.name, emulator="POCT1-A sender made by the lab (lab/programs/poct1a_meter.py)")
