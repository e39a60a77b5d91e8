"""Devices at the patient that say what they are: personal health devices (IEEE 11073-20601), IntelliVue monitors."""

from __future__ import annotations

from collections.abc import Hashable

from asepsis.devices.clue import Attribute, Claim
from asepsis.devices.observe.say import ANNOUNCED, HINTED, STATED, Reader, Say
from asepsis.knowledge.vocabulary import Category, Role
from asepsis.protocols.ansar import Ansar
from asepsis.protocols.intellivue import IntelliVue
from asepsis.protocols.phd import Association, DataMessage, Identity, Specification

# ISO/IEEE 11073-10101: a physiological monitor of several parameters, as a system (MDS).
_MULTI_PARAMETER_MONITOR = "1:4429"
_SPECIALIZATIONS_LIMIT = 8


# --- personal health devices ---


def _association(message: Association) -> Hashable:
    # Which configuration a device proposes may change by the day; what it is does not.
    return message.kind, message.system_type, message.system_id, message.specialization


def _explain_association(message: Association, say: Say) -> None:
    if message.kind == "AARE" or message.system_type == "manager":
        # A manager may be a hub at home, a workstation or a server: only that it takes readings is certain.
        say.that(Attribute.CATEGORY, Category.REMOTE_MONITORING_HUB, HINTED)
        return
    say.that(Attribute.ROLE, Role.MEDICAL_DATA_SOURCE, 0.7)
    say.that(Attribute.CATEGORY, Category.MEDICAL_DEVICE, 0.6)
    if any(sign != "0" for sign in message.system_id):
        say.that(Attribute.IDENTIFIER, f"eui-64 {message.system_id}", STATED)
    say.known("phd_specializations", message.specialization)


def _data(message: DataMessage) -> Hashable:
    # Readings say no more than that readings are sent: one of each kind of sender is enough.
    types = tuple(dict.fromkeys([one.type for one in message.objects]))
    return message.sender_is_server, message.identity, message.specialization, types


def _explain_data(message: DataMessage, say: Say) -> None:
    if message.sender_is_server is not False:
        return
    say.that(Attribute.ROLE, Role.MEDICAL_DATA_SOURCE, 0.7)
    say.that(Attribute.CATEGORY, Category.MEDICAL_DEVICE, 0.5)
    say.known("phd_specializations", message.specialization)
    if message.identity is not None:
        _explain_identity(message.identity, say)


def _explain_identity(identity: Identity, say: Say) -> None:
    say.made_by(identity.manufacturer, STATED)
    say.that(Attribute.MODEL, identity.model, STATED)
    say.known("products", identity.model)
    for name in identity.specializations[:_SPECIALIZATIONS_LIMIT]:
        say.known("phd_specializations", name)
    _explain_specifications(identity.specifications, say)


def _explain_specifications(specifications: tuple[Specification, ...], say: Say) -> None:
    """Serial number and what runs inside; of several components the first is the device itself."""
    first: dict[str, str] = {}
    for one in specifications:
        first.setdefault(one.kind, one.text)
    say.that(Attribute.SERIAL, first.get("serial_number", ""), STATED)
    running = first.get("firmware_revision", "")
    # Devices without firmware of their own fill the field with dashes.
    if not running.strip("- "):
        running = first.get("software_revision", "")
    say.that(Attribute.FIRMWARE, running, STATED)


# --- IntelliVue ---


def _intellivue(message: IntelliVue) -> Hashable:
    if not message.model and not message.system_type:
        return (message.sender_is_server,)
    return (
        *(message.sender_is_server, message.system_type, message.manufacturer, message.model, message.bed_label),
        *(message.device, message.mac, message.ip, message.specifications),
    )


def _explain_intellivue(message: IntelliVue, say: Say) -> None:
    if message.sender_is_server is False:
        # What asks a monitor for its readings is a gateway, a central station or a programme of a researcher.
        say.that(Attribute.CATEGORY, Category.DEVICE_GATEWAY, HINTED)
        return
    if message.sender_is_server is None:
        return
    say.that(Attribute.ROLE, Role.MEDICAL_DATA_SOURCE, 0.7)
    say.that(Attribute.CATEGORY, Category.PATIENT_MONITOR, 0.7 if message.device == _MULTI_PARAMETER_MONITOR else 0.55)
    say.made_by(message.manufacturer, STATED)
    say.that(Attribute.MODEL, message.model, STATED)
    say.known("products", message.model)
    say.that(Attribute.NAME, message.bed_label, ANNOUNCED)
    _explain_specifications(message.specifications, say)
    if message.mac and message.ip and message.ip == say.sender[1]:
        say.tied(message.mac, message.ip, Claim.SELF)


# --- serial ports behind a device server ---


def _ansar(message: Ansar) -> Hashable:
    # Which parameters a monitor shows changes with the patient; that it shows some does not.
    return bool(message.parameters)


def _explain_ansar(message: Ansar, say: Say) -> None:
    # The address is the device server's. The monitor behind it has none, and writes no name of its own.
    if message.parameters:
        say.that(Attribute.ROLE, Role.MEDICAL_DATA_SOURCE, 0.7)
        say.that(Attribute.CATEGORY, Category.DEVICE_GATEWAY, 0.6)


READERS: dict[type, Reader] = {
    Ansar: Reader(_ansar, _explain_ansar),
    Association: Reader(_association, _explain_association),
    DataMessage: Reader(_data, _explain_data),
    IntelliVue: Reader(_intellivue, _explain_intellivue),
}
