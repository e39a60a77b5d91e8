"""The text of one MLLP block -> its messages: segments split, fields picked by number, everything else left behind."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

from asepsis.kernel.value import value
from asepsis.protocols.hl7.contents import (
    REMEMBERED_TEXT_SIZE,
    acknowledgment,
    observations,
    orders,
    patient_fields,
    software,
)
from asepsis.protocols.hl7.equipment import see_segment
from asepsis.protocols.hl7.fields import SEPARATORS_SIZE, Separators, kept, plain, separators
from asepsis.protocols.hl7.messages import Batch, Equipment, Header, Hl7Message
from asepsis.protocols.hl7.vocabulary import CODECS, DEFAULT_CODEC, is_segment_name
from asepsis.protocols.message import Malformed, Result

# Message profiles that a header keeps.
PROFILES_LIMIT = 8
# Senders send the same header but for its time and number, and the same segments in the same order, again and again:
# reading them is remembered, up to some 4 MiB each.
REMEMBERED_HEADERS = 2048
REMEMBERED_HEADER_SIZE = 1024
REMEMBERED_LAYOUTS = 512
REMEMBERED_SEGMENTS = 128

HEADERS = frozenset({"MSH", "FHS", "BHS"})


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
        return [_message(segments, layout, complete=complete, usual_length=len(text) <= REMEMBERED_TEXT_SIZE)]
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
            out.append(_message(part, _layout_of(part, head[3:4]), complete=whole, usual_length=False))
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


def _message(segments: list[str], layout: _Layout, *, complete: bool, usual_length: bool) -> Result:
    head = segments[0]
    declared = head[3 : 3 + SEPARATORS_SIZE]
    by = separators(declared)
    if by is None:
        return Malformed(protocol="hl7", where="MSH", why="declares no separators")
    fields = head.split(by.field, 10)
    if len(fields) < 11:
        fields += [""] * (11 - len(fields))
    named: dict[Equipment, None] = {}
    observed = None
    if layout.observations:
        observed = observations(
            [segments[place] for place in layout.observations], by, named, usual_length=usual_length
        )
    for place in layout.equipment:
        see_segment(segments[place], by, named)
    ordered = None
    if layout.order_controls or layout.services:
        ordered = orders(segments, layout.order_controls, layout.services, by)
    read_header = _remembered_header if len(head) <= REMEMBERED_HEADER_SIZE else _header
    return Hl7Message(
        header=read_header(declared, fields[2], fields[3], fields[4], fields[5], fields[8], fields[10]),
        control_id=plain(fields[9]),
        segments=layout.counts,
        acknowledgment=acknowledgment(segments, layout.answers, layout.errors, by) if layout.answers else None,
        patient_fields=patient_fields(segments, layout.patients, by) if layout.patients else (),
        orders=ordered,
        observations=observed,
        equipment=tuple(named),
        software=software(segments, layout.software, by) if layout.software else (),
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
