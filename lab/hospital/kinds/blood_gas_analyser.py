"""A blood gas analyser at the bedside: HL7 to the engine."""

from __future__ import annotations

from lab.hospital.kinds import Task
from lab.hospital.network import Hospital
from lab.hospital.parts import addressing, hl7, records, services
from lab.hospital.topology import Device

CATEGORY = "blood_gas_analyser"


def start(hospital: Hospital, device: Device) -> None:
    """Asks for its address; serves a page."""
    addressing.ask(hospital, device)
    services.lighttpd(hospital, device)


def work(hospital: Hospital, device: Device, task: Task) -> None:
    """Reports one sample."""
    engine = hospital.first("interface_engine")
    if engine is None:
        return
    seen = [
        records.Observation(code="2744-1^pH^LN", value=f"7.{hospital.chance.randrange(30, 48)}", unit=""),
        records.Observation(code="2019-8^pCO2^LN", value=str(hospital.chance.randrange(33, 50)), unit="mm[Hg]"),
        records.Observation(code="2703-7^pO2^LN", value=str(hospital.chance.randrange(60, 110)), unit="mm[Hg]"),
    ]
    message = records.device_results(device, task.facts["patient"], seen, f"G{task.facts['number']:06d}")
    hl7.send(hospital, device.name, engine.name, message, "reports blood gases", port=hl7.DEVICE_PORT)
    hl7.introduced(hospital, device)
