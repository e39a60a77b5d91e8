"""802.11 and Bluetooth LE: who gives access, and what radio devices say of themselves.

Phones and sensors change their addresses so that nobody can follow them. An address that is made to change names no
device for longer than minutes, and nothing is said of it.
"""

from __future__ import annotations

from collections.abc import Hashable

from asepsis.devices.clue import Attribute
from asepsis.devices.observe.say import ANNOUNCED, REPORTED, STATED, Reader, Say
from asepsis.knowledge.vocabulary import Category, Role
from asepsis.protocols.ble import Ble
from asepsis.protocols.hci import HciBle
from asepsis.protocols.wifi import Wifi

_ANNOUNCES_A_NETWORK = ("beacon", "probe response")
# Wi-Fi Simple Configuration's kinds of devices.
_DEVICE_TYPES = {
    "computer": Category.WORKSTATION,
    "printer or scanner": Category.PRINTER,
    "camera": Category.CAMERA,
    "storage": Category.STORAGE,
    "display": Category.TV_MEDIA,
    "multimedia device": Category.TV_MEDIA,
    "gaming device": Category.TV_MEDIA,
    "telephone": Category.PHONE_MOBILE,
    "audio device": Category.TV_MEDIA,
}
_STAYS = ("public", "random static")
_SERVICES_LIMIT = 8


def _is_own(address: str) -> bool:
    """Whether a hardware address was assigned by its maker (IEEE 802-2014 8.2.2), and not made up."""
    return bool(address) and address[1] in "048c"


def _wifi(message: Wifi) -> Hashable:
    if message.access_point and message.frame in _ANNOUNCES_A_NETWORK:
        pass
    elif not message.simple_configuration or not _is_own(message.transmitter):
        return None
    return (
        message.access_point,
        message.device_name,
        message.manufacturer,
        message.model_name,
        message.model_number,
        message.serial_number,
        message.device_type,
    )


def _explain_wifi(message: Wifi, say: Say) -> None:
    if message.access_point:
        # Printers, cameras and telephones open networks of their own too.
        say.that(Attribute.CATEGORY, Category.ACCESS_POINT, 0.45)
        say.that(Attribute.ROLE, Role.WIRELESS_ACCESS, 0.7)
    say.made_by(message.manufacturer, ANNOUNCED)
    say.that(Attribute.MODEL, message.model_name, ANNOUNCED)
    say.known("products", message.model_name)
    if message.model_number != message.model_name:
        say.known("products", message.model_number)
    say.that(Attribute.SERIAL, message.serial_number, ANNOUNCED)
    say.named(message.device_name, ANNOUNCED)
    kind = _DEVICE_TYPES.get(message.device_type)
    if kind is not None:
        say.that(Attribute.CATEGORY, kind, REPORTED)


def _ble(message: Ble) -> Hashable:
    # Who scans or connects speaks there, and the device that is meant says nothing.
    if message.address_kind not in _STAYS or message.packet in ("SCAN_REQ", "CONNECT_IND"):
        return None
    return (
        message.address,
        message.name,
        message.appearance,
        message.companies if message.packet != "Remote Version" else (),
        message.services,
        message.manufacturer,
        message.model,
        message.serial,
        message.firmware or message.software,
    )


def _explain_ble(message: Ble, say: Say) -> None:
    address = message.address

    def that(attribute: Attribute, text: str, weight: float) -> None:
        say.of(address, "", attribute, text, weight)

    # What was read over a connection was said to a partner; what is advertised, to everybody.
    weight = STATED if message.packet == "Device Information" else ANNOUNCED
    that(Attribute.NAME, message.name, weight)
    say.known_of(address, "", "products", message.name, 0.8)
    if message.appearance:
        say.known_of(address, "", "ble_appearances", str(message.appearance >> 6))
    if message.packet != "Remote Version":  # there it is the maker of the radio
        for company in message.companies:
            say.known_of(address, "", "ble_companies", str(company))
    for service in message.services[:_SERVICES_LIMIT]:
        say.known_of(address, "", "ble_services", service)
    say.of_maker(address, "", message.manufacturer, weight)
    that(Attribute.MODEL, message.model, weight)
    say.known_of(address, "", "products", message.model)
    that(Attribute.SERIAL, message.serial, weight)
    that(Attribute.FIRMWARE, message.firmware or message.software, weight)


READERS: dict[type, Reader] = {
    Wifi: Reader(_wifi, _explain_wifi, repeated=True),
    Ble: Reader(_ble, _explain_ble, repeated=True),
    HciBle: Reader(_ble, _explain_ble),
}
