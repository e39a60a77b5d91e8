"""ARP, neighbour discovery, LLDP and CDP: who owns an address on the link, and what neighbours say of themselves."""

from __future__ import annotations

import re
from collections.abc import Hashable

from asepsis.devices.address import virtual_router
from asepsis.devices.clue import Attribute, Claim
from asepsis.devices.observe.descriptions import say_description
from asepsis.devices.observe.say import ANNOUNCED, SERVED, STATED, Reader, Say
from asepsis.knowledge.vocabulary import Category, Role
from asepsis.protocols.arp import Arp
from asepsis.protocols.cdp import Cdp
from asepsis.protocols.lldp import Lldp
from asepsis.protocols.nd import Neighbour

# IEEE 802.1AB-2016 table 8-4: an enabled capability -> category, role, weight. A phone is a bridge too, for the
# computer that is plugged into it, so what is more exact comes first and only the first counts as category.
_CAPABILITIES: tuple[tuple[str, str, str], ...] = (
    ("telephone", Category.PHONE, Role.VOICE_ENDPOINT),
    ("WLAN access point", Category.ACCESS_POINT, Role.WIRELESS_ACCESS),
    ("router", Category.ROUTER, Role.ROUTER),
    ("bridge", Category.SWITCH, Role.SWITCHING),
)
_MANAGEMENT_ADDRESSES = 4


def _arp(message: Arp) -> Hashable:
    return (message.sender_mac, message.sender_ip)


def _explain_arp(message: Arp, say: Say) -> None:
    # RFC 826: the sender's pair is a statement about itself. The target's is what somebody else believes.
    frame_mac, _ = say.sender
    if frame_mac and frame_mac != message.sender_mac and not virtual_router(message.sender_mac):
        return  # a frame of somebody who speaks for another: a repeater at best
    say.tied(message.sender_mac, message.sender_ip, Claim.ARP)


def _lldp(message: Lldp) -> Hashable:
    return None if message.ttl_seconds == 0 else message


def _explain_lldp(message: Lldp, say: Say) -> None:
    mac, _ = say.sender
    say.named(message.system_name, STATED)
    say_description(say, message.system_description)
    if message.manufacturer:
        say.made_by(message.manufacturer, STATED)
    if message.model:
        say.that(Attribute.MODEL, message.model, STATED)
        say.known("products", message.model)
    say.that(Attribute.SERIAL, message.serial_number, STATED)
    # Agents fill what they do not know with "Unknown", which is no version.
    if not say.that(Attribute.FIRMWARE, message.software_revision, STATED):
        say.that(Attribute.FIRMWARE, message.firmware_revision, STATED)
    enabled = message.enabled_capabilities or message.capabilities
    first = True
    for capability, category, role in _CAPABILITIES:
        if capability in enabled:
            if first:
                # A host that runs a bridge for its virtual machines says "bridge" too.
                weight = 0.6 if capability != "bridge" or "station only" not in enabled else 0.3
                say.that(Attribute.CATEGORY, category, weight)
            say.that(Attribute.ROLE, role, 0.6)
            first = False
    if message.chassis_id_kind == "MAC address":
        # Every port of a switch has an address of its own; the chassis is what they have in common.
        say.that(Attribute.IDENTIFIER, f"chassis {message.chassis_id}", STATED)
    elif message.chassis_id and message.chassis_id_kind in ("chassis component", "local"):
        say.that(Attribute.IDENTIFIER, f"chassis {message.chassis_id}@{message.system_name}", STATED)
    for address in message.management_addresses[:_MANAGEMENT_ADDRESSES]:
        # The device has it, at this port or at another.
        say.tied(mac, address, Claim.SELF)
        say.that(Attribute.IDENTIFIER, f"address {address}", STATED)


# A router that advertises itself may be a firewall, a switch that routes, or a telephone that shares its line.
_ADVERTISES = 0.3


def _neighbour(message: Neighbour) -> Hashable:
    return (
        *(message.kind, message.source_mac, message.target_ip, message.target_mac, message.is_router),
        *(message.lifetime_seconds > 0, message.dns_servers),
    )


def _own(frame_mac: str, said: str) -> str:
    """The hardware address that the sender says is its own; empty where it speaks for another, as in ARP."""
    if not said or not frame_mac or said == frame_mac or virtual_router(said):
        return said or frame_mac
    return ""


def _explain_neighbour(message: Neighbour, say: Say) -> None:
    mac, ip = say.sender
    # RFC 4861 7.1: the message came with a hop limit of 255, so that nobody beyond the link has sent it.
    match message.kind:
        case "NEIGHBOUR SOLICITATION" if ip == "::":
            # RFC 4862 5.4: the sender is about to take the address, unless somebody objects.
            say.tied(mac, message.target_ip, Claim.NEIGHBOUR)
        case "NEIGHBOUR ADVERTISEMENT":
            say.tied(_own(mac, message.target_mac), message.target_ip, Claim.NEIGHBOUR)
            if message.is_router:
                say.that(Attribute.ROLE, Role.ROUTER, ANNOUNCED)
        case "ROUTER ADVERTISEMENT":
            say.tied(_own(mac, message.source_mac), ip, Claim.NEIGHBOUR)
            say.that(Attribute.ROLE, Role.ROUTER, ANNOUNCED)
            if message.lifetime_seconds:
                say.that(Attribute.CATEGORY, Category.ROUTER, _ADVERTISES)
            for server in message.dns_servers[:_MANAGEMENT_ADDRESSES]:
                say.of("", server, Attribute.ROLE, Role.DNS_SERVER, SERVED)
        case "REDIRECT":
            say.that(Attribute.ROLE, Role.ROUTER, ANNOUNCED)  # RFC 4861 8.2: only routers send it
        case _:
            say.tied(_own(mac, message.source_mac), ip, Claim.NEIGHBOUR)


# Capabilities of CDP -> category, role; what is more exact first. A switch that routes says both.
_CDP_CAPABILITIES: tuple[tuple[str, str, str], ...] = (
    ("VoIP phone", Category.PHONE, Role.VOICE_ENDPOINT),
    ("switch", Category.SWITCH, Role.SWITCHING),
    ("router", Category.ROUTER, Role.ROUTER),
)
_CDP_CATEGORY = 0.6
# The platform begins with the maker, in either case.
_MAKER = re.compile(r"cisco +", re.IGNORECASE)
_VERSION = re.compile(r"\bVersion ([^ ,;]{1,40})", re.IGNORECASE)


def _cdp(message: Cdp) -> Hashable:
    return None if message.ttl_seconds == 0 else message


def _explain_cdp(message: Cdp, say: Say) -> None:
    mac, _ = say.sender
    # "core-1.example(FOX1234)": some agents append a serial number.
    say.named(message.system_name or message.device_id.partition("(")[0], STATED)
    say.that(Attribute.MODEL, _MAKER.sub("", message.platform, count=1), STATED)
    say.known("products", message.platform)
    say.known_maker(message.platform, STATED)
    say.known("system_descriptions", message.software_version)
    say.known("products", message.software_version)
    version = _VERSION.search(message.software_version)
    if version is not None:
        say.that(Attribute.FIRMWARE, version[1], STATED)
    elif " " not in message.software_version:
        say.that(Attribute.FIRMWARE, message.software_version, STATED)
    if "transparent bridge" in message.capabilities and "switch" not in message.capabilities:
        # Access points bridge and say that they route too; what they are, their product's name tells.
        say.that(Attribute.ROLE, Role.SWITCHING, _CDP_CATEGORY)
    else:
        _explain_capabilities(message, say)
    for address in (*message.addresses, *message.management_addresses)[:_MANAGEMENT_ADDRESSES]:
        say.tied(mac, address, Claim.SELF)
        say.that(Attribute.IDENTIFIER, f"address {address}", STATED)


def _explain_capabilities(message: Cdp, say: Say) -> None:
    first = True
    for capability, category, role in _CDP_CAPABILITIES:
        if capability in message.capabilities:
            if first:
                say.that(Attribute.CATEGORY, category, _CDP_CATEGORY)
            say.that(Attribute.ROLE, role, _CDP_CATEGORY)
            first = False


READERS: dict[type, Reader] = {
    Arp: Reader(_arp, _explain_arp),
    Lldp: Reader(_lldp, _explain_lldp, repeated=True),
    Neighbour: Reader(_neighbour, _explain_neighbour, repeated=True),
    Cdp: Reader(_cdp, _explain_cdp, repeated=True),
}
