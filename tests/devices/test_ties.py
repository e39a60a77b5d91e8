"""Which addresses are one device. Each case is a small story; the table says what must come out.

Read ``holds`` as: these hardware addresses with these network addresses, one entry for each device.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from asepsis.kernel.time import SECOND_NS
from asepsis.protocols.dhcpv6 import Dhcpv6
from asepsis.protocols.lldp import Lldp
from asepsis.protocols.mdns import Host, Mdns
from asepsis.protocols.message import Sighting
from asepsis.protocols.snmp import Snmp
from asepsis.protocols.snmp_objects import ManagedObject
from tests.devices.ward import (
    MONITOR,
    NOON,
    PC,
    PHONE_MONDAY,
    PHONE_TUESDAY,
    PUMP,
    ROUTER,
    arp,
    by_mac,
    conversation,
    devices,
    lease,
    observed,
    request,
    sighting,
)

HOUR = 3600.0
MASK_OF_ANDROID = (1, 3, 6, 15, 26, 28, 51, 58, 59, 43)
Seen = Sighting | NDArray[np.void]


class Story(NamedTuple):
    """What was seen, and what must come out: (hardware addresses, network addresses) of each device."""

    tells: str
    seen: list[Seen]
    holds: list[tuple[set[str], set[str]]]


def asks(mac: str, name: str, at: float = 0.0) -> Sighting:
    return request(mac, host_name=name, parameter_list=MASK_OF_ANDROID, vendor_class="android-dhcp-13", at=at)


def lldp(mac: str, chassis: str, **said: object) -> Sighting:
    message = Lldp(
        chassis_id=chassis,
        chassis_id_kind="MAC address",
        port_id="1",
        port_id_kind="local",
        ttl_seconds=120,
        **said,  # type: ignore[arg-type] # fields by name
    )
    return sighting(message, mac, to_mac="01:80:c2:00:00:0e")


def serial(mac: str, ip: str, number: str, maker: str = "Acme Medical") -> Sighting:
    objects = (
        ManagedObject(name="entPhysicalSerialNum", index="1", value=number),
        ManagedObject(name="entPhysicalMfgName", index="1", value=maker),
    )
    return sighting(Snmp(version="v2c", pdu="Response", objects=objects), mac, ip)


STORIES = [
    Story("a device on the link", [arp(MONITOR, "10.0.0.5")], [({MONITOR}, {"10.0.0.5"})]),
    Story(
        "two devices that talk on the link",
        [conversation((MONITOR, "10.0.0.5"), (PC, "10.0.0.6"))],
        [({MONITOR}, {"10.0.0.5"}), ({PC}, {"10.0.0.6"})],
    ),
    Story(
        "a server on the internet is no device of the site, the way to it is",
        [conversation((MONITOR, "10.0.0.5"), (ROUTER, "93.184.216.34"), ttl=(64, 52))],
        [({MONITOR}, {"10.0.0.5"}), ({ROUTER}, set())],
    ),
    Story(
        "devices behind a router are told apart by their network addresses",
        [
            conversation((ROUTER, "10.9.0.1"), (MONITOR, "10.0.0.5"), ttl=(63, 64)),
            conversation((ROUTER, "10.9.0.2"), (MONITOR, "10.0.0.5"), ttl=(127, 64)),
        ],
        [({MONITOR}, {"10.0.0.5"}), ({ROUTER}, set()), (set(), {"10.9.0.1"}), (set(), {"10.9.0.2"})],
    ),
    Story(
        "a router keeps the address that it claims itself",
        [
            arp(ROUTER, "10.0.0.1"),
            conversation((ROUTER, "10.9.0.1"), (MONITOR, "10.0.0.5"), ttl=(63, 64)),
            conversation((ROUTER, "10.0.0.1"), (MONITOR, "10.0.0.5"), ttl=(64, 64)),
        ],
        [({MONITOR}, {"10.0.0.5"}), ({ROUTER}, {"10.0.0.1"}), (set(), {"10.9.0.1"})],
    ),
    Story(
        "one hardware address with many network addresses at once forwards, even where no TTL is known",
        [conversation((ROUTER, f"10.9.0.{n}"), (MONITOR, "10.0.0.5"), ttl=(0, 64), lasts=60) for n in range(1, 6)],
        [({MONITOR}, {"10.0.0.5"}), ({ROUTER}, set()), *((set(), {f"10.9.0.{n}"}) for n in range(1, 6))],
    ),
    Story(
        "a router that answers ARP for everybody does not own everybody",
        [arp(ROUTER, f"10.0.0.{n}") for n in range(10, 22)],
        [({ROUTER}, set()), *((set(), {f"10.0.0.{n}"}) for n in range(10, 22))],
    ),
    Story(
        "a server with three addresses of its own is one device",
        [arp(PC, f"10.0.0.{n}") for n in range(10, 13)],
        [({PC}, {"10.0.0.10", "10.0.0.11", "10.0.0.12"})],
    ),
    Story(
        "many addresses one after the other are a host whose lease moved",
        [lease(PC, f"10.0.0.{n}", at=n * HOUR) for n in range(10, 18)],
        [({PC}, {f"10.0.0.{n}" for n in range(10, 18)}), ({"00:0c:29:00:00:99"}, {"10.0.0.2"})],
    ),
    Story(
        "the same address with another hardware address later is another device, which holds it now",
        [
            conversation((MONITOR, "10.0.0.5"), (PC, "10.0.0.6")),
            conversation((PUMP, "10.0.0.5"), (PC, "10.0.0.6"), at=5 * HOUR),
        ],
        [({MONITOR}, set()), ({PUMP}, {"10.0.0.5"}), ({PC}, {"10.0.0.6"})],
    ),
    Story(
        "IPv4 and IPv6 of one interface are one device",
        [
            conversation((MONITOR, "10.0.0.5"), (PC, "10.0.0.6")),
            conversation((MONITOR, "fe80::209:5cff:fe00:1"), (PC, "fe80::1")),
        ],
        [({MONITOR}, {"10.0.0.5", "fe80::209:5cff:fe00:1"}), ({PC}, {"10.0.0.6", "fe80::1"})],
    ),
    Story(
        "an IPv6 address behind a router still names the interface that made it (RFC 4291 appendix A)",
        [
            conversation((ROUTER, "fd00::209:5cff:fe00:1"), (PC, "fd00:1::6"), ttl=(63, 64)),
            arp(MONITOR, "10.0.0.5"),
        ],
        [({MONITOR}, {"10.0.0.5", "fd00::209:5cff:fe00:1"}), ({ROUTER}, set()), ({PC}, {"fd00:1::6"})],
    ),
    Story(
        "a telephone that changes its random address keeps its name and its habits",
        [asks(PHONE_MONDAY, "Ward-Phone-7"), asks(PHONE_TUESDAY, "Ward-Phone-7", at=20 * HOUR)],
        [({PHONE_MONDAY, PHONE_TUESDAY}, set())],
    ),
    Story(
        "two telephones with one name at the same time are two",
        [
            *(asks(PHONE_MONDAY, "Ward-Phone-7", at=at) for at in (0, 600)),
            *(asks(PHONE_TUESDAY, "Ward-Phone-7", at=at) for at in (5, 605)),
        ],
        [({PHONE_MONDAY}, set()), ({PHONE_TUESDAY}, set())],
    ),
    Story(
        "a name that thousands of telephones bear ties nothing",
        [asks(PHONE_MONDAY, "iPhone"), asks(PHONE_TUESDAY, "iPhone", at=20 * HOUR)],
        [({PHONE_MONDAY}, set()), ({PHONE_TUESDAY}, set())],
    ),
    Story(
        "a name alone does not tie two addresses that their makers gave",
        [asks(MONITOR, "Ward-Phone-7"), asks(PUMP, "Ward-Phone-7", at=20 * HOUR)],
        [({MONITOR}, set()), ({PUMP}, set())],
    ),
    Story(
        "one client identifier with random addresses that follow each other is one device",
        [request(PHONE_MONDAY, client_id="cart-000017"), request(PHONE_TUESDAY, client_id="cart-000017", at=20 * HOUR)],
        [({PHONE_MONDAY, PHONE_TUESDAY}, set())],
    ),
    Story(
        "one mDNS name with random addresses that follow each other is one device",
        [
            sighting(
                Mdns(is_response=True, is_probe=False, hosts=(Host(name="cart-17", addresses=(ip,)),)), mac, ip, at=at
            )
            for mac, ip, at in ((PHONE_MONDAY, "10.0.0.7", 0), (PHONE_TUESDAY, "10.0.0.8", 20 * HOUR))
        ],
        [({PHONE_MONDAY, PHONE_TUESDAY}, {"10.0.0.7", "10.0.0.8"})],
    ),
    Story(
        "two interfaces of one DUID are one device (RFC 8415 11)",
        [
            sighting(Dhcpv6(message_type="SOLICIT", is_from_server=False, client_duid="000100012a"), mac, ip)
            for mac, ip in (("00:09:5c:00:00:01", "fe80::1"), ("00:09:5c:00:00:02", "fe80::2"))
        ],
        [({"00:09:5c:00:00:01", "00:09:5c:00:00:02"}, {"fe80::1", "fe80::2"})],
    ),
    Story(
        "cloned disks share a DUID, and are told apart by the names of their computers",
        [
            sighting(Dhcpv6(message_type="SOLICIT", is_from_server=False, client_duid="0001", fqdn=name), mac, ip)
            for mac, ip, name in (
                ("00:0c:29:00:00:01", "fe80::1", "alpha-1.example"),
                ("00:0c:29:00:00:02", "fe80::2", "beta-2.example"),
            )
        ],
        [({"00:0c:29:00:00:01"}, {"fe80::1"}), ({"00:0c:29:00:00:02"}, {"fe80::2"})],
    ),
    Story(
        "two interfaces with one serial number of one maker are one device",
        [serial("00:09:5c:00:00:01", "10.0.0.5", "SN12345"), serial("00:09:5c:00:00:02", "10.0.0.6", "SN12345")],
        [({"00:09:5c:00:00:01", "00:09:5c:00:00:02"}, {"10.0.0.5", "10.0.0.6"})],
    ),
    Story(
        "one serial number from interfaces of different makers is a copy, or chance",
        [serial(MONITOR, "10.0.0.5", "SN12345"), serial(PUMP, "10.0.0.6", "SN12345")],
        [({MONITOR}, {"10.0.0.5"}), ({PUMP}, {"10.0.0.6"})],
    ),
    Story(
        "nothing but noughts is no serial number",
        [serial("00:09:5c:00:00:01", "10.0.0.5", "00000000"), serial("00:09:5c:00:00:02", "10.0.0.6", "00000000")],
        [({"00:09:5c:00:00:01"}, {"10.0.0.5"}), ({"00:09:5c:00:00:02"}, {"10.0.0.6"})],
    ),
    Story(
        "the ports of a switch have one chassis",
        [lldp("00:00:0c:00:00:11", "00:00:0c:00:00:10"), lldp("00:00:0c:00:00:12", "00:00:0c:00:00:10")],
        [({"00:00:0c:00:00:11", "00:00:0c:00:00:12"}, set())],
    ),
    Story(
        "a port that says the device's address belongs to the device at that address",
        [
            lldp("00:00:0c:00:00:11", "00:00:0c:00:00:11", management_addresses=("10.0.0.1",)),
            conversation(("00:00:0c:00:00:10", "10.0.0.1"), (PC, "10.0.0.6")),
        ],
        [({"00:00:0c:00:00:10", "00:00:0c:00:00:11"}, {"10.0.0.1"}), ({PC}, {"10.0.0.6"})],
    ),
    Story(
        "a loopback capture has no hardware addresses, and both ends are one host",
        [conversation(("", "127.0.0.1"), ("", "127.0.0.1"), 11112, application="dicom")],
        [(set(), {"127.0.0.1"})],
    ),
    Story(
        "without hardware addresses, private network addresses are devices",
        [conversation(("", "10.0.0.5"), ("", "10.0.0.6")), conversation(("", "10.0.0.5"), ("", "93.184.216.34"))],
        [(set(), {"10.0.0.5"}), (set(), {"10.0.0.6"})],
    ),
    Story(
        "without hardware addresses, a public address that speaks DICOM is a device",
        [conversation(("", "10.0.0.5"), ("", "93.184.216.34"), 104, application="dicom")],
        [(set(), {"10.0.0.5"}), (set(), {"93.184.216.34"})],
    ),
    Story(
        "a public address with a hardware address of its own stands on this link",
        [conversation((PC, "198.51.100.7"), (ROUTER, "93.184.216.34"), ttl=(64, 52))],
        [({PC}, {"198.51.100.7"}), ({ROUTER}, set())],
    ),
    Story(
        "an address that never answered is no device",
        [conversation((PC, "10.0.0.6"), (MONITOR, f"10.0.0.{n}"), answered=False) for n in range(50, 60)],
        [({PC}, {"10.0.0.6"})],
    ),
    Story(
        "broadcast and multicast are nobody",
        [
            conversation((PC, "10.0.0.6"), ("ff:ff:ff:ff:ff:ff", "255.255.255.255"), 67, udp=True, answered=False),
            conversation((PC, "10.0.0.6"), ("01:00:5e:00:00:fb", "224.0.0.251"), 5353, udp=True, answered=False),
        ],
        [({PC}, {"10.0.0.6"})],
    ),
    Story(
        "inside a tunnel the hardware addresses are those of its ends",
        [conversation((ROUTER, "10.0.0.5"), (ROUTER, "10.0.0.6"), tunnel=3)],
        [(set(), {"10.0.0.5"}), (set(), {"10.0.0.6"})],
    ),
    Story(
        "a client that a relay speaks for is known by the hardware address in its request",
        [request(MONITOR, relay_ip="10.9.0.1"), lease(MONITOR, "10.9.0.7")],
        [({MONITOR}, {"10.9.0.7"}), ({"00:0c:29:00:00:99"}, {"10.0.0.2"})],
    ),
]


@pytest.mark.parametrize("story", STORIES, ids=[story.tells for story in STORIES])
def test_addresses_are_tied_rightly(story: Story) -> None:
    found = devices(*story.seen)
    if "relay" in story.tells:
        # The frame itself came from somebody as well; here the same address, in life the relay's.
        assert {device.macs for device in found} >= {(MONITOR,)}
    assert sorted(((set(device.macs), set(device.ips)) for device in found), key=str) == sorted(story.holds, key=str)


@pytest.mark.parametrize("story", STORIES, ids=[story.tells for story in STORIES])
def test_the_order_in_which_it_was_seen_does_not_matter(story: Story) -> None:
    def shape(seen: list[Seen]) -> list[tuple[tuple[str, ...], tuple[str, ...], str | None]]:
        return [(device.macs, device.ips, device.category) for device in devices(*seen)]

    assert shape(story.seen) == shape(story.seen[::-1])


def test_a_virtual_router_address_is_a_router_and_names_no_maker() -> None:
    (found,) = devices(arp("00:00:5e:00:01:0a", "10.0.0.1"))
    assert (found.role, found.category, found.vendor) == ("router", "router", None)


def test_a_random_address_names_no_maker() -> None:
    (found,) = devices(arp("06:09:5c:00:00:01", "10.0.0.5"))
    assert found.vendor is None


def test_what_forwards_is_a_router() -> None:
    found = devices(conversation((ROUTER, "10.9.0.1"), (MONITOR, "10.0.0.5"), ttl=(63, 64)))
    assert by_mac(found, ROUTER).role == "router"
    assert by_mac(found, MONITOR).role != "router"


def test_a_conversation_belongs_to_whoever_held_the_address_then() -> None:
    from asepsis.devices.fold import fold

    folded = fold(
        observed(
            lease(MONITOR, "10.0.0.5"),
            lease(PUMP, "10.0.0.5", at=5 * HOUR),
            lease(MONITOR, "10.0.0.5", at=9 * HOUR),
        )
    )
    holders = [(first, folded.devices[place].macs) for first, _, place in folded.holdings["10.0.0.5"]]
    assert holders == [
        (NOON, (MONITOR,)),
        (NOON + 5 * 3600 * SECOND_NS, (PUMP,)),
        (NOON + 9 * 3600 * SECOND_NS, (MONITOR,)),
    ]


def test_an_address_given_by_lease_is_surer_than_one_merely_used() -> None:
    found = devices(
        lease(MONITOR, "10.0.0.5"),
        lease(MONITOR, "10.0.0.5", at=900),
        conversation((PHONE_MONDAY, "10.0.0.5"), (PC, "10.0.0.6"), at=300),
    )
    assert by_mac(found, MONITOR).ips == ("10.0.0.5",)
    assert by_mac(found, PHONE_MONDAY).ips == ()


def test_a_switch_that_routes_owns_its_address_in_each_network() -> None:
    gateways = [f"10.0.{network}.1" for network in range(1, 13)]
    found = devices(*(arp(ROUTER, ip) for ip in gateways))
    assert [device.ips for device in found] == [tuple(gateways)]


def test_who_answers_for_a_network_owns_none_of_its_addresses() -> None:
    hosts = [f"10.0.1.{host}" for host in range(1, 13)]
    found = devices(*(arp(ROUTER, ip) for ip in hosts))
    assert by_mac(found, ROUTER).ips == ()
    scattered = [f"10.0.{network}.77" for network in range(1, 13)]
    assert by_mac(devices(*(arp(ROUTER, ip) for ip in scattered)), ROUTER).ips == ()


def test_a_router_does_not_take_the_address_of_a_server_that_answers_behind_it() -> None:
    server, client = ("00:0c:29:00:00:99", "10.0.2.5"), (PC, "10.0.1.7")
    found = devices(
        # The request was captured before the router, the answer behind it: the router's hardware address, a fresh TTL.
        conversation(client, (ROUTER, server[1]), 443),
        conversation(server, ("00:0c:29:00:00:98", "10.0.2.6"), 443),
        conversation((ROUTER, "198.51.100.1"), client, 443, ttl=(55, 64)),
        conversation((ROUTER, "198.51.100.2"), client, 443, ttl=(55, 64)),
        arp(ROUTER, "10.0.1.1"),
    )
    assert by_mac(found, server[0]).ips == (server[1],)
    assert by_mac(found, ROUTER).ips == ("10.0.1.1",)
