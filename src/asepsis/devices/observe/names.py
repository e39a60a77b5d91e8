"""DNS, multicast DNS, LLMNR: which names devices ask for, which they bear, what they offer and say they are."""

from __future__ import annotations

from collections.abc import Hashable

from asepsis.devices.clue import Attribute, Claim
from asepsis.devices.observe.say import ANNOUNCED, HINTED, REPORTED, Reader, Say, host_name
from asepsis.knowledge.hostnames import is_common
from asepsis.knowledge.table import table
from asepsis.protocols.dns import Dns
from asepsis.protocols.llmnr import Llmnr
from asepsis.protocols.mdns import Mdns, Service

# Beginnings of addresses that may be a site's own; a quick look before the exact one.
_NEAR = ("10.", "192.168.", "172.", "fd", "fc", "169.254.", "fe8")
_RECORDS_LIMIT = 16
_DOMAINS = table("domains")
_SERVICES_LIMIT = 24

# Keys of TXT records (lower case) -> attribute, weight. Bonjour Printing Specification 1.2.1; AirPlay and HomeKit as
# their makers document them.
_MODEL_KEYS = ("md", "model", "mdl", "usb_mdl", "modelname", "product", "productname", "ty", "am")
_MAKER_KEYS = ("mf", "mfg", "manufacturer", "vendor", "brand", "usb_mfg")
_VERSION_KEYS = ("fv", "fw", "firmware", "firmwareversion", "fwversion", "srcvers", "swver", "fwv")
_SERIAL_KEYS = ("sn", "serial", "serialnumber")


def _dns(message: Dns) -> Hashable:
    if not message.is_response:
        if message.questions:
            name = message.questions[0].name
            # Most names belong to nobody in particular; only those that a row knows are remembered.
            return name if _DOMAINS.find(name) is not None else None
        return None
    near = [
        (record.name, record.data)
        for record in message.answers[:_RECORDS_LIMIT]
        if (record.type == "A" or record.type == "AAAA") and record.data.startswith(_NEAR)
    ]
    return tuple(near) if near else None


def _explain_dns(message: Dns, say: Say) -> None:
    if not message.is_response:
        say.known("domains", message.questions[0].name)
        return
    for record in message.answers[:_RECORDS_LIMIT]:
        if record.type in ("A", "AAAA") and record.data.startswith(_NEAR):
            say.of("", record.data, Attribute.NAME, host_name(record.name), REPORTED)


def _mdns(message: Mdns) -> Hashable:
    if not message.is_response:
        return None
    services = tuple([(service.instance, service.service, service.host, service.texts) for service in message.services])
    hosts = tuple([(host.name, host.addresses) for host in message.hosts])
    return (services, hosts, message.service_types, message.model, message.os)


def _explain_mdns(message: Mdns, say: Say) -> None:
    mac, ip = say.sender
    own = {host.name for host in message.hosts if ip in host.addresses}
    version = ":" in ip
    foreign = {
        host.name
        for host in message.hosts
        if host.name not in own and any((":" in address) == version for address in host.addresses)
    }
    for host in message.hosts:
        if host.name in foreign:
            continue  # a proxy that answers for a sleeper (RFC 6762 8 allows it): not what the sender is
        name = host_name(host.name)
        say.named(name, ANNOUNCED)
        if name and not is_common(name):
            say.that(Attribute.IDENTIFIER, f"mdns {name.casefold()}", HINTED)
        for address in host.addresses:
            if host.name in own:
                say.tied(mac, address, Claim.SELF)
    for service in message.services[:_SERVICES_LIMIT]:
        if service.host not in foreign and not service.is_withdrawn:
            _explain_service(service, say)
    if not message.services:
        for service_type in message.service_types:
            say.known("mdns_services", service_type)
    if message.model:
        say.that(Attribute.MODEL, message.model, ANNOUNCED)
        say.known("products", message.model)
    if message.os:
        say.known("system_descriptions", message.os)


def _explain_service(service: Service, say: Say) -> None:
    say.known("mdns_services", service.service)
    say.known("products", service.instance, 0.9)
    if service.instance and not service.service.startswith("_raop"):
        say.that(Attribute.NAME, host_name(service.instance), REPORTED)
    maker = ""
    for key, text in service.texts:
        if key in _MODEL_KEYS:
            say.that(Attribute.MODEL, text, ANNOUNCED if key in ("md", "model", "usb_mdl") else REPORTED)
            say.known("products", text)
        elif key in _MAKER_KEYS:
            maker = text
            say.made_by(text, ANNOUNCED)
        elif key in _VERSION_KEYS:
            say.that(Attribute.FIRMWARE, text, ANNOUNCED)
        elif key in _SERIAL_KEYS:
            say.that(Attribute.SERIAL, text, ANNOUNCED)
    if not maker:
        for key, text in service.texts:
            if key in ("ty", "md") and " " in text:
                say.known_maker(text, REPORTED)


def _llmnr(message: Llmnr) -> Hashable:
    if not message.is_response:
        # RFC 4795 4.1: whoever asks for every type of a name makes sure that it is its own.
        return message.question.name if message.question.type == "ANY" else None
    return tuple([(record.name, record.data) for record in message.answers if record.type in ("A", "AAAA")])


def _explain_llmnr(message: Llmnr, say: Say) -> None:
    mac, ip = say.sender
    if not message.is_response:
        say.named(message.question.name, REPORTED)
        return
    addresses = {record.data for record in message.answers if record.type in ("A", "AAAA")}
    if any((":" in address) == (":" in ip) for address in addresses) and ip not in addresses:
        return  # an answer for somebody else, as those give who lead others astray
    for record in message.answers:
        if record.type in ("A", "AAAA"):
            say.named(record.name, ANNOUNCED)
            say.tied(mac, record.data, Claim.SELF)


READERS: dict[type, Reader] = {
    Llmnr: Reader(_llmnr, _explain_llmnr, repeated=True),
    Dns: Reader(_dns, _explain_dns, repeated=True),
    Mdns: Reader(_mdns, _explain_mdns, repeated=True),
}
