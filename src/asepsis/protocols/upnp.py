"""UPnP device descriptions (UPnP Device Architecture 2.0, section 2): what a device says it is, asked over HTTP.

In: the XML document at the LOCATION of an SSDP message. Out: one ``Upnp`` for the root device.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from asepsis.kernel.value import value
from asepsis.protocols.fields import facts_of
from asepsis.protocols.http_family import on_http
from asepsis.protocols.masking import printable_text
from asepsis.protocols.message import Malformed, Result
from asepsis.protocols.xml_reading import Document, Element

# A television has some ten services and two or three embedded devices.
SERVICES_LIMIT = 32

_MEMBERS: Final = {
    "deviceType": "device_type",
    "friendlyName": "friendly_name",
    "manufacturer": "manufacturer",
    "manufacturerURL": "manufacturer_url",
    "modelDescription": "model_description",
    "modelName": "model_name",
    "modelNumber": "model_number",
    "modelURL": "model_url",
    "serialNumber": "serial_number",
    "UDN": "udn",
    "UPC": "upc",
    "presentationURL": "presentation_url",
    # Vendors' own elements that many devices have beside these (Belkin WeMo; others write them so too).
    "firmwareVersion": "firmware",
    "macAddress": "mac_address",
}


@value
class Upnp:
    """A root device's description. Texts are empty where an element is missing."""

    PROTOCOL: ClassVar[str] = "upnp"
    kind: ClassVar[str] = "description"
    sender_is_server: ClassVar[bool | None] = True
    device_type: str = ""
    """The URN: ``urn:schemas-upnp-org:device:MediaRenderer:1``."""
    friendly_name: str = ""
    manufacturer: str = ""
    manufacturer_url: str = ""
    model_description: str = ""
    model_name: str = ""
    model_number: str = ""
    model_url: str = ""
    serial_number: str = ""
    udn: str = ""
    """``uuid:...``"""
    upc: str = ""
    presentation_url: str = ""
    firmware: str = ""
    mac_address: str = ""
    services: tuple[str, ...] = ()
    """URNs of the services of all its devices, in order, each once."""
    embedded: tuple[str, ...] = ()
    """URNs of the devices inside it."""

    def facts(self) -> dict[str, Any]:
        """All that is said."""
        return _facts(self)


_facts: Final = facts_of(Upnp)


def read_description(document: Document) -> tuple[Result, ...]:
    """Reads a description whose root element is ``root``."""
    root = document.root
    device = None if root is None else root.child("device")
    if root is None or device is None:
        return (Malformed(protocol="upnp", where="device", why=document.why or "there is none"),)
    said = {}
    for element in device.children:
        member = _MEMBERS.get(element.name)
        if member is not None and member not in said and (text := element.text.strip()):
            said[member] = printable_text(text)
    types = tuple(_said(root, "deviceType"))
    services = tuple(_said(root, "serviceType"))
    return (Upnp(**said, services=services, embedded=types[1:]),)


def _said(root: Element, name: str) -> list[str]:
    found: dict[str, None] = {}
    for element in root.every(name):
        if text := element.text.strip():
            found[printable_text(text)] = None
        if len(found) >= SERVICES_LIMIT:
            break
    return list(found)


DISSECTOR: Final = on_http("upnp")
