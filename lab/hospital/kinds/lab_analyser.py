"""A laboratory analyser: results by ASTM (an emulator of ours) or by HL7."""

from __future__ import annotations

from lab.hospital.kinds import Task
from lab.hospital.network import Hospital
from lab.hospital.parts import addressing, hl7, records, services
from lab.hospital.topology import Device

CATEGORY = "lab_analyser"


def start(hospital: Hospital, device: Device) -> None:
    """Asks for its address; has a service page."""
    addressing.ask(hospital, device)
    services.time_client(hospital, device)


def work(hospital: Hospital, device: Device, task: Task) -> None:
    """Reports the results of one sample."""
    who, number = task.facts["patient"], task.facts["number"]
    seen = [
        records.Observation(code=f"{code}^{text}^LN", value=str(hospital.chance.randrange(low, high)), unit=unit)
        for code, text, low, high, unit in PANEL
    ]
    if device.settings.get("protocol") == "astm":
        to = hospital.first("lab_middleware")
        if to is None:
            return
        words = [device.model.announced_vendor, device.model.model, device.serial, device.model.firmware, who.id]
        values = [f"{one.code.split('^')[1]}={one.value}{one.unit}" for one in seen]
        argv = [*hospital.python("astm_analyser.py"), hospital.full_name(to.name), "5000", *words, *values]
        hospital.do(
            device.name,
            "reports results (ASTM)",
            argv,
            server=to.name,
            port=5000,
            application="astm",
            timeout_seconds=40,
        )
        for text in words[:4]:
            hospital.announces(device.name, "payload", text)
        hospital.says(device.name, emulator="ASTM E1381/E1394 sender made by the lab (lab/programs/astm_analyser.py)")
        return
    lis = hospital.first("laboratory_information_system")
    if lis is not None:
        message = records.device_results(device, who, seen, f"R{number:06d}")
        hl7.send(hospital, device.name, lis.name, message, "reports results")
        hl7.introduced(hospital, device)


PANEL = (
    # LOINC codes of a basic chemistry panel, with a wide but plausible range.
    ("2951-2", "Sodium", 132, 146, "mmol/L"),
    ("2823-3", "Potassium", 3, 6, "mmol/L"),
    ("2345-7", "Glucose", 60, 220, "mg/dL"),
    ("2160-0", "Creatinine", 1, 3, "mg/dL"),
)
