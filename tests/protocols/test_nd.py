"""Neighbour discovery: who has which IPv6 address, who routes."""

from __future__ import annotations

from asepsis.protocols.message import Malformed
from asepsis.protocols.nd import LIST_LIMIT, Neighbour, read
from tests.protocols.conformance import MALFORMED, Vector

HOST = bytes.fromhex("fe80000000000000000000000000000a")
ULA = bytes.fromhex("fd000000000000010000000000000a0a")
MAC = bytes.fromhex("020000000001")
PREFIX = bytes.fromhex("20010db8000000000000000000000000")
SOURCE = b"\x01\x01" + MAC  # RFC 4861 4.6.1
TARGET = b"\x02\x01" + MAC

SOLICITATION = b"\x87\0\x12\x34" + bytes(4) + HOST + SOURCE  # 4.3
ADVERTISEMENT = b"\x88\0\x12\x34\xe0\0\0\0" + ULA + TARGET  # 4.4: router, solicited, override
PROBE = b"\x87\0\x12\x34" + bytes(4) + ULA + b"\x0e\x01\x01\x02\x03\x04\x05\x06"  # RFC 4862 5.4.2, RFC 7527 nonce
ASKS_FOR_ROUTERS = b"\x85\0\x12\x34" + bytes(4) + SOURCE  # 4.1
ROUTER = (
    b"\x86\0\x12\x34\x40\xc8\x07\x08" + bytes(8)  # 4.2: hop limit 64, M and O, preference high, 1800 seconds
    + SOURCE
    + b"\x05\x01\0\0\0\0\x05\xdc"  # 4.6.4: 1500
    + b"\x03\x04\x40\xc0" + bytes(12) + PREFIX  # 4.6.2: /64, on-link and autonomous
    + b"\x18\x02\x30\x08\0\0\x0e\x10\xfd\0\0\0\0\0\0\0"  # RFC 4191 2.3: fd00::/48
    + b"\x19\x03\0\0\0\0\x0e\x10" + ULA  # RFC 8106 5.1
    + b"\x1f\x03\0\0\0\0\x0e\x10\x04ward\x07example\0\0\0"  # RFC 8106 5.2
)  # fmt: skip
REDIRECT = b"\x89\0\x12\x34" + bytes(4) + HOST + ULA + TARGET  # 4.5

VECTORS = [
    Vector(name="neighbour asked", provenance="RFC 4861 4.3", data=SOLICITATION, kinds=("NEIGHBOUR SOLICITATION",)),
    Vector(name="neighbour told", provenance="RFC 4861 4.4", data=ADVERTISEMENT, kinds=("NEIGHBOUR ADVERTISEMENT",)),
    Vector(name="is it free", provenance="RFC 4862 5.4.2", data=PROBE, kinds=("NEIGHBOUR SOLICITATION",)),
    Vector(name="routers asked", provenance="RFC 4861 4.1", data=ASKS_FOR_ROUTERS, kinds=("ROUTER SOLICITATION",)),
    Vector(name="router", provenance="RFC 4861 4.2; RFC 4191; RFC 8106", data=ROUTER, kinds=("ROUTER ADVERTISEMENT",)),
    Vector(name="redirect", provenance="RFC 4861 4.5", data=REDIRECT, kinds=("REDIRECT",)),
    Vector(
        name="an option of no length",
        provenance="RFC 4861 4.6",
        data=SOLICITATION + bytes(8),
        kinds=("NEIGHBOUR SOLICITATION", MALFORMED),
    ),
]


def only(payload: bytes) -> Neighbour:
    (message,) = read(payload)
    assert isinstance(message, Neighbour)
    return message


def test_a_neighbour_tells_which_hardware_address_has_which_address() -> None:
    assert only(ADVERTISEMENT).facts() == {
        "target_ip": "fd00:0:0:1::a0a",
        "target_mac": "02:00:00:00:00:01",
        "is_router": True,
        "is_solicited": True,
        "is_override": True,
    }


def test_a_router_tells_what_its_link_has() -> None:
    assert only(ROUTER).facts() == {
        "source_mac": "02:00:00:00:00:01",
        "hop_limit": 64,
        "lifetime_seconds": 1800,
        "preference": "high",
        "managed": True,
        "other": True,
        "prefixes": ("2001:db8::/64 on-link autonomous",),
        "routes": ("fd00::/48",),
        "mtu_bytes": 1500,
        "dns_servers": ("fd00:0:0:1::a0a",),
        "domains": ("ward.example",),
    }


def test_a_redirect_tells_the_better_way() -> None:
    message = only(REDIRECT)
    assert (message.destination_ip, message.target_ip) == ("fd00:0:0:1::a0a", "fe80::a")
    assert message.target_mac == "02:00:00:00:00:01"


def test_the_checksum_changes_nothing() -> None:
    assert read(SOLICITATION) == read(SOLICITATION[:2] + b"\xff\xff" + SOLICITATION[4:])


def test_a_target_that_is_a_group_is_malformed() -> None:
    (malformed,) = read(SOLICITATION[:8] + b"\xff\x02" + bytes(13) + b"\x01")
    assert malformed == Malformed(protocol="nd", where="target address", why="unspecified or multicast")


def test_prefixes_beyond_the_limit_are_left_out() -> None:
    many = b"".join(b"\x03\x04\x40\xc0" + bytes(12) + bytes((32, place)) + bytes(14) for place in range(40))
    assert len(only(ROUTER[:16] + many).prefixes) == LIST_LIMIT
