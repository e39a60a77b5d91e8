"""Web services of real captures: the messages are those of tshark, the words those of an ordinary XML reader."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from asepsis.pipeline.messages import MessageReader
from asepsis.protocols.ipp import Ipp
from asepsis.protocols.message import Message
from asepsis.protocols.upnp import Upnp
from asepsis.protocols.wsd import Wsd
from asepsis.wire.capture import CaptureReader
from asepsis.wire.source import open_source
from tests.protocols.tshark_rows import need_tshark, rows
from tests.wire.reading import shared_engine

pytestmark = pytest.mark.slow

UPNP = "{urn:schemas-upnp-org:device-1-0}"


@pytest.fixture(scope="module", autouse=True)
def _tshark() -> None:
    need_tshark()


@pytest.fixture(scope="module")
def ndpi(archive: Callable[[str], Path]) -> Path:
    return archive("ndpi")


def through_engine(capture: Path) -> list[Message]:
    found: list[Message] = []
    reader = MessageReader(capture="test", sighted=lambda sighting: found.append(sighting.message))
    source, _ = open_source(str(capture))
    for output in CaptureReader(shared_engine(), source).outputs():
        reader.take(output)
        reader.finished(output.finished)
    source.close()
    return found


def test_operations_and_answers_of_ipp_are_those_of_tshark(ndpi: Path) -> None:
    capture = ndpi / "ipp.pcap"
    shown = list(rows(capture, "ipp", ("ipp.operation_id", "ipp.status_code", "ipp.version")))
    ours = [one for one in through_engine(capture) if isinstance(one, Ipp)]
    operations = {2: "Print-Job", 9: "Get-Job-Attributes", 11: "Get-Printer-Attributes"}
    theirs: Counter[str] = Counter()
    for row in shown:
        theirs.update(operations[int(code, 0)] for code in row["ipp.operation_id"])
        theirs.update("response" for _ in row["ipp.status_code"])
    assert theirs
    assert Counter(one.kind for one in ours) == theirs
    versions = {int(version) for row in shown for version in row["ipp.version"]}
    assert {one.version for one in ours} == {f"{version >> 8}.{version & 255}" for version in versions}


def test_descriptions_of_upnp_say_what_an_ordinary_reader_reads(ndpi: Path) -> None:
    read = 0
    for capture in sorted(ndpi.glob("*.pcap*")):
        if b"schemas-upnp-org:device-1-0" not in capture.read_bytes():
            continue
        theirs = []
        for row in rows(capture, 'http.file_data contains "<friendlyName"', ("http.file_data", "frame.number")):
            document = row["http.file_data"][0].replace("\\n", "\n").replace("\\r", "\r").replace("\\t", "\t")
            device = ElementTree.fromstring(document[document.index("<") :]).find(f"{UPNP}device")
            assert device is not None
            names = ("friendlyName", "manufacturer", "modelName", "serialNumber", "UDN")
            theirs.append(tuple((device.findtext(UPNP + name) or "").strip() for name in names))
        ours = [
            (one.friendly_name, one.manufacturer, one.model_name, one.serial_number, one.udn)
            for one in through_engine(capture)
            if isinstance(one, Upnp)
        ]
        assert sorted(ours) == sorted(theirs), capture.name
        read += len(ours)
    assert read


def test_announcements_say_what_an_ordinary_reader_reads(ndpi: Path) -> None:
    read = 0
    for capture in sorted(ndpi.glob("*.pcap*")):
        if b"/discovery" not in capture.read_bytes():
            continue
        theirs = set()
        for row in rows(capture, "udp.port == 3702", ("udp.payload", "frame.number")):
            document = ElementTree.fromstring(bytes.fromhex(row["udp.payload"][0]))
            found = {element.tag.rpartition("}")[2]: (element.text or "").strip() for element in document.iter()}
            theirs.add((found["Action"].rpartition("/")[2], _endpoint(document), found.get("XAddrs", "")))
        ours = {
            (one.action, one.endpoint, " ".join(one.addresses))
            for one in through_engine(capture)
            if isinstance(one, Wsd)
        }
        assert ours == theirs, capture.name
        read += len(ours)
    assert read


def _endpoint(document: ElementTree.Element) -> str:
    for element in document.iter():
        if element.tag.endswith("}EndpointReference"):
            return "".join(child.text or "" for child in element if child.tag.endswith("}Address")).strip()
    return ""
