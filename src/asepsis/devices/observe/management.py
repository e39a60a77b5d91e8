"""SNMP: what agents answer about themselves, and who asks."""

from __future__ import annotations

from collections.abc import Hashable

from asepsis.devices.clue import Attribute
from asepsis.devices.observe.descriptions import say_description
from asepsis.devices.observe.say import HINTED, STATED, Reader, Say, host_name
from asepsis.knowledge.vocabulary import Role
from asepsis.protocols.snmp import Snmp
from asepsis.protocols.snmp_objects import ManagedObject

_OBJECTS_LIMIT = 32
_FROM_AGENTS = frozenset(("Response", "GetResponse", "Trap", "SNMPv2-Trap", "InformRequest", "Report"))
_ENTERPRISES = "1.3.6.1.4.1."

# Object -> attribute. ENTITY-MIB rows other than the chassis describe parts, so only the first rows are believed.
_STATED = {
    "prtGeneralSerialNumber": Attribute.SERIAL,
    "entPhysicalSerialNum": Attribute.SERIAL,
    "entPhysicalModelName": Attribute.MODEL,
    "upsIdentModel": Attribute.MODEL,
    "entPhysicalSoftwareRev": Attribute.FIRMWARE,
    "upsIdentUPSSoftwareVersion": Attribute.FIRMWARE,
}
_MAKERS = frozenset(("entPhysicalMfgName", "upsIdentManufacturer"))
_DESCRIPTIONS = frozenset(("sysDescr", "hrDeviceDescr", "entPhysicalDescr", "prtGeneralPrinterName"))
_CHASSIS_ROWS = frozenset(("0", "1", "1.1", "1001", "149"))


def _snmp(message: Snmp) -> Hashable:
    if message.pdu in _FROM_AGENTS:
        return (message.pdu, message.objects, message.engine_id, message.agent_address)
    return message.pdu


def _explain_snmp(message: Snmp, say: Say) -> None:
    if message.pdu not in _FROM_AGENTS:
        if message.pdu.startswith("Get"):
            say.that(Attribute.ROLE, Role.NETWORK_MANAGER, 0.5)
            say.of_receiver(Attribute.ROLE, Role.MANAGED_AGENT, HINTED)
        return
    _, ip = say.sender
    if message.agent_address and message.agent_address != ip:
        return  # a trap that somebody passed on: it speaks of another
    say.that(Attribute.ROLE, Role.MANAGED_AGENT, 0.6)
    for one in message.objects[:_OBJECTS_LIMIT]:
        _explain_object(one, say)
    if message.engine_enterprise:
        # RFC 3411 5: the engine's maker, often the maker of the agent software rather than of the device.
        say.known("snmp_enterprises", str(message.engine_enterprise), 0.5)
    if message.engine_id and message.engine_mac:
        # An agent behind a proxy answers by its own engine, so the address names the device, not the frame.
        say.that(Attribute.IDENTIFIER, f"engine {message.engine_id}", STATED)


def _explain_object(one: ManagedObject, say: Say) -> None:
    name, text = one.name, one.value
    if name == "sysObjectID":
        if say.known("snmp_objects", text) is None and text.startswith(_ENTERPRISES):
            say.known("snmp_enterprises", text[len(_ENTERPRISES) :].split(".", 1)[0])
    elif name == "sysName":
        say.named(host_name(text), STATED)
    elif name in _DESCRIPTIONS:
        if name != "entPhysicalDescr" or one.index in _CHASSIS_ROWS:
            say_description(say, text)
    elif name in _MAKERS:
        if one.index in _CHASSIS_ROWS:
            say.made_by(text, STATED)
    elif name in _STATED and one.index in _CHASSIS_ROWS:
        attribute = _STATED[name]
        say.that(attribute, text, STATED)
        if attribute is Attribute.MODEL:
            say.known("products", text)


READERS: dict[type, Reader] = {Snmp: Reader(_snmp, _explain_snmp, partner=True)}
