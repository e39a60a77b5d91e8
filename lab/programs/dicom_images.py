"""Makes DICOM images of a phantom with pydicom: ``python dicom_images.py PLAN.json FOLDER``.

No body and no person: a water disc with a rod, or a sine as an electrocardiogram. The plan says for each image whose
device it claims to come from.
"""

from __future__ import annotations

import json
import math
import struct
import sys
from pathlib import Path

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

CLASSES = {
    "CT": "1.2.840.10008.5.1.4.1.1.2",
    "MR": "1.2.840.10008.5.1.4.1.1.4",
    "US": "1.2.840.10008.5.1.4.1.1.6.1",
    "CR": "1.2.840.10008.5.1.4.1.1.1",
    "DX": "1.2.840.10008.5.1.4.1.1.1.1",
    "ECG": "1.2.840.10008.5.1.4.1.1.9.1.1",
}
SIDE = 64


def phantom(number: int) -> bytes:
    """Stored values of 16 bits."""
    values = []
    for y in range(SIDE):
        for x in range(SIDE):
            inside = math.hypot(x - SIDE / 2, y - SIDE / 2) < SIDE * 0.42
            rod = math.hypot(x - SIDE * 0.62, y - SIDE * (0.4 + 0.02 * (number % 5))) < SIDE * 0.06
            values.append(1924 if rod else 1024 if inside else 24)
    return struct.pack(f"<{len(values)}H", *values)


def waveform() -> Dataset:
    """One channel of half a second of a sine (PS3.3 C.10.9)."""
    group = Dataset()
    group.WaveformOriginality = "ORIGINAL"
    group.NumberOfWaveformChannels = 1
    group.NumberOfWaveformSamples = 250
    group.SamplingFrequency = "500"
    group.WaveformBitsAllocated = 16
    group.WaveformSampleInterpretation = "SS"
    group.WaveformData = struct.pack("<250h", *(int(400 * math.sin(n / 12)) for n in range(250)))
    source = Dataset()
    source.CodeValue, source.CodingSchemeDesignator, source.CodeMeaning = "2:1", "MDC", "Lead I"
    channel = Dataset()
    channel.ChannelSourceSequence = [source]
    channel.WaveformBitsStored = 16
    group.ChannelDefinitionSequence = [channel]
    return group


plan = json.loads(Path(sys.argv[1]).read_text())
for wanted in plan:
    seed = [wanted["patient_id"], wanted["station"]]
    image = Dataset()
    image.SOPClassUID = CLASSES[wanted["modality"]]
    image.SOPInstanceUID = generate_uid("2.25.", [*seed, str(wanted["number"])])
    image.StudyInstanceUID = generate_uid("2.25.", [*seed, "study"])
    image.SeriesInstanceUID = generate_uid("2.25.", [*seed, "series"])
    image.Modality = wanted["modality"]
    image.Manufacturer = wanted["manufacturer"]
    image.ManufacturerModelName = wanted["model"]
    image.DeviceSerialNumber = wanted["serial"]
    image.SoftwareVersions = wanted["software"].split("\\")
    image.StationName = wanted["station"]
    image.InstitutionName = "Asepsis Lab Hospital"
    image.PatientID, image.PatientName = wanted["patient_id"], wanted["patient_name"]
    image.PatientBirthDate, image.PatientSex = wanted["born"], wanted["sex"]
    image.StudyDate = image.ContentDate = wanted["date"]
    image.StudyTime = image.ContentTime = "080000"
    image.InstanceNumber = wanted["number"]
    image.AccessionNumber, image.StudyID, image.ReferringPhysicianName = "", "", ""
    if wanted["modality"] == "ECG":
        image.WaveformSequence = [waveform()]
    else:
        image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
        image.Rows = image.Columns = SIDE
        image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelRepresentation = 16, 12, 11, 0
        image.PixelData = phantom(wanted["number"])
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image.save_as(Path(sys.argv[2]) / wanted["file"], enforce_file_format=True)
