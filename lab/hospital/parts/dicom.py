"""DICOM by dcmtk, pynetdicom and Orthanc: worklists, examinations, archives, readers.

What a program announces of itself stays its own: implementation class UID and version. Titles, and the attributes in
the images, are the device's (images are made with pydicom, of a phantom).
"""

from __future__ import annotations

import json
from datetime import date

from lab.hospital.network import Hospital
from lab.hospital.parts.records import Patient
from lab.hospital.topology import Device

ARCHIVE_PORT = 104
WORKLIST_PORT = 4106
READER_PORT = 11112
ARCHIVE = "PACS_MAIN"
WORKLIST = "LABWORKLIST"
DCMTK = "OFFIS_DCMTK_367"


def title(device: Device) -> str:
    """The application entity title of a device."""
    return device.name.upper().replace("-", "_")


def image_of(device: Device, modality: str, who: Patient, number: int, day: date) -> dict[str, object]:
    """What ``programs/dicom_images.py`` needs for one image."""
    return {
        "file": f"{device.name}-{who.number}-{number}.dcm",
        "modality": modality,
        "manufacturer": device.model.announced_vendor,
        "model": device.model.model,
        "serial": device.serial,
        "software": device.model.firmware,
        "station": title(device),
        "patient_id": who.id,
        "patient_name": who.name,
        "born": who.born,
        "sex": who.sex,
        "number": number,
        "date": f"{day:%Y%m%d}",
    }


def make(hospital: Hospital, images: list[dict[str, object]]) -> None:
    """Makes all images of the story at once, before the recording."""
    folder = hospital.scratch / "images"
    folder.mkdir(exist_ok=True)
    plan = hospital.scratch / "images.json"
    plan.write_text(json.dumps(images))
    host = next(iter(hospital.hosts.values()))
    host.run([*hospital.python("dicom_images.py"), str(plan), str(folder)], timeout_seconds=120)


def ask_worklist(hospital: Hospital, device: Device, modality: str) -> None:
    """C-FIND of the modality worklist (PS3.4 K)."""
    server = hospital.first("radiology_information_system")
    if server is None:
        return
    step = "ScheduledProcedureStepSequence[0]"
    keys = ["-k", "PatientName", "-k", "PatientID", "-k", "AccessionNumber", "-k", f"{step}.Modality={modality}"]
    calling = ["-aet", title(device), "-aec", WORKLIST]
    argv = ["findscu", "-W", *calling, *keys, hospital.full_name(server.name), str(WORKLIST_PORT)]
    hospital.do(
        device.name,
        "asks the worklist",
        argv,
        server=server.name,
        port=WORKLIST_PORT,
        application="dicom",
        timeout_seconds=60,
    )
    hospital.announces(device.name, "dicom.assoc.ae.calling", title(device))
    hospital.announces(device.name, "dicom.userinfo.version", DCMTK)


def store(hospital: Hospital, device: Device, files: list[str], *, python: bool = False) -> None:
    """C-STORE to the archive, by dcmtk or by pynetdicom."""
    archive = hospital.first("pacs")
    if archive is None:
        return
    paths = [str(hospital.scratch / "images" / file) for file in files]
    at = [hospital.full_name(archive.name), str(ARCHIVE_PORT)]
    calling = ["-aet", title(device), "-aec", ARCHIVE]
    if python:
        for path in paths:
            argv = [hospital.command("storescu"), *calling, *at, path]
            hospital.do(
                device.name,
                "sends an image",
                argv,
                server=archive.name,
                port=ARCHIVE_PORT,
                application="dicom",
                timeout_seconds=90,
            )
    else:
        argv = ["/usr/bin/storescu", *calling, *at, *paths]
        hospital.do(
            device.name,
            f"sends {len(paths)} image(s)",
            argv,
            server=archive.name,
            port=ARCHIVE_PORT,
            application="dicom",
            timeout_seconds=90,
        )
        hospital.announces(device.name, "dicom.userinfo.version", DCMTK)
    hospital.announces(device.name, "dicom.assoc.ae.calling", title(device))
    for text in (device.model.announced_vendor, device.model.model, device.serial, device.model.firmware):
        hospital.announces(device.name, "dicom.tag.value.str", text)


def query(hospital: Hospital, device: Device, who: Patient) -> None:
    """C-ECHO, C-FIND of studies and C-MOVE of what the archive has of a patient to ``device`` (PS3.4 C)."""
    archive = hospital.first("pacs")
    if archive is None:
        return
    at = [hospital.full_name(archive.name), str(ARCHIVE_PORT)]
    calling = ["-aet", title(device), "-aec", ARCHIVE]
    keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", f"PatientID={who.id}", "-k", "StudyInstanceUID", "-k", "StudyDate"]
    deeds = [
        ("echoes", ["echoscu", *calling, *at]),
        ("queries studies", ["findscu", "-S", *calling, *keys, *at]),
        (
            "has a patient's studies moved to itself",
            [
                "movescu",
                "-P",
                *calling,
                "-aem",
                title(device),
                "-k",
                "QueryRetrieveLevel=PATIENT",
                "-k",
                f"PatientID={who.id}",
                *at,
            ],
        ),
    ]
    for what, argv in deeds:
        program = f"/usr/bin/{argv[0]}"
        hospital.do(
            device.name,
            what,
            [program, *argv[1:]],
            server=archive.name,
            port=ARCHIVE_PORT,
            application="dicom",
            timeout_seconds=60,
        )
    hospital.announces(device.name, "dicom.assoc.ae.calling", title(device))
