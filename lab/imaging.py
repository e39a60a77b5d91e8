"""The story of images: an archive, a worklist, a CT scanner, an ultrasound system and a reading workstation (dcmtk).

What dcmtk announces is its own: implementation class UID and version say "OFFIS DCMTK" on every association,
whatever part the host plays. Application entity titles and the attributes inside the images are ours.
"""

from __future__ import annotations

import math
import struct
import subprocess
from pathlib import Path

from lab.hosts import DOMAIN
from lab.ward import Ward

ARCHIVE_PORT = 104
WORKLIST_PORT = 4106
"""Not 104 and not 11112: a port that says nothing about the protocol."""
READER_PORT = 11112
IMPLEMENTATION = "OFFIS_DCMTK_367"
SLICES = 3


def make_images(ward: Ward) -> None:
    """Makes the images with dcmtk's own tools: CT slices from a text dump, an ultrasound still from a bitmap."""
    for number in range(1, SLICES + 1):
        pixels = ward.scratch / f"phantom{number}.raw"
        pixels.write_bytes(_phantom(128, number))
        dump = ward.fill("ct.dump", instance=str(number), pixels=str(pixels))
        _tool("dump2dcm", "-q", "+te", str(dump), str(ward.scratch / f"ct{number}.dcm"))
    bitmap = ward.scratch / "still.bmp"
    bitmap.write_bytes(_bitmap(200, 150))
    still = ward.scratch / "us1.dcm"
    said = {
        "PatientName": "TEST^PATIENT2",
        "PatientID": "TEST0002",
        "PatientBirthDate": "19000101",
        "PatientSex": "O",
        "StudyInstanceUID": "2.25.57721566490153286060651209008240243",
        "SeriesInstanceUID": "2.25.57721566490153286060651209008240244",
        "SOPInstanceUID": "2.25.57721566490153286060651209008240245",
        "InstanceNumber": "1",
        "Modality": "US",
        "Manufacturer": "Philips Medical Systems",
        "ManufacturerModelName": "LabSound 5",
        "StationName": "USROOM4",
        "DeviceSerialNumber": "LAB-US-0004",
        "SoftwareVersions": "LS5_2.0.3",
        "InstitutionName": "Asepsis Lab Hospital",
    }
    keys = [word for name, text in said.items() for word in ("-k", f"{name}={text}")]
    _tool("img2dcm", "-q", "-i", "BMP", *keys, str(bitmap), str(still))
    # img2dcm writes a secondary capture; an ultrasound system sends the ultrasound class (PS3.4 B.5).
    _tool("dcmodify", "-q", "-nb", "-m", "SOPClassUID=1.2.840.10008.5.1.4.1.1.6.1", str(still))


def servers(ward: Ward) -> None:
    """Starts archive, worklist and the workstation's receiver."""
    if ward.has("pacs1"):
        host = ward.hosts["pacs1"]
        host.path("/run/images").mkdir(exist_ok=True)
        host.write(
            "/etc/dcmtk/dcmqrscp.cfg",
            f"NetworkTCPPort = {ARCHIVE_PORT}\nMaxPDUSize = 16384\nMaxAssociations = 16\n"
            f"HostTable BEGIN\nreader = (READ_WS1, readws1.{DOMAIN}, {READER_PORT})\nHostTable END\n"
            "VendorTable BEGIN\nVendorTable END\n"
            "AETable BEGIN\nPACS_MAIN /run/images RW (50, 100mb) ANY\nAETable END\n",
        )
        argv = ["dcmqrscp", "-c", "/etc/dcmtk/dcmqrscp.cfg"]
        ward.serve("pacs1", "keeps images as PACS_MAIN", argv, port=ARCHIVE_PORT, application="dicom")
    if ward.has("ris1"):
        folder = ward.scratch / "worklist" / "LABWORKLIST"
        folder.mkdir(parents=True)
        (folder / "lockfile").touch()
        for number, modality, station in ((1, "CT", "CT_ROOM1"), (2, "US", "US_ROOM4")):
            dump = ward.fill("worklist.dump", number=str(number), modality=modality, station=station)
            _tool("dump2dcm", "-q", str(dump), str(folder / f"{number}.wl"))
        argv = ["wlmscpfs", "-dfp", str(folder.parent), str(WORKLIST_PORT)]
        ward.serve("ris1", "serves the worklist as LABWORKLIST", argv, port=WORKLIST_PORT, application="dicom")
    if ward.has("readws1"):
        ward.hosts["readws1"].path("/run/received").mkdir(exist_ok=True)
        argv = ["storescp", "-aet", "READ_WS1", "-od", "/run/received", str(READER_PORT)]
        ward.serve("readws1", "receives images as READ_WS1", argv, port=READER_PORT, application="dicom")


def examinations(ward: Ward) -> None:
    """The morning: the modalities ask the worklist and send; the workstation echoes, queries and moves."""
    if ward.has("ct1", "ris1"):
        _worklist(ward, "ct1", "CT_ROOM1", "CT")
    if ward.has("ct1", "pacs1"):
        _echo(ward, "ct1", "CT_ROOM1")
        _store(ward, "ct1", "CT_ROOM1", [f"ct{number}.dcm" for number in range(1, SLICES + 1)])
        for text in ("GE MEDICAL SYSTEMS", "LabCT 16", "LAB-CT-0042", "lab_ct 4.2.1", "CTROOM1"):
            ward.announces("ct1", "dicom.tag.value.str", text)
    if ward.has("us-room4", "ris1"):
        _worklist(ward, "us-room4", "US_ROOM4", "US")
    if ward.has("us-room4", "pacs1"):
        _store(ward, "us-room4", "US_ROOM4", ["us1.dcm"])
        for text in ("Philips Medical Systems", "LabSound 5", "LAB-US-0004", "LS5_2.0.3", "USROOM4"):
            ward.announces("us-room4", "dicom.tag.value.str", text)
    if ward.has("readws1", "pacs1"):
        _echo(ward, "readws1", "READ_WS1")
        calling = ["-aet", "READ_WS1", "-aec", "PACS_MAIN"]
        study = ["-k", "QueryRetrieveLevel=STUDY"]
        found = ["-k", "PatientID=TEST0001", "-k", "StudyInstanceUID", "-k", "StudyDate"]
        at = ["pacs1", str(ARCHIVE_PORT)]
        _dimse(ward, "readws1", "queries studies", ["findscu", "-S", *calling, *study, *found, *at])
        moved = ["-k", "StudyInstanceUID=2.25.31415926535897932384626433832795011"]
        argv = ["movescu", "-S", *calling, "-aem", "READ_WS1", *study, *moved, *at]
        _dimse(ward, "readws1", "has a study moved to itself", argv)
        if not list(ward.hosts["readws1"].path("/run/received").iterdir()):
            raise RuntimeError("the archive moved nothing to readws1")
        ward.announces("readws1", "dicom.assoc.ae.called", "READ_WS1")
        # An association that the archive rejects: it knows no such title.
        argv = ["echoscu", "-aet", "READ_WS1", "-aec", "NO_SUCH_AE", *at]
        _dimse(ward, "readws1", "calls a wrong title", argv, expect=1)


def second_examination(ward: Ward) -> None:
    """For the second recording, whose frames are tagged when written: one more slice and one more still."""
    if ward.has("ct1", "pacs1"):
        _store(ward, "ct1", "CT_ROOM1", ["ct1.dcm"])
    if ward.has("us-room4", "pacs1"):
        _store(ward, "us-room4", "US_ROOM4", ["us1.dcm"])


def _worklist(ward: Ward, host: str, title: str, modality: str) -> None:
    step = "ScheduledProcedureStepSequence[0]"
    keys = [
        *("-k", "PatientName", "-k", "PatientID", "-k", "AccessionNumber"),
        *("-k", f"{step}.Modality={modality}", "-k", f"{step}.ScheduledStationAETitle={title}"),
    ]
    argv = ["findscu", "-W", "-aet", title, "-aec", "LABWORKLIST", *keys, "ris1", str(WORKLIST_PORT)]
    _dimse(ward, host, "asks the worklist", argv, server="ris1", port=WORKLIST_PORT)
    ward.announces(host, "dicom.assoc.ae.calling", title)


def _echo(ward: Ward, host: str, title: str) -> None:
    argv = ["echoscu", "-aet", title, "-aec", "PACS_MAIN", "pacs1", str(ARCHIVE_PORT)]
    _dimse(ward, host, "echoes", argv)
    ward.announces(host, "dicom.assoc.ae.calling", title)


def _store(ward: Ward, host: str, title: str, images: list[str]) -> None:
    files = [str(ward.scratch / image) for image in images]
    argv = ["storescu", "-aet", title, "-aec", "PACS_MAIN", "pacs1", str(ARCHIVE_PORT), *files]
    _dimse(ward, host, f"sends {len(images)} image(s)", argv)
    ward.announces(host, "dicom.assoc.ae.calling", title)


def _dimse(
    ward: Ward,
    host: str,
    what: str,
    argv: list[str],
    *,
    server: str = "pacs1",
    port: int = ARCHIVE_PORT,
    expect: int = 0,
) -> None:
    ward.do(host, what, argv, server=server, port=port, application="dicom", expect=expect)
    if expect == 0:
        ward.announces(host, "dicom.userinfo.version", IMPLEMENTATION)
        ward.announces(server, "dicom.userinfo.version", IMPLEMENTATION)
        # The accepting side repeats the title it was called by (PS3.8 9.3.3).
        ward.announces(server, "dicom.assoc.ae.called", "LABWORKLIST" if server == "ris1" else "PACS_MAIN")


def _phantom(side: int, slice_number: int) -> bytes:
    """A water disc in air with one rod, in stored values of 16 bits: no body, no person."""
    rows = []
    for y in range(side):
        for x in range(side):
            inside = math.hypot(x - side / 2, y - side / 2) < side * 0.42
            rod = math.hypot(x - side * 0.62, y - side * (0.4 + 0.02 * slice_number)) < side * 0.06
            rows.append(1924 if rod else 1024 if inside else 24)
    return struct.pack(f"<{len(rows)}H", *rows)


def _bitmap(width: int, height: int) -> bytes:
    """A fan of grey stripes as a 24-bit Windows bitmap; ``width`` is a multiple of 4, so rows need no padding."""
    rows = bytearray()
    for y in range(height):
        for x in range(width):
            angle, depth = math.atan2(x - width / 2, y + 1), math.hypot(x - width / 2, y)
            rows += bytes([int(40 + 3 * (depth // 12)) if abs(angle) < 0.6 and depth < height * 0.95 else 0]) * 3
    head = struct.pack("<2sIHHI", b"BM", 54 + len(rows), 0, 0, 54)
    return head + struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, len(rows), 2835, 2835, 0, 0) + bytes(rows)


def _tool(*argv: str) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(argv)}: {done.stderr.strip()}")
    made = Path(argv[-1])
    if not made.exists():
        raise RuntimeError(f"{' '.join(argv)}: made nothing")
