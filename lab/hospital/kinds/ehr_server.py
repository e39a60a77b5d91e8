"""The patient record: FHIR over HTTPS, admissions as HL7 to the engine."""

from __future__ import annotations

from lab.hospital.kinds import Task
from lab.hospital.network import Hospital
from lab.hospital.parts import hl7, records, services
from lab.hospital.topology import Device

CATEGORY = "ehr_server"
START = 1


def start(hospital: Hospital, device: Device) -> None:
    """Starts the FHIR service behind nginx."""
    argv = [*hospital.python("fhir_server.py"), "127.0.0.1", "8080"]
    hospital.lasting(device.name, "keeps the record (FHIR)", argv, port=8080, application="http")
    services.nginx(hospital, device, tls=True, to="http://127.0.0.1:8080")
    hospital.says(device.name, emulator="a FHIR service made by the lab (lab/programs/fhir_server.py) behind nginx")


def work(hospital: Hospital, device: Device, task: Task) -> None:
    """Admits, moves or discharges a patient."""
    engine = hospital.first("interface_engine")
    if engine is None:
        return
    who, event = task.facts["patient"], task.facts["event"]
    control = f"A{task.facts['number']:06d}"
    message = records.admission("LABEHR", who, event, control, task.facts["ward"])
    hl7.send(hospital, device.name, engine.name, message, f"tells of {event}")
