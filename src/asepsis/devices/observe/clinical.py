"""HL7 v2: which application sends what kind of message, which device observed, and what it measures."""

from __future__ import annotations

import re
from collections.abc import Hashable
from functools import lru_cache

from asepsis.devices.actors import ANALYSER_RESULTS, HL7, VITAL_SIGNS
from asepsis.devices.clue import Attribute
from asepsis.devices.observe.say import HINTED, REPORTED, Reader, Say
from asepsis.devices.observe.udis import say_udi
from asepsis.knowledge.table import find, table
from asepsis.knowledge.vocabulary import Category, Role
from asepsis.protocols.hl7.messages import Equipment, Hl7Message

# HL7 v2.9 table 0076: messages that carry results and observations.
_RESULTS = frozenset(("ORU", "OUL", "ORF", "OPU"))
# HL7 v2.9 7.3.12: the specimen-oriented result that analysers send (IHE LAW).
_ANALYSER_RESULT = "OUL"
# A device that describes itself in observations (``Equipment.source``).
_DESCRIBED = "OBX-5"
# Fields that name the device which observed (HL7 v2.9 7.4.2.18, 7.3.4.10): a UDI belongs there.
_OBSERVERS = frozenset(("OBX-18", "PRT-10", "PRT-16", _DESCRIBED))
# Kinds of identifiers that name an interface or an object, and are no UDI (HL7 table 0301).
_OTHER_IDENTIFIERS = frozenset(("EUI-64", "EUI-48", "ISO", "UUID", "GUID", "DNS", "URI"))
# An EUI-48 or EUI-64 in hexadecimal digits, with or without separators.
_INTERFACE_IDENTIFIER = re.compile(r"[0-9A-Fa-f]{12}(?:[0-9A-Fa-f]{4})?")
# Texts of the standard's own examples, which test systems leave in place.
_PLACEHOLDERS = frozenset(("sending_application", "sendingapp", "receiving_application", "receivingapp"))
# A sending application of two signs is an abbreviation that many names begin with.
_SHORTEST_NAME = 4
_EQUIPMENT_LIMIT = 4
_CODES_LIMIT = 16
_CODES = table("observation_codes")
# Names in ``Equipment.attributes`` -> ours.
_ATTRIBUTES = {
    "serial": Attribute.SERIAL,
    "model": Attribute.MODEL,
    "software_version": Attribute.FIRMWARE,
    "firmware_version": Attribute.FIRMWARE,
}
# ISO/IEEE 11073-10101 A.8: the volatile agents; with airway pressure or flow and without an ECG they are measured where
# they are given. A bedside monitor with a gas module sends an ECG as well.
_AGENTS = tuple(f"MDC_CONC_AWAY_{agent}" for agent in ("DESFL", "ENFL", "HALOTH", "SEVOFL", "ISOFL"))
_AIRWAY = ("MDC_PRESS_AWAY", "MDC_VENT_", "MDC_VOL_AWAY", "MDC_FLOW_AWAY", "MDC_RESP_RATE")
_HEART = ("MDC_ECG_", "MDC_PULS_")
_ANAESTHESIA = "MDC_DEV_SYS_ANESTH"
# Message types of HL7 v2.9 table 0076 have three letters.
_TYPE_LENGTH = 3


def _hl7(message: Hl7Message) -> Hashable:
    header, observations, orders = message.header, message.observations, message.orders
    return (
        *(header.sending_application, header.sending_facility, header.message_type),
        *(message.acknowledgment is None, message.equipment, message.software),
        _kind(() if observations is None else observations.identifiers),
        _kind(() if observations is None else observations.identifiers, "^LN") if message.equipment else "",
        _kind(() if orders is None else orders.services),
        _named(() if observations is None else observations.references),
    )


@lru_cache(maxsize=1 << 10)
def _named(references: tuple[str, ...]) -> str:
    """The reference identifier that tells what kind of device observes; "" where none does."""
    for reference in references:
        if _CODES.find(reference) is not None:
            return reference
    if (
        any(one.startswith(_AGENTS) for one in references)
        and any(one.startswith(_AIRWAY) for one in references)
        and not any(one.startswith(_HEART) for one in references)
    ):
        return _ANAESTHESIA
    return ""


def _kind(identifiers: tuple[str, ...], system: str = "^MDC") -> str:
    """The first of some codes that tells what kind of device measures it; "" where none does."""
    for identifier in identifiers[:_CODES_LIMIT]:
        if identifier.endswith(system) and _CODES.find(identifier) is not None:
            return identifier
    return ""


def _is_own(application: str, universal_id: str, one: Equipment) -> bool:
    """Whether the device that observed is the application that sends: by its universal id, or by its name."""
    if universal_id and universal_id in (one.universal_id, one.identifier):
        return True
    name = _squeezed(application)
    if len(name) < _SHORTEST_NAME:
        return False
    return any(_squeezed(text).startswith(name) for text in (one.identifier, dict(one.attributes).get("model", "")))


def _squeezed(text: str) -> str:
    """``Rapid Point 500`` and ``RAPIDPOINT500`` are one name."""
    return "".join(text.split()).casefold()


def _application(field: str) -> str:
    """The name in a hierarchic designator (HL7 v2.9 2A.3.36); empty for the standard's own examples."""
    name = field.split("^", 1)[0]
    return "" if name.lower() in _PLACEHOLDERS else name


def _explain_hl7(message: Hl7Message, say: Say) -> None:
    header = message.header
    application = _application(header.sending_application)
    if application:
        say.that(Attribute.NAME, application, REPORTED)
        facility = _application(header.sending_facility)
        both = find("hl7_applications", f"{application}|{facility}")
        if both is not None and both.fact.kind == "facility":
            say.known("hl7_applications", f"{application}|{facility}")
            say.that(Attribute.MODEL, facility, both.fact.weight)
        else:
            say.known("hl7_applications", application)
        say.known("products", application, 0.6)
    if message.acknowledgment is not None or header.message_type == "ACK":
        say.that(Attribute.ROLE, Role.HL7_RECEIVER, 0.6)
        return
    results = header.message_type in _RESULTS
    say.that(Attribute.ROLE, Role.HL7_RESULT_SENDER if results else Role.HL7_SENDER, 0.6)
    if header.message_type == _ANALYSER_RESULT:
        say.that(Attribute.CATEGORY, Category.LAB_ANALYSER, 0.45)
    if len(header.message_type) == _TYPE_LENGTH:
        say.transacts(f"{HL7} {header.message_type}")
    # A device may be named by an identifier and describe itself in observations: that is one device.
    devices = len({one.identifier for one in message.equipment if one.identifier})
    devices = max(devices, sum(one.source == _DESCRIBED for one in message.equipment))
    # One device in a message is most likely the one that sends; of several, the sender is at most a gateway.
    factor = 1.0 if devices <= 1 else 0.4
    observed = message.observations
    kind = "" if observed is None else (_named(observed.references) or _kind(observed.identifiers))
    if results:
        say.known("observation_codes", kind, factor)
        say.known("observation_codes", "" if message.orders is None else _kind(message.orders.services), factor)
    # What an order speaks of is done by whoever receives it.
    for one in message.equipment[:_EQUIPMENT_LIMIT]:
        _explain_equipment(one, say, 0.6 * factor)
    universal_id = header.sending_application.partition("^")[2].partition("^")[0]
    own = [one for one in message.equipment if one.source in _OBSERVERS and _is_own(application, universal_id, one)]
    if results and devices == 1 and observed is not None and _of_patient(kind):
        say.transacts(VITAL_SIGNS)
    if results and own and devices == 1:
        # The instrument itself sends, so what was observed tells what it is. A laboratory's system sends the same
        # codes, but under its own name.
        named = own[0].universal_id_type not in _OTHER_IDENTIFIERS  # else the text is this unit's own name
        named = named and own[0].source != _DESCRIBED
        if own[0].udi is None and named and not _INTERFACE_IDENTIFIER.fullmatch(_digits(own[0].identifier)):
            say.that(Attribute.MODEL, own[0].identifier, REPORTED)
        if observed is not None:
            laboratory = _kind(observed.identifiers, "^LN")
            say.known("observation_codes", laboratory)
            if laboratory:
                say.transacts(ANALYSER_RESULTS)
    for software in message.software:
        say.made_by(software.vendor, REPORTED)
        say.that(Attribute.MODEL, software.product, REPORTED)
        say.that(Attribute.FIRMWARE, software.version, REPORTED)
        say.known("products", software.product, 0.6)


def _of_patient(kind: str) -> bool:
    """Whether what is observed is what a monitor at the bedside observes."""
    match = find("observation_codes", kind) if kind else None
    return match is not None and match.fact.category == Category.PATIENT_MONITOR


def _of_receiver(message: Hl7Message) -> Hashable:
    if message.acknowledgment is not None or message.header.message_type == "ACK":
        return None
    return message.header.receiving_application


def _explain_receiver(message: Hl7Message, say: Say) -> None:
    say.of_receiver(Attribute.ROLE, Role.HL7_RECEIVER, HINTED)  # its acknowledgment says it
    say.of_receiver(Attribute.NAME, _application(message.header.receiving_application), HINTED)


def _explain_equipment(one: Equipment, say: Say, weight: float) -> None:
    if one.udi is not None:
        say_udi(say, one.identifier, weight, one.udi)
    elif _may_be_udi(one):
        say_udi(say, one.identifier, weight)
    else:
        say.known("products", one.identifier, weight)
    for name, text in one.attributes:
        attribute = _ATTRIBUTES.get(name)
        if attribute is not None:
            say.that(attribute, text, weight)
        elif name == "manufacturer":  # DEV-5
            say.made_by(text, weight)
        if name in ("model", "brand"):  # DEV-7, DEV-6
            say.known("products", text, weight)


def _may_be_udi(one: Equipment) -> bool:
    """Whether a field for a device's identifier holds one that follows no format of a UDI, and may be one all the same.

    An assigning authority or a type of identifier beside it says that it is something else: an inventory number, a
    name, the address of an interface (HL7 v2.9 2A.3.27, table 0301).
    """
    if not one.identifier or one.source not in _OBSERVERS or one.universal_id_type in _OTHER_IDENTIFIERS:
        return False
    if one.source == "OBX-18" and (one.namespace or one.universal_id):
        return False
    return not _INTERFACE_IDENTIFIER.fullmatch(_digits(one.identifier))


def _digits(identifier: str) -> str:
    return identifier.replace("-", "").replace(":", "")


READERS: dict[type, Reader] = {
    Hl7Message: Reader(_hl7, _explain_hl7, partner=True, receiver=Reader(_of_receiver, _explain_receiver)),
}
