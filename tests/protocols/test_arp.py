"""ARP: who claims which address."""

from __future__ import annotations

import pytest

from asepsis.protocols.arp import Arp, read
from asepsis.protocols.message import Malformed
from tests.protocols.conformance import Vector

MAC_A = bytes.fromhex("020000000001")
MAC_B = bytes.fromhex("020000000002")
IP_A = bytes((192, 0, 2, 1))
IP_B = bytes((192, 0, 2, 2))


def packet(operation: int, sender_mac: bytes, sender_ip: bytes, target_mac: bytes, target_ip: bytes) -> bytes:
    head = b"\x00\x01\x08\x00\x06\x04" + operation.to_bytes(2, "big")
    return head + sender_mac + sender_ip + target_mac + target_ip


REQUEST = packet(1, MAC_A, IP_A, bytes(6), IP_B)
REPLY = packet(2, MAC_B, IP_B, MAC_A, IP_A)
PROBE = packet(1, MAC_A, bytes(4), bytes(6), IP_A)
ANNOUNCEMENT = packet(1, MAC_A, IP_A, bytes(6), IP_A)
GRATUITOUS_REPLY = packet(2, MAC_A, IP_A, b"\xff" * 6, IP_A)

VECTORS = [
    Vector(name="request", provenance="RFC 826, packet format", data=REQUEST, kinds=("REQUEST",)),
    Vector(
        name="reply with padding", provenance="RFC 826; IEEE 802.3 padding", data=REPLY + bytes(18), kinds=("REPLY",)
    ),
    Vector(name="probe", provenance="RFC 5227 1.1", data=PROBE, kinds=("PROBE",)),
    Vector(name="announcement", provenance="RFC 5227 1.1", data=ANNOUNCEMENT, kinds=("ANNOUNCEMENT",)),
]


def test_a_reply_claims_an_address() -> None:
    (message,) = read(REPLY + bytes(18))
    assert isinstance(message, Arp)
    assert message.facts() == {
        "sender_mac": "02:00:00:00:00:02",
        "sender_ip": "192.0.2.2",
        "target_mac": "02:00:00:00:00:01",
        "target_ip": "192.0.2.1",
    }
    assert message.sender_is_server is None


def test_a_request_leaves_the_unknown_hardware_address_out() -> None:
    (message,) = read(REQUEST)
    assert isinstance(message, Arp)
    assert message.target_mac == ""
    assert "target_mac" not in message.facts()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (PROBE, "PROBE"),
        (ANNOUNCEMENT, "ANNOUNCEMENT"),
        (GRATUITOUS_REPLY, "GRATUITOUS REPLY"),
        (packet(8, MAC_A, IP_A, MAC_B, bytes(4)), "INARP REQUEST"),
    ],
)
def test_the_kind_says_what_the_addresses_mean(data: bytes, kind: str) -> None:
    (message,) = read(data)
    assert not isinstance(message, Malformed)
    assert message.kind == kind


def test_a_short_packet_is_malformed() -> None:
    assert read(REQUEST[:27]) == (Malformed(protocol="arp", where="packet", why="27 bytes of 28"),)


def test_an_operation_that_nobody_assigned_is_malformed() -> None:
    (message,) = read(packet(77, MAC_A, IP_A, MAC_B, IP_B))
    assert isinstance(message, Malformed)
    assert message.where == "operation"


def test_wrong_address_lengths_are_malformed() -> None:
    (message,) = read(REQUEST[:4] + b"\x08\x04" + REQUEST[6:])
    assert isinstance(message, Malformed)
    assert message.where == "address lengths"


def test_another_link_says_nothing() -> None:
    assert read(b"\x00\x20" + REQUEST[2:]) == ()
