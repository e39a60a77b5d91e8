"""Devices that a message names: OBX-18, PRT, EQU and DEV -> equipment with what stands beside it, and its UDI."""

from __future__ import annotations

from functools import lru_cache

from asepsis.protocols.hl7.fields import REMEMBERED_SIZE, Separators, kept, unescaped
from asepsis.protocols.hl7.messages import Equipment
from asepsis.protocols.udi import Udi, read_udi

# Devices that one message keeps; a gateway's report of a bed names under ten, of a ward some dozens.
EQUIPMENT_LIMIT = 64
# A device names itself in every message: how many are remembered, some 2 MiB.
REMEMBERED_EQUIPMENT = 2048

# PRT from v2.8.2 (v2.9 7.4.4) and DEV from v2.9 (17.8.2): field number -> what it says of the device. PRT-21 and
# DEV-15, the donation, lead to a person and are not kept.
_PRT_FIELDS = {17: "manufactured", 18: "expires", 19: "lot", 20: "serial", 22: "type"}
_DEV_FIELDS = {
    3: "type",
    5: "manufacturer",
    6: "brand",
    7: "model",
    8: "catalogue_number",
    9: "device_identifier",
    10: "lot",
    11: "serial",
    12: "manufactured",
    13: "expires",
    16: "software_version",
}


def see_segment(segment: str, by: Separators, named: dict[Equipment, None]) -> None:
    """Adds the devices that a PRT, EQU or DEV segment names.

    A PRT's participant is a device only where PRT-10 or a field that belongs to it is filled; PRT-5, a person, and
    PRT-8, an organization, are never looked at.
    """
    fields = segment.split(by.field, 23)
    count = len(fields)
    if segment[0] == "E":  # EQU-1, equipment instance identifier (13.4.1)
        see_entities("EQU-1", fields[1] if count > 1 else "", by, named)
    elif segment[0] == "D":
        product = fields[9] if count > 9 else ""
        see_entities("DEV-2", fields[2] if count > 2 else "", by, named, _says(fields, _DEV_FIELDS, by), product)
    else:
        says = _says(fields, _PRT_FIELDS, by)
        device = fields[10] if count > 10 else ""
        product = fields[16] if count > 16 else ""
        if device and product:
            says = (("device_identifier", kept(product, by)), *says)
        see_entities("PRT-10" if device else "PRT-16", device or product, by, named, says, product)


def see_entities(
    source: str,
    field: str,
    by: Separators,
    named: dict[Equipment, None],
    says: tuple[tuple[str, str], ...] = (),
    product: str = "",
) -> None:
    """Adds the devices that a field of entity identifiers (EI, 2A.3.27) names.

    Args:
        source: The field's name.
        field: One identifier or several.
        by: The message's separators.
        named: Where the devices are added.
        says: What else the segment says of them.
        product: The field for the device identifier of a UDI, where the segment has one.
    """
    for entity in field.split(by.repetition)[:EQUIPMENT_LIMIT]:
        if len(named) >= EQUIPMENT_LIMIT:
            return
        # A carrier of ICCBBA ("=/...") may hold a donation number: it is not to be remembered, not even as a key.
        if says or product or "=" in entity or len(entity) > REMEMBERED_SIZE:
            equipment = _equipment(source, entity, by, says, product)
        else:
            equipment = _remembered_equipment(source, entity, by)
        if equipment is not None:
            named[equipment] = None


def _equipment(
    source: str, entity: str, by: Separators, says: tuple[tuple[str, str], ...] = (), product: str = ""
) -> Equipment | None:
    identifier, namespace, universal_id, universal_id_type = (entity.split(by.component, 4) + [""] * 4)[:4]
    if not (identifier or universal_id or says):
        return None
    # The sign GS inside a carrier does not print: the UDI is read from the text as it was sent.
    udi = read_udi(unescaped(identifier, by)) or _product_udi(unescaped(product.split(by.component, 1)[0], by))
    # The text of an ICCBBA carrier may hold a donation number, which leads to a person.
    donation = udi is not None and udi.issuer == "ICCBBA"
    return Equipment(
        source=source,
        identifier=udi.device_identifier if udi is not None and donation else kept(identifier, by),
        namespace=kept(namespace, by),
        universal_id=kept(universal_id, by),
        universal_id_type=kept(universal_id_type, by),
        udi=udi,
        attributes=says,
    )


_remembered_equipment = lru_cache(maxsize=REMEMBERED_EQUIPMENT)(_equipment)


def _says(fields: list[str], wanted: dict[int, str], by: Separators) -> tuple[tuple[str, str], ...]:
    count = len(fields)
    found = ((name, kept(fields[number], by)) for number, name in wanted.items() if number < count and fields[number])
    return tuple((name, text) for name, text in found if text)


def _product_udi(product: str) -> Udi | None:
    """A carrier, or the bare GTIN of a product as GS1 would put it into one (PRT-16, DEV-9)."""
    return read_udi(product) or (read_udi("01" + product) if len(product) == 14 else None)
