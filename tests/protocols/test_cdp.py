"""CDP: what a switch or a phone of Cisco says of itself to its neighbour."""

from __future__ import annotations

from asepsis.protocols.cdp import ADDRESSES_LIMIT, Cdp, read
from asepsis.protocols.message import Malformed
from tests.protocols.conformance import MALFORMED, Vector


def tlv(tlv_type: int, body: bytes) -> bytes:
    return tlv_type.to_bytes(2, "big") + (len(body) + 4).to_bytes(2, "big") + body


def addresses(*octets: bytes) -> bytes:
    found = len(octets).to_bytes(4, "big")
    for address in octets:
        protocol = b"\x01\x01\xcc" if len(address) == 4 else b"\x02\x08\xaa\xaa\x03\0\0\0\x86\xdd"
        found += protocol + len(address).to_bytes(2, "big") + address
    return found


HEADER = b"\x02\xb4\x00\x00"  # version 2, 180 seconds, checksum
SWITCH = (
    HEADER
    + tlv(0x01, b"sw-ward3.example")
    + tlv(0x05, b"Example IOS Software, Version 15.2(7)E3\nCopyright")
    + tlv(0x06, b"cisco WS-EXAMPLE-48")
    + tlv(0x02, addresses(b"\xc0\0\x02\x07", bytes.fromhex("20010db8000000000000000000000007")))
    + tlv(0x03, b"GigabitEthernet1/0/7")
    + tlv(0x04, b"\x00\x00\x00\x29")
    + tlv(0x09, b"ward")
    + tlv(0x0A, b"\x00\x0a")
    + tlv(0x0B, b"\x01")
    + tlv(0x11, b"\x00\x00\x05\xdc")
    + tlv(0x14, b"sw-ward3")
    + tlv(0x16, addresses(b"\xc0\0\x02\x08"))
    + tlv(0x17, b"\x00Room 3")
)
PHONE = (
    HEADER
    + tlv(0x01, b"SEP020000000001")
    + tlv(0x04, b"\x00\x00\x04\x90")
    + tlv(0x06, b"Cisco IP Phone EXAMPLE")
    + tlv(0x0E, b"\x01\x00\x64")
    + tlv(0x10, b"\x18\x9c")
)
LAYOUT = 'Cisco, "Cisco Discovery Protocol Version 2": header, type-length-value, lengths with their header'

VECTORS = [
    Vector(name="switch", provenance=LAYOUT, data=SWITCH, kinds=("ANNOUNCEMENT",)),
    Vector(name="phone, padded", provenance=LAYOUT, data=PHONE + bytes(9), kinds=("ANNOUNCEMENT",)),
    Vector(name="shutdown", provenance=LAYOUT, data=b"\x02\0\0\0" + tlv(1, b"x"), kinds=("SHUTDOWN",)),
    Vector(
        name="a length that lies",
        provenance=LAYOUT,
        data=HEADER + tlv(1, b"x") + b"\x00\x05\x00\x03",
        kinds=("ANNOUNCEMENT", MALFORMED),
    ),
]


def only(payload: bytes) -> Cdp:
    (message,) = read(payload)
    assert isinstance(message, Cdp)
    return message


def test_a_switch_says_what_it_is() -> None:
    assert only(SWITCH).facts() == {
        "version": 2,
        "ttl_seconds": 180,
        "device_id": "sw-ward3.example",
        "port_id": "GigabitEthernet1/0/7",
        "platform": "cisco WS-EXAMPLE-48",
        "software_version": "Example IOS Software, Version 15.2(7)E3.Copyright",
        "capabilities": ("router", "switch", "IGMP capable"),
        "addresses": ("192.0.2.7", "2001:db8::7"),
        "management_addresses": ("192.0.2.8",),
        "vtp_domain": "ward",
        "native_vlan": 10,
        "duplex": "full",
        "mtu_bytes": 1500,
        "system_name": "sw-ward3",
        "location": "Room 3",
    }


def test_a_phone_says_which_vlan_and_power_it_takes() -> None:
    message = only(PHONE)
    assert message.capabilities == ("host", "VoIP phone", "two-port MAC relay")
    assert message.voice_vlan == 100
    assert message.power_milliwatts == 6300


def test_what_stands_before_a_lie_is_kept() -> None:
    message, malformed = read(HEADER + tlv(1, b"name") + b"\x00\x05\xff\xff")
    assert isinstance(message, Cdp)
    assert message.device_id == "name"
    assert malformed == Malformed(protocol="cdp", where="TLV type 5", why="65535 bytes said, 4 left")


def test_another_version_is_malformed() -> None:
    (malformed,) = read(b"\x07" + SWITCH[1:])
    assert malformed == Malformed(protocol="cdp", where="version", why="7 is none")


def test_addresses_beyond_the_limit_are_left_out() -> None:
    many = addresses(*(bytes((192, 0, 2, place)) for place in range(1, 100)))
    assert len(only(HEADER + tlv(2, many)).addresses) == ADDRESSES_LIMIT
