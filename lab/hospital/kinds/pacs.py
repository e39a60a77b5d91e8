"""The image archive (Orthanc)."""

from __future__ import annotations

import json

from lab.hospital.network import Hospital
from lab.hospital.parts import dicom, services
from lab.hospital.topology import Device

CATEGORY = "pacs"
START = 1


def start(hospital: Hospital, device: Device) -> None:
    """Starts Orthanc and its announcements."""
    host = hospital.hosts[device.name]
    readers = hospital.topology.of_kind("imaging_workstation")
    host.write(
        "/run/orthanc.json",
        json.dumps(
            {
                "Name": "Lab archive",
                "StorageDirectory": "/run/orthanc",
                "IndexDirectory": "/run/orthanc",
                "DicomAet": dicom.ARCHIVE,
                "DicomPort": dicom.ARCHIVE_PORT,
                "HttpPort": 8042,
                "RemoteAccessAllowed": True,
                "AuthenticationEnabled": False,
                "DicomCheckCalledAet": True,
                "DicomAlwaysAllowFind": True,
                "DicomAlwaysAllowMove": True,
                "DicomAlwaysAllowEcho": True,
                "DicomAlwaysAllowStore": True,
                "DicomModalities": {
                    dicom.title(reader): [dicom.title(reader), hospital.full_name(reader.name), dicom.READER_PORT]
                    for reader in readers
                },
            }
        ),
    )
    hospital.lasting(
        device.name, "keeps images", ["Orthanc", "/run/orthanc.json"], port=dicom.ARCHIVE_PORT, application="dicom"
    )
    services.nginx(hospital, device, tls=True, to="http://127.0.0.1:8042")
    services.ssh_server(hospital, device)
