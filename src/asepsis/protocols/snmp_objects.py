"""Which managed objects say what a device is, out of the SNMP MIBs: names and how their values are written.

In: the contents of object identifiers and values. Out: ``ManagedObject``. Neighbour: ``snmp``.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from asepsis.kernel.value import value
from asepsis.protocols.ber import INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, REMEMBERED_IDENTIFIERS, contents_of, dotted
from asepsis.protocols.fields import ip, mac, text

_SYSTEM = "1.3.6.1.2.1.1"
_ENTITY = "1.3.6.1.2.1.47.1.1.1.1"
_UPS = "1.3.6.1.2.1.33.1.1"

_OBJECTS: Final = {
    # SNMPv2-MIB (RFC 3418).
    f"{_SYSTEM}.1": "sysDescr",
    f"{_SYSTEM}.2": "sysObjectID",
    f"{_SYSTEM}.5": "sysName",
    f"{_SYSTEM}.6": "sysLocation",
    f"{_SYSTEM}.7": "sysServices",
    "1.3.6.1.6.3.1.1.4.1": "snmpTrapOID",
    # IF-MIB (RFC 2863).
    "1.3.6.1.2.1.2.2.1.2": "ifDescr",
    "1.3.6.1.2.1.2.2.1.6": "ifPhysAddress",
    # BRIDGE-MIB (RFC 4188).
    "1.3.6.1.2.1.17.1.1": "dot1dBaseBridgeAddress",
    # HOST-RESOURCES-MIB (RFC 2790).
    "1.3.6.1.2.1.25.3.2.1.3": "hrDeviceDescr",
    "1.3.6.1.2.1.25.6.3.1.2": "hrSWInstalledName",
    # Printer-MIB (RFC 3805).
    "1.3.6.1.2.1.43.5.1.1.16": "prtGeneralPrinterName",
    "1.3.6.1.2.1.43.5.1.1.17": "prtGeneralSerialNumber",
    # UPS-MIB (RFC 1628).
    f"{_UPS}.1": "upsIdentManufacturer",
    f"{_UPS}.2": "upsIdentModel",
    f"{_UPS}.3": "upsIdentUPSSoftwareVersion",
    f"{_UPS}.4": "upsIdentAgentSoftwareVersion",
    # ENTITY-MIB (RFC 6933).
    f"{_ENTITY}.2": "entPhysicalDescr",
    f"{_ENTITY}.7": "entPhysicalName",
    f"{_ENTITY}.8": "entPhysicalHardwareRev",
    f"{_ENTITY}.9": "entPhysicalFirmwareRev",
    f"{_ENTITY}.10": "entPhysicalSoftwareRev",
    f"{_ENTITY}.11": "entPhysicalSerialNum",
    f"{_ENTITY}.12": "entPhysicalMfgName",
    f"{_ENTITY}.13": "entPhysicalModelName",
    f"{_ENTITY}.15": "entPhysicalAssetID",
}
_HARDWARE_ADDRESSES: Final = frozenset(("ifPhysAddress", "dot1dBaseBridgeAddress"))

_NAMES: Final = {contents_of(identifier): name for identifier, name in _OBJECTS.items()}
_LENGTHS: Final = sorted({len(contents) for contents in _NAMES})

CONTACT: Final = contents_of(f"{_SYSTEM}.4")
"""sysContact names a person: only its presence is kept."""
ENTERPRISES: Final = contents_of("1.3.6.1.4.1")

# RFC 2578 7.1: application-wide types.
_IP_ADDRESS = 0x40
_NUMBERS: Final = frozenset((INTEGER, 0x41, 0x42, 0x43, 0x46))


@value
class ManagedObject:
    """A variable whose object is known, with its value."""

    name: str
    """In the MIB's own words: ``entPhysicalSerialNum``."""
    index: str
    """What stands behind the object's identifier: ``0`` for a single one, else the row of its table."""
    value: str


@lru_cache(maxsize=REMEMBERED_IDENTIFIERS)
def known_object(identifier: bytes) -> tuple[str, str]:
    """The name of a known object and the index behind it, out of an identifier's contents; empty when unknown."""
    for length in _LENGTHS:
        name = _NAMES.get(identifier[:length])
        if name is not None:
            # ``dotted`` takes two arcs out of the first byte: the zero in front makes them a prefix of four signs.
            return name, dotted(b"\0" + identifier[length:])[4:]
    return "", ""


def written(name: str, tag: int, contents: bytes) -> str:
    """A value as text; empty where there is none (NULL, noSuchObject) or where it is of no known type."""
    if tag == OCTET_STRING:
        return mac(contents) if name in _HARDWARE_ADDRESSES else text(contents)
    if tag == OBJECT_IDENTIFIER:
        return dotted(contents)
    if tag in _NUMBERS and len(contents) <= 9:
        return str(int.from_bytes(contents, "big", signed=True))
    return ip(contents) if tag == _IP_ADDRESS else ""
