"""LLDP (IEEE 802.1AB-2016) with the extensions of IEEE 802.1, IEEE 802.3 and LLDP-MED (ANSI/TIA-1057).

In: the bytes behind EtherType 0x88CC. Out: one ``Lldp``: what the sender says of itself and of the port that it
speaks from. Switches speak it to every port, phones and some medical devices answer with their inventory.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, ClassVar, Final

from asepsis.kernel.value import value
from asepsis.protocols.fields import facts_of, ip, mac, text, text_or_hex
from asepsis.protocols.message import Dissector, Malformed, Result

# A frame of 1,500 bytes holds some forty TLVs in practice; 256 leaves room for jumbo frames full of VLAN names.
TLVS_LIMIT = 256
# Addresses, VLANs, policies: more of a kind say nothing new about a device.
LIST_LIMIT = 32
# A sender repeats itself every 30 seconds, byte by byte. 1,024 frames of at most 1,500 bytes stay under 4 MiB.
REMEMBERED_FRAMES = 1024
REMEMBERED_LENGTH_BYTES = 1500

# IEEE 802.1AB-2016 table 8-2 and 8-3.
_CHASSIS_ID_KINDS: Final = {
    1: "chassis component",
    2: "interface alias",
    3: "port component",
    4: "MAC address",
    5: "network address",
    6: "interface name",
    7: "local",
}
_PORT_ID_KINDS: Final = {
    1: "interface alias",
    2: "port component",
    3: "MAC address",
    4: "network address",
    5: "interface name",
    6: "agent circuit ID",
    7: "local",
}
# IEEE 802.1AB-2016 table 8-4, bit 0 first.
_CAPABILITIES: Final = (
    "other",
    "repeater",
    "bridge",
    "WLAN access point",
    "router",
    "telephone",
    "DOCSIS cable device",
    "station only",
    "C-VLAN component",
    "S-VLAN component",
    "two-port MAC relay",
)
# ANSI/TIA-1057 table 12.
_DEVICE_CLASSES: Final = {
    1: "endpoint class I",
    2: "endpoint class II",
    3: "endpoint class III",
    4: "network connectivity",
}
# ANSI/TIA-1057 table 13.
_POLICY_APPLICATIONS: Final = {
    1: "voice",
    2: "voice signaling",
    3: "guest voice",
    4: "guest voice signaling",
    5: "softphone voice",
    6: "video conferencing",
    7: "streaming video",
    8: "video signaling",
}
# ANSI/TIA-1057 10.2.6, subtypes of the inventory TLVs, and the members of ``Lldp`` that they fill.
_INVENTORY: Final = {
    5: "hardware_revision",
    6: "firmware_revision",
    7: "software_revision",
    8: "serial_number",
    9: "manufacturer",
    10: "model",
    11: "asset_id",
}
_IEEE_802_1 = b"\x00\x80\xc2"
_IEEE_802_3 = b"\x00\x12\x0f"
_TIA_MED = b"\x00\x12\xbb"


@value
class Lldp:
    """One LLDP data unit. Texts are empty and tuples too where the sender does not say."""

    PROTOCOL: ClassVar[str] = "lldp"
    chassis_id: str
    chassis_id_kind: str
    port_id: str
    port_id_kind: str
    ttl_seconds: int
    """How long the statement holds; 0 takes it back (the port goes down)."""
    port_description: str = ""
    system_name: str = ""
    system_description: str = ""
    capabilities: tuple[str, ...] = ()
    enabled_capabilities: tuple[str, ...] = ()
    management_addresses: tuple[str, ...] = ()
    port_vlan: int = 0
    """Port VLAN identifier (IEEE 802.1); 0 where none is said."""
    vlans: tuple[str, ...] = ()
    """``ID NAME`` of each VLAN name TLV."""
    mau_type: int = 0
    """Operational MAU type (IANA-MAU-MIB): the sort and speed of the link."""
    autonegotiation: str = ""
    """``enabled``, ``disabled``, ``unsupported``, or empty."""
    frame_size_bytes: int = 0
    device_class: str = ""
    policies: tuple[str, ...] = ()
    """``APPLICATION VLAN`` of each network policy of LLDP-MED."""
    hardware_revision: str = ""
    firmware_revision: str = ""
    software_revision: str = ""
    serial_number: str = ""
    manufacturer: str = ""
    model: str = ""
    asset_id: str = ""
    organizations: tuple[str, ...] = ()
    """OUIs of other organisationally specific TLVs, such as ``00:0e:cf`` for PROFINET."""

    @property
    def kind(self) -> str:
        """``LLDPDU``, or ``SHUTDOWN`` (IEEE 802.1AB-2016 9.1.2.2) for a lifetime of 0."""
        return "LLDPDU" if self.ttl_seconds else "SHUTDOWN"

    @property
    def sender_is_server(self) -> bool | None:
        """LLDP has no servers."""
        return None

    def facts(self) -> dict[str, Any]:
        """All that is said."""
        return _facts(self) | {"ttl_seconds": self.ttl_seconds}


_facts: Final = facts_of(Lldp)


def read(payload: bytes) -> Sequence[Result]:
    """Reads one data unit; what is understood before a malformed TLV is kept."""
    if len(payload) <= REMEMBERED_LENGTH_BYTES:
        return _remembered(payload)
    return _read(payload)


def _read(payload: bytes) -> tuple[Result, ...]:
    found: dict[str, Any] = {}
    malformed = _read_tlvs(payload, found)
    if {"chassis_id", "port_id", "ttl_seconds"} <= found.keys():
        said: dict[str, Any] = {n: tuple(fact) if isinstance(fact, list) else fact for n, fact in found.items()}
        message = Lldp(**said)
        return (message, malformed) if malformed else (message,)
    return (malformed or _malformed("LLDPDU", "a mandatory TLV is missing"),)


_remembered = lru_cache(maxsize=REMEMBERED_FRAMES)(_read)


def _malformed(where: str, why: str) -> Malformed:
    return Malformed(protocol="lldp", where=where, why=why)


def _read_tlvs(payload: bytes, found: dict[str, Any]) -> Malformed | None:
    at, end = 0, len(payload)
    for position in range(TLVS_LIMIT):
        if at + 2 > end:
            return None  # many senders leave the End TLV out when the frame is full
        tlv_type, length = payload[at] >> 1, (payload[at] & 1) << 8 | payload[at + 1]
        at += 2
        if tlv_type == 0:
            return None
        # IEEE 802.1AB-2016 8.2: the mandatory TLVs come first, in this order, and once.
        if tlv_type != position + 1 if position < 3 else tlv_type <= 3:
            return _malformed("LLDPDU", f"TLV {position + 1} is of type {tlv_type}")
        if at + length > end:
            return _malformed(f"TLV type {tlv_type}", f"{length} bytes said, {end - at} left")
        why = _read_tlv(tlv_type, payload[at : at + length], found)
        if why:
            return _malformed(f"TLV type {tlv_type}", why)
        at += length
    return None


def _read_tlv(tlv_type: int, body: bytes, found: dict[str, Any]) -> str:
    """Adds what a TLV says to ``found``; returns why it is malformed, or an empty text."""
    match tlv_type:
        case 1:
            # IEEE 802.1AB-2016 8.5.2.3: one subtype and 1 to 255 bytes.
            if len(body) < 2:
                return "an empty chassis ID"
            found["chassis_id_kind"] = _CHASSIS_ID_KINDS.get(body[0], f"subtype {body[0]}")
            found["chassis_id"] = _identifier(found["chassis_id_kind"], body[1:])
        case 2:
            if len(body) < 2:
                return "an empty port ID"
            found["port_id_kind"] = _PORT_ID_KINDS.get(body[0], f"subtype {body[0]}")
            found["port_id"] = _identifier(found["port_id_kind"], body[1:])
        case 3:
            if len(body) < 2:
                return f"{len(body)} bytes of 2"
            found["ttl_seconds"] = body[0] << 8 | body[1]
        case 4:
            found["port_description"] = text(body)
        case 5:
            found["system_name"] = text(body)
        case 6:
            found["system_description"] = text(body)
        case 7:
            if len(body) < 4:
                return f"{len(body)} bytes of 4"
            found["capabilities"] = _capabilities(body[0] << 8 | body[1])
            found["enabled_capabilities"] = _capabilities(body[2] << 8 | body[3])
        case 8:
            return _read_management_address(body, found)
        case 127:
            if len(body) < 4:
                return f"{len(body)} bytes of 4"
            _read_organizational(body[:3], body[3], body[4:], found)
    return ""


def _identifier(kind: str, octets: bytes) -> str:
    if kind == "MAC address":
        return mac(octets) or octets.hex()
    if kind == "network address":
        # The first byte is the family: 1 IPv4, 2 IPv6 (IANA address family numbers).
        return ip(octets[1:]) or octets.hex()
    return text_or_hex(octets)


def _capabilities(bits: int) -> tuple[str, ...]:
    return tuple(name for bit, name in enumerate(_CAPABILITIES) if bits >> bit & 1)


def _read_management_address(body: bytes, found: dict[str, Any]) -> str:
    # IEEE 802.1AB-2016 8.5.9: length of subtype and address, subtype, address, interface, OID.
    if len(body) < 2 or not 2 <= body[0] <= len(body) - 1:
        return "an address longer than its TLV"
    address = body[2 : 1 + body[0]]
    addresses = found.setdefault("management_addresses", [])
    written = ip(address) if body[1] in (1, 2) else mac(address)
    if written and len(addresses) < LIST_LIMIT:
        addresses.append(written)
    return ""


def _read_organizational(oui: bytes, subtype: int, body: bytes, found: dict[str, Any]) -> None:
    """Adds what an organisationally specific TLV says; one that is too short says nothing."""
    if oui == _TIA_MED:
        _read_med(subtype, body, found)
    elif oui == _IEEE_802_1:
        # IEEE 802.1Q-2018 D.2.1 and D.2.3.
        if subtype == 1 and len(body) >= 2:
            found["port_vlan"] = body[0] << 8 | body[1]
        elif subtype == 3 and len(body) >= 3:
            vlans = found.setdefault("vlans", [])
            if len(vlans) < LIST_LIMIT:
                vlans.append(f"{body[0] << 8 | body[1]} {text(body[3 : 3 + body[2]])}".rstrip())
    elif oui == _IEEE_802_3:
        # IEEE 802.3-2018 79.3.1 and 79.3.4.
        if subtype == 1 and len(body) >= 5:
            states = ("unsupported", "disabled", "unsupported", "enabled")
            found["autonegotiation"] = states[body[0] & 3]
            found["mau_type"] = body[3] << 8 | body[4]
        elif subtype == 4 and len(body) >= 2:
            found["frame_size_bytes"] = body[0] << 8 | body[1]
    else:
        organizations = found.setdefault("organizations", [])
        name = oui.hex(":")
        if name not in organizations and len(organizations) < LIST_LIMIT:
            organizations.append(name)


def _read_med(subtype: int, body: bytes, found: dict[str, Any]) -> None:
    # ANSI/TIA-1057 10.2.2 to 10.2.6.
    if subtype == 1 and len(body) >= 3:
        found["device_class"] = _DEVICE_CLASSES.get(body[2], "")
    elif subtype == 2 and len(body) >= 4:
        policies = found.setdefault("policies", [])
        application = _POLICY_APPLICATIONS.get(body[0], f"application {body[0]}")
        vlan = (body[1] << 8 | body[2]) >> 1 & 0xFFF
        if len(policies) < LIST_LIMIT:
            policies.append(f"{application} {vlan}")
    elif subtype in _INVENTORY:
        found[_INVENTORY[subtype]] = text(body)


DISSECTOR = Dissector(protocol="lldp", datagram=read)
