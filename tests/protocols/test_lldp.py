"""LLDP: what a switch, a phone or a device says of itself to its neighbour."""

from __future__ import annotations

from asepsis.protocols.lldp import LIST_LIMIT, Lldp, read
from asepsis.protocols.message import Malformed
from tests.protocols.conformance import Vector


def tlv(tlv_type: int, body: bytes) -> bytes:
    return (tlv_type << 9 | len(body)).to_bytes(2, "big") + body


def organizational(oui: str, subtype: int, body: bytes) -> bytes:
    return tlv(127, bytes.fromhex(oui) + bytes((subtype,)) + body)


END = tlv(0, b"")
MANDATORY = (
    tlv(1, b"\x04" + bytes.fromhex("020000000001"))  # IEEE 802.1AB-2016 8.5.2: MAC address
    + tlv(2, b"\x05Gi1/0/7")  # 8.5.3: interface name
    + tlv(3, b"\x00\x78")  # 8.5.4: 120 seconds
)
SWITCH = (
    MANDATORY
    + tlv(4, b"to ward 3")
    + tlv(5, b"sw-ward3")
    + tlv(6, b"Example Switch OS 12.2\nbuilt somewhere")
    + tlv(7, b"\x00\x14\x00\x04")  # bridge and router, bridge enabled
    + tlv(8, b"\x05\x01\xc0\x00\x02\x01" + b"\x02\x00\x00\x00\x07" + b"\x00")
    + tlv(8, b"\x11\x02" + bytes.fromhex("20010db8000000000000000000000001") + b"\x02\x00\x00\x00\x07\x00")
    + organizational("0080c2", 1, b"\x00\x0a")
    + organizational("0080c2", 3, b"\x00\x0a\x07devices")
    + organizational("00120f", 1, b"\x03\x6c\x01\x00\x1e")
    + organizational("00120f", 4, b"\x05\xee")
    + organizational("000ecf", 5, bytes(6))
    + END
)
PUMP = (
    MANDATORY
    + organizational("0012bb", 1, b"\x00\x33\x01")
    + organizational("0012bb", 2, b"\x01\x40\xc9\xae")  # voice, tagged, VLAN 100
    + organizational("0012bb", 5, b"HW 2")
    + organizational("0012bb", 6, b"FW 13.4\0")
    + organizational("0012bb", 7, b"SW 9")
    + organizational("0012bb", 8, b"SN123456")
    + organizational("0012bb", 9, b"Example Medical")
    + organizational("0012bb", 10, b"Pump 300")
    + organizational("0012bb", 11, b"ASSET-77")
    + END
)

VECTORS = [
    Vector(name="switch", provenance="IEEE 802.1AB-2016 8.5; 802.1Q D.2; 802.3 79.3", data=SWITCH, kinds=("LLDPDU",)),
    Vector(name="inventory", provenance="ANSI/TIA-1057 10.2", data=PUMP + bytes(7), kinds=("LLDPDU",)),
    Vector(
        name="shutdown",
        provenance="IEEE 802.1AB-2016 9.1.2.2",
        data=MANDATORY[:-2] + b"\0\0" + END,
        kinds=("SHUTDOWN",),
    ),
]


def only(payload: bytes) -> Lldp:
    (message,) = read(payload)
    assert isinstance(message, Lldp)
    return message


def test_a_switch_says_its_name_port_and_addresses() -> None:
    assert only(SWITCH).facts() == {
        "chassis_id": "02:00:00:00:00:01",
        "chassis_id_kind": "MAC address",
        "port_id": "Gi1/0/7",
        "port_id_kind": "interface name",
        "ttl_seconds": 120,
        "port_description": "to ward 3",
        "system_name": "sw-ward3",
        "system_description": "Example Switch OS 12.2.built somewhere",
        "capabilities": ("bridge", "router"),
        "enabled_capabilities": ("bridge",),
        "management_addresses": ("192.0.2.1", "2001:db8::1"),
        "port_vlan": 10,
        "vlans": ("10 devices",),
        "autonegotiation": "enabled",
        "mau_type": 30,
        "frame_size_bytes": 1518,
        "organizations": ("00:0e:cf",),
    }


def test_the_inventory_of_a_device_is_read() -> None:
    message = only(PUMP)
    assert message.device_class == "endpoint class I"
    assert message.policies == ("voice 100",)
    assert message.hardware_revision == "HW 2"
    assert message.firmware_revision == "FW 13.4"
    assert message.software_revision == "SW 9"
    assert message.serial_number == "SN123456"
    assert message.manufacturer == "Example Medical"
    assert message.model == "Pump 300"
    assert message.asset_id == "ASSET-77"


def test_a_lifetime_of_zero_is_a_shutdown() -> None:
    message = only(MANDATORY[:-2] + b"\0\0" + END)
    assert message.kind == "SHUTDOWN"
    assert message.facts()["ttl_seconds"] == 0


def test_what_stands_before_a_malformed_tlv_is_kept() -> None:
    message, malformed = read(MANDATORY + tlv(5, b"name") + b"\x0c\xff")
    assert isinstance(message, Lldp)
    assert message.system_name == "name"
    assert malformed == Malformed(protocol="lldp", where="TLV type 6", why="255 bytes said, 0 left")


def test_a_missing_mandatory_tlv_is_malformed() -> None:
    (malformed,) = read(MANDATORY[:9] + END)
    assert malformed == Malformed(protocol="lldp", where="LLDPDU", why="a mandatory TLV is missing")


def test_another_order_of_the_first_tlvs_is_malformed() -> None:
    (malformed,) = read(tlv(3, b"\0\x01") + MANDATORY)
    assert isinstance(malformed, Malformed)
    assert malformed.why == "TLV 1 is of type 3"


def test_a_second_mandatory_tlv_is_malformed() -> None:
    message, malformed = read(MANDATORY + tlv(3, b"\0\x01") + END)
    assert isinstance(message, Lldp)
    assert message.ttl_seconds == 120
    assert malformed == Malformed(protocol="lldp", where="LLDPDU", why="TLV 4 is of type 3")


def test_addresses_beyond_the_limit_are_left_out() -> None:
    address = tlv(8, b"\x05\x01\xc0\x00\x02\x01" + b"\x02\x00\x00\x00\x07" + b"\x00")
    assert len(only(MANDATORY + address * 100 + END).management_addresses) == LIST_LIMIT
