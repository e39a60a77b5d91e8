"""DHCP for IPv4: who asks, how it calls itself, what it gets."""

from __future__ import annotations

from uuid import UUID

import pytest

from asepsis.protocols.dhcp import LIST_LIMIT, Dhcp, read
from asepsis.protocols.message import Malformed
from tests.protocols.conformance import Vector

MAC = bytes.fromhex("020000000001")
COOKIE = bytes.fromhex("63825363")  # RFC 2131 3


def option(code: int, body: bytes) -> bytes:
    return bytes((code, len(body))) + body


def message(
    op: int,
    options: bytes = b"",
    *,
    ciaddr: bytes = bytes(4),
    yiaddr: bytes = bytes(4),
    siaddr: bytes = bytes(4),
    giaddr: bytes = bytes(4),
    xid: int = 0x1234,
    secs: int = 0,
    sname: bytes = b"",
    file: bytes = b"",
    cookie: bytes = COOKIE,
) -> bytes:
    """RFC 2131 figure 1."""
    head = bytes((op, 1, 6, 0)) + xid.to_bytes(4, "big") + secs.to_bytes(2, "big") + b"\x80\0"
    addresses = ciaddr + yiaddr + siaddr + giaddr
    return head + addresses + MAC + bytes(10) + sname.ljust(64, b"\0") + file.ljust(128, b"\0") + cookie + options


DISCOVER = message(
    1,
    option(53, b"\x01")
    + option(61, b"\x01" + MAC)
    + option(12, b"pump-12")
    + option(60, b"MSFT 5.0")
    + option(55, bytes((1, 15, 3, 6, 44, 46, 47)))
    + option(57, b"\x05\xdc")
    + option(77, b"\x05alpha")
    + option(81, b"\x00\x00\x00pump-12.ward.example")
    + option(161, b"https://example.com/pump.json")
    + b"\xff"
    + bytes(20),
)
ACK = message(
    2,
    option(53, b"\x05")
    + option(54, bytes((192, 0, 2, 1)))
    + option(51, (3600).to_bytes(4, "big"))
    + option(1, b"\xff\xff\xff\0")
    + option(3, bytes((192, 0, 2, 1)))
    + option(6, bytes((192, 0, 2, 2, 192, 0, 2, 3)))
    + option(42, bytes((192, 0, 2, 4)))
    + option(15, b"ward.example\0")
    + option(43, b"\x01\x02\x03")
    + option(82, option(1, b"Gi1/0/7") + option(2, bytes.fromhex("0006020000000009")))
    + b"\xff",
    yiaddr=bytes((192, 0, 2, 77)),
    giaddr=bytes((198, 51, 100, 1)),
)
PXE = message(
    1,
    option(53, b"\x01")
    + option(60, b"PXEClient:Arch:00007:UNDI:003016")
    + option(93, b"\x00\x07")
    + option(97, b"\0" + bytes(range(16)))
    + option(124, (4491).to_bytes(4, "big") + b"\x02ab")
    + option(125, (3561).to_bytes(4, "big") + b"\x02\x01\x00" + (9).to_bytes(4, "big") + b"\0")
    + b"\xff",
)
# RFC 2132 9.3: options go on in the file field and then in sname. The host name is in two parts (RFC 3396).
OVERLOADED = message(
    1,
    option(53, b"\x03") + option(52, b"\x03") + option(12, b"moni") + b"\xff",
    file=option(50, bytes((192, 0, 2, 9))) + option(12, b"tor-") + b"\xff",
    sname=option(12, b"7") + b"\xff",
)
BOOTP = message(1, bytes(60), cookie=bytes(4), file=b"boot.img")

VECTORS = [
    Vector(name="discover", provenance="RFC 2131 2; RFC 2132; RFC 8520 10", data=DISCOVER, kinds=("DISCOVER",)),
    Vector(name="ack through a relay", provenance="RFC 2131 2; RFC 3046", data=ACK, kinds=("ACK",)),
    Vector(name="boot from the network", provenance="RFC 4578; RFC 3925", data=PXE, kinds=("DISCOVER",)),
    Vector(name="overloaded", provenance="RFC 2132 9.3; RFC 3396", data=OVERLOADED, kinds=("REQUEST",)),
    Vector(name="bootp", provenance="RFC 951 3", data=BOOTP, kinds=("BOOTREQUEST",)),
]


def only(payload: bytes) -> Dhcp:
    (found,) = read(payload)
    assert isinstance(found, Dhcp)
    return found


def test_a_discover_says_who_asks() -> None:
    found = only(DISCOVER)
    assert found.kind == "DISCOVER"
    assert found.sender_is_server is False
    assert found.facts() == {
        "client_mac": "02:00:00:00:00:01",
        "host_name": "pump-12",
        "fqdn": "pump-12.ward.example",
        "vendor_class": "MSFT 5.0",
        "user_class": "alpha",
        "client_id": "02:00:00:00:00:01",
        "parameter_list": (1, 15, 3, 6, 44, 46, 47),
        "option_order": (53, 61, 12, 60, 55, 57, 77, 81, 161),
        "mud_url": "https://example.com/pump.json",
        "message_size_bytes": 1500,
    }


def test_an_ack_says_what_the_client_gets_and_where_it_is() -> None:
    found = only(ACK)
    assert found.kind == "ACK"
    assert found.sender_is_server is True
    assert found.your_ip == "192.0.2.77"
    assert found.relay_ip == "198.51.100.1"
    assert found.server_id == "192.0.2.1"
    assert found.lease_seconds == 3600
    assert found.subnet_mask == "255.255.255.0"
    assert found.routers == ("192.0.2.1",)
    assert found.dns_servers == ("192.0.2.2", "192.0.2.3")
    assert found.ntp_servers == ("192.0.2.4",)
    assert found.domain == "ward.example"
    assert found.relay_circuit == "Gi1/0/7"
    assert found.relay_remote == "0006020000000009"
    assert found.has_vendor_options


def test_a_client_that_boots_from_the_network_says_what_it_is() -> None:
    found = only(PXE)
    assert found.architecture == "x64 UEFI"
    assert found.vendor_class == "PXEClient:Arch:00007:UNDI:003016"
    assert UUID(found.machine_id).bytes == bytes(range(16))
    assert found.vendor_enterprises == (4491,)
    assert found.vendor_options_enterprises == (3561, 9)


def test_overloaded_fields_and_options_in_parts_are_put_together() -> None:
    found = only(OVERLOADED)
    assert found.requested_ip == "192.0.2.9"
    assert found.host_name == "monitor-7"
    assert found.option_order == (53, 52, 12, 50)
    assert found.boot_file == found.tftp_server == ""


def test_bootp_without_options_keeps_the_header() -> None:
    found = only(BOOTP)
    assert found.kind == "BOOTREQUEST"
    assert found.boot_file == "boot.img"
    assert found.client_mac == "02:00:00:00:00:01"


def test_transaction_id_and_seconds_make_no_other_message() -> None:
    assert read(message(1, option(53, b"\x01"), xid=1, secs=2)) == read(message(1, option(53, b"\x01"), xid=3, secs=4))


@pytest.mark.parametrize(
    ("body", "client_id", "duid_mac"),
    [
        (b"\x01" + MAC, "02:00:00:00:00:01", ""),
        (b"\x00serial-9", "serial-9", ""),
        # RFC 4361 6.1: 255, IAID, and a DUID-LL for Ethernet.
        (
            b"\xff\0\0\0\x01" + b"\0\x03\0\x01" + bytes.fromhex("020000000007"),
            "ff0000000100030001020000000007",
            "02:00:00:00:00:07",
        ),
        (b"\x07\x08", "0708", ""),
    ],
)
def test_client_ids_are_read_by_their_type(body: bytes, client_id: str, duid_mac: str) -> None:
    found = only(message(1, option(61, body)))
    assert found.client_id == client_id
    assert found.client_duid_mac == duid_mac


def test_a_name_in_wire_format_is_read() -> None:
    # RFC 4702 2.1: flag E.
    assert only(message(1, option(81, b"\x04\0\0\x04pump\x04ward\0"))).fqdn == "pump.ward"


def test_what_stands_before_a_truncated_option_is_kept() -> None:
    found, malformed = read(message(1, option(53, b"\x01") + option(12, b"pump") + b"\x3c\x10MSFT"))
    assert isinstance(found, Dhcp)
    assert found.host_name == "pump"
    assert malformed == Malformed(protocol="dhcp", where="option 60", why="16 bytes said, 4 left")


def test_a_truncated_header_is_malformed() -> None:
    (malformed,) = read(DISCOVER[:200])
    assert malformed == Malformed(protocol="dhcp", where="header", why="it ends before the options")


@pytest.mark.parametrize(("at", "octet", "where"), [(0, 3, "op"), (2, 17, "hlen")])
def test_a_wrong_header_is_malformed(at: int, octet: int, where: str) -> None:
    (malformed,) = read(DISCOVER[:at] + bytes((octet,)) + DISCOVER[at + 1 :])
    assert isinstance(malformed, Malformed)
    assert malformed.where == where


def test_servers_beyond_the_limit_are_left_out() -> None:
    assert len(only(message(2, option(6, bytes((192, 0, 2, 1)) * 60))).dns_servers) == LIST_LIMIT


def test_an_unknown_message_type_keeps_its_number() -> None:
    assert only(message(1, option(53, b"\x63"))).kind == "type 99"
