"""The text of one MLLP block -> its messages: segments split, fields picked by number, everything else left behind."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

from asepsis.kernel.value import value
from asepsis.protocols.hl7.equipment import see_entities, see_segment
from asepsis.protocols.hl7.fields import SEPARATORS_SIZE, Separators, code, kept, plain, separators
from asepsis.protocols.hl7.messages import (
    Acknowledgment,
    Batch,
    Equipment,
    Header,
    Hl7Message,
    Observations,
    Orders,
    Software,
)
from asepsis.protocols.hl7.vocabulary import CODECS, DATA_TYPES, DEFAULT_CODEC, is_segment_name
from asepsis.protocols.message import Malformed, Result

# Distinct codes of one kind that a message keeps; the largest panels have some sixty.
CODES_LIMIT = 128
# ERR segments that an acknowledgment keeps, message profiles that a header keeps, programs in SFT segments.
ERRORS_LIMIT = 16
PROFILES_LIMIT = 8
SOFTWARE_LIMIT = 8
# Senders send the same header but for its time and number, and the same segments in the same order, again and again:
# reading them is remembered, up to some 4 MiB each.
REMEMBERED_HEADERS = 2048
REMEMBERED_HEADER_SIZE = 1024
REMEMBERED_LAYOUTS = 512
REMEMBERED_SEGMENTS = 128

HEADERS = frozenset({"MSH", "FHS", "BHS"})

# PID fields that hold ids (CX, whose first component is the number) and names (XPN, whose first two are): their other
# components, types and authorities, are not the patient's.
_ID_FIELDS = frozenset({2, 3, 4, 18, 20, 21})
_NAME_FIELDS = frozenset({5, 6, 9})


def read_block(block: bytes, *, complete: bool) -> list[Result]:
    """Reads what stands between the start and the end of an MLLP block.

    Args:
        block: One message, or a batch of several with their headers.
        complete: False when the end is missing: the last segment may be cut and is not read.
    """
    text = block.decode("ascii") if block.isascii() else block.decode(_codec(block), "replace")
    if "\n" in text:  # senders that end segments like lines
        text = text.replace("\r\n", "\r").replace("\n", "\r")
    if not complete:
        text = text[: text.rfind("\r") + 1]
        if not text:
            return []
    if text[:3] not in HEADERS:
        text = text.lstrip()
    segments = text.split("\r")
    layout = _layout_of(segments, text[3:4])
    if layout.headers == (0,) and text[0] == "M":
        return [_message(segments, layout, complete=complete)]
    return _batch(segments, complete=complete)


def _batch(segments: list[str], *, complete: bool) -> list[Result]:
    """Several headers, or one that is not a message's (2.10.3)."""
    starts = [place for place, segment in enumerate(segments) if segment[:3] in HEADERS]
    if not starts or starts[0]:
        return [Malformed(protocol="hl7", where="MLLP block", why="does not begin with MSH, FHS or BHS")]
    out: list[Result] = []
    for start, stop in pairwise([*starts, len(segments)]):
        head = segments[start]
        if head[0] == "M":
            part = segments[start:stop]
            whole = complete or stop < len(segments)
            out.append(_message(part, _layout_of(part, head[3:4]), complete=whole))
        elif (by := separators(head[3 : 3 + SEPARATORS_SIZE])) is None:
            out.append(Malformed(protocol="hl7", where=head[:3], why="declares no separators"))
        else:
            names = [kept(name, by) for name in (head.split(by.field, 6) + [""] * 6)[2:6]]
            header = Header(
                sending_application=names[0],
                sending_facility=names[1],
                receiving_application=names[2],
                receiving_facility=names[3],
            )
            out.append(Batch(kind=head[:3], header=header))
    return out


def _codec(block: bytes) -> str:
    """The codec for MSH-18; of several sets the first, which the message begins with (2.14.9.18)."""
    fields = block[: block.find(b"\r") % (len(block) + 1)].split(block[3:4] or b"|", 18)
    if len(fields) < 18:
        return DEFAULT_CODEC
    declared = fields[17].decode("ascii", "replace").split("~")[0].strip()
    return CODECS.get(declared, DEFAULT_CODEC)


@value
class _Layout:
    """Which segments of a block are what: their names and counts, and the places of those that are read."""

    counts: tuple[tuple[str, int], ...]
    headers: tuple[int, ...]
    patients: tuple[int, ...]
    observations: tuple[int, ...]
    order_controls: tuple[int, ...]
    services: tuple[int, ...]
    answers: tuple[int, ...]
    errors: tuple[int, ...]
    equipment: tuple[int, ...]
    software: tuple[int, ...]


def _layout_of(segments: list[str], field: str) -> _Layout:
    names = tuple([segment[:4] for segment in segments])
    return (_remembered_layout if len(names) <= REMEMBERED_SEGMENTS else _layout)(names, field)


def _layout(names: tuple[str, ...], field: str) -> _Layout:
    """Reads the first four signs of each segment: a name and the field separator, or else it is no segment."""
    counts: dict[str, int] = {}
    places: dict[str, list[int]] = {}
    for place, begins in enumerate(names):
        name = begins[:3]
        if begins[3:] not in {field, ""} or not is_segment_name(name):
            continue
        counts[name] = counts.get(name, 0) + 1
        places.setdefault(name, []).append(place)

    def of(*wanted: str) -> tuple[int, ...]:
        return tuple(sorted(place for name in wanted for place in places.get(name, ())))

    return _Layout(
        counts=tuple(counts.items()),
        headers=of(*HEADERS),
        patients=of("PID"),
        observations=of("OBX"),
        order_controls=of("ORC"),
        services=of("OBR"),
        answers=of("MSA"),
        errors=of("ERR"),
        equipment=of("PRT", "EQU", "DEV"),
        software=of("SFT"),
    )


_remembered_layout = lru_cache(maxsize=REMEMBERED_LAYOUTS)(_layout)


def _message(segments: list[str], layout: _Layout, *, complete: bool) -> Result:
    head = segments[0]
    declared = head[3 : 3 + SEPARATORS_SIZE]
    by = separators(declared)
    if by is None:
        return Malformed(protocol="hl7", where="MSH", why="declares no separators")
    fields = head.split(by.field, 10)
    if len(fields) < 11:
        fields += [""] * (11 - len(fields))
    named: dict[Equipment, None] = {}
    observations = None
    if layout.observations:
        observations = _observations([segments[place] for place in layout.observations], by, named)
    for place in layout.equipment:
        see_segment(segments[place], by, named)
    orders = None
    if layout.order_controls or layout.services:
        orders = _orders(segments, layout, by)
    read_header = _remembered_header if len(head) <= REMEMBERED_HEADER_SIZE else _header
    return Hl7Message(
        header=read_header(declared, fields[2], fields[3], fields[4], fields[5], fields[8], fields[10]),
        control_id=plain(fields[9]),
        segments=layout.counts,
        acknowledgment=_acknowledgment(segments, layout, by) if layout.answers else None,
        patient_fields=_patient_fields(segments, layout.patients, by) if layout.patients else (),
        orders=orders,
        observations=observations,
        equipment=tuple(named),
        software=_software(segments, layout.software, by) if layout.software else (),
        complete=complete,
    )


def _header(declared: str, *fields: str) -> Header:
    """MSH-3 to 6, MSH-9, and everything from MSH-11 on; the time, MSH-8 (security) and the number stay out."""
    by = separators(declared)
    if by is None:  # the caller has made sure of it
        by = Separators(field="|", component="^", repetition="~", escape="\\", subcomponent="&")
    kind = [*fields[4].split(by.component, 3), "", ""]
    rest = fields[5].split(by.field) + [""] * 11
    profiles = [profile.split(by.component, 1)[0] for profile in rest[10].split(by.repetition)[:PROFILES_LIMIT]]
    return Header(
        sending_application=kept(fields[0], by),
        sending_facility=kept(fields[1], by),
        receiving_application=kept(fields[2], by),
        receiving_facility=kept(fields[3], by),
        message_type=plain(kind[0]),
        trigger_event=plain(kind[1]),
        structure=plain(kind[2]),
        processing_id=plain(rest[0]),
        version=plain(rest[1].split(by.component, 1)[0]),
        character_set=plain(rest[7]),
        profiles=tuple(plain(profile) for profile in profiles if profile),
    )


_remembered_header = lru_cache(maxsize=REMEMBERED_HEADERS)(_header)


def _observations(segments: list[str], by: Separators, named: dict[Equipment, None]) -> Observations:
    """What the OBX segments say, but for their values: types (OBX-2), identifiers (OBX-3), devices (OBX-18)."""
    field, component = by.field, by.component
    types: dict[str, int] = {}
    identifiers: dict[str, None] = {}
    devices: dict[str, None] = {}
    for segment in segments:
        fields = segment.split(field, 19)
        count = len(fields)
        if count < 4:
            continue
        kind, identifier = fields[2], fields[3]
        if kind:
            kind = kind if kind in DATA_TYPES else "other"
            types[kind] = types.get(kind, 0) + 1
        if identifier and len(identifiers) < CODES_LIMIT and (known := code(identifier, component)):
            identifiers[known] = None
        if count > 18 and fields[18] and fields[18] not in devices:
            devices[fields[18]] = None
            see_entities("OBX-18", fields[18], by, named)
    return Observations(count=len(segments), value_types=tuple(types.items()), identifiers=tuple(identifiers))


def _patient_fields(segments: list[str], places: tuple[int, ...], by: Separators) -> tuple[int, ...]:
    """The numbers of the PID fields that hold something; two quotes mean: delete it (2.5.3)."""
    filled: list[int] = []
    emptyish = by.component + by.repetition + by.subcomponent + '" '
    for place in places:
        fields = segments[place].split(by.field)
        fields[0] = ""
        filled += [
            number
            for number, field in enumerate(fields)
            if field and (field[0] not in emptyish or _says_something(number, field, by))
        ]
    return tuple(filled) if len(places) == 1 else tuple(sorted(set(filled)))


def _says_something(number: int, field: str, by: Separators) -> bool:
    """Whether a PID field that begins with a separator, a quote or a space holds anything of the patient."""
    if field == '""':
        return False
    if number in _ID_FIELDS:
        return any(one.split(by.component, 1)[0].strip() for one in field.split(by.repetition))
    if number in _NAME_FIELDS:
        return any("".join(one.split(by.component, 2)[:2]).strip() for one in field.split(by.repetition))
    return bool(field.strip(by.component + by.repetition + by.subcomponent + " "))


def _acknowledgment(segments: list[str], layout: _Layout, by: Separators) -> Acknowledgment:
    fields = [*segments[layout.answers[0]].split(by.field, 3), "", ""]
    errors = [_error(segments[place].split(by.field, 5), by) for place in layout.errors[:ERRORS_LIMIT]]
    return Acknowledgment(
        code=plain(fields[1])[:2], control_id=plain(fields[2]), errors=tuple([error for error in errors if error])
    )


def _error(fields: list[str], by: Separators) -> str:
    """ERR-3 and ERR-4, or before v2.5 the code in ERR-1; the texts for people may name patients and are left."""
    if len(fields) > 3:
        severity = fields[4][:1] if len(fields) > 4 else ""
        return plain(f"{fields[3].split(by.component, 1)[0][:20]} {severity}")
    parts = fields[1].split(by.component) if len(fields) > 1 else []
    return plain(parts[3].split(by.subcomponent, 1)[0][:20]) if len(parts) > 3 else ""


def _orders(segments: list[str], layout: _Layout, by: Separators) -> Orders:
    """ORC-1, codes of at most two signs (HL7 table 0119), and OBR-4, universal service identifiers."""
    field, component = by.field, by.component
    controls: dict[str, None] = {}
    for place in layout.order_controls:
        control = segments[place][4:7].split(field, 1)[0]
        if len(control) <= 2 and control.isalnum():
            controls[control] = None
    services: dict[str, None] = {}
    for place in layout.services:
        fields = segments[place].split(field, 5)
        if len(fields) > 4 and len(services) < CODES_LIMIT and (service := code(fields[4], component)):
            services[service] = None
    return Orders(controls=tuple(controls), services=tuple(services))


def _software(segments: list[str], places: tuple[int, ...], by: Separators) -> tuple[Software, ...]:
    found = []
    for place in places[:SOFTWARE_LIMIT]:
        vendor, version, product = [*segments[place].split(by.field, 4), "", "", ""][1:4]
        found.append(Software(vendor=kept(vendor, by), version=kept(version, by), product=kept(product, by)))
    return tuple(found)
