"""Philips IntelliVue data export: bedside monitors say who they are, and answer polls; over UDP.

In: one datagram. Out: one message. Numbers and structures are those of Philips' "Data Export Interface Programming
Guide", which are IEEE 11073's in MDER under the session headers of ISO 8327-1. Readings, alarms and everything of
patients are stepped over: only which class of objects was polled.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final

from asepsis.kernel.value import value
from asepsis.protocols.fields import MalformedError, facts_of, ip, mac, text
from asepsis.protocols.masking import printable_text
from asepsis.protocols.mder import ATTRIBUTES_LIMIT, Cursor
from asepsis.protocols.message import Dissector, Malformed, Result
from asepsis.protocols.phd.messages import Specification
from asepsis.protocols.phd.reading import read_specifications

# "Association Control Messages": the session's SI, the first byte.
_SESSION: Final = {
    0x0D: "Association Request",
    0x0E: "Association Response",
    0x0C: "Refuse",
    0x09: "Release Request",
    0x0A: "Release Response",
    0x19: "Association Abort",
}
_ASKS: Final = {0x0D: False, 0x0E: True, 0x0C: True, 0x09: False, 0x0A: True}
# The end of the presentation header, where the user data begin.
_USER_DATA: Final = b"\x02\x01\x02\x81"
_DATA: Final = b"\xe1\x00\x00\x02"
_INDICATION: Final = b"\x00\x00\x01\x00"

# "Remote Operation Headers" and their commands.
_OPERATIONS: Final = {1: "ROIV", 2: "RORS", 3: "ROER", 5: "ROLRS"}
_COMMANDS: Final = {
    0: "EVENT_REPORT",
    1: "CONFIRMED_EVENT_REPORT",
    3: "GET",
    4: "SET",
    5: "CONFIRMED_SET",
    7: "CONFIRMED_ACTION",
}
_EVENT_REPORTS: Final = (0, 1)
_CONFIRMED_ACTION: Final = 7
_LINKED: Final = 5

NOTI_MDS_CREAT = 3334
NOTI_CONN_INDIC = 3351
ACT_POLL = 3094
ACT_POLL_EXT = 61755
_EVENTS: Final = {NOTI_MDS_CREAT: "NOTI_MDS_CREAT", NOTI_CONN_INDIC: "NOTI_CONN_INDIC"}
_ACTIONS: Final = {ACT_POLL: "ACT_POLL_MDIB_DATA", ACT_POLL_EXT: "ACT_POLL_MDIB_DATA_EXT"}

# Classes of objects that can be polled.
PATIENT_DEMOGRAPHICS = 42
_CLASSES: Final = {
    6: "MOC_VMO_METRIC_NU",
    9: "MOC_VMO_METRIC_SA_RT",
    33: "MOC_VMS_MDS",
    PATIENT_DEMOGRAPHICS: "MOC_PT_DEMOG",
    54: "MOC_VMO_AL_MON",
}

_SYSTEM_TYPES: Final = {0x80000000: "client", 0x00800000: "server"}
_STARTUP_MODES: Final = {0x80000000: "hot", 0x40000000: "warm", 0x20000000: "cold"}

# Attributes of the system that are read.
# The create event has the bed's label as a string with its length, the connect indication as signs alone.
_BED_LABEL, _BED_LABEL_ALONE = 0x091E, 0xF135
_MODEL, _PRODUCTION, _SYSTEM_ID, _SYSTEM_TYPE = 0x0928, 0x092D, 0x0984, 0x0986
_NETWORK_ADDRESS, _PROTOCOLS = 0xF100, 0xF101
# A system id has 8 bytes; some write two of them.
_IDENTIFIER_LIMIT_BYTES = 16
# Application protocol ACSE, transport protocol UDP.
_ASSOCIATIONS_OVER_UDP: Final = (1, 1)


@value
class IntelliVue:
    """One datagram."""

    PROTOCOL: ClassVar[str] = "intellivue"

    kind: str
    """``Connect Indication``, ``Association Request`` ..., or operation and command: ``ROIV CONFIRMED_ACTION``."""
    sender_is_server: bool | None = None
    """The monitor serves."""
    system_type: str = ""
    """Of an association: ``client`` or ``server``."""
    startup_mode: str = ""
    event: str = ""
    action: str = ""
    polled: str = ""
    """The class of objects that was polled: ``MOC_VMO_METRIC_NU``."""
    patient_data_in_clear: bool = False
    """A monitor answered a poll for the patient's demographics."""
    system_id: str = ""
    device: str = ""
    """``partition:code`` of what the system is: ``1:4429`` is a physiological monitor of several parameters."""
    manufacturer: str = ""
    model: str = ""
    bed_label: str = ""
    """Where it stands, as the ward calls the place."""
    mac: str = ""
    ip: str = ""
    ports: tuple[int, ...] = ()
    """UDP ports at which it takes associations."""
    specifications: tuple[Specification, ...] = ()

    def facts(self) -> dict[str, Any]:
        """Everything but the kind; specifications by their names."""
        facts = _facts(self)
        for one in self.specifications:
            facts.setdefault(one.kind, one.text)
        return facts


_facts: Final = facts_of(IntelliVue, without=("kind", "sender_is_server", "specifications"))


def read(payload: bytes) -> Sequence[Result]:
    """Reads one datagram."""
    try:
        head = payload[:4]
        if head == _DATA:
            return (_operation(Cursor(payload, at=4, where="remote operation")),)
        if head == _INDICATION:
            return (_indication(Cursor(payload, at=4, where="connect indication")),)
        if payload and payload[0] in _SESSION:
            return (_session(payload),)
    except MalformedError as error:
        return (Malformed(protocol="intellivue", where=error.where, why=error.why),)
    return (Malformed(protocol="intellivue", where="session header", why=f"begins with {payload[:4].hex()}"),)


def _session(payload: bytes) -> IntelliVue:
    """Requests and responses carry what the sender is; the others say all by their kind."""
    kind = payload[0]
    place = payload.find(_USER_DATA) if kind in (0x0D, 0x0E) else -1
    if place < 0:
        return IntelliVue(kind=_SESSION[kind], sender_is_server=_ASKS.get(kind))
    cursor = Cursor(payload, at=place + len(_USER_DATA), where="MDSEUserInfoStd")
    length = cursor.u8()
    if length & 0x80:
        cursor.skip(length & 0x7F)
    cursor.skip(12)  # versions of protocol and nomenclature, functional units
    return IntelliVue(
        kind=_SESSION[kind],
        sender_is_server=_ASKS[kind],
        system_type=_SYSTEM_TYPES.get(cursor.u32(), ""),
        startup_mode=_STARTUP_MODES.get(cursor.u32(), ""),
    )


def _indication(cursor: Cursor) -> IntelliVue:
    """An event report without a session, to everybody."""
    cursor.skip(4)  # ROIV and its length
    cursor.skip(6)  # invoke id, command, length
    cursor.skip(6)  # the object
    cursor.skip(4)  # the time
    event = cursor.u16()
    cursor.skip(2)
    if event != NOTI_CONN_INDIC:
        raise MalformedError("connect indication", f"event {event} is none")
    return _system("Connect Indication", _EVENTS[event], cursor)


def _operation(cursor: Cursor) -> IntelliVue:
    operation = cursor.u16()
    cursor.skip(2)
    name = _OPERATIONS.get(operation)
    if name is None:
        raise MalformedError("remote operation", f"{operation} is none")
    if operation == _LINKED:
        cursor.skip(2)  # first, middle or last of several, and its count
    cursor.skip(2)  # invoke id
    command = cursor.u16()
    kind = f"{name} {_COMMANDS.get(command) or command}"
    cursor.where = kind
    if operation == 3:
        return IntelliVue(kind=kind)
    cursor.skip(2)
    monitor_sends = (operation == 1) == (command in _EVENT_REPORTS)
    if command in _EVENT_REPORTS:
        cursor.skip(10)  # the object and the time
        event = cursor.u16()
        cursor.skip(2)
        if event == NOTI_MDS_CREAT and operation == 1:
            cursor.skip(6)  # the object once more
            return _system(kind, _EVENTS[event], cursor)
        return IntelliVue(kind=kind, sender_is_server=monitor_sends, event=_EVENTS.get(event) or str(event))
    if command != _CONFIRMED_ACTION:
        return IntelliVue(kind=kind, sender_is_server=monitor_sends)
    # The argument has a scope behind the object, the result has none.
    cursor.skip(10 if operation == 1 else 6)
    action = cursor.u16()
    cursor.skip(2)
    polled = 0
    if action in _ACTIONS:
        cursor.skip(2)  # the poll's number
        if operation != 1:
            cursor.skip(12 if action == ACT_POLL else 14)  # sequence number, relative and absolute time
        cursor.skip(2)  # the partition
        polled = cursor.u16()
    return IntelliVue(
        kind=kind,
        sender_is_server=monitor_sends,
        action=_ACTIONS.get(action) or str(action),
        polled=(_CLASSES.get(polled) or str(polled)) if polled else "",
        patient_data_in_clear=polled == PATIENT_DEMOGRAPHICS and operation != 1,
    )


def _system(kind: str, event: str, cursor: Cursor) -> IntelliVue:
    """The attributes of a system: connect indication and create event of the medical device system."""
    said: dict[str, str] = {}
    ports: dict[int, None] = {}
    specifications: tuple[Specification, ...] = ()
    for identifier, inside in cursor.attributes(kind):
        if identifier == _MODEL:
            said["manufacturer"], said["model"] = text(inside.octets()), text(inside.octets())
        elif identifier in (_BED_LABEL, _BED_LABEL_ALONE):
            signs = inside.octets() if identifier == _BED_LABEL else inside.take(inside.left)
            label = printable_text(signs.decode("utf-16-be", "replace").strip("\0 "))
            if label:
                said["bed_label"] = label
        elif identifier == _SYSTEM_ID:
            said["system_id"] = inside.octets()[:_IDENTIFIER_LIMIT_BYTES].hex()
        elif identifier == _SYSTEM_TYPE:
            said["device"] = f"{inside.u16()}:{inside.u16()}"
        elif identifier == _PRODUCTION:
            specifications = _specifications(inside)
        elif identifier == _NETWORK_ADDRESS:
            said["mac"], said["ip"] = mac(inside.take(6)), ip(inside.take(4))
        elif identifier == _PROTOCOLS:
            count, listed = inside.listed("protocols")
            for _ in range(min(count, ATTRIBUTES_LIMIT)):
                application, transport, port = listed.u16(), listed.u16(), listed.u16()
                listed.skip(2)
                if (application, transport) == _ASSOCIATIONS_OVER_UDP:
                    ports[port] = None
    return IntelliVue(
        kind=kind,
        sender_is_server=True,
        event=event,
        system_id=said.get("system_id", ""),
        device=said.get("device", ""),
        manufacturer=said.get("manufacturer", ""),
        model=said.get("model", ""),
        bed_label=said.get("bed_label", ""),
        mac=said.get("mac", ""),
        ip=said.get("ip", ""),
        ports=tuple(ports),
        specifications=specifications,
    )


def _specifications(cursor: Cursor) -> tuple[Specification, ...]:
    """Monitors cut the list where their message is full: what came whole holds."""
    try:
        return read_specifications(cursor)
    except MalformedError:
        return ()


DISSECTOR = Dissector(protocol="intellivue", datagram=read)
