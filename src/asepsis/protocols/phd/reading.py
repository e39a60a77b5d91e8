"""One APDU of IEEE 11073-20601 in MDER -> a message.

Section numbers are those of IEEE 11073-20601-2014; the ASN.1 is in its annex A, the encoding rules in annex F.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from asepsis.protocols.fields import MalformedError, text
from asepsis.protocols.mder import ATTRIBUTES_LIMIT, Cursor
from asepsis.protocols.message import Malformed, Result
from asepsis.protocols.phd import nomenclature as nom
from asepsis.protocols.phd.messages import Association, DataMessage, Ending, Identity, MeasuredObject, Specification

HEADER_LENGTH_BYTES = 4
# Elements of one list that are read: a device has under twenty objects and a report some dozens of observations.
ELEMENTS_LIMIT = 128
# An EUI-64 has 8 bytes; what is longer is cut.
SYSTEM_ID_LIMIT_BYTES = 16
# Devices associate and configure with the same bytes each time: some hundred of at most 256 bytes are remembered.
REMEMBERED_ASSOCIATIONS = 512
REMEMBERED_LENGTH_BYTES = 256

_REASONS: Final = {"RLRQ": nom.RELEASE_REASONS, "RLRE": nom.RELEASE_REASONS, "ABRT": nom.ABORT_REASONS}
# 20601 A.11.6, PowerStatus: the bits from the left.
_POWER: Final = ((0x8000, "mains"), (0x4000, "battery"))

# DataApdu behind the APDU's header: length of the octet string, invoke id, choice and its length.
_DATA_HEADER: Final = struct.Struct(">HHHH")
_DATA_BEGINS: Final = HEADER_LENGTH_BYTES + _DATA_HEADER.size
# EventReportArgumentSimple: handle, a time that is stepped over, event, length.
_EVENT_HEADER: Final = struct.Struct(">H4xHH")
_PAIR: Final = struct.Struct(">HH")

NOTHING_KNOWN: Final[Mapping[int, str]] = {}


def read(apdu: bytes, measures: Mapping[int, str] = NOTHING_KNOWN) -> tuple[Result, ...]:
    """Reads one whole APDU: a message, a ``Malformed``, or both where a configuration is whole only in part.

    Args:
        apdu: Choice, length and content.
        measures: What the device's objects measure, by handle, as its configuration said.
    """
    kind = nom.APDUS.get(int.from_bytes(apdu[:2], "big"), "")
    try:
        match kind:
            case "PRST":
                return _presentation(apdu, measures)
            case "AARQ" | "AARE" if len(apdu) <= REMEMBERED_LENGTH_BYTES:
                return (_remembered_association(kind, apdu),)
            case "AARQ" | "AARE":
                return (_association(kind, apdu),)
            case "RLRQ" | "RLRE" | "ABRT":
                reason = Cursor(apdu, at=HEADER_LENGTH_BYTES, where=kind).u16()
                return (Ending(kind=kind, reason=nom.named(_REASONS[kind], reason)),)
    except MalformedError as error:
        return (Malformed(protocol="phd", where=error.where, why=error.why),)
    return (Malformed(protocol="phd", where="APDU", why=f"choice {apdu[:2].hex()} is none of 20601"),)


# --- association (annex A.8) ---


def _association(kind: str, apdu: bytes) -> Association:
    cursor = Cursor(apdu, at=HEADER_LENGTH_BYTES, where=kind)
    if kind == "AARE":
        result = nom.named(nom.ASSOCIATE_RESULTS, cursor.u16())
        protocols = (cursor.u16(),)
        return _with_information(kind, result, 0, protocols, cursor.inside("data-proto-info"))
    version = _highest(cursor.u32())
    count, listed = cursor.listed("data-proto-list")
    proposed: list[int] = []
    information: Cursor | None = None
    for _ in range(min(count, ELEMENTS_LIMIT)):
        proposed.append(listed.u16())
        found = listed.inside("data-proto-info")
        if information is None and proposed[-1] == nom.PROTOCOL_20601:
            information = found
    return _with_information(kind, "", version, tuple(proposed), information)


_remembered_association = lru_cache(maxsize=REMEMBERED_ASSOCIATIONS)(_association)


def _with_information(
    kind: str, result: str, version: int, protocols: tuple[int, ...], cursor: Cursor | None
) -> Association:
    """PhdAssociationInformation. A rejection, and a maker's own protocol, come without."""
    if cursor is None or not cursor.left or nom.PROTOCOL_20601 not in protocols:
        return Association(kind=kind, result=result, association_version=version, protocols=protocols)
    protocol_version = cursor.u32()
    encodings = cursor.u16()
    nomenclature_version = cursor.u32()
    functional_units = cursor.u32()
    system_type = cursor.u32()
    system_id = cursor.octets()
    config_id = cursor.u16()
    modes = cursor.u16()
    agent, manager = cursor.u8(), cursor.u8()
    options = tuple([identifier for identifier, _ in cursor.attributes("option-list")])
    return Association(
        kind=kind,
        result=result,
        association_version=version,
        protocols=protocols,
        protocol_version=_highest(protocol_version),
        encodings=tuple([name for bit, name in nom.ENCODINGS.items() if encodings & bit]),
        nomenclature_version=_highest(nomenclature_version),
        functional_units=tuple([name for bit, name in nom.FUNCTIONAL_UNITS.items() if functional_units & bit]),
        system_type=nom.SYSTEM_TYPES.get(system_type, ""),
        system_id=system_id[:SYSTEM_ID_LIMIT_BYTES].hex(),
        config_id=config_id,
        # A manager has no configuration of its own and writes 0.
        specialization=nom.standard_specialization(config_id),
        data_request_modes=modes,
        agent_initiated=agent,
        manager_initiated=manager,
        options=options,
    )


def _highest(bits: int) -> int:
    """Versions are bits from the left: version 1 is 0x80000000 (A.8, ProtocolVersion)."""
    return 33 - (bits & -bits).bit_length() if bits else 0


# --- presentation (annex A.10) ---


def _presentation(apdu: bytes, measures: Mapping[int, str]) -> tuple[Result, ...]:
    if len(apdu) < _DATA_BEGINS:
        raise MalformedError("DataApdu", f"{len(apdu)} bytes of {_DATA_BEGINS}")
    # The length of the choice is given once more; some devices get it wrong, and the octet string around it holds.
    length, invoke_id, choice, _ = _DATA_HEADER.unpack_from(apdu, HEADER_LENGTH_BYTES)
    kind = nom.MESSAGES.get(choice)
    if kind is None:
        raise MalformedError("DataApdu", f"message {choice:#06x} is none of 20601")
    end = HEADER_LENGTH_BYTES + 2 + length
    if end > len(apdu):
        raise MalformedError("DataApdu", f"{length} bytes are needed and {len(apdu) - HEADER_LENGTH_BYTES - 2} left")
    cursor = Cursor(apdu, at=_DATA_BEGINS, end=end, where=kind)
    server = None if choice not in nom.FROM_AGENT else not nom.FROM_AGENT[choice]
    match choice >> 8, choice & 0xFF:
        case 1, 0 | 1:
            return _event(kind, server, invoke_id, cursor, measures)
        case 2, 1:
            return (_event_answer(kind, server, invoke_id, cursor),)
        case ((1 | 2), 3):
            return (_attributes(kind, server, invoke_id, cursor, answered=choice >> 8 == 2),)
        case ((1 | 2), 6 | 7):
            return _action(kind, server, invoke_id, cursor, measures, answered=choice >> 8 == 2)
        case (3 | 4) as sort, _:
            error = nom.named(nom.ERRORS if sort == 3 else nom.REJECTIONS, cursor.u16())
            return (DataMessage(kind=kind, sender_is_server=server, invoke_id=invoke_id, error=error),)
    # Set: the object; what is set are switches of scanners.
    return (DataMessage(kind=kind, sender_is_server=server, invoke_id=invoke_id, handle=cursor.u16()),)


def _event(
    kind: str, server: bool | None, invoke_id: int, cursor: Cursor, measures: Mapping[int, str]
) -> tuple[Result, ...]:
    """EventReportArgumentSimple: object, time, event, information."""
    at = cursor.skip(_EVENT_HEADER.size)
    handle, event, length = _EVENT_HEADER.unpack_from(cursor.data, at)
    at = cursor.skip(length)
    information = Cursor(cursor.data, at=at, end=at + length, where="event-info")
    name = nom.named(nom.EVENTS, event)
    if event == nom.NOTI_CONFIG:
        return _configuration(kind, server, invoke_id, handle, name, information)
    if event not in nom.REPORTS:
        return (DataMessage(kind=kind, sender_is_server=server, invoke_id=invoke_id, handle=handle, event=name),)
    return _report(kind, server, invoke_id, handle, event, information, measures)


def _configuration(
    kind: str, server: bool | None, invoke_id: int, handle: int, event: str, cursor: Cursor
) -> tuple[Result, ...]:
    """ConfigReport (A.11.5): the device's objects with their attributes, as far as they are whole."""
    config_id = cursor.u16()
    count, listed = cursor.listed("config-obj-list")
    objects: list[MeasuredObject] = []
    malformed: tuple[Malformed, ...] = ()
    try:
        for _ in range(min(count, ELEMENTS_LIMIT)):
            objects.append(_object(listed))
    except MalformedError as error:
        malformed = (Malformed(protocol="phd", where=error.where, why=error.why),)
    message = DataMessage(
        kind=kind,
        sender_is_server=server,
        invoke_id=invoke_id,
        handle=handle,
        event=event,
        config_id=config_id,
        specialization=nom.standard_specialization(config_id),
        objects=tuple(objects),
    )
    return message, *malformed


def _object(cursor: Cursor) -> MeasuredObject:
    """ConfigObject (A.11.5)."""
    object_class, handle = cursor.u16(), cursor.u16()
    if object_class not in nom.CLASSES:
        raise MalformedError("config-obj-list", f"{object_class} is no class of an object")
    measured = ""
    for identifier, inside in cursor.attributes("attributes"):
        if identifier == nom.ATTR_ID_TYPE:
            measured = nom.measurement(inside.u16(), inside.u16())
    return MeasuredObject(object_class=nom.CLASSES[object_class], handle=handle, type=measured)


def _report(
    kind: str,
    server: bool | None,
    invoke_id: int,
    handle: int,
    event: int,
    cursor: Cursor,
    measures: Mapping[int, str],
    action: str = "",
) -> tuple[Result, ...]:
    """ScanReportInfo... (A.11.5): which objects were observed; the observations themselves are stepped over."""
    form, by_person = nom.REPORTS[event]
    cursor.skip(4)  # data-req-id, scan-report-no
    seen: dict[int, None] = {}
    faults: dict[str, str] = {}
    observations = 0
    if by_person:
        count, persons = cursor.listed("scan-per-" + form.lower())
        for _ in range(min(count, ELEMENTS_LIMIT)):
            persons.skip(2)  # the person's number on the device
            observations += _observed(form, persons, seen, faults)
    elif cursor.left:
        observations = _observed(form, cursor, seen, faults)
    handles = tuple(seen)
    measured = dict.fromkeys([measures[one] for one in handles if one in measures])
    message = DataMessage(
        kind=kind,
        sender_is_server=server,
        invoke_id=invoke_id,
        handle=handle,
        event=nom.EVENTS[event],
        action=action,
        observations=observations,
        handles=handles,
        measured=tuple(measured),
        by_person=by_person,
    )
    return message, *[Malformed(protocol="phd", where=where, why=why) for where, why in faults.items()]


def _observed(form: str, cursor: Cursor, seen: dict[int, None], faults: dict[str, str]) -> int:
    count: int
    if form == "GROUPED":
        # The scanner's configuration says what stands where; here it is bytes.
        count, _ = cursor.listed("obs-scan-grouped") if cursor.where != "scan-per-grouped" else (1, cursor.octets())
        return count
    at = cursor.skip(4)
    count, length = _PAIR.unpack_from(cursor.data, at)
    at = cursor.skip(length)
    if form == "FIXED":
        _step_over_fixed(cursor.data, at, at + length, min(count, ELEMENTS_LIMIT), seen)
        return count
    listed = Cursor(cursor.data, at=at, end=at + length, where="obs-scan-var")
    for _ in range(min(count, ELEMENTS_LIMIT)):
        handle = listed.u16()
        if len(seen) < ELEMENTS_LIMIT:
            seen[handle] = None
        if not _step_over_attributes(listed):
            faults["attributes"] = "the length of a list is not that of its attributes"
    return count


def _step_over_fixed(data: bytes, at: int, end: int, count: int, seen: dict[int, None]) -> None:
    """Observations of a handle, a length and values: how nearly all readings are sent, so without a cursor."""
    for _ in range(count):
        if at + 4 > end:
            raise MalformedError("obs-scan-fixed", "runs over its end")
        handle, length = _PAIR.unpack_from(data, at)
        at += 4 + length
        if len(seen) < ELEMENTS_LIMIT:
            seen[handle] = None
    if at > end:
        raise MalformedError("obs-scan-fixed", "runs over its end")


def _step_over_attributes(cursor: Cursor) -> bool:
    """Some devices say a wrong length of a list of attributes; its count and the attributes' own lengths hold then.

    Returns:
        Whether the length is right.
    """
    count, length = cursor.u16(), cursor.u16()
    begin = cursor.at
    for _ in range(min(count, ATTRIBUTES_LIMIT)):
        cursor.skip(2)
        cursor.skip(cursor.u16())
    if count > ATTRIBUTES_LIMIT:
        cursor.skip(max(length - (cursor.at - begin), 0))
    return cursor.at - begin == length


def _event_answer(kind: str, server: bool | None, invoke_id: int, cursor: Cursor) -> DataMessage:
    """EventReportResultSimple; of a configuration whether it was accepted."""
    handle = cursor.u16()
    cursor.skip(4)
    event = cursor.u16()
    information = cursor.inside("event-reply-info")
    config_id, result = 0, ""
    if event == nom.NOTI_CONFIG and information.left:
        config_id = information.u16()
        result = nom.named(nom.CONFIG_RESULTS, information.u16())
    return DataMessage(
        kind=kind,
        sender_is_server=server,
        invoke_id=invoke_id,
        handle=handle,
        event=nom.named(nom.EVENTS, event),
        config_id=config_id,
        config_result=result,
    )


def _attributes(kind: str, server: bool | None, invoke_id: int, cursor: Cursor, *, answered: bool) -> DataMessage:
    """GetArgumentSimple, which names what is wanted, or GetResultSimple, which says it."""
    handle = cursor.u16()
    identity = read_identity(cursor.attributes("attribute-list")) if answered and handle == 0 else None
    return DataMessage(kind=kind, sender_is_server=server, invoke_id=invoke_id, handle=handle, identity=identity)


def _action(
    kind: str, server: bool | None, invoke_id: int, cursor: Cursor, measures: Mapping[int, str], *, answered: bool
) -> tuple[Result, ...]:
    """ActionArgumentSimple or ActionResultSimple; the answer to a data request may hold a report (A.11.5)."""
    handle = cursor.u16()
    action = cursor.u16()
    information = cursor.inside("action-info-args")
    name = nom.named(nom.ACTIONS, action)
    # DataResponse: a time, a result, an event and its information.
    if answered and action == nom.ACT_DATA_REQUEST and information.left >= 10:
        information.skip(6)
        event = information.u16()
        report = information.inside("event-info")
        if event in nom.REPORTS and report.left:
            return _report(kind, server, invoke_id, handle, event, report, measures, name)
    return (DataMessage(kind=kind, sender_is_server=server, invoke_id=invoke_id, handle=handle, action=name),)


# --- attributes of the device (6.3.2, annex A.11) ---


def read_identity(attributes: Iterator[tuple[int, Cursor]]) -> Identity:
    """What the attributes of a medical device system say."""
    system_id = manufacturer = model = clock = power = ""
    specifications: tuple[Specification, ...] = ()
    specializations: dict[str, None] = {}
    config_id = 0
    for identifier, inside in attributes:
        if identifier == nom.ATTR_SYS_ID:
            system_id = inside.octets()[:SYSTEM_ID_LIMIT_BYTES].hex()
        elif identifier == nom.ATTR_ID_MODEL:
            manufacturer, model = text(inside.octets()), text(inside.octets())
        elif identifier == nom.ATTR_ID_PROD_SPECN:
            specifications = read_specifications(inside)
        elif identifier == nom.ATTR_SYS_TYPE_SPEC_LIST:
            count, listed = inside.listed("system-type-spec-list")
            for _ in range(min(count, ELEMENTS_LIMIT)):
                specializations[nom.named(nom.SPECIALIZATIONS, listed.u16())] = None
                listed.skip(2)
        elif identifier == nom.ATTR_SYS_TYPE:
            partition, code = inside.u16(), inside.u16()
            if partition == nom.PART_INFRA:
                specializations.setdefault(nom.named(nom.SPECIALIZATIONS, code))
        elif identifier == nom.ATTR_DEV_CONFIG_ID:
            config_id = inside.u16()
        elif identifier == nom.ATTR_MDS_TIME_INFO:
            clock = f"{inside.u16():#06x} {inside.u16()}"
        elif identifier == nom.ATTR_POWER_STAT:
            bits = inside.u16()
            power = next((name for bit, name in _POWER if bits & bit), "")
    return Identity(
        system_id=system_id,
        manufacturer=manufacturer,
        model=model,
        specifications=specifications,
        specializations=tuple(specializations),
        config_id=config_id,
        clock=clock,
        power=power,
    )


def read_specifications(cursor: Cursor) -> tuple[Specification, ...]:
    """ProductionSpec: for each entry a kind, a component and a text."""
    count, listed = cursor.listed("production-specification")
    found = []
    for _ in range(min(count, ATTRIBUTES_LIMIT)):
        kind, component = listed.u16(), listed.u16()
        said = text(listed.octets())
        if said:
            name = nom.SPECIFICATIONS.get(kind) or f"specification_{kind}"
            found.append(Specification(kind=name, component=component, text=said))
    return tuple(found)
