"""Web services: what printers, bedside devices, cameras, televisions and servers say of themselves over HTTP."""

from __future__ import annotations

from collections.abc import Hashable
from urllib.parse import urlsplit

from asepsis.devices.clue import Attribute
from asepsis.devices.observe.say import ANNOUNCED, HINTED, STATED, Reader, Say
from asepsis.devices.observe.udis import say_udi
from asepsis.knowledge.vocabulary import Category, Role
from asepsis.protocols.dicomweb import Dicomweb
from asepsis.protocols.fhir import Fhir
from asepsis.protocols.ipp import Ipp
from asepsis.protocols.pjl import Pjl
from asepsis.protocols.sdc import Sdc
from asepsis.protocols.upnp import Upnp
from asepsis.protocols.wsd import Wsd

_LIST_LIMIT = 8
# A program that serves media describes itself, not the computer that it runs on.
_PROGRAMS = ("MediaServer", "schemas-wifialliance-org")
# What Windows and Samba's helpers write where a make and model belong, on any computer.
_PUBLISHERS = ("microsoft publication service", "wsdd")
# Whose programs write themselves where the maker of a device belongs (MiniUPnPd does, built by any of these).
_DISTRIBUTIONS = frozenset(("debian", "ubuntu", "openwrt", "lede", "fedora", "gentoo", "freebsd", "openbsd", "linux"))
_ONVIF_HARDWARE, _ONVIF_NAME = "onvif://www.onvif.org/hardware/", "onvif://www.onvif.org/name/"
# IEEE 11073-20701 9.2: the type of a device as a scope; without a coding system it is of IEEE 11073-10101.
_COMPONENT_TYPE = "sdc.cdc.type:///"
_RADIOLOGY = {"QIDO-RS": Role.DICOM_VIEWER, "WADO-RS": Role.DICOM_VIEWER, "WADO-URI": Role.DICOM_VIEWER}


def _make(say: Say, maker: str, model: str, number: str, weight: float) -> None:
    """Maker and model; a number that goes on where the name ends belongs to it."""
    if maker.lower() in _DISTRIBUTIONS:
        # It says which system runs, and nothing of the device.
        return
    say.made_by(maker, weight)
    say.that(Attribute.MODEL, model or number, weight)
    for text in dict.fromkeys((model, number, f"{maker} {model}")):
        say.known("products", text.strip())


# --- WS-Discovery and DPWS ---


def _wsd(message: Wsd) -> Hashable:
    # Who looks for others says nothing of itself.
    return message if message.types or message.scopes or message.model_name or message.friendly_name else None


def _is_own(message: Wsd, say: Say) -> bool:
    """Whether the sender speaks of itself: a discovery proxy answers for others."""
    _, ip = say.sender
    hosts = {_host(address) for address in message.addresses}
    return not hosts or ip in hosts or not any(hosts) or message.action == "Hello"


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _explain_wsd(message: Wsd, say: Say) -> None:
    if message.sender_is_server is False or not _is_own(message, say):
        return
    for text in (*message.types, *message.hosted, *message.scopes)[: 4 * _LIST_LIMIT]:
        say.known("wsd_types", text)
        if text.startswith(_COMPONENT_TYPE):
            say.known("observation_codes", f"{text.rpartition('/')[2]}^MDC")
        elif text.startswith((_ONVIF_HARDWARE, _ONVIF_NAME)):
            name = text.rpartition("/")[2].replace("%20", " ")
            if text.startswith(_ONVIF_HARDWARE):
                say.that(Attribute.MODEL, name, ANNOUNCED)
            say.known("products", name)
            say.known_maker(name, ANNOUNCED)
    if message.computer:
        say.named(message.computer.partition("/")[0], STATED)
    if message.model_name.lower().startswith(_PUBLISHERS):
        return
    _make(say, message.manufacturer, message.model_name, message.model_number, STATED)
    say.that(Attribute.FIRMWARE, message.firmware, STATED)
    say.that(Attribute.SERIAL, message.serial_number, STATED)
    say.that(Attribute.NAME, message.friendly_name, ANNOUNCED)
    say.known("products", message.friendly_name, 0.8)


# --- IEEE 11073 SDC ---


def _sdc(message: Sdc) -> Hashable:
    return message


def _explain_sdc(message: Sdc, say: Say) -> None:
    if message.sender_is_server is False:
        # Who is asked for its description, or to change something, is a medical device.
        say.of_receiver(Attribute.CATEGORY, Category.MEDICAL_DEVICE, 0.4)
        say.of_receiver(Attribute.ROLE, Role.MEDICAL_DATA_SOURCE, 0.4)
        return
    if message.action.endswith(("Response", "Report", "Stream")):
        say.that(Attribute.CATEGORY, Category.MEDICAL_DEVICE, 0.5)
        say.that(Attribute.ROLE, Role.MEDICAL_DATA_SOURCE, 0.6)
    for code in message.types[:_LIST_LIMIT]:
        say.known("observation_codes", f"{code}^MDC")
    _make(say, message.manufacturer, message.model_name, message.model_number, STATED)
    say.that(Attribute.FIRMWARE, message.firmware or message.software, STATED)
    for udi in message.udis[:_LIST_LIMIT]:
        say_udi(say, udi, STATED)
    say.that(Attribute.SERIAL, message.serial_number, STATED)


# --- UPnP ---


def _upnp(message: Upnp) -> Hashable:
    return message


def _explain_upnp(message: Upnp, say: Say) -> None:
    for text in (message.device_type, *message.embedded[:_LIST_LIMIT]):
        say.known("ssdp_types", text)
    is_program = any(part in message.device_type for part in _PROGRAMS)
    _make(say, message.manufacturer, message.model_name, message.model_number, HINTED if is_program else STATED)
    say.known("products", message.model_description, 0.8)
    say.known("products", message.friendly_name, 0.6)
    if is_program:
        return
    say.that(Attribute.NAME, message.friendly_name, ANNOUNCED)
    say.that(Attribute.SERIAL, message.serial_number, STATED)
    say.that(Attribute.FIRMWARE, message.firmware, STATED)


# --- printers ---


def _ipp(message: Ipp) -> Hashable:
    if not message.from_server:
        return message.kind.startswith(("Print", "Send", "Create"))
    said = (message.make_and_model, message.device_id, message.firmware, message.firmware_name, message.serial_number)
    return (*said, message.cups, message.dns_sd_name, message.state) if any(said) or message.state else None


def _explain_ipp(message: Ipp, say: Say) -> None:
    if not message.from_server:
        say.of_receiver(Attribute.ROLE, Role.PRINT_SERVER, 0.5)
        return
    say.that(Attribute.ROLE, Role.PRINT_SERVER, 0.6)
    if message.cups:
        return  # a queue on a print server: the printer behind it is another device
    say.that(Attribute.CATEGORY, Category.PRINTER, 0.7)
    say.that(Attribute.NAME, message.dns_sd_name, ANNOUNCED)
    # IEEE 1284-2000 7.6: keys and values.
    pairs = dict(part.partition(":")[::2] for part in message.device_id.split(";") if ":" in part)
    keys = {key.strip().upper(): text.strip() for key, text in pairs.items()}
    maker = keys.get("MFG") or keys.get("MANUFACTURER") or ""
    _make(say, maker or message.make_and_model.partition(" ")[0], message.make_and_model, "", STATED)
    say.known("products", keys.get("MDL") or keys.get("MODEL") or "")
    say.that(Attribute.SERIAL, message.serial_number or keys.get("SN") or keys.get("SERN") or "", STATED)
    say.that(Attribute.FIRMWARE, message.firmware or message.firmware_name, STATED)


def _pjl(message: Pjl) -> Hashable:
    return message if message.answer or message.kind in ("JOB", "ENTER") else None


def _explain_pjl(message: Pjl, say: Say) -> None:
    if not message.answer:
        say.of_receiver(Attribute.CATEGORY, Category.PRINTER, 0.4)
        say.of_receiver(Attribute.ROLE, Role.PRINT_SERVER, 0.5)
        return
    say.that(Attribute.CATEGORY, Category.PRINTER, 0.6)
    say.that(Attribute.ROLE, Role.PRINT_SERVER, 0.6)
    say.that(Attribute.MODEL, message.model, STATED)
    say.known("products", message.model)
    say.known_maker(message.model, ANNOUNCED)
    say.that(Attribute.SERIAL, message.serial_number, STATED)
    say.that(Attribute.FIRMWARE, message.firmware, STATED)


# --- FHIR and DICOMweb ---


def _fhir(message: Fhir) -> Hashable:
    return (message.from_server, message.software, message.software_version, message.implementation)


def _explain_fhir(message: Fhir, say: Say) -> None:
    # A resource of type Device speaks of another than the server that keeps it: that is no clue about the sender.
    if not message.from_server:
        say.of_receiver(Attribute.CATEGORY, Category.MEDICAL_SERVER, HINTED)
        say.of_receiver(Attribute.ROLE, Role.WEB_SERVER, 0.5)
        return
    say.that(Attribute.ROLE, Role.WEB_SERVER, 0.6)
    if message.software:
        say.that(Attribute.CATEGORY, Category.MEDICAL_SERVER, 0.45)
        say.known("products", message.software)
        say.known("products", message.implementation, 0.6)


def _dicomweb(message: Dicomweb) -> Hashable:
    return (message.kind, message.from_server, message.status < 300)


def _explain_dicomweb(message: Dicomweb, say: Say) -> None:
    if not message.from_server:
        say.that(Attribute.ROLE, _RADIOLOGY.get(message.kind, Role.DICOM_SENDER), 0.4)
        return
    if message.status < 300:
        say.that(Attribute.ROLE, Role.DICOM_ARCHIVE, 0.5)
        say.that(Attribute.CATEGORY, Category.PACS, 0.4)


READERS: dict[type, Reader] = {
    Wsd: Reader(_wsd, _explain_wsd),
    Sdc: Reader(_sdc, _explain_sdc, partner=True),
    Upnp: Reader(_upnp, _explain_upnp),
    Ipp: Reader(_ipp, _explain_ipp, partner=True),
    Pjl: Reader(_pjl, _explain_pjl, partner=True),
    Fhir: Reader(_fhir, _explain_fhir, partner=True),
    Dicomweb: Reader(_dicomweb, _explain_dicomweb),
}
