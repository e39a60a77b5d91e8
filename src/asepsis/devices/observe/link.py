"""ARP and LLDP: who owns an address on the link, and what neighbours say of themselves."""

from __future__ import annotations

from collections.abc import Hashable

from asepsis.devices.address import virtual_router
from asepsis.devices.clue import Attribute, Claim
from asepsis.devices.observe.say import STATED, Reader, Say
from asepsis.knowledge.vocabulary import Category, Role
from asepsis.protocols.arp import Arp
from asepsis.protocols.lldp import Lldp

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
    if message.system_description:
        say.known("system_descriptions", message.system_description)
        say.known("products", message.system_description)
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


READERS: dict[type, Reader] = {Arp: Reader(_arp, _explain_arp), Lldp: Reader(_lldp, _explain_lldp, repeated=True)}
