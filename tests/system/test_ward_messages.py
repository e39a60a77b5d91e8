"""What the engine reads in the shipped recording is what tshark reads there."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from asepsis.pipeline.messages import MessageReader
from asepsis.protocols.message import Sighting
from asepsis.wire.capture import CaptureReader
from asepsis.wire.engine import Engine
from asepsis.wire.source import open_source

pytestmark = pytest.mark.slow

WARD = Path(__file__).resolve().parent.parent.parent / "tests" / "recordings" / "ward.pcapng.zst"
DECODE = ("-d", "tcp.port==6661,hl7", "-d", "tcp.port==2575,hl7", "-d", "tcp.port==4106,dicom")
ASSOCIATIONS = {
    "A-ASSOCIATE request": "A-ASSOCIATE-RQ",
    "A-ASSOCIATE accept": "A-ASSOCIATE-AC",
    "A-ASSOCIATE reject": "A-ASSOCIATE-RJ",
    "A-RELEASE request": "A-RELEASE-RQ",
    "A-RELEASE response": "A-RELEASE-RP",
}
DHCP = {"1": "DISCOVER", "2": "OFFER", "3": "REQUEST", "5": "ACK"}
"""RFC 2132 9.6."""


def sightings(capture: Path) -> list[Sighting]:
    found: list[Sighting] = []
    reader = MessageReader(capture="ward", sighted=found.append)
    source, _ = open_source(capture)
    for output in CaptureReader(Engine(), source).outputs():
        reader.take(output)
        reader.finished(output.finished)
    source.close()
    assert not reader.malformed
    return found


@pytest.fixture(scope="module")
def read() -> list[Sighting]:
    return sightings(WARD)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for tool in ("zstd", "tshark", "editcap"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    target = tmp_path_factory.mktemp("ward") / "ward.pcapng"
    subprocess.run(["zstd", "-q", "-d", str(WARD), "-o", str(target)], check=True)
    return target


def tshark(capture: Path, shown: str, *fields: str) -> list[list[str]]:
    argv = ["tshark", "-n", "-r", str(capture), *DECODE, "-Y", shown, "-T", "fields", "-E", "separator=/t"]
    for field in fields:
        argv += ["-e", field]
    said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    return [line.split("\t") for line in said.splitlines()]


def kinds(read: list[Sighting], protocol: str) -> Counter[str]:
    return Counter(sighting.message.kind for sighting in read if protocol == sighting.message.PROTOCOL)


def test_dicom_messages_are_as_many_as_tshark_counts(plain: Path, read: list[Sighting]) -> None:
    expected: Counter[str] = Counter()
    for (info,) in tshark(plain, "dicom", "_ws.col.Info"):
        expected.update(ASSOCIATIONS[text] for text in re.findall(r"A-(?:ASSOCIATE|RELEASE) [a-z]+", info))
        expected.update(re.findall(r"(C-\w+-(?:RQ|RSP)) ID=", info))
    got = kinds(read, "dicom")
    # Pending responses are counted into the final one.
    for kind in ("C-FIND-RSP", "C-MOVE-RSP"):
        assert 0 < got.pop(kind) < expected.pop(kind)
    assert got == expected


def test_hl7_messages_are_as_many_as_tshark_counts(plain: Path, read: list[Sighting]) -> None:
    rows = tshark(plain, "hl7", "hl7.message.type", "hl7.event.type")
    assert kinds(read, "hl7") == Counter(f"{kind}^{event}" for kind, event in rows)


def test_dhcp_messages_are_as_many_as_tshark_counts(plain: Path, read: list[Sighting]) -> None:
    rows = tshark(plain, "dhcp", "dhcp.option.dhcp")
    assert kinds(read, "dhcp") == Counter(DHCP[code] for (code,) in rows)


def test_an_image_is_sent_by_the_scanner_and_not_by_the_archive(read: list[Sighting]) -> None:
    stores = [
        (sighting.source_ip, sighting.destination_port)
        for sighting in read
        if sighting.message.kind == "C-STORE-RQ" and "GE MEDICAL SYSTEMS" in str(sighting.message.facts())
    ]
    # Three from the scanner, and the same three moved on by the archive to the workstation.
    assert Counter(stores) == {("10.20.30.20", 104): 3, ("10.20.30.10", 11112): 3}


def test_an_image_whose_end_the_capture_lacks_is_still_the_scanners(
    plain: Path, read: list[Sighting], tmp_path: Path
) -> None:
    first = next(sighting for sighting in read if sighting.message.kind == "C-STORE-RQ")
    began = tshark(plain, f"tcp.dstport==104 && dicom.pdu.type==4 && frame.number<{first.packet}", "frame.number")
    short = tmp_path / "short.pcapng"
    subprocess.run(["editcap", "-r", str(plain), str(short), f"1-{int(began[-1][0])}"], check=True)
    stores = [sighting for sighting in sightings(short) if sighting.message.kind == "C-STORE-RQ"]
    assert [(store.source_ip, store.destination_ip) for store in stores] == [("10.20.30.20", "10.20.30.10")]
