"""Laboratory analysers and point-of-care devices: ASTM/LIS02 headers, POCT1-A hellos, and who takes their results."""

from __future__ import annotations

from collections.abc import Hashable

from asepsis.devices.actors import ANALYSER_RESULTS
from asepsis.devices.clue import Attribute
from asepsis.devices.observe.say import HINTED, REPORTED, STATED, Reader, Say, host_name
from asepsis.knowledge.table import find
from asepsis.knowledge.vocabulary import Category, Role
from asepsis.protocols.astm import BioMerieuxMessage, LisMessage, PrintOut
from asepsis.protocols.poct1a import Poct1a

_COMPONENTS = {
    "name": Attribute.NAME,
    "model": Attribute.MODEL,
    "version": Attribute.FIRMWARE,
    "serial": Attribute.SERIAL,
}

# --- ASTM E1394, CLSI LIS02 ---


def _lis(message: LisMessage) -> Hashable:
    return message.kind, message.sender, message.receiver


def _explain_lis(message: LisMessage, say: Say) -> None:
    sender = "^".join(message.sender)
    if message.kind not in ("results", "query"):
        # Orders come from the laboratory's system or what stands before it; a header alone says nothing of its sender.
        say.that(Attribute.NAME, host_name(message.sender[0]) if message.sender else "", REPORTED)
        if message.kind == "orders":
            say.of_receiver(Attribute.CATEGORY, Category.LAB_ANALYSER, 0.35)
        return
    say.that(Attribute.ROLE, Role.MEDICAL_DATA_SOURCE, 0.6)
    # Middleware passes on results in the same format, mostly under its own name.
    say.that(Attribute.CATEGORY, Category.LAB_ANALYSER, 0.5)
    if message.kind == "results":
        say.transacts(ANALYSER_RESULTS)
    say.of_receiver(Attribute.NAME, host_name(message.receiver), HINTED)
    match = find("lis_senders", sender) if sender else None
    if match is None:
        say.that(Attribute.NAME, host_name(message.sender[0]) if message.sender else "", REPORTED)
        say.known("products", sender)
        return
    say.known("lis_senders", sender)
    for place, said in zip(match.fact.kind.split(), message.sender, strict=False):
        attribute = _COMPONENTS.get(place)
        if attribute is not None:
            say.that(attribute, said, REPORTED if attribute is Attribute.NAME else match.fact.weight)


def _biomerieux(message: BioMerieuxMessage) -> Hashable:
    return message.kind


def _explain_biomerieux(message: BioMerieuxMessage, say: Say) -> None:
    if message.kind == "mtrsl":
        say.that(Attribute.ROLE, Role.MEDICAL_DATA_SOURCE, 0.6)
        say.that(Attribute.CATEGORY, Category.LAB_ANALYSER, 0.6)
        say.made_by("bioMérieux", 0.6)
    else:
        say.of_receiver(Attribute.CATEGORY, Category.LAB_ANALYSER, 0.4)


def _print_out(message: PrintOut) -> Hashable:
    return message.tests > 0


def _explain_print_out(message: PrintOut, say: Say) -> None:
    # The form is known of one product; others may print alike.
    if message.tests:
        say.that(Attribute.ROLE, Role.MEDICAL_DATA_SOURCE, 0.6)
        say.that(Attribute.CATEGORY, Category.LAB_ANALYSER, 0.6)
        say.made_by("Arkray", REPORTED)


# --- POCT1-A ---


def _poct1a(message: Poct1a) -> Hashable:
    return (
        *(message.sender_is_server, message.device_id, message.vendor_id, message.model_id, message.serial_id),
        *(message.manufacturer_name, message.sw_version, message.device_name),
    )


def _explain_poct1a(message: Poct1a, say: Say) -> None:
    if message.sender_is_server is None:
        return
    if message.sender_is_server:
        # The standard's name is data manager; it stands between the devices and the laboratory's system.
        say.that(Attribute.CATEGORY, Category.LAB_MIDDLEWARE, 0.5)
        return
    say.that(Attribute.ROLE, Role.MEDICAL_DATA_SOURCE, 0.6)
    say.that(Attribute.CATEGORY, Category.MEDICAL_DEVICE, 0.5)
    say.of_receiver(Attribute.CATEGORY, Category.LAB_MIDDLEWARE, 0.4)
    say.transacts(ANALYSER_RESULTS)
    if message.manufacturer_name:
        say.made_by(message.manufacturer_name, STATED)
    else:
        say.known_maker(message.vendor_id, 0.5)
    model = message.model_id or message.device_name
    say.that(Attribute.MODEL, model, 0.6)
    say.that(Attribute.SERIAL, message.serial_id, STATED)
    say.that(Attribute.FIRMWARE, message.sw_version, STATED)
    if message.model_id:
        say.that(Attribute.NAME, host_name(message.device_name), REPORTED)
    say.known("products", f"{message.manufacturer_name} {message.device_name} {message.model_id}")


READERS: dict[type, Reader] = {
    LisMessage: Reader(_lis, _explain_lis, partner=True),
    BioMerieuxMessage: Reader(_biomerieux, _explain_biomerieux, partner=True),
    PrintOut: Reader(_print_out, _explain_print_out),
    Poct1a: Reader(_poct1a, _explain_poct1a, partner=True),
}
