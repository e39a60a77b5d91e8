"""DICOM and HL7 of real captures: the facts are those that tshark's dissectors print.

The bytes come from tshark's own reassembly (``follow``), so that this asks only about the protocols; the last tests
ask the same of the packet engine's pieces.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from asepsis.kernel.value import value
from asepsis.pipeline.messages import MessageReader
from asepsis.protocols.dicom import Association, DimseMessage, class_name
from asepsis.protocols.dicom.attributes import EQUIPMENT, KEYWORDS, PATIENT_GROUP
from asepsis.protocols.dicom.sop_classes import ROOT, SOP_CLASSES
from asepsis.protocols.hl7 import Hl7Message
from asepsis.protocols.message import Malformed, Message, Result
from asepsis.protocols.registry import dissector
from asepsis.wire.capture import CaptureReader
from asepsis.wire.source import open_source
from tests.protocols.dicom_bytes import IMPLICIT, associate, proposed, user_information
from tests.wire.frames import ethernet, ipv4, pcap, tcp
from tests.wire.reading import shared_engine

pytestmark = pytest.mark.slow

HL7 = ["HL7-ADT.pcap", "HL7-ADT-UDI-OBX.pcap", "HL7-ADT-UDI-PRT.pcap", "HL7-ORM.pcap", "HL7-ORU.pcap"]
DICOM = [
    "hl7-dicom/dicom_arq_1_find_testclient.pcap",
    "hl7-dicom/dicom_arq_2_get_testclient.pcap",
    "hl7-dicom/dicom_arq_3_find_bogus_local.pcap",
    "hl7-dicom/dicom_arq_4_get_bogus_local.pcap",
    "collected/DICOM/DICOM.pcap",
    "collected/DICOM/dicom_association.pcap",
]
PDU_KINDS = {
    1: "A-ASSOCIATE-RQ",
    2: "A-ASSOCIATE-AC",
    3: "A-ASSOCIATE-RJ",
    5: "A-RELEASE-RQ",
    6: "A-RELEASE-RP",
    7: "A-ABORT",
}
SHORTENED = "..."  # tshark prints at most fifty signs of a value


@pytest.fixture(scope="module", autouse=True)
def tool() -> None:
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed")


@pytest.fixture(scope="module")
def medical(archive: Callable[[str], Path]) -> Path:
    return archive("medical")


@cache
def tshark(capture: Path, *arguments: str) -> str:
    argv = ["tshark", "-n", "-r", str(capture), "-d", "tcp.port==6661,hl7", *arguments]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


def fields(capture: Path, shown: str, *names: str) -> list[dict[str, list[str]]]:
    """For each packet shown, all values of some fields."""
    argv = ["-Y", shown, "-T", "fields", "-E", "occurrence=a", "-E", "aggregator=\x01", "-E", "separator=\x02"]
    for name in names:
        argv += ["-e", name]
    rows = []
    for line in tshark(capture, *argv).split("\n"):
        if line:
            columns = line.split("\x02")
            rows.append({n: c.split("\x01") if c else [] for n, c in zip(names, columns, strict=True)})
    return rows


def conversations(capture: Path) -> Iterator[list[tuple[int, bytes]]]:
    """Each TCP conversation as tshark puts it together: who sent which bytes, in order."""
    numbers = {row["tcp.stream"][0] for row in fields(capture, "tcp", "tcp.stream")}
    for number in sorted(numbers, key=int):
        lines = tshark(capture, "-q", "-z", f"follow,tcp,raw,{number}").splitlines()
        yield [
            (1 if line.startswith("\t") else 0, bytes.fromhex(line))
            for line in lines
            if re.fullmatch(r"\t?(?:[0-9a-f]{2})+", line)
        ]


def read(capture: Path, protocol: str) -> list[Result]:
    """All results of a capture's conversations that say anything."""
    opened = dissector(protocol).open
    assert opened is not None
    found: list[Result] = []
    for turns in conversations(capture):
        stream = opened()
        for sender, data in turns:
            found += stream.feed(sender, data)
        found += stream.close()
    return found


def through_engine(capture: Path) -> list[Message]:
    found: list[Message] = []
    reader = MessageReader(capture="test", sighted=lambda sighting: found.append(sighting.message))
    source, _ = open_source(capture)
    for output in CaptureReader(shared_engine(), source).outputs():
        reader.take(output)
        reader.finished(output.finished)
    source.close()
    assert not reader.malformed
    return found


# --- DICOM ---


@value
class Printed:
    """One data element as tshark prints it."""

    tag: int
    text: str


def printed_elements(capture: Path) -> list[Printed]:
    """The data elements of all data sets that tshark prints, not those of commands."""
    pattern = re.compile(r"\s+\(([0-9a-f]{4}),([0-9a-f]{4})\)\s+\d+ .*?\[[A-Z]{2}\] ?(.*)")
    found = []
    for line in tshark(capture, "-V", "-Y", "dicom").splitlines():
        if match := pattern.fullmatch(line):
            found.append(Printed(tag=int(match[1] + match[2], 16), text=match[3].strip()))
    return found


@pytest.mark.parametrize("name", DICOM)
def test_associations_say_what_tshark_prints(name: str, medical: Path) -> None:
    rows = fields(
        medical / name,
        "dicom.pdu.type == 1 || dicom.pdu.type == 2",
        "dicom.pdu.type",
        "dicom.assoc.ae.called",
        "dicom.assoc.ae.calling",
        "dicom.userinfo.uid",
        "dicom.userinfo.version",
        "dicom.max_pdu_len",
        "dicom.pctx.id",
        "dicom.pctx.result",
        "dicom.pctx.abss.syntax",
        "dicom.pctx.xfer.syntax",
    )
    ours = [result for result in read(medical / name, "dicom") if isinstance(result, Association)]
    assert rows
    assert len(ours) == len(rows)
    for found, row in zip(ours, rows, strict=True):
        facts = found.facts()
        assert found.kind == PDU_KINDS[int(row["dicom.pdu.type"][0], 16)]
        assert facts["called_ae"] == row["dicom.assoc.ae.called"][0].strip()
        assert facts["calling_ae"] == row["dicom.assoc.ae.calling"][0].strip()
        assert facts["implementation_class_uid"] == row["dicom.userinfo.uid"][0]
        assert facts["implementation_version"] == row["dicom.userinfo.version"][0]
        assert facts["max_pdu_bytes"] == int(row["dicom.max_pdu_len"][0])
        assert [c.id for c in found.contexts] == [int(text, 16) for text in row["dicom.pctx.id"]]
        offered = [uid_of(text) for text in row["dicom.pctx.xfer.syntax"]]
        assert [uid for c in found.contexts for uid in c.transfer_syntaxes if uid] == [uid for uid in offered if uid]
        if found.kind == "A-ASSOCIATE-RQ":
            assert [c.abstract_syntax for c in found.contexts] == [uid_of(t) for t in row["dicom.pctx.abss.syntax"]]
        else:
            assert [c.result for c in found.contexts] == [int(text, 16) for text in row["dicom.pctx.result"]]


def uid_of(text: str) -> str:
    """``CT Image Storage (1.2.840...)`` or a bare UID -> the UID."""
    found = re.search(r"\(([0-9.]+)\)$", text)
    return found[1] if found else text


@pytest.mark.parametrize("name", DICOM)
def test_messages_come_in_the_order_that_tshark_prints(name: str, medical: Path) -> None:
    expected = []
    for row in fields(medical / name, "dicom", "dicom.pdu.type", "_ws.col.Info"):
        expected += [PDU_KINDS[int(kind, 16)] for kind in row["dicom.pdu.type"] if int(kind, 16) != 4]
        expected += re.findall(r"([CN]-[A-Z-]+-(?:RQ|RSP)) ID=", row["_ws.col.Info"][0])
    assert [result.kind for result in messages(read(medical / name, "dicom"))] == expected


def messages(results: list[Result]) -> list[Message]:
    """The results without what is malformed: real captures hold nothing of it."""
    found = [result for result in results if not isinstance(result, Malformed)]
    assert len(found) == len(results)
    return found


@pytest.mark.parametrize("name", DICOM)
def test_data_sets_say_of_machines_what_tshark_prints_and_of_patients_only_that_they_are_there(
    name: str, medical: Path
) -> None:
    printed = printed_elements(medical / name)
    found = read(medical / name, "dicom")
    said: dict[str, str] = {}
    patient: list[str] = []
    for result in found:
        if isinstance(result, DimseMessage) and result.data_set is not None:
            said |= dict(result.data_set.equipment)
            patient += result.data_set.patient
    expected = {EQUIPMENT[one.tag]: one.text for one in printed if one.tag in EQUIPMENT and one.text}
    assert said.keys() == expected.keys()
    for attribute, text in expected.items():
        assert said[attribute].startswith(text.removesuffix(SHORTENED))
    of_patient = [one for one in printed if one.tag >> 16 == PATIENT_GROUP and one.text]
    assert patient == [KEYWORDS[one.tag] for one in of_patient]
    shown = repr(found) + repr([message.facts() for message in messages(found)])
    for one in of_patient:
        if KEYWORDS[one.tag] in {"PatientName", "PatientID", "PatientBirthDate"}:
            assert one.text not in shown


def test_a_store_in_a_real_capture_is_read(medical: Path) -> None:
    """That the comparison above compares something."""
    stores = [r for r in read(medical / DICOM[-1], "dicom") if isinstance(r, DimseMessage) and r.data_set is not None]
    assert [store.facts()["sop_class_name"] for store in stores] == ["Secondary Capture Image Storage"]
    assert stores[0].facts()["patient_data_in_clear"] is True


def test_sop_classes_have_the_names_that_tshark_prints(tmp_path: Path) -> None:
    uids = [ROOT + suffix for suffix in SOP_CLASSES]
    frames = []
    for start in range(0, len(uids), 100):
        contexts = b"".join(proposed(2 * i + 1, uid, IMPLICIT) for i, uid in enumerate(uids[start : start + 100]))
        request = associate(1, "CALLED", "CALLING", contexts, user_information("1.2", "V"))
        frames.append(ethernet(ipv4(tcp(request, 40000 + start, 104))))
    capture = tmp_path / "classes.pcap"
    capture.write_bytes(pcap(frames))
    printed: dict[str, str] = {}
    for row in fields(capture, "dicom", "dicom.pctx.abss.syntax"):
        for text in row["dicom.pctx.abss.syntax"]:
            uid = uid_of(text)
            printed[uid] = text.removesuffix(f" ({uid})").replace(" SOP Class", "").removesuffix(" UID")
    assert len(printed) == len(uids)
    assert {uid: class_name(uid) for uid in uids} == printed


# --- HL7 ---


@value
class PrintedSegment:
    """A segment as tshark prints it: field number by the standard -> text, filled fields only."""

    name: str
    fields: tuple[tuple[int, str], ...]

    def field(self, number: int) -> str:
        return dict(self.fields).get(number, "")


def printed_messages(capture: Path) -> list[list[PrintedSegment]]:
    """tshark counts a segment's name as field 1, so that its numbers are one higher but for MSH."""
    found: list[list[PrintedSegment]] = []
    name = ""
    collected: list[tuple[int, str]] = []

    def end_segment() -> None:
        if name:
            found[-1].append(PrintedSegment(name=name, fields=tuple(collected)))

    for line in tshark(capture, "-V", "-Y", "hl7").splitlines():
        if line.startswith("Health Level Seven"):
            end_segment()
            name, collected = "", []
            found.append([])
        elif found and (match := re.fullmatch(r"    ([A-Z][A-Z0-9]{2}) \(.*\)", line)):
            end_segment()
            name, collected = match[1], []
        elif name and (match := re.fullmatch(r"        field (\d+): (.*)", line)):
            number = int(match[1])
            if number > 1:
                collected.append((number if name == "MSH" else number - 1, match[2]))
        elif not line.startswith(" "):
            end_segment()
            name, collected = "", []
    end_segment()
    return found


@pytest.mark.parametrize("name", HL7)
def test_hl7_messages_say_what_tshark_prints(name: str, medical: Path) -> None:
    printed = printed_messages(medical / "hl7-dicom" / name)
    ours = read(medical / "hl7-dicom" / name, "hl7")
    assert len(printed) == 2
    assert len(ours) == len(printed)
    for found, segments in zip(ours, printed, strict=True):
        assert isinstance(found, Hl7Message)
        header = segments[0]
        assert header.name == "MSH"
        facts = found.facts()
        assert found.kind == "^".join(header.field(9).split("^")[:2])
        for number, fact in (
            (3, "sending_application"),
            (4, "sending_facility"),
            (5, "receiving_application"),
            (6, "receiving_facility"),
            (10, "control_id"),
            (11, "processing_id"),
            (12, "version"),
        ):
            assert facts.get(fact, "") == header.field(number)
        assert facts["segments"] == dict(Counter(segment.name for segment in segments))
        by_name = {segment.name: segment for segment in segments}
        if "MSA" in by_name:
            assert facts["acknowledgment_code"] == by_name["MSA"].field(1)
            assert facts["acknowledged_control_id"] == by_name["MSA"].field(2)
            assert found.sender_is_server is True
        else:
            assert found.sender_is_server is False
        if "PID" in by_name:
            assert facts["patient_fields"] == [number for number, text in by_name["PID"].fields if text.strip("^ ")]
        assert facts.get("order_controls", []) == [s.field(1) for s in segments if s.name == "ORC"]
        services = [s.field(4).split("^")[0] for s in segments if s.name == "OBR"]
        assert [service.split("^")[0] for service in facts.get("services", [])] == services
        observations = [s for s in segments if s.name == "OBX"]
        assert facts.get("observations", 0) == len(observations)
        for code, observation in zip(facts.get("observation_identifiers", []), observations, strict=True):
            assert code.split("^")[0] in observation.field(3).split("^")
        devices = [s.field(18) for s in observations] + [
            s.field(10) or s.field(16) for s in segments if s.name == "PRT"
        ]
        assert [one["identifier"] for one in facts.get("equipment", [])] == [device for device in devices if device]


@pytest.mark.parametrize("name", HL7)
def test_no_text_of_a_patient_is_kept_of_a_real_message(name: str, medical: Path) -> None:
    ours = read(medical / "hl7-dicom" / name, "hl7")
    shown = repr(ours) + repr([message.facts() for message in messages(ours)])
    texts = set()
    for segments in printed_messages(medical / "hl7-dicom" / name):
        for segment in segments:
            for number, text in segment.fields:
                if segment.name in {"PID", "NK1", "PV1", "AL1"} or (segment.name == "OBX" and number == 5):
                    texts |= {part for part in re.split(r"[\^&~]", text) if len(part) > 3}
    assert texts
    for text in texts:
        assert text not in shown


def test_the_pump_is_found_in_both_fields(medical: Path) -> None:
    found: dict[str, str] = {}
    for name in HL7:
        for result in read(medical / "hl7-dicom" / name, "hl7"):
            if isinstance(result, Hl7Message):
                found |= {one.source: one.identifier for one in result.equipment}
    assert found == {"OBX-18": "Hospira Plum A+", "PRT-16": "Hospira Plum A+"}


# --- the same through the packet engine ---


@pytest.mark.parametrize("name", [f"hl7-dicom/{name}" for name in HL7] + DICOM)
def test_the_packet_engine_leads_to_the_same_messages(name: str, medical: Path) -> None:
    protocol = "hl7" if "HL7" in name else "dicom"
    expected = Counter(repr(message) for message in messages(read(medical / name, protocol)))
    got = Counter(repr(message) for message in through_engine(medical / name) if protocol == message.PROTOCOL)
    assert got == expected
