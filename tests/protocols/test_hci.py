"""A host's own record of Bluetooth LE: connections, pairing, and what devices say they are."""

from __future__ import annotations

from asepsis.protocols.hci import HciBle, HciStream
from asepsis.protocols.message import Malformed, Result
from tests.protocols.conformance import CANARY, Vector
from tests.protocols.test_ble import METER, PUMP

HANDLE = 0x0040


def event(code: int, body: bytes) -> bytes:
    """Core 4.E.5.4.4 behind H4's type 4."""
    return bytes((4, code, len(body))) + body


def acl(channel: int, message: bytes, *, from_peer: bool) -> bytes:
    """Core 4.E.5.4.2 behind H4's type 2, with an L2CAP header: 10 from the controller, 00 from the host."""
    body = len(message).to_bytes(2, "little") + channel.to_bytes(2, "little") + message
    return (
        b"\x02" + (HANDLE | (0x2000 if from_peer else 0)).to_bytes(2, "little") + len(body).to_bytes(2, "little") + body
    )


CONNECTED = event(0x3E, b"\x01\x00" + HANDLE.to_bytes(2, "little") + b"\x00\x00" + PUMP + bytes(7))
REPORT = event(0x3E, b"\x02\x01\x00\x00" + PUMP + bytes((len(METER),)) + METER + b"\xc4")
TWO = event(0x3E, b"\x02\x02\x00\x04\x00\x00" + PUMP + PUMP + b"\x03\x00" + METER[:3] + b"\xc4\xc4")
EXTENDED = event(
    0x3E,
    b"\x0d\x01\x13\x00\x00" + PUMP + bytes((1, 0, 255, 127, 196, 0, 0, 0)) + bytes(6) + bytes((len(METER),)) + METER,
)
REQUEST = acl(6, b"\x01\x03\x00\x05\x10\x01\x03", from_peer=True)
RESPONSE = acl(6, b"\x02\x04\x00\x0d\x10\x01\x03", from_peer=False)
# Characteristics between two handles: declarations of the manufacturer's name and of a measurement.
ASK_WHICH = acl(4, b"\x08\x01\x00\xff\xff\x03\x28", from_peer=False)
WHICH = acl(4, b"\x09\x07\x02\x00\x02\x03\x00\x29\x2a\x04\x00\x10\x05\x00\x18\x2a", from_peer=True)
ASK_MAKER = acl(4, b"\x0a\x03\x00", from_peer=False)
MAKER = acl(4, b"\x0bMedtronic", from_peer=True)
ASK_READING = acl(4, b"\x0a\x05\x00", from_peer=False)
READING = acl(4, b"\x0b" + CANARY.encode(), from_peer=True)
ASK_NAME = acl(4, b"\x08\x01\x00\xff\xff\x00\x2a", from_peer=False)
NAME = acl(4, b"\x09\x0f\x08\x00Pump 3671504H", from_peer=True)
ENCRYPTED = event(0x08, b"\x00" + HANDLE.to_bytes(2, "little") + b"\x01")
VERSION = event(0x0C, b"\x00" + HANDLE.to_bytes(2, "little") + b"\x08\x0d\x00\x00\x00")
GONE = event(0x05, b"\x00" + HANDLE.to_bytes(2, "little") + b"\x13")

PAIRING = CONNECTED + REQUEST + RESPONSE + ENCRYPTED + VERSION
DISCOVERY = CONNECTED + ASK_WHICH + WHICH + ASK_MAKER + MAKER + ASK_READING + READING + ASK_NAME + NAME + GONE

VECTORS = [
    Vector(name="reports", provenance="4.E.7.7.65.2", data=((0, REPORT + TWO),), kinds=("Advertising Report",) * 3),
    Vector(
        name="extended report",
        provenance="Core 4.E.7.7.65.13",
        data=((0, EXTENDED),),
        kinds=("Extended Advertising Report",),
    ),
    Vector(
        name="pairing",
        provenance="Core 3.H.3.5, 4.E.7.7",
        data=((0, PAIRING),),
        kinds=("Connection Complete", "Pairing Request", "Pairing Response", "Encryption Change", "Remote Version"),
    ),
    Vector(
        name="discovery",
        provenance="Core 3.F.3.4.4",
        data=((0, DISCOVERY),),
        kinds=("Connection Complete", "Characteristics", "Device Information", "Device Information"),
    ),
]


def fed(data: bytes) -> list[Result]:
    return list(HciStream().feed(0, data))


def facts(data: bytes) -> list[dict[str, object]]:
    found = []
    for message in fed(data):
        assert isinstance(message, HciBle)
        found.append(message.facts())
    return found


OF_THE_PUMP = {"address": "00:23:f7:c5:07:4f", "address_kind": "public"}


def test_a_report_says_what_the_device_advertises() -> None:
    (said,) = facts(REPORT)
    assert said == OF_THE_PUMP | {
        "name": "meter+06109421",
        "appearance": 0x0400,
        "companies": (0x0170,),
        "services": ("1808", "180a"),
    }
    assert facts(EXTENDED) == [said]


def test_strings_are_of_the_device_that_was_read_and_readings_are_not_kept() -> None:
    assert facts(DISCOVERY) == [
        OF_THE_PUMP,
        OF_THE_PUMP | {"characteristics": ("2a29", "2a18")},
        OF_THE_PUMP | {"manufacturer": "Medtronic"},
        OF_THE_PUMP | {"name": "Pump 3671504H"},
    ]


def test_how_two_devices_paired_is_said_of_the_peer() -> None:
    said = facts(PAIRING)
    assert said[1] == OF_THE_PUMP | {
        "io_capability": "NoInputNoOutput",
        "requirements": ("bonding", "MITM"),
        "key_size_bytes": 16,
    }
    assert (said[2]["method"], said[2]["peer"]) == ("Just Works", "00:23:f7:c5:07:4f")
    assert said[3:] == [OF_THE_PUMP | {"encrypted": True}, OF_THE_PUMP | {"version": "4.2", "companies": (13,)}]


def test_a_connection_that_is_over_is_nobodys() -> None:
    assert facts(CONNECTED + ASK_WHICH + WHICH + GONE + ASK_MAKER + MAKER)[2:] == []


def test_what_is_no_packet_ends_the_reading_until_the_next_gap() -> None:
    stream = HciStream()
    assert isinstance(stream.feed(0, b"\x09\x00\x00\x00")[0], Malformed)
    assert stream.feed(0, REPORT) == ()
    assert len(stream.feed(0, REPORT, gap=True)) == 1
