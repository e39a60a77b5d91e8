"""DICOM and HL7 facts of real medical captures: ours beside those that tshark's dissectors print.

The tests under ``tests/protocols`` compare field by field; this makes the table that people read, through the whole
packet engine. No text of a patient is in it: machines' names, message types and counts only.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.accuracy.asked import ask
from bench.accuracy.ours import Answer

# DICOM PS3.8 9.3
PDUS = {
    1: "A-ASSOCIATE-RQ",
    2: "A-ASSOCIATE-AC",
    3: "A-ASSOCIATE-RJ",
    5: "A-RELEASE-RQ",
    6: "A-RELEASE-RP",
    7: "A-ABORT",
}
DIMSE = re.compile(r"([CN]-[A-Z-]+-(?:RQ|RSP)) ID=")
SEPARATOR, AGGREGATOR = "\x02", "\x01"


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact of one capture, as both print it."""

    capture: str
    name: str
    theirs: str
    ours: str

    @property
    def same(self) -> bool:
        """Whether the two agree."""
        return self.theirs == self.ours


def tshark_rows(path: Path, shown: str, names: list[str]) -> list[dict[str, list[str]]]:
    """The occurrences of some of tshark's fields in each packet that is shown."""
    command = ["tshark", "-n", "-r", "{}", "-d", "tcp.port==6661,hl7", "-Y", shown, "-T", "fields"]
    command += ["-E", "occurrence=a", "-E", f"aggregator={AGGREGATOR}", "-E", f"separator={SEPARATOR}"]
    for name in names:
        command += ["-e", name]
    found = []
    for line in ask(path, command).split("\n"):
        columns = line.split(SEPARATOR)
        if len(columns) == len(names):
            found.append({n: c.split(AGGREGATOR) if c else [] for n, c in zip(names, columns, strict=True)})
    return found


def _counted(values: Iterable[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(Counter(values).items()))


def distinct(values: Iterable[str]) -> str:
    """Different values, sorted, as one text."""
    return ", ".join(sorted({value.strip() for value in values if value.strip()}))


def dicom(path: Path, answer: Answer) -> list[Fact]:
    """PDUs and DIMSE messages, AE titles, implementations and SOP classes of a capture's associations."""
    rows = tshark_rows(
        path,
        "dicom",
        ["dicom.pdu.type", "_ws.col.Info", "dicom.assoc.ae.called", "dicom.assoc.ae.calling", "dicom.userinfo.uid",
         "dicom.userinfo.version", "dicom.pctx.abss.syntax"],
    )  # fmt: skip
    kinds = [PDUS[int(number, 16)] for row in rows for number in row["dicom.pdu.type"] if int(number, 16) in PDUS]
    kinds += [kind for row in rows for kind in DIMSE.findall("".join(row["_ws.col.Info"]))]
    ours = [sighting.message for _, sighting in answer.sightings if sighting.message.PROTOCOL == "dicom"]
    facts = [message.facts() for message in ours]
    classes = {_uid(text) for row in rows for text in row["dicom.pctx.abss.syntax"]}

    def column(name: str) -> str:
        return distinct(value for row in rows for value in row[name])

    def fact(name: str) -> str:
        return distinct(str(one[name]) for one in facts if name in one)

    proposed = {str(context.abstract_syntax) for message in ours for context in getattr(message, "contexts", ())}
    return [
        Fact(path.name, "PDUs and messages", _counted(kinds), _counted(message.kind for message in ours)),
        Fact(path.name, "called AE", column("dicom.assoc.ae.called"), fact("called_ae")),
        Fact(path.name, "calling AE", column("dicom.assoc.ae.calling"), fact("calling_ae")),
        Fact(path.name, "implementation", column("dicom.userinfo.uid"), fact("implementation_class_uid")),
        Fact(path.name, "version name", column("dicom.userinfo.version"), fact("implementation_version")),
        Fact(path.name, "abstract syntaxes", str(len(classes - {""})), str(len(proposed & classes - {""}))),
    ]


def _uid(text: str) -> str:
    found = re.search(r"\(([0-9.]+)\)$", text)
    return found[1] if found else text


def hl7(path: Path, answer: Answer) -> list[Fact]:
    """Messages by type and event, their segments, and the devices named by OBX-18 and PRT."""
    rows = tshark_rows(path, "hl7", ["hl7.message.type", "hl7.event.type", "hl7.segment"])
    # tshark prints type and event with their meaning: "ORU (Unsolicited transmission of an observation message)".
    kinds = []
    for row in rows:
        events = [text.split(" ")[0] for text in row["hl7.event.type"]] or [""]
        kinds += [
            "^".join(part for part in (text.split(" ")[0], events[min(i, len(events) - 1)]) if part)
            for i, text in enumerate(row["hl7.message.type"])
        ]
    segments = [text[:3] for row in rows for text in row["hl7.segment"]]
    facts: list[dict[str, Any]] = []
    ours = []
    for _, sighting in answer.sightings:
        if sighting.message.PROTOCOL == "hl7":
            ours.append(sighting.message.kind)
            facts.append(sighting.message.facts())
    counted: Counter[str] = Counter()
    for one in facts:
        counted.update(one.get("segments", {}))
    return [
        Fact(path.name, "messages", _counted(kinds), _counted(ours)),
        Fact(path.name, "segments", _counted(segments), _counted(counted.elements())),
        Fact(path.name, "devices by UDI", _devices(path), distinct(_identifiers(facts))),
    ]


def _identifiers(facts: list[dict[str, Any]]) -> list[str]:
    return [str(device["identifier"]) for one in facts for device in one.get("equipment", [])]


def _devices(path: Path) -> str:
    """OBX-18, PRT-10 and PRT-16 as tshark prints them; it counts a segment's name as field 1."""
    command = ["tshark", "-n", "-r", "{}", "-d", "tcp.port==6661,hl7", "-Y", "hl7", "-V"]
    found, segment = [], ""
    for line in ask(path, command).splitlines():
        if named := re.fullmatch(r"    ([A-Z][A-Z0-9]{2}) \(.*\)", line):
            segment = named[1]
        elif field := re.fullmatch(r"        field (\d+): (.*)", line):
            number = int(field[1]) - 1
            if (segment, number) in (("OBX", 18), ("PRT", 10), ("PRT", 16)):
                found.append(field[2])
    return distinct(found)
