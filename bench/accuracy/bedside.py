"""Personal health devices field by field, analysers by their headers, and more; writes bench/MEDICAL.md.

The APDUs are files of the antidote library's tests, one message each, named for what they hold. Each goes through the
whole packet engine as a conversation, and what we say is compared with what a second reader (``apdu``) finds in the
bytes. The analysers' messages are those of senaite.astm's tests; the second reader of their headers is below.

``python -m bench.accuracy.bedside`` makes the page alone.
"""

from __future__ import annotations

import shutil
import struct
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from asepsis.devices.device import Device
from asepsis.devices.fold import fold
from asepsis.devices.observe.observer import Observer
from asepsis.protocols.message import Message
from asepsis.protocols.phd import Association, DataMessage, Ending
from bench.accuracy import collected, ours
from bench.accuracy.apdu import Field, walk
from bench.accuracy.medical import Fact
from bench.hospital.net import Host, Tcp

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "bench" / "MEDICAL.md"
# Neither maker holds these prefixes, so that what is told comes from the messages.
DEVICE = Host("device", bytes.fromhex("6cffff000007"), bytes((10, 0, 0, 7)), bytes(16), 0)
MANAGER = Host("manager", bytes.fromhex("6cffff000009"), bytes((10, 0, 0, 9)), bytes(16), 0)
PORT = 40001

# Names of annex A as we write them, in the order of their numbers.
APDUS = {0xE200: "AARQ", 0xE300: "AARE", 0xE400: "RLRQ", 0xE500: "RLRE", 0xE600: "ABRT"}
RESULTS = ("accepted", "rejected-permanent", "rejected-transient", "accepted-unknown-config")
RELEASES = ("normal", "no-more-configurations", "configuration-changed")
ABORTS = ("undefined", "buffer-overflow", "response-timeout", "configuration-timeout")
ACCEPTED = ("accepted-config", "unsupported-config", "standard-config-unknown")
OPERATIONS = ("event-report", "confirmed-event-report", "", "get", "set", "confirmed-set", "action", "confirmed-action")
ENCODINGS = ((0x8000, "MDER"), (0x4000, "XER"), (0x2000, "PER"))
UNITS = ((0x80000000, "unidirectional"), (0x40000000, "test-capability"), (0x20000000, "test-association"))
SYSTEMS = {0x80000000: "manager", 0x00800000: "agent"}
CLASSES = {4: "VMO_METRIC", 5: "VMO_METRIC_ENUM", 6: "VMO_METRIC_NU", 18: "SCAN_CFG_EPI", 19: "SCAN_CFG_PERI"}
EVENTS = {
    3356: "CONFIG",
    3357: "SCAN_REPORT_FIXED",
    3358: "SCAN_REPORT_VAR",
    3359: "SCAN_REPORT_MP_FIXED",
    3360: "SCAN_REPORT_MP_VAR",
    **{
        3362 + 6 * buffered + place: f"{'BUF' if buffered else 'UNBUF'}_SCAN_REPORT_{form}"
        for buffered in (0, 1)
        for place, form in enumerate(("VAR", "FIXED", "GROUPED", "MP_VAR", "MP_FIXED", "MP_GROUPED"))
    },
}
SPECIFICATIONS = ("", "serial_number", "part_number", "hardware_revision", "software_revision", "firmware_revision")
MEASURED = {
    (2, 19384): "PULS_OXIM_SAT_O2",
    (2, 18458): "PULS_OXIM_PULS_RATE",
    (2, 18474): "PULS_RATE_NON_INV",
    (2, 18948): "PRESS_BLD_NONINV",
    (2, 57664): "MASS_BODY_ACTUAL",
    (2, 57668): "LEN_BODY_ACTUAL",
    (2, 57676): "BODY_FAT",
    (2, 57680): "RATIO_MASS_BODY_LEN_SQ",
}
SPECIALIZATIONS = {4100: "PULS_OXIM", 4103: "BP", 4111: "SCALE"}

# Of each header the components that the makers' interface specifications call model, version and serial number.
HEADERS = {
    "abbott_afinion2.txt": ("Afinion 2 Analyzer", None, "AF20052397"),
    "cobas_c111.txt": ("c111", "4.2.2.1730", "13147"),
    "cobas_c311.txt": ("c311", None, None),
    "dca_vantage.txt": ("DCA VANTAGE", "04.04.00.00", "S067337"),
    "genexpert.txt": ("GeneXpert", "4.8", None),
    "mini_vidas.txt": (None, None, None),
    "mini_vidas_mock.txt": ("miniVidas", "1.0.0", None),
    "pentra_xlr.txt": (None, None, None),
    "spotchem_el.txt": (None, None, None),
    "spotchem_el_mock.txt": ("SE-1520", "1.0.0", None),
    "sysmex_xn550.txt": ("XN-550", "00-24", "22723"),
    "sysmex_xp100.txt": ("XP-100", "00-13", "A7869"),
    "yumizen_h500.txt": ("H500", "2.2.2.2b", "910YOXH02826"),
}


@dataclass(slots=True)
class Read:
    """One file, read twice."""

    name: str
    covered: int
    """Bytes that the second reader gave a name."""
    size: int
    damage: str
    kind: str = ""
    same: list[str] = field(default_factory=list)
    different: list[str] = field(default_factory=list)
    malformed: bool = False

    @property
    def right(self) -> bool:
        """Whether both say the same, and both call the file damaged or neither."""
        return not self.different and self.malformed == bool(self.damage) and bool(self.same or self.damage)


# --- one file as a conversation ---


def _capture(turns: list[tuple[int, bytes]], path: Path) -> None:
    """Writes a capture of one TCP conversation."""
    tcp = Tcp(Random(3), DEVICE, MANAGER, PORT, 1_700_000_000_000_000)
    packets = list(tcp.open())
    for sender, data in turns:
        packets += tcp.send(sender, data)
    packets += tcp.close()
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for time_us, frame in packets:
            file.write(struct.pack("<IIII", time_us // 1_000_000, time_us % 1_000_000, len(frame), len(frame)) + frame)


def engine(data: bytes) -> tuple[list[Message], dict[str, int], Device | None]:
    """What the whole way from packets to devices makes of the bytes that the device sends."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "one.pcap"
        _capture([(0, data)], path)
        answer = ours.read(path)
    observer = Observer(site="bench", capture="bench")
    for _, sighting in answer.sightings:
        observer.message(sighting)
    found = [device for device in fold(observer.observed()).devices if "10.0.0.7" in device.ips]
    return [one.message for _, one in answer.sightings], answer.malformed, found[0] if found else None


# --- APDUs ---


def _bits(table: tuple[tuple[int, str], ...], number: int) -> tuple[str, ...]:
    return tuple(name for bit, name in table if number & bit)


def _version(number: int) -> int:
    return 32 - number.bit_length() + 1 if number else 0


def _named(table: tuple[str, ...], number: int) -> str:
    return table[number] if number < len(table) else str(number)


def _types(fields: dict[str, list[Field]], name: str) -> list[tuple[int, int]]:
    pairs = zip(fields.get(f"{name}.1", []), fields.get(f"{name}.2", []), strict=True)
    return [(first.number, second.number) for first, second in pairs]


def _text(field_: Field) -> str:
    return field_.raw.decode("ascii", "replace").strip("\0 ")


def expected(fields: dict[str, list[Field]]) -> dict[str, object]:
    """What the second reader's fields come to, in our words; readings only as how many."""

    def one(name: str) -> int:
        return fields[name][0].number

    choice = APDUS.get(one("apdu")) if "apdu" in fields else None
    if choice in ("AARQ", "AARE"):
        facts: dict[str, object] = {
            "kind": choice,
            "protocols": tuple(each.number for each in fields["data-proto-id"]),
            "protocol_version": _version(one("protocol-version")),
            "encodings": _bits(ENCODINGS, one("encoding-rules")),
            "nomenclature_version": _version(one("nomenclature-version")),
            "functional_units": _bits(UNITS, one("functional-units")),
            "system_type": SYSTEMS.get(one("system-type"), ""),
            "system_id": fields["system-id"][0].raw.hex(),
            "config_id": one("dev-config-id"),
            "data_request_modes": one("data-req-mode-flags"),
            "agent_initiated": one("data-req-init-agent-count"),
            "manager_initiated": one("data-req-init-manager-count"),
            "options": tuple(each.number for each in fields.get("attribute-id", [])),
        }
        named = {"result": _named(RESULTS, one("result"))} if choice == "AARE" else {}
        return facts | named | ({"association_version": _version(one("assoc-version"))} if choice == "AARQ" else {})
    if choice in ("RLRQ", "RLRE"):
        return {"kind": choice, "reason": _named(RELEASES, one("release.reason"))}
    if choice == "ABRT":
        return {"kind": choice, "reason": _named(ABORTS, one("abort.reason"))}
    return _expected_data(fields)


def _expected_data(fields: dict[str, list[Field]]) -> dict[str, object]:
    def first(name: str) -> int:
        return fields[name][0].number if name in fields else 0

    message = fields["message"][0].number
    event = first("event-type")
    facts: dict[str, object] = {
        "kind": f"{'roiv' if message >> 8 == 1 else 'rors'}-cmip-{OPERATIONS[message & 0xFF]}",
        "invoke_id": first("invoke-id"),
        "handle": first("obj-handle"),
        "event": f"NOTI_{EVENTS[event]}" if event else "",
        "action": "ACT_DATA_REQUEST" if first("action-type") == 3099 else "",
        "config_id": first("config-report-id"),
        "config_result": _named(ACCEPTED, first("config-result")) if "config-result" in fields else "",
        "handles": tuple(dict.fromkeys(each.number for each in fields.get("observed-handle", []))),
        "by_person": "person-id" in fields,
    }
    counts = [
        each.number for name in fields for each in fields[name] if name.startswith("obs-scan-") and "count" in name
    ]
    facts["observations"] = sum(counts) or (len(fields.get("person-id", ())) if "observation" in fields else 0)
    if event == 3356 and "obj-class" in fields:
        types = iter(_types(fields, "type"))
        handles = [each.number for each in fields["config-obj-handle"]]
        classes = [each.number for each in fields["obj-class"]]
        # Scanners have no type of their own.
        measured = [next(types) if kind in (4, 5, 6) else None for kind in classes]
        facts["objects"] = tuple(
            (f"MOC_{CLASSES[kind]}", handle, "" if of is None else MEASURED.get(of) or f"{of[0]}:{of[1]}")
            for kind, handle, of in zip(classes, handles, measured, strict=True)
        )
    if "model-number" in fields:
        facts["manufacturer"] = _text(fields["manufacturer"][0])
        facts["model"] = _text(fields["model-number"][0])
        facts["system_id"] = fields["system-id"][0].raw.hex()
        facts["device_config_id"] = first("dev-config-id")
        facts["specializations"] = tuple(
            f"DEV_SPEC_PROFILE_{SPECIALIZATIONS[kind]}" for kind, _ in _types(fields, "specialization")
        )
        facts["specifications"] = tuple(
            (_named(SPECIFICATIONS, kind.number), _text(text))
            for kind, text in zip(fields["spec-type"], fields["prod-spec"], strict=True)
        )
    return facts


def said(message: Message) -> dict[str, object]:
    """The same of our message."""
    if isinstance(message, Ending):
        return {"kind": message.kind, "reason": message.reason}
    if isinstance(message, Association):
        names = ("result", "association_version") if message.kind == "AARE" else ("association_version",)
        skipped = {"specialization", "PROTOCOL", *(("association_version",) if "result" in names else ("result",))}
        return {name: getattr(message, name) for name in type(message).__slots__ if name not in skipped}  # type: ignore[attr-defined] # a slotted value
    assert isinstance(message, DataMessage)
    facts: dict[str, object] = {
        name: getattr(message, name)
        for name in ("kind", "invoke_id", "handle", "event", "action", "config_id", "config_result", "handles")
    }
    facts |= {"by_person": message.by_person, "observations": message.observations}
    if message.objects:
        facts["objects"] = tuple((one.object_class, one.handle, one.type) for one in message.objects)
    if message.identity is not None:
        identity = message.identity
        facts |= {
            "manufacturer": identity.manufacturer,
            "model": identity.model,
            "system_id": identity.system_id,
            "device_config_id": identity.config_id,
            "specializations": identity.specializations,
            "specifications": tuple((one.kind, one.text) for one in identity.specifications),
        }
    return facts


def compare(name: str, data: bytes) -> Read:
    """One file of an APDU, or of a DataApdu alone, read by both."""
    fields, covered, damage = walk(data)
    read = Read(name=name, covered=covered, size=len(data), damage=damage)
    whole = "apdu" in fields
    sent = data if whole else struct.pack(">HHH", 0xE700, len(data) + 2, len(data)) + data
    messages, malformed, _ = engine(sent)
    read.malformed = "phd" in malformed or not messages
    read.kind = ", ".join(message.kind for message in messages)
    if damage:
        return read
    theirs, mine = expected(fields), said(messages[0]) if messages else {}
    for fact in sorted({*theirs, *mine}):
        one, other = theirs.get(fact), mine.get(fact)
        (read.same if one == other else read.different).append(fact if one == other else f"{fact}: {one} / {other}")
    return read


# --- analysers ---


@dataclass(frozen=True, slots=True)
class Analyser:
    """One analyser's message, and what was told of its sender."""

    name: str
    sender: str
    version: str
    records: dict[str, int]
    told: dict[str, object]
    category: str | None
    vendor: str | None
    model: str | None
    firmware: str | None
    serial: str | None

    @property
    def wrong(self) -> list[str]:
        """What is told of the device and does not stand in its header, or stands there and is not told."""
        model, version, serial = HEADERS[self.name]
        found = []
        if version != self.firmware:
            found.append(f"version {version} / {self.firmware}")
        if serial != self.serial:
            found.append(f"serial {serial} / {self.serial}")
        if model is not None and _bare(model) not in _bare(self.model or "") and not _same_product(model, self.model):
            found.append(f"model {model} / {self.model}")
        if model is None and self.model is not None:
            found.append(f"model / {self.model}")
        if self.sender and (self.told.get("sender") != self.sender or self.told.get("version", "") != self.version):
            found.append(f"header {self.sender} {self.version} / {self.told.get('sender')} {self.told.get('version')}")
        if self.sender and self.told.get("records") != self.records:
            found.append(f"records {self.records} / {self.told.get('records')}")
        return found


def _bare(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalnum())


def _same_product(written: str, shown: str | None) -> bool:
    """``Afinion 2 Analyzer`` is shown as ``Afinion 2``."""
    return bool(shown) and _bare(shown or "") in _bare(written)


def header(data: bytes) -> tuple[str, str, dict[str, int]]:
    """Sender, version and records of a message, read a second time: lines that begin with a letter and a bar."""
    text = data.decode("latin-1")
    for sign in "\x02\x03\x17":
        text = text.replace(sign, "\r")
    records: dict[str, int] = {}
    sender = version = ""
    for line in text.replace("\n", "\r").split("\r"):
        kept = line[1:] if line[:1].isdigit() else line
        if len(kept) > 1 and kept[0] in "HPMORCSQL" and kept[1] == "|":
            records[kept[0]] = records.get(kept[0], 0) + 1
            if kept[0] == "H":
                fields = kept.split("|") + [""] * 13
                component = fields[1][-2]
                sender = "^".join(part.strip() for part in fields[4].split(component)).rstrip("^")
                version = fields[12]
    return sender, version, records


def analyser(path: Path) -> Analyser:
    """One file of an analyser, as the analyser would send it."""
    data = path.read_bytes()
    messages, _, device = engine(data)
    told = messages[0].facts() if messages else {}
    if "sender" in told:
        told["sender"] = "^".join(told["sender"])
    sender, version, records = header(data)
    return Analyser(
        name=path.name,
        sender=sender,
        version=version,
        records=records,
        told=told,
        category=device.category if device else None,
        vendor=device.vendor if device else None,
        model=device.model if device else None,
        firmware=device.firmware if device else None,
        serial=device.serial if device else None,
    )


# --- the page ---

HOW = """\
Written by `make eval` (`python -m bench.accuracy.bedside` makes this page alone). The messages are those of other
people's tests, put into a TCP conversation on a port that means nothing, and read through the whole packet engine."""
APDUS_HOW = """\
Each file of IEEE 11073-20601 is one APDU. A second reader, written from the standard's ASN.1 alone, gives every byte a
name; what we say of the message is compared fact by fact with what it found. Readings are compared only by how many
there are and of which objects. Files whose lengths and counts contradict each other are damaged: there we must say
malformed, and do; what is whole of them is told."""
ANALYSERS_HOW = """\
The header (H) of each message as its bytes say it, and what is then shown of the device. Model, version and serial
number are the components that the maker's interface specification calls so; not every maker writes all three. Two files
are no ASTM records: `mini_vidas.txt` has bioMérieux's own, which name no model, and `spotchem_el.txt` is a print-out
whose form is all that tells of the analyser."""


COLLECTED_HOW = """\
Different values in each capture, as tshark prints them and as we tell them, through the whole packet engine. One
capture is left out: the header of `bacnet-arcnet.pcap` says another layout of ARCnet than its frames have, tshark
believes it and finds no BACnet, and we find three devices."""


def _collected(facts: list[Fact]) -> Iterator[str]:
    yield from ("", "## DHCP, SNMP, MQTT, LLDP and BACnet, against tshark", "", COLLECTED_HOW, "")
    yield f"{sum(fact.same for fact in facts)} of {len(facts)} facts are the same."
    yield from ("", "| capture | fact | tshark | ours |", "|---|---|---|---|")
    for fact in facts:
        mine = "the same" if fact.same else f"**{fact.ours}**"
        yield f"| {fact.capture} | {fact.name} | {_cell(fact.theirs)} | {_cell(mine)} |"


def _cell(text: str) -> str:
    """Fit for a table, and not too long for a page."""
    shown = text.replace("|", "\\|").replace("\n", " ")
    return shown if len(shown) <= 120 else f"{shown[:117]}..."


def page(reads: list[Read], analysers: list[Analyser], facts: list[Fact]) -> Iterator[str]:
    """The page's lines."""
    yield from (
        "# Medical devices: are the answers right?",
        "",
        HOW,
        "",
        "## Personal health devices",
        "",
        APDUS_HOW,
        "",
    )
    right = sum(read.right for read in reads)
    compared = sum(len(read.same) + len(read.different) for read in reads)
    same = sum(len(read.same) for read in reads)
    whole = [read for read in reads if not read.damage]
    yield (
        f"{right} of {len(reads)} files right; {same} of {compared} facts the same; in {len(whole)} whole files"
        f" {sum(read.covered for read in whole)} of {sum(read.size for read in whole)} bytes have a name."
    )
    yield from ("", "| file | bytes named | message | facts | |", "|---|---|---|---|---|")
    for read in reads:
        verdict = "" if read.right else "**different**: " + "; ".join(read.different)
        note = f"damaged: {read.damage}" if read.damage else f"{len(read.same)} the same"
        yield f"| {read.name} | {read.covered} of {read.size} | {read.kind or 'malformed'} | {note} | {verdict} |"
    yield from ("", "## Analysers", "", ANALYSERS_HOW, "")
    yield f"{sum(not one.wrong for one in analysers)} of {len(analysers)} files right."
    yield from (
        *("", "| file | version (H-13) | records | category | vendor | model | version | serial | |"),
        "|---|---|---|---|---|---|---|---|---|",
    )
    for one in analysers:
        # The page says that a serial number was found, not which: it is of somebody's analyser.
        shown = [one.category, one.vendor, one.model, one.firmware, "found" if one.serial else None]
        records = " ".join(f"{kind}{count}" for kind, count in one.records.items())
        cells = [one.name, one.version, records, *(text or "-" for text in shown)]
        yield f"| {' | '.join(cells)} | {'; '.join(one.wrong) and '**different**: ' + '; '.join(one.wrong)} |"
    if facts:
        yield from _collected(facts)


def write(clinic: Path) -> list[str]:
    """Compares everything and writes the page; gives what differs."""
    folder = clinic / "ieee11073" / "apdu"
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "description")
    reads = [compare(str(path.relative_to(folder)), path.read_bytes()) for path in paths]
    analysers = [analyser(path) for path in sorted((clinic / "astm").glob("*.txt"))]
    facts = []
    for name in collected.FOLDERS if shutil.which("tshark") else ():
        for path in sorted((clinic / "collected" / name).iterdir()):
            facts += collected.facts(name, path, ours.read(path))
    PAGE.write_text("\n".join(page(reads, analysers, facts)) + "\n")
    wrong = [
        f"{read.name}: {'; '.join(read.different) or read.damage or 'nothing read'}" for read in reads if not read.right
    ]
    wrong += [f"{one.name}: {'; '.join(one.wrong)}" for one in analysers if one.wrong]
    return wrong + [f"{fact.capture}: {fact.name}: {fact.theirs} / {fact.ours}" for fact in facts if not fact.same]


def main() -> int:
    """Command line."""
    clinic = ROOT / ".cache" / "shared" / "medical"
    if not clinic.is_dir():
        print("the archive of medical messages is not at hand: nothing was compared", file=sys.stderr)
        return 0
    wrong = write(clinic)
    print(PAGE.read_text())
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
