"""Orders and worklist: wlmscpfs of dcmtk, HL7, a portal."""

from __future__ import annotations

from lab.hospital.kinds import Task
from lab.hospital.network import Hospital
from lab.hospital.parts import dicom, hl7, services
from lab.hospital.topology import Device
from lab.stage import MATERIAL

CATEGORY = "radiology_information_system"
ALSO = ("modality_worklist",)
START = 1


def start(hospital: Hospital, device: Device) -> None:
    """Starts the worklist, the HL7 listener and the portal."""
    folder = hospital.scratch / "worklist" / dicom.WORKLIST
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "lockfile").touch()
    argv = ["wlmscpfs", "-dfp", str(folder.parent), str(dicom.WORKLIST_PORT)]
    hospital.lasting(device.name, "serves the worklist", argv, port=dicom.WORKLIST_PORT, application="dicom")
    hl7.listen(hospital, device, "listens for orders", port=2576, apy=False)
    services.nginx(hospital, device, tls=False)


def work(hospital: Hospital, device: Device, task: Task) -> None:
    """Puts an order on the worklist."""
    who, modality = task.facts["patient"], task.facts["modality"]
    number = task.facts["number"]
    text = (MATERIAL / "worklist.dump").read_text()
    for word, value in (("number", str(number)), ("modality", modality), ("station", task.facts["station"])):
        text = text.replace(f"${word}", value)
    dump = hospital.scratch / f"worklist-{number}.dump"
    dump.write_text(text.replace("TEST^PATIENT", who.name).replace("TEST0001", who.id))
    made = hospital.scratch / "worklist" / dicom.WORKLIST / f"{number}.wl"
    hospital.hosts[device.name].run(["dump2dcm", "-q", str(dump), str(made)])
