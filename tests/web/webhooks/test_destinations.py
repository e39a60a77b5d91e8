from __future__ import annotations

import ipaddress
import socket
from typing import Any

import pytest

from asepsis.web.webhooks.destinations import DestinationError, addresses, may_go, read

INSIDE = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fd00::1",
    "ff02::1",
    "::ffff:10.1.2.3",
    "2002:0a01:0203::1",
    "64:ff9b::10.1.2.3",
    "64:ff9b::a9fe:a9fe",
]


@pytest.mark.parametrize("address", INSIDE)
def test_nothing_inside_is_gone_to_unless_it_is_listed(address: str) -> None:
    assert not may_go(ipaddress.ip_address(address), [])


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822"])
def test_the_world_is_gone_to(address: str) -> None:
    assert may_go(ipaddress.ip_address(address), [])


def test_a_listed_network_is_gone_to_and_its_neighbour_is_not() -> None:
    listed = [ipaddress.ip_network("10.20.0.0/16")]
    assert may_go(ipaddress.ip_address("10.20.3.4"), listed)
    assert may_go(ipaddress.ip_address("::ffff:10.20.3.4"), listed)
    assert not may_go(ipaddress.ip_address("10.21.0.1"), listed)


def test_nobody_lists_what_is_no_host() -> None:
    everything = [ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0")]
    for address in ("0.0.0.0", "224.0.0.1", "ff02::1", "::"):
        assert not may_go(ipaddress.ip_address(address), everything)


@pytest.mark.parametrize(
    "url",
    [
        "http://tickets.example/",
        "ftp://tickets.example/",
        "//tickets.example/",
        "https://",
        "https://user:word@tickets.example/",
        "https://tickets.example/#part",
        "https://tickets.example:99999/",
        "https://[::1/",
        "https://tickets.example/\r\nX: y",
        "https://tickets.example/ x",
        "https://täckets.example/",
        "https://tickets.example/" + "a" * 600,
        "http://127.0.0.1.example/",
    ],
)
def test_what_is_no_address_for_a_webhook_is_refused(url: str) -> None:
    with pytest.raises(DestinationError):
        read(url)


def test_an_address_is_taken_apart() -> None:
    one = read("https://Tickets.example:8443/a/b?c=d")
    assert (one.is_tls, one.host, one.port, one.path) == (True, "tickets.example", 8443, "/a/b?c=d")
    assert read("https://tickets.example").path == "/"
    assert read("http://127.0.0.1:9/x").port == 9


def test_a_name_that_means_the_world_and_the_inside_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def both(*_: Any, **__: Any) -> list[Any]:
        stream = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        return [(*stream, ("93.184.216.34", 443)), (*stream, ("10.0.0.5", 443))]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    with pytest.raises(DestinationError, match="not listed"):
        addresses(read("https://tickets.example/"), [])
    assert addresses(read("https://tickets.example/"), ["10.0.0.0/8"]) == ["93.184.216.34", "10.0.0.5"]


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f.1", "localhost"])
def test_other_spellings_of_this_machine_are_this_machine(host: str) -> None:
    with pytest.raises(DestinationError):
        addresses(read(f"https://{host}/"), [])
