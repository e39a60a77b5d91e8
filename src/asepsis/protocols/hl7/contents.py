"""The segments of a message -> what they say: orders and observations by codes, filled PID fields, answers."""

from __future__ import annotations

from functools import lru_cache

from asepsis.protocols.hl7.equipment import EQUIPMENT_LIMIT, see_entities
from asepsis.protocols.hl7.fields import Separators, code, kept, plain, reference
from asepsis.protocols.hl7.messages import Acknowledgment, Equipment, Observations, Orders, Software
from asepsis.protocols.hl7.vocabulary import DATA_TYPES

# Distinct codes of one kind that a message keeps; the largest panels have some sixty.
CODES_LIMIT = 128
# ERR segments that an acknowledgment keeps, and programs in SFT segments.
ERRORS_LIMIT = 16
SOFTWARE_LIMIT = 8
# A device sends the same identifiers again and again: what they come to is remembered. Only of messages of usual
# length, so that it stays under 8 MiB.
REMEMBERED_OBSERVATIONS = 512
REMEMBERED_TEXT_SIZE = 16 * 1024

# ISO/IEEE 11073-10101: what a device says of itself in observations of its own (the production specification and the
# model of ISO/IEEE 11073-20601, as Continua's guidelines H.812 send them in HL7). No other value is ever read.
_SPECIFICATIONS = {
    "531969": "model",
    "531970": "manufacturer",
    "531972": "serial",
    "531975": "software_version",
    "531976": "firmware_version",
}

# PID fields that hold ids (CX, whose first component is the number) and names (XPN, whose first two are): their other
# components, types and authorities, are not the patient's.
_ID_FIELDS = frozenset({2, 3, 4, 18, 20, 21})
_NAME_FIELDS = frozenset({5, 6, 9})


def observations(
    segments: list[str], by: Separators, named: dict[Equipment, None], *, usual_length: bool
) -> Observations:
    """What the OBX segments say: types (OBX-2), identifiers (OBX-3), devices (OBX-18).

    Values (OBX-5) are read only where the identifier says that they are a device's own model, maker, version or number.

    Args:
        segments: The OBX segments.
        by: The message's separators.
        named: Takes the devices.
        usual_length: The message is at most ``REMEMBERED_TEXT_SIZE`` long.
    """
    field = by.field
    split = [segment.split(field, 19) for segment in segments]
    rows = [fields for fields in split if len(fields) > 3]
    kinds = tuple([fields[2] for fields in rows])
    identifiers = tuple([fields[3] for fields in rows])
    sum_up = _remembered_observations if usual_length else _observations
    devices = [fields[18] for fields in rows if len(fields) > 18 and fields[18]]
    if devices:
        for device in dict.fromkeys(devices):
            see_entities("OBX-18", device, by, named)
    summed, specified = sum_up(len(segments), kinds, identifiers, by.component)
    if specified:
        said = tuple([(name, *rows[place][4:6]) for place, name in specified if len(rows[place]) > 5])
        read = _remembered_specifications if usual_length else _specifications_of
        for equipment in read(said, by)[: max(0, EQUIPMENT_LIMIT - len(named))]:
            named[equipment] = None
    return summed


def _specifications_of(rows: tuple[tuple[str, ...], ...], by: Separators) -> tuple[Equipment, ...]:
    """The devices that say in observations what they are, one for each device (MDS) that OBX-4 counts first."""
    devices: dict[str, dict[str, str]] = {}
    for name, place, said in rows:
        text = kept(said.split(by.component, 1)[0], by)
        if text:
            # IHE PCD TF-2 3.1.2: OBX-4 is "device.subsystem.channel.metric"; of one device the whole comes first.
            devices.setdefault(place.split(".", 1)[0], {}).setdefault(name, text)
    return tuple(
        [Equipment(source="OBX-5", identifier="", attributes=tuple(sorted(says.items()))) for says in devices.values()]
    )


_remembered_specifications = lru_cache(maxsize=REMEMBERED_OBSERVATIONS)(_specifications_of)


def _observations(
    count: int, kinds: tuple[str, ...], identifiers: tuple[str, ...], component: str
) -> tuple[Observations, tuple[tuple[int, str], ...]]:
    """What the identifiers say, and the places and names of those whose value is about the device."""
    types: dict[str, int] = {}
    for kind in kinds:
        if kind:
            kind = kind if kind in DATA_TYPES else "other"
            types[kind] = types.get(kind, 0) + 1
    codes = {one: code(one, component) for one in dict.fromkeys(identifiers)}
    distinct = dict.fromkeys(codes.values())
    distinct.pop("", None)
    references = dict.fromkeys([reference(one, component) for one in codes])
    references.pop("", None)
    specified: list[tuple[int, str]] = []
    for place, one in enumerate(identifiers):
        number, _, system = codes[one].partition("^")
        if system == "MDC" and number in _SPECIFICATIONS and len(specified) < CODES_LIMIT:
            specified.append((place, _SPECIFICATIONS[number]))
    summed = Observations(
        count=count,
        value_types=tuple(types.items()),
        identifiers=tuple(distinct)[:CODES_LIMIT],
        references=tuple(references)[:CODES_LIMIT],
    )
    return summed, tuple(specified)


_remembered_observations = lru_cache(maxsize=REMEMBERED_OBSERVATIONS)(_observations)


def patient_fields(segments: list[str], places: tuple[int, ...], by: Separators) -> tuple[int, ...]:
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


def acknowledgment(
    segments: list[str], answers: tuple[int, ...], errors: tuple[int, ...], by: Separators
) -> Acknowledgment:
    """MSA-1 and MSA-2, with the codes of ERR."""
    fields = [*segments[answers[0]].split(by.field, 3), "", ""]
    codes = [_error(segments[place].split(by.field, 5), by) for place in errors[:ERRORS_LIMIT]]
    return Acknowledgment(
        code=plain(fields[1])[:2], control_id=plain(fields[2]), errors=tuple([error for error in codes if error])
    )


def _error(fields: list[str], by: Separators) -> str:
    """ERR-3 and ERR-4, or before v2.5 the code in ERR-1; the texts for people may name patients and are left."""
    if len(fields) > 3:
        severity = fields[4][:1] if len(fields) > 4 else ""
        return plain(f"{fields[3].split(by.component, 1)[0][:20]} {severity}")
    parts = fields[1].split(by.component) if len(fields) > 1 else []
    return plain(parts[3].split(by.subcomponent, 1)[0][:20]) if len(parts) > 3 else ""


def orders(segments: list[str], controls_at: tuple[int, ...], services_at: tuple[int, ...], by: Separators) -> Orders:
    """ORC-1, codes of at most two signs (HL7 table 0119), and OBR-4, universal service identifiers."""
    field, component = by.field, by.component
    controls: dict[str, None] = {}
    for place in controls_at:
        control = segments[place][4:7].split(field, 1)[0]
        if len(control) <= 2 and control.isalnum():
            controls[control] = None
    services: dict[str, None] = {}
    for place in services_at:
        fields = segments[place].split(field, 5)
        if len(fields) > 4 and len(services) < CODES_LIMIT and (service := code(fields[4], component)):
            services[service] = None
    return Orders(controls=tuple(controls), services=tuple(services))


def software(segments: list[str], places: tuple[int, ...], by: Separators) -> tuple[Software, ...]:
    """SFT-1 to SFT-3."""
    found = []
    for place in places[:SOFTWARE_LIMIT]:
        vendor, version, product = [*segments[place].split(by.field, 4), "", "", ""][1:4]
        found.append(Software(vendor=kept(vendor, by), version=kept(version, by), product=kept(product, by)))
    return tuple(found)
