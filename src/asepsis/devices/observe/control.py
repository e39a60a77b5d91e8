"""BACnet, Modbus, EtherNet/IP, OPC UA: which controllers there are, and what they say they are."""

from __future__ import annotations

from collections.abc import Hashable

from asepsis.devices.clue import Attribute
from asepsis.devices.observe.say import ANNOUNCED, HINTED, REPORTED, STATED, Reader, Say
from asepsis.knowledge.vocabulary import Category, Role
from asepsis.protocols.bacnet import Bacnet
from asepsis.protocols.ethernet_ip import EthernetIp
from asepsis.protocols.modbus import Modbus
from asepsis.protocols.opcua import Opcua

# MODBUS Messaging on TCP/IP 4.4.2: 0 and 255 mean the addressed device itself; most single devices answer to 1 too.
_UNITS_OF_THE_DEVICE_ITSELF = (0, 1, 255)


def _bacnet(message: Bacnet) -> Hashable:
    # What a router passes on was said by a device that has no address here.
    if not message.from_server or message.source_network:
        return None
    return (
        message.origin,
        message.device,
        message.vendor_name,
        message.model_name,
        message.firmware_revision or message.application_software,
        message.object_name,
        message.serial_number,
        message.message == "I-Am-Router-To-Network",
    )


def _explain_bacnet(message: Bacnet, say: Say) -> None:
    # A forwarded message is of who sent it first; only of a neighbour is the frame's hardware address its own.
    mac, ip = ("", message.origin) if message.origin else say.sender

    def that(attribute: Attribute, text: str, weight: float) -> None:
        say.of(mac, ip, attribute, text, weight)

    that(Attribute.ROLE, Role.BUILDING_AUTOMATION, 0.6)
    if message.device and message.message == "I-Am":
        # An operator's workstation has a device object too.
        that(Attribute.CATEGORY, Category.BUILDING_CONTROLLER, 0.5)
        that(Attribute.IDENTIFIER, f"bacnet {message.device}", HINTED)
    if message.vendor_id and message.message == "I-Am":
        say.known_of(mac, ip, "bacnet_vendors", str(message.vendor_id))
    say.of_maker(mac, ip, message.vendor_name, STATED)
    that(Attribute.MODEL, message.model_name, STATED)
    say.known_of(mac, ip, "products", message.model_name)
    # Controllers answer with one of the two, or with both; the firmware is the more exact.
    that(Attribute.FIRMWARE, message.firmware_revision or message.application_software, STATED)
    that(Attribute.SERIAL, message.serial_number, STATED)
    that(Attribute.NAME, message.object_name, ANNOUNCED)


def _modbus(message: Modbus) -> Hashable:
    if not message.from_server:
        return None
    if message.vendor_name or message.product_code:
        return message
    return True


def _explain_modbus(message: Modbus, say: Say) -> None:
    say.that(Attribute.ROLE, Role.BUILDING_AUTOMATION, 0.6)
    # Meters, drives and coolers speak it as well as controllers.
    say.that(Attribute.CATEGORY, Category.INDUSTRIAL_CONTROLLER, 0.35)
    itself = message.unit in _UNITS_OF_THE_DEVICE_ITSELF
    weight = STATED if itself else HINTED
    say.made_by(message.vendor_name, weight)
    say.that(Attribute.MODEL, message.model_name or message.product_name or message.product_code, weight)
    say.that(Attribute.FIRMWARE, message.revision, weight)
    if itself:
        for text in (message.product_name, message.product_code):
            say.known("products", text)


# CIP's device profiles that are a category of ours; all others are parts of machines.
_DEVICE_TYPES = {"managed switch": Category.SWITCH}


def _ethernet_ip(message: EthernetIp) -> Hashable:
    if not message.from_server:
        return None
    return message if message.product_name or message.vendor_id else True


def _explain_ethernet_ip(message: EthernetIp, say: Say) -> None:
    kind = _DEVICE_TYPES.get(message.device_type, Category.INDUSTRIAL_CONTROLLER)
    say.that(Attribute.CATEGORY, kind, 0.65 if message.device_type else 0.4)
    if kind is Category.INDUSTRIAL_CONTROLLER:
        say.that(Attribute.ROLE, Role.BUILDING_AUTOMATION, 0.5)
    if not message.product_name and not message.vendor_id:
        return
    say.known("cip_vendors", str(message.vendor_id))
    say.that(Attribute.MODEL, message.product_name, STATED)
    say.known("products", message.product_name)
    say.that(Attribute.FIRMWARE, message.revision, STATED)
    if message.serial.strip("0f"):  # all zeros or ones where the maker gave none
        say.that(Attribute.SERIAL, message.serial, STATED)


def _opcua(message: Opcua) -> Hashable:
    if not message.from_server:
        return None
    return (message.application_name, message.application_uri, message.product_uri)


def _explain_opcua(message: Opcua, say: Say) -> None:
    say.that(Attribute.ROLE, Role.BUILDING_AUTOMATION, 0.5)
    # Controllers serve it, and so do computers that gather from controllers.
    say.that(Attribute.CATEGORY, Category.INDUSTRIAL_CONTROLLER, 0.3)
    say.that(Attribute.NAME, message.application_name, REPORTED)
    for text in (message.application_name, message.product_uri):
        say.known("products", text, 0.8)


READERS: dict[type, Reader] = {
    Bacnet: Reader(_bacnet, _explain_bacnet),
    Modbus: Reader(_modbus, _explain_modbus),
    EthernetIp: Reader(_ethernet_ip, _explain_ethernet_ip),
    Opcua: Reader(_opcua, _explain_opcua),
}
