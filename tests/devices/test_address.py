"""What addresses say by themselves."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asepsis.devices.address import Reach, embedded_mac, is_group, is_random, reach, reaches, virtual_router


@pytest.mark.parametrize(
    ("ip", "expected"),
    [
        ("10.1.2.3", Reach.PRIVATE),
        ("172.15.0.1", Reach.PUBLIC),
        ("172.16.0.1", Reach.PRIVATE),
        ("172.31.255.255", Reach.PRIVATE),
        ("172.32.0.1", Reach.PUBLIC),
        ("192.168.0.1", Reach.PRIVATE),
        ("169.254.7.7", Reach.LINK),
        ("127.0.0.1", Reach.LOOPBACK),
        ("8.8.8.8", Reach.PUBLIC),
        ("0.0.0.0", Reach.NONE),
        ("224.0.0.251", Reach.GROUP),
        ("255.255.255.255", Reach.GROUP),
        ("fe80::1", Reach.LINK),
        ("fd00::1", Reach.PRIVATE),
        ("2001:db8::1", Reach.PUBLIC),
        ("ff02::fb", Reach.GROUP),
        ("::1", Reach.LOOPBACK),
        ("::", Reach.NONE),
        ("", Reach.NONE),
        ("1.2.3", Reach.NONE),
        ("1.2.3.256", Reach.NONE),
        ("1.2.3.x", Reach.NONE),
        ("hello", Reach.NONE),
    ],
)
def test_the_reach_of_an_address(ip: str, expected: Reach) -> None:
    assert reach(ip) is expected


@given(st.integers(0, 2**32 - 1))
def test_columns_of_ipv4_addresses_get_the_same_reach(number: int) -> None:
    (column,) = reaches(np.array([4], np.uint8), np.array([0], np.uint64), np.array([number], np.uint64))
    assert column == reach(str(IPv4Address(number)))


_TOPS = st.sampled_from([0, 0xFE80, 0xFEBF, 0xFEC0, 0xFC00, 0xFDFF, 0xFF02, 0x2001, 0x3FFF, 0xFBFF])


@given(_TOPS, st.integers(0, 2**48 - 1), st.one_of(st.integers(0, 2), st.integers(0, 2**64 - 1)))
def test_columns_of_ipv6_addresses_get_the_same_reach(top: int, middle: int, low: int) -> None:
    high = top << 48 | (0 if top == 0 else middle)
    (column,) = reaches(np.array([6], np.uint8), np.array([high], np.uint64), np.array([low], np.uint64))
    assert column == reach(str(IPv6Address(high << 64 | low)))


@pytest.mark.parametrize(
    ("ip", "mac"),
    [
        # RFC 4291 appendix A: FF FE in the middle, the universal bit inverted.
        ("fe80::209:5cff:fe01:203", "00:09:5c:01:02:03"),
        ("2001:db8::209:5cff:fe01:203", "00:09:5c:01:02:03"),
        ("fe80::5054:ff:fe12:3456", ""),  # 52:54:00...: chosen by software
        ("fe80::1234:5678:9abc:def0", ""),
        ("10.0.0.1", ""),
        ("::ffff:fe00:0:x", ""),
    ],
)
def test_the_hardware_address_inside_an_ipv6_address(ip: str, mac: str) -> None:
    assert embedded_mac(ip) == mac


def test_group_and_chosen_addresses_are_told_by_two_bits() -> None:
    assert is_group("01:00:5e:00:00:fb")
    assert is_group("ff:ff:ff:ff:ff:ff")
    assert is_group("cf:00:00:00:00:00")
    assert not is_group("00:09:5c:01:02:03")
    assert not is_group("e5:dc:d3:0c:de:ba"), "a static random address of Bluetooth"
    assert not is_group("")
    assert is_random("da:a1:19:01:02:03")
    assert not is_random("00:09:5c:01:02:03")


@pytest.mark.parametrize(
    ("mac", "protocol"),
    [
        ("00:00:5e:00:01:0a", "VRRP"),
        ("00:00:5e:00:02:0a", "VRRP"),
        ("00:00:0c:07:ac:01", "HSRP"),
        ("00:00:0c:9f:f0:01", "HSRP"),
        ("00:07:b4:00:01:02", "GLBP"),
        ("00:00:0c:11:22:33", ""),
    ],
)
def test_shared_router_addresses_are_known(mac: str, protocol: str) -> None:
    assert virtual_router(mac) == protocol
