"""Bluetooth LE from the air: who advertises what, who connects to whom, and how they pair."""

from __future__ import annotations

import pytest

from asepsis.protocols.ble import Ble, read
from asepsis.protocols.ble_names import pairing_method
from asepsis.protocols.message import Malformed
from tests.protocols.conformance import Vector

ADVERTISING = b"\xd6\xbe\x89\x8e"
PUMP = bytes.fromhex("4f07c5f72300")  # 00:23:f7:c5:07:4f, as it stands on the air
PHONE = bytes.fromhex("665544332241")  # 41:...: the upper two bits are 01, a resolvable private address
CHECK = b"\xaa\xbb\xcc"


def packet(kind: int, body: bytes, *, random: int = 0, access: bytes = ADVERTISING, padding: bytes = b"") -> bytes:
    """Core 6.B.2.1: access address, header, length, payload, check sequence."""
    return access + bytes((kind | random << 6, len(body))) + padding + body + CHECK


def structure(kind: int, body: bytes) -> bytes:
    """Core 3.C.11."""
    return bytes((len(body) + 1, kind)) + body


METER = (
    structure(0x01, b"\x06")
    + structure(0x03, b"\x08\x18\x0a\x18")
    + structure(0x19, b"\x00\x04")
    + structure(0x09, b"meter+06109421")
    + structure(0xFF, b"\x70\x01\x00\x01\x02")
)
ADVERTISES = packet(0, PUMP + METER)
ANSWERS = packet(4, PHONE + structure(0x16, b"\x0f\x18\x63"), random=1)
CONNECTS = packet(5, PHONE + PUMP + bytes(22), random=1)
EXTENDED = packet(7, b"\x07\x01" + PUMP + METER)
PAIRING_REQUEST = b"\x01\x03\x00\x05\x10\x01\x03"
PAIRING_RESPONSE = b"\x02\x03\x00\x01\x07\x01\x03"
SERVICES = b"\x11\x06\x01\x00\x05\x00\x08\x18\x06\x00\x09\x00\x0a\x18"


def connected(channel: int, message: bytes) -> bytes:
    """A first piece of L2CAP in a data packet (Core 6.B.2.4, 3.A.3.1)."""
    body = len(message).to_bytes(2, "little") + channel.to_bytes(2, "little") + message
    return packet(2, body, access=b"\x50\x65\x9b\x12")


VECTORS = [
    Vector(name="advertising", provenance="Core 6.B.2.3.1.1", data=ADVERTISES, kinds=("ADV_IND",)),
    Vector(name="scan response", provenance="Core 6.B.2.3.2.2", data=ANSWERS, kinds=("SCAN_RSP",)),
    Vector(name="connecting", provenance="Core 6.B.2.3.3.1", data=CONNECTS, kinds=("CONNECT_IND",)),
    Vector(name="extended", provenance="Core 6.B.2.3.4", data=EXTENDED, kinds=("ADV_EXT_IND",)),
    Vector(
        name="pairing", provenance="Core 3.H.3.5.2", data=connected(6, PAIRING_RESPONSE), kinds=("Pairing Response",)
    ),
    Vector(name="services", provenance="Core 3.F.3.4.4.10", data=connected(4, SERVICES), kinds=("Services",)),
]


def only(payload: bytes) -> Ble:
    (message,) = read(payload)
    assert isinstance(message, Ble)
    return message


def test_a_meter_says_what_it_is() -> None:
    assert only(ADVERTISES).facts() == {
        "address": "00:23:f7:c5:07:4f",
        "address_kind": "public",
        "name": "meter+06109421",
        "appearance": 0x0400,
        "companies": (0x0170,),
        "services": ("1808", "180a"),
    }
    assert only(EXTENDED).facts() == only(ADVERTISES).facts()


def test_an_address_that_changes_is_told_from_one_that_stays() -> None:
    assert only(ANSWERS).address_kind == "random resolvable"
    assert only(packet(0, PUMP[:5] + b"\xc0", random=1)).address_kind == "random static"
    assert only(packet(0, PUMP[:5] + b"\x00", random=1)).address_kind == "random non-resolvable"


def test_service_data_names_its_service_and_nothing_more() -> None:
    assert only(ANSWERS).facts() == {
        "address": "41:22:33:44:55:66",
        "address_kind": "random resolvable",
        "services": ("180f",),
    }


def test_who_connects_to_whom_is_said() -> None:
    message = only(CONNECTS)
    assert (message.peer, message.address, message.address_kind) == ("41:22:33:44:55:66", "00:23:f7:c5:07:4f", "public")


def test_a_byte_between_header_and_payload_changes_nothing() -> None:
    assert only(packet(0, PUMP + METER, padding=b"\0")) == only(ADVERTISES)


def test_a_pairing_without_proof_is_told() -> None:
    assert only(connected(6, PAIRING_REQUEST)).facts() == {
        "io_capability": "NoInputNoOutput",
        "requirements": ("bonding", "MITM"),
        "key_size_bytes": 16,
    }
    assert only(connected(6, PAIRING_RESPONSE)).facts() == {
        "io_capability": "NoInputNoOutput",
        "requirements": ("bonding",),
        "key_size_bytes": 7,
        "method": "Just Works",
    }


# Core 3.H.2.3.5.1, table 2.8: IO capability of initiator and responder, legacy pairing, Secure Connections.
DISPLAY, YES_NO, KEYBOARD, NOTHING, BOTH = range(5)


@pytest.mark.parametrize(
    ("initiator", "responder", "legacy", "secure"),
    [
        (DISPLAY, DISPLAY, "Just Works", "Just Works"),
        (YES_NO, YES_NO, "Just Works", "Numeric Comparison"),
        (YES_NO, DISPLAY, "Just Works", "Just Works"),
        (KEYBOARD, DISPLAY, "Passkey Entry", "Passkey Entry"),
        (KEYBOARD, KEYBOARD, "Passkey Entry", "Passkey Entry"),
        (KEYBOARD, BOTH, "Passkey Entry", "Passkey Entry"),
        (BOTH, DISPLAY, "Passkey Entry", "Passkey Entry"),
        (BOTH, YES_NO, "Passkey Entry", "Numeric Comparison"),
        (BOTH, BOTH, "Passkey Entry", "Numeric Comparison"),
        (NOTHING, BOTH, "Just Works", "Just Works"),
        (KEYBOARD, NOTHING, "Just Works", "Just Works"),
    ],
)
def test_the_method_follows_from_what_both_can_show(initiator: int, responder: int, legacy: str, secure: str) -> None:
    def method(needs: int) -> str:
        return pairing_method(bytes((initiator, 0, needs, 16, 0, 0)), bytes((responder, 0, needs, 16, 0, 0)))

    assert (method(0x05), method(0x0D), method(0x01)) == (legacy, secure, "Just Works")
    assert pairing_method(bytes((BOTH, 1, 5, 16, 0, 0)), bytes((BOTH, 1, 5, 16, 0, 0))) == "Out of Band"


def test_lengths_that_lie_are_malformed() -> None:
    assert isinstance(read(ADVERTISES[:-4])[0], Malformed)
    assert isinstance(read(packet(0, PUMP[:3]))[0], Malformed)
    assert isinstance(read(packet(12, PUMP))[0], Malformed)
