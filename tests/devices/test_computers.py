"""Ordinary computers are known by what they serve and who made them; what else serves the same is not called one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from asepsis.devices.clue import Attribute, Clue, Endpoint
from asepsis.devices.computers import computer
from asepsis.protocols.sip import Sip
from tests.devices.ward import ROUTER, by_ip, conversation, devices, one, sighting

SERVER = ("02:00:00:00:00:01", "10.0.0.1")
CLIENT = ("02:00:00:00:00:02", "10.0.0.2")
VIRTUAL = ("00:50:56:00:00:01", "10.0.0.1")  # IEEE RA public listing (MA-L): VMware
DELL = ("a4:bb:6d:00:00:02", "10.0.0.2")  # IEEE RA public listing (MA-L): Dell


def role(value: str, protocol: str = "dns", weight: float = 0.6) -> Clue:
    return Clue(Endpoint("", "10.0.0.1"), Attribute.ROLE, value, protocol, weight, 1, 1, 2, "c", 7)


@pytest.mark.parametrize(
    ("clues", "makers", "category"),
    [
        ([role("dhcp_server"), role("dns_server")], [], "server"),
        ([role("dhcp_server")], [], None),
        ([role("dhcp_server"), role("dns_server", weight=0.35)], [], None),  # only said of it by another
        ([role("dhcp_server"), role("dns_server"), role("router", weight=0.35)], [], None),
        ([role("mqtt_broker")], [], "server"),
        ([role("remote_login_server", "ssh")], ["VMware"], "server"),
        ([role("remote_login_server", "ssh")], ["Dell"], None),
        ([role("remote_login_server", "tcp")], ["VMware"], None),  # a virtual desktop answers remote desktop
        ([role("file_server", "smb")], ["VMware"], None),
        ([role("web_server", "tcp", 0.45)], ["VMware"], None),
        ([role("web_server", "http")], ["VMware"], "server"),
        ([role("web_server", "http")], [], None),
        ([role("client", "tcp", 0.4)], ["Dell"], "workstation"),
        ([role("client", "udp", 0.4)], ["Dell"], None),
        ([role("client", "tcp", 0.4)], ["Philips"], None),
        ([role("client", "tcp", 0.4), role("hl7_sender", "hl7")], ["Dell"], None),
        ([role("client", "tcp", 0.4), role("print_server", "ipp")], ["HP"], None),
    ],
)
def test_services_and_makers_tell_a_computer_or_nothing(
    clues: list[Clue], makers: list[str], category: str | None
) -> None:
    assert [clue.value for clue in computer(clues, makers, forwards=False)] == ([category] if category else [])
    assert computer(clues, makers, forwards=True) == []


def test_a_virtual_machine_that_answers_ssh_is_a_server() -> None:
    found = devices(conversation(CLIENT, VIRTUAL, 22, application="ssh"))
    assert by_ip(found, VIRTUAL[1]).category == "server"
    assert by_ip(found, CLIENT[1]).category is None


def test_a_computer_that_only_asks_is_a_workstation() -> None:
    assert by_ip(devices(conversation(DELL, SERVER, 443)), DELL[1]).category == "workstation"


def test_a_router_that_answers_names_is_no_server() -> None:
    router = (ROUTER, "10.0.0.1")
    found = devices(
        conversation(CLIENT, router, 53, application="dns", udp=True),
        conversation(CLIENT, router, 67, udp=True),
        conversation((ROUTER, "198.51.100.1"), CLIENT, 443, ttl=(55, 64)),
        conversation((ROUTER, "198.51.100.2"), CLIENT, 443, ttl=(55, 64)),
    )
    assert by_ip(found, router[1]).category != "server"


def test_what_registers_with_a_telephone_exchange_need_not_be_a_telephone() -> None:
    register = Sip(kind="REGISTER", sender_is_server=False)
    quiet = one(sighting(register, *CLIENT))
    assert (quiet.role, quiet.category) == ("voice_endpoint", None)
    named = one(sighting(replace(register, user_agent="Yealink SIP-T46G 28.83.0.120"), *CLIENT))
    assert named.category == "phone"
