"""DHCP for IPv6: who asks, by which identifier, and which addresses it gets."""

from __future__ import annotations

from ipaddress import IPv6Address

from asepsis.protocols.dhcpv6 import RELAYS_LIMIT, Dhcpv6, read
from asepsis.protocols.message import Malformed
from tests.protocols.conformance import Vector

MAC = bytes.fromhex("020000000001")
CLIENT = b"\0\x01\0\x01\x2a\x2b\x2c\x2d" + MAC  # RFC 8415 11.2: DUID-LLT
SERVER = b"\0\x03\0\x01" + bytes.fromhex("020000000009")  # RFC 8415 11.4: DUID-LL
ADDRESS = IPv6Address("2001:db8::77").packed
TRANSACTION = b"\x12\x34\x56"


def option(code: int, body: bytes) -> bytes:
    return code.to_bytes(2, "big") + len(body).to_bytes(2, "big") + body


def relay(message: bytes, *, message_type: int = 12, link: str = "2001:db8:1::1", extra: bytes = b"") -> bytes:
    head = bytes((message_type, 0)) + IPv6Address(link).packed + IPv6Address("fe80::1").packed
    return head + extra + option(9, message)


SOLICIT = (
    b"\x01"
    + TRANSACTION
    + option(1, CLIENT)
    + option(3, bytes(12))
    + option(39, b"\x01\x07pump-12\x04ward\0")
    + option(16, (311).to_bytes(4, "big") + b"\0\x08MSFT 5.0")
    + option(15, b"\0\x05alpha")
    + option(6, bytes.fromhex("001700180038"))
    + option(8, b"\0\0")
    + option(61, b"\0\x07")
    + option(112, b"https://example.com/pump.json")
)
REPLY = (
    b"\x07"
    + TRANSACTION
    + option(1, CLIENT)
    + option(2, SERVER)
    + option(3, bytes(12) + option(5, ADDRESS + bytes(8)) + option(13, b"\0\0fine"))
    + option(25, bytes(12) + option(26, bytes(8) + b"\x38" + IPv6Address("2001:db8:100::").packed))
    + option(23, IPv6Address("2001:db8::53").packed + IPv6Address("2001:db8::54").packed)
    + option(24, b"\x04ward\x07example\0\x07example\0")
    + option(31, IPv6Address("2001:db8::123").packed)
    + option(13, b"\0\x02none")
)
RELAYED = relay(
    relay(SOLICIT, link="::", extra=option(79, b"\0\x01" + MAC)),
    extra=option(18, b"Gi1/0/7") + option(37, (9).to_bytes(4, "big") + b"\x01\x02"),
)

VECTORS = [
    Vector(name="solicit", provenance="RFC 8415 8, 21; RFC 4704; RFC 8520 10", data=SOLICIT, kinds=("SOLICIT",)),
    Vector(name="reply", provenance="RFC 8415 8, 21; RFC 3646", data=REPLY, kinds=("REPLY",)),
    Vector(name="through two relays", provenance="RFC 8415 9; RFC 6939; RFC 4649", data=RELAYED, kinds=("SOLICIT",)),
]


def nested_relays(size_bytes: int) -> bytes:
    message = SOLICIT
    while len(message) + 38 < size_bytes:
        message = relay(message)
    return message


HOSTILE = {"relays in relays": nested_relays}


def only(payload: bytes) -> Dhcpv6:
    (found,) = read(payload)
    assert isinstance(found, Dhcpv6)
    return found


def test_a_solicit_says_who_asks() -> None:
    found = only(SOLICIT)
    assert found.kind == "SOLICIT"
    assert found.sender_is_server is False
    assert found.facts() == {
        "client_duid": CLIENT.hex(),
        "client_duid_form": "LLT",
        "client_mac": "02:00:00:00:00:01",
        "fqdn": "pump-12.ward",
        "vendor_class": "MSFT 5.0",
        "vendor_enterprise": 311,
        "user_class": "alpha",
        "parameter_list": (23, 24, 56),
        "option_order": (1, 3, 39, 16, 15, 6, 8, 61, 112),
        "architecture": 7,
        "mud_url": "https://example.com/pump.json",
    }


def test_a_reply_says_what_the_client_gets() -> None:
    found = only(REPLY)
    assert found.sender_is_server is True
    assert found.server_mac == "02:00:00:00:00:09"
    assert found.addresses == ("2001:db8::77",)
    assert found.prefixes == ("2001:db8:100::/56",)
    assert found.dns_servers == ("2001:db8::53", "2001:db8::54")
    assert found.domains == ("ward.example", "example")
    assert found.ntp_servers == ("2001:db8::123",)
    assert found.status == "NoAddrsAvail"


def test_a_relayed_message_is_unwrapped_and_names_its_relays() -> None:
    found = only(RELAYED)
    assert found.kind == "SOLICIT"
    assert found.relay_peers == ("fe80::1", "fe80::1")
    assert found.relay_links == ("2001:db8:1::1",)
    assert found.relay_interface == "Gi1/0/7"
    assert found.relay_remote == "0102"
    assert found.client_link_address == "02:00:00:00:00:01"
    assert found.client_mac == "02:00:00:00:00:01"


def test_a_relay_without_a_message_stays_a_relay() -> None:
    found = only(relay(b"")[:-4])
    assert found.kind == "RELAY-FORW"
    assert found.sender_is_server is False


def test_more_relays_than_the_standard_allows_are_malformed() -> None:
    message = SOLICIT
    for _ in range(RELAYS_LIMIT + 1):
        message = relay(message)
    found, malformed = read(message)
    assert isinstance(found, Dhcpv6)
    assert found.kind == "RELAY-FORW"
    assert malformed == Malformed(protocol="dhcpv6", where="relay message", why="more than 8 relays")


def test_what_stands_before_a_truncated_option_is_kept() -> None:
    found, malformed = read(b"\x01" + TRANSACTION + option(1, CLIENT) + b"\0\x27\0\x10abc")
    assert isinstance(found, Dhcpv6)
    assert found.client_mac == "02:00:00:00:00:01"
    assert malformed == Malformed(protocol="dhcpv6", where="option 39", why="16 bytes said, 3 left")


def test_a_message_type_that_nobody_assigned_is_malformed() -> None:
    (malformed,) = read(b"\xc8" + TRANSACTION)
    assert malformed == Malformed(protocol="dhcpv6", where="msg-type", why="200 is not assigned")


def test_a_transaction_id_makes_no_other_message() -> None:
    assert read(SOLICIT) == read(SOLICIT[:1] + b"\x99\x99\x99" + SOLICIT[4:])
