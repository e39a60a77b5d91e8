"""HL7 v2: which application sends what kind of message, and which devices it names as the source of observations."""

from __future__ import annotations

from collections.abc import Hashable

from asepsis.devices.clue import Attribute
from asepsis.devices.observe.say import HINTED, REPORTED, Reader, Say
from asepsis.devices.observe.udis import say_udi
from asepsis.knowledge.vocabulary import Role
from asepsis.protocols.hl7.messages import Hl7Message

# HL7 v2.9 table 0076: messages that carry results and observations.
_RESULTS = frozenset(("ORU", "OUL", "ORF", "OPU"))
# Fields that name the device which observed (HL7 v2.9 7.4.2.18, 7.3.4.10): a UDI belongs there.
_OBSERVERS = frozenset(("OBX-18", "PRT-10", "PRT-16"))
# Texts of the standard's own examples, which test systems leave in place.
_PLACEHOLDERS = frozenset(("sending_application", "sendingapp", "receiving_application", "receivingapp"))
_EQUIPMENT_LIMIT = 4
# Names in ``Equipment.attributes`` -> ours.
_ATTRIBUTES = {
    "serial_number": Attribute.SERIAL,
    "serial": Attribute.SERIAL,
    "model": Attribute.MODEL,
    "model_identifier": Attribute.MODEL,
    "software_version": Attribute.FIRMWARE,
}


def _hl7(message: Hl7Message) -> Hashable:
    header = message.header
    return (
        *(header.sending_application, header.receiving_application, header.message_type),
        *(message.acknowledgment is None, message.equipment, message.software),
    )


def _explain_hl7(message: Hl7Message, say: Say) -> None:
    header = message.header
    if header.sending_application.lower() not in _PLACEHOLDERS:
        say.that(Attribute.NAME, header.sending_application, REPORTED)
        say.known("hl7_applications", header.sending_application)
        say.known("products", header.sending_application, 0.6)
    if message.acknowledgment is not None or header.message_type == "ACK":
        say.that(Attribute.ROLE, Role.HL7_RECEIVER, 0.6)
    else:
        results = header.message_type in _RESULTS
        say.that(Attribute.ROLE, Role.HL7_RESULT_SENDER if results else Role.HL7_SENDER, 0.6)
        say.of_receiver(Attribute.ROLE, Role.HL7_RECEIVER, 0.5)
        if header.receiving_application.lower() not in _PLACEHOLDERS:
            say.of_receiver(Attribute.NAME, header.receiving_application, HINTED)
    _explain_equipment(message, say)
    for software in message.software:
        say.made_by(software.vendor, REPORTED)
        say.that(Attribute.MODEL, software.product, REPORTED)
        say.that(Attribute.FIRMWARE, software.version, REPORTED)
        say.known("products", software.product, 0.6)


def _explain_equipment(message: Hl7Message, say: Say) -> None:
    equipment = message.equipment[:_EQUIPMENT_LIMIT]
    # One device in a message is most likely the one that sends; of several, the sender is at most a gateway.
    weight = 0.6 if len(message.equipment) == 1 else HINTED
    for one in equipment:
        if one.source in _OBSERVERS or one.udi is not None:
            say_udi(say, one.identifier, weight, one.udi)
        else:
            say.known("products", one.identifier, weight)
        for name, text in one.attributes:
            attribute = _ATTRIBUTES.get(name)
            if attribute is not None:
                say.that(attribute, text, weight)


READERS: dict[type, Reader] = {Hl7Message: Reader(_hl7, _explain_hl7, partner=True)}
