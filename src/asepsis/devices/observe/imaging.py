"""DICOM: what kind of scanner, archive or workstation speaks, by whom it was made, and by which title it is called.

The sender of an image may only forward it, so what an image says of its machine is worth less than what a machine
says of itself (a performed procedure step, its own worklist query), and contradicts itself where several machines'
images are forwarded.
"""

from __future__ import annotations

from collections.abc import Hashable

from asepsis.devices.clue import Attribute
from asepsis.devices.observe.say import ANNOUNCED, HINTED, STATED, Reader, Say
from asepsis.devices.observe.udis import say_udi
from asepsis.knowledge.table import find
from asepsis.knowledge.vocabulary import Category, Role
from asepsis.protocols.dicom.messages import Association, DataSet, DimseMessage

# Titles that programs of the DCMTK, dcm4che and pynetdicom toolkits bear until somebody configures them.
_DEFAULT_TITLES = frozenset(
    (
        "ANY-SCP",
        "ANYSCP",
        "ANY-SCU",
        "STORESCU",
        "STORESCP",
        "FINDSCU",
        "MOVESCU",
        "GETSCU",
        "ECHOSCU",
        "PYNETDICOM",
        "DCMTK",
    )
)
# A scanner makes images of one kind; what proposes this many kinds passes on those of others.
_KINDS_OF_A_FORWARDER = 4
_CONTEXTS_LIMIT = 64

# Attribute of the equipment -> ours. PS3.3 C.7.5.1.
_EQUIPMENT = {
    "Manufacturer": Attribute.VENDOR,
    "ManufacturerModelName": Attribute.MODEL,
    "DeviceSerialNumber": Attribute.SERIAL,
    "SoftwareVersions": Attribute.FIRMWARE,
    "StationName": Attribute.NAME,
    "PerformedStationName": Attribute.NAME,
    "StationAETitle": Attribute.NAME,
    "PerformedStationAETitle": Attribute.NAME,
}


def _association(message: Association) -> Hashable:
    return (
        *(message.kind, message.calling_ae if message.kind == "A-ASSOCIATE-RQ" else message.called_ae),
        message.user.implementation_class_uid,
        message.user.implementation_version,
        tuple([context.abstract_syntax for context in message.contexts if not context.result]),
    )


def _explain_association(message: Association, say: Say) -> None:
    implementation = message.user.implementation_class_uid
    say.known("dicom_implementations", implementation)
    say.known("dicom_versions", message.user.implementation_version)
    accepted = [context.abstract_syntax for context in message.contexts if not context.result][:_CONTEXTS_LIMIT]
    services, kinds = _services(accepted)
    if message.kind == "A-ASSOCIATE-RQ":
        _title(say, message.calling_ae)
        _explain_proposal(services, kinds, say)
    else:
        # PS3.8 9.3.3: the acceptor repeats the called title; that it accepted is what says it is its own.
        _title(say, message.called_ae)
        _explain_acceptance(services, say)


def _title(say: Say, title: str) -> None:
    say.that(Attribute.NAME, title, HINTED if title.upper() in _DEFAULT_TITLES else ANNOUNCED)


def _called(message: Association) -> Hashable:
    return message.called_ae if message.kind == "A-ASSOCIATE-RQ" else None


def _explain_called(message: Association, say: Say) -> None:
    # A caller may mistake its partner's title: only that the partner accepts makes it its own.
    say.of_receiver(Attribute.NAME, message.called_ae, HINTED)


def _services(sop_classes: list[str]) -> tuple[dict[str, int], dict[str, float]]:
    """How many SOP classes of each service, and the kinds of images with their weights."""
    services: dict[str, int] = {}
    kinds: dict[str, float] = {}
    for uid in sop_classes:
        match = find("dicom_sop_classes", uid)
        if match is None:
            continue
        fact = match.fact
        services[fact.kind] = services.get(fact.kind, 0) + 1
        if fact.category:
            kinds[fact.category] = max(kinds.get(fact.category, 0.0), fact.weight)
    return services, kinds


def _explain_proposal(services: dict[str, int], kinds: dict[str, float], say: Say) -> None:
    if "storage" in services:
        say.that(Attribute.ROLE, Role.DICOM_SENDER, 0.5)
        kinds.pop(Category.IMAGING_WORKSTATION, None)
        if len(kinds) == 1:
            (category,) = kinds
            say.that(Attribute.CATEGORY, category, kinds[category] * 0.9)
        elif len(kinds) >= _KINDS_OF_A_FORWARDER:
            say.that(Attribute.CATEGORY, Category.PACS, HINTED)
    if "query" in services or "retrieve" in services:
        say.that(Attribute.ROLE, Role.DICOM_VIEWER, 0.45)
    if "worklist" in services or "mpps" in services:
        # Only what examines patients asks whom to examine next; but test programs propose everything.
        general = "query" in services or "retrieve" in services
        say.that(Attribute.CATEGORY, Category.IMAGING_MODALITY, HINTED if general else 0.5)
    if services:
        say.that(Attribute.ROLE, Role.DICOM_CLIENT, 0.5)


def _explain_acceptance(services: dict[str, int], say: Say) -> None:
    if "worklist" in services:
        say.that(Attribute.ROLE, Role.DICOM_WORKLIST, 0.6)
        say.that(Attribute.CATEGORY, Category.MODALITY_WORKLIST, 0.5)
    if "print" in services:
        say.that(Attribute.ROLE, Role.DICOM_PRINT, 0.6)
        say.that(Attribute.CATEGORY, Category.FILM_PRINTER, 0.5)
    if "query" in services:
        say.that(Attribute.ROLE, Role.DICOM_ARCHIVE, 0.6)
        say.that(Attribute.CATEGORY, Category.PACS, 0.55)
    elif "storage" in services:
        # A workstation takes images too; what also answers queries is an archive.
        say.that(Attribute.ROLE, Role.DICOM_RECEIVER, 0.6)
        say.that(Attribute.CATEGORY, Category.PACS, 0.3)
    say.that(Attribute.ROLE, Role.DICOM_SERVER, 0.5)


def _dimse(message: DimseMessage) -> Hashable:
    command, data_set = message.command, message.data_set
    return (
        *(command.kind, command.sop_class, message.sender_is_server, bool(command.move_originator)),
        *(not command.status, message.pending_responses > 0, None if data_set is None else data_set.equipment),
    )


def _explain_dimse(message: DimseMessage, say: Say) -> None:
    command = message.command
    match command.kind:
        case "C-STORE-RQ":
            _explain_store(message, say)
        case "C-STORE-RSP" if not command.status:
            say.that(Attribute.ROLE, Role.DICOM_RECEIVER, 0.6)
            say.that(Attribute.CATEGORY, Category.PACS, 0.3)
        case "C-FIND-RQ" | "C-MOVE-RQ" | "C-GET-RQ":
            _explain_query(message, say)
        case "C-FIND-RSP" | "C-MOVE-RSP" | "C-GET-RSP" if not command.status:
            _explain_answer(message, say)
        case "N-CREATE-RQ" | "N-SET-RQ":
            if _service(command.sop_class) == "mpps":
                say.that(Attribute.CATEGORY, Category.IMAGING_MODALITY, 0.6)
                _explain_equipment(message.data_set, say, STATED)


def _service(sop_class: str) -> str:
    match = find("dicom_sop_classes", sop_class)
    return match.fact.kind if match is not None else ""


def _explain_store(message: DimseMessage, say: Say) -> None:
    if message.command.move_originator or message.sender_is_server:
        # Sent because somebody asked for it: what sends is an archive, and the machine in the image is another.
        say.that(Attribute.ROLE, Role.DICOM_ARCHIVE, 0.6)
        return
    say.that(Attribute.ROLE, Role.DICOM_SENDER, 0.6)
    match = find("dicom_sop_classes", message.command.sop_class)
    if match is not None and match.fact.category:
        say.that(Attribute.CATEGORY, match.fact.category, match.fact.weight)
    _explain_equipment(message.data_set, say, 0.6)


def _explain_query(message: DimseMessage, say: Say) -> None:
    if _service(message.command.sop_class) == "worklist":
        say.that(Attribute.CATEGORY, Category.IMAGING_MODALITY, 0.6)
        for name, text in () if message.data_set is None else message.data_set.equipment:
            # PS3.4 K.6: a modality asks for its own station and its own kind of examination.
            if name in ("ScheduledStationAETitle", "ScheduledStationName"):
                say.that(Attribute.NAME, text, ANNOUNCED)
            elif name == "Modality":
                say.known("dicom_modalities", text, 0.9)
    else:
        say.that(Attribute.ROLE, Role.DICOM_VIEWER, 0.55)
        say.that(Attribute.CATEGORY, Category.IMAGING_WORKSTATION, HINTED)


def _explain_answer(message: DimseMessage, say: Say) -> None:
    if _service(message.command.sop_class) == "worklist":
        say.that(Attribute.ROLE, Role.DICOM_WORKLIST, 0.7)
        say.that(Attribute.CATEGORY, Category.MODALITY_WORKLIST, 0.6)
    else:
        say.that(Attribute.ROLE, Role.DICOM_ARCHIVE, 0.65)
        say.that(Attribute.CATEGORY, Category.PACS, 0.55)


def _explain_equipment(data_set: DataSet | None, say: Say, weight: float) -> None:
    if data_set is None:
        return
    for name, text in data_set.equipment:
        attribute = _EQUIPMENT.get(name)
        if attribute is Attribute.VENDOR:
            say.made_by(text, weight)
        elif attribute is not None:
            say.that(attribute, text, weight)
            if attribute is Attribute.MODEL:
                say.known("products", text, weight)
        elif name == "Modality":
            say.known("dicom_modalities", text, weight / STATED)
        elif name == "UniqueDeviceIdentifier":
            # One for each jurisdiction that named the device; no agency lets a blank stand in a UDI.
            for one in text.split(", "):
                say_udi(say, one, weight)


READERS: dict[type, Reader] = {
    Association: Reader(_association, _explain_association, receiver=Reader(_called, _explain_called)),
    DimseMessage: Reader(_dimse, _explain_dimse),
}
