"""BACnet: which controller is what, who asks it, and who writes to it."""

from __future__ import annotations

import pytest

from asepsis.protocols.bacnet import Bacnet, read
from asepsis.protocols.message import Malformed
from tests.protocols.conformance import CANARY, Vector


def bvlc(npdu: bytes, function: int = 10) -> bytes:
    """ASHRAE 135 J.2: type, function, length, what follows."""
    return bytes((0x81, function)) + (len(npdu) + 4).to_bytes(2, "big") + npdu


def local(apdu: bytes) -> bytes:
    """An NPDU without addresses (ASHRAE 135 6.2)."""
    return b"\x01\x00" + apdu


def letters(text: str, encoding: int = 0, codec: str = "utf-8") -> bytes:
    """An application-tagged character string (ASHRAE 135 20.2.9)."""
    octets = bytes((encoding,)) + text.encode(codec)
    head = bytes((0x70 | len(octets),)) if len(octets) < 5 else bytes((0x75, len(octets)))
    return head + octets


DEVICE_260001 = (8 << 22 | 260001).to_bytes(4, "big")
I_AM = bytes((0x10, 0, 0xC4)) + DEVICE_260001 + bytes((0x22, 0x01, 0xE0, 0x91, 0x00, 0x21, 24))
WHO_IS = bytes((0x10, 8, 0x09, 5, 0x19, 9))
READ_NAME = bytes((0x00, 5, 1, 12, 0x0C)) + DEVICE_260001 + bytes((0x19, 70))
NAME = bytes((0x30, 1, 12, 0x0C)) + DEVICE_260001 + bytes((0x19, 70, 0x3E)) + letters("VMA1632") + b"\x3f"
READING = bytes((0x30, 2, 12, 0x0C)) + (3).to_bytes(4, "big") + b"\x19\x55\x3e\x44\x42\x90\x00\x00\x3f"


def group(*pairs: tuple[int, bytes]) -> bytes:
    """The answers of ReadPropertyMultiple for one object (ASHRAE 135 15.7)."""
    said = b""
    for number, answer in pairs:
        octets = number.to_bytes(1 if number < 256 else 2, "big")
        said += bytes((0x28 | len(octets),)) + octets + b"\x4e" + answer + b"\x4f"
    return b"\x1e" + said + b"\x1f"


MANY = (
    bytes((0x30, 3, 14, 0x0C))
    + DEVICE_260001
    + group(
        (77, letters("AHU-3")),
        (121, letters("Johnson Controls")),
        (44, letters("10.1", 4, "utf-16-be")),
        (12, letters("2.0", 5, "latin-1")),
        (28, letters("Air handling")),
        (58, letters("Roof")),
        (120, b"\x21\x05"),
        (372, letters("S0815")),
    )
    + b"\x0c"
    + (0).to_bytes(4, "big")
    + group((77, letters(CANARY)), (85, b"\x44\x42\x90\x00\x00"))
)
WRITE = bytes((0x00, 5, 4, 15, 0x0C)) + (1 << 22 | 7).to_bytes(4, "big") + b"\x19\x55\x3e\x44\x42\x90\x00\x00\x3f"
REINITIALIZE = bytes((0x00, 5, 5, 20, 0x09, 0x00, 0x1D, len(CANARY) + 1, 0x00)) + CANARY.encode()
ROUTED = b"\x01\x28\xff\xff\x00\x07\xd1\x01\x0b\xff" + I_AM
FORWARDED = b"\x81\x04" + (10 + 2 + len(I_AM)).to_bytes(2, "big") + bytes((10, 0, 0, 9, 0xBA, 0xC0)) + local(I_AM)
VERSION_6 = b"\x82\x02" + (7 + 2 + len(I_AM)).to_bytes(2, "big") + bytes(3) + local(I_AM)

VECTORS = [
    Vector(name="I-Am", provenance="ASHRAE 135 16.10, J.2", data=bvlc(local(I_AM), 11), kinds=("I-Am",)),
    Vector(name="I-Am on Ethernet", provenance="ASHRAE 135 7.1", data=local(I_AM), kinds=("I-Am",)),
    Vector(name="Who-Is", provenance="ASHRAE 135 16.10", data=bvlc(local(WHO_IS), 11), kinds=("Who-Is",)),
    Vector(name="request", provenance="ASHRAE 135 15.5", data=bvlc(local(READ_NAME)), kinds=("ReadProperty-Request",)),
    Vector(name="answer", provenance="ASHRAE 135 15.5", data=bvlc(local(NAME)), kinds=("ReadProperty-ACK",)),
    Vector(name="many", provenance="ASHRAE 135 15.7", data=bvlc(local(MANY)), kinds=("ReadPropertyMultiple-ACK",)),
    Vector(name="write", provenance="ASHRAE 135 15.9", data=bvlc(local(WRITE)), kinds=("WriteProperty-Request",)),
    Vector(
        name="password",
        provenance="ASHRAE 135 16.4",
        data=bvlc(local(REINITIALIZE)),
        kinds=("ReinitializeDevice-Request",),
    ),
    Vector(name="routed", provenance="ASHRAE 135 6.2", data=bvlc(ROUTED, 11), kinds=("I-Am",)),
    Vector(name="forwarded", provenance="ASHRAE 135 J.2.5", data=FORWARDED, kinds=("I-Am",)),
    Vector(name="IPv6", provenance="ASHRAE 135 U.2", data=VERSION_6, kinds=("I-Am",)),
    Vector(name="result", provenance="ASHRAE 135 J.2.1", data=bytes((0x81, 0, 0, 6, 0, 0)), kinds=("BVLC-Result",)),
    Vector(
        name="router",
        provenance="ASHRAE 135 6.4.2",
        data=bvlc(b"\x01\x80\x01\x07\xd1\x07\xd2", 11),
        kinds=("I-Am-Router-To-Network",),
    ),
]


def only(payload: bytes) -> Bacnet:
    (message,) = read(payload)
    assert isinstance(message, Bacnet)
    return message


def test_a_device_says_its_instance_and_its_vendor() -> None:
    message = only(bvlc(local(I_AM), 11))
    assert message.facts() == {"device": "260001", "object": "device,260001", "vendor_id": 24}
    assert message.sender_is_server


def test_the_properties_of_a_device_are_kept_in_every_character_set() -> None:
    message = only(bvlc(local(MANY)))
    assert message.facts() == {
        "device": "260001",
        "object": "device,260001",
        "properties": (
            *("object-name", "vendor-name", "firmware-revision", "application-software-version"),
            *("description", "location", "vendor-identifier", "serial-number", "object-name", "present-value"),
        ),
        "vendor_id": 5,
        "vendor_name": "Johnson Controls",
        "firmware_revision": "10.1",
        "application_software": "2.0",
        "object_name": "AHU-3",
        "description": "Air handling",
        "location": "Roof",
        "serial_number": "S0815",
    }


def test_a_reading_is_not_kept() -> None:
    assert only(bvlc(local(READING))).facts() == {"object": "analog-input,3", "properties": ("present-value",)}


def test_readings_that_differ_are_one_message() -> None:
    warmer = bytearray(bvlc(local(READING)))
    warmer[-2] ^= 0xFF
    assert only(bytes(warmer)) is only(bvlc(local(READING)))
    other = bytearray(bvlc(local(READING)))
    other[13] ^= 1
    assert only(bytes(other)).object == "analog-input,2"


def test_a_write_is_a_fact_and_a_password_only_that_it_was_sent() -> None:
    assert only(bvlc(local(WRITE))).facts() == {
        "object": "analog-output,7",
        "properties": ("present-value",),
        "writes": True,
    }
    assert only(bvlc(local(REINITIALIZE))).facts() == {"writes": True, "password": True}


def test_who_spoke_first_is_told_apart_from_who_passed_it_on() -> None:
    routed = only(bvlc(ROUTED, 11))
    assert (routed.source_network, routed.source_address) == (2001, "0b")
    assert only(FORWARDED).origin == "10.0.0.9"


def test_the_invoke_id_changes_nothing_and_costs_one_reading() -> None:
    other = bytearray(bvlc(local(NAME)))
    other[7] = 99
    assert only(bytes(other)) is only(bvlc(local(NAME)))


@pytest.mark.parametrize(
    ("payload", "where"),
    [
        (bvlc(local(I_AM))[:-1], "BVLC"),
        (bvlc(b"\x02\x00" + I_AM), "NPDU"),
        (bvlc(local(I_AM[:6])), "tag"),
        (bvlc(local(b"\x10")), "APDU"),
        (bvlc(b"\x01\x08\x00\x01\x09"), "NPDU"),
    ],
)
def test_what_is_no_message_is_malformed(payload: bytes, where: str) -> None:
    results = read(payload)
    assert isinstance(results[-1], Malformed)
    assert results[-1].where == where
