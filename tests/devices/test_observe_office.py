"""What the protocols of every office network say of a device: names, routers, clocks, greetings."""

from __future__ import annotations

import pytest

from asepsis.devices.device import Device
from asepsis.protocols.cdp import Cdp
from asepsis.protocols.ftp import FtpGreeting, FtpSystem
from asepsis.protocols.llmnr import Llmnr
from asepsis.protocols.message import Message
from asepsis.protocols.nbdgm import NetbiosDatagram
from asepsis.protocols.nbns import Held, Nbns
from asepsis.protocols.nd import Neighbour
from asepsis.protocols.netbios_names import NetbiosName
from asepsis.protocols.ntp import Ntp, NtpControl
from asepsis.protocols.resource_records import Question, Record
from asepsis.protocols.smtp import SmtpGreeting, SmtpHello
from asepsis.protocols.telnet import TelnetBanner
from tests.devices.ward import MONITOR, PC, by_mac, conversation, devices, one, sighting

HOST, ULA, OTHER = "fe80::a", "fd00::a0a", "fd00::b"


def cdp(**fields: object) -> Cdp:
    return Cdp(version=2, ttl_seconds=180, **fields)  # type: ignore[arg-type] # fields by name


def announcement(*types: str, version: str = "6.1", ip: str = "10.0.0.6") -> NetbiosDatagram:
    return NetbiosDatagram(
        kind="HostAnnouncement",
        source_ip=ip,
        source="X<00>",
        computer="WARD3PC",
        os_version=version,
        server_types=types,
    )


def nbns(kind: str, name: str, suffix: int, *addresses: str, is_group: bool = False) -> Nbns:
    return Nbns(
        kind=kind,
        name=NetbiosName(name=name, suffix=suffix),
        is_response=kind.endswith("RESPONSE"),
        is_broadcast=True,
        is_group=is_group,
        addresses=addresses,
    )


def llmnr(*addresses: str) -> Llmnr:
    return Llmnr(
        is_response=True,
        is_conflict=False,
        is_tentative=False,
        question=Question(name="ward3pc", type="A"),
        answers=tuple(Record(name="ward3pc", type="A", ttl_seconds=30, data=address) for address in addresses),
    )


SAYINGS: list[tuple[str, Message, dict[str, str | None]]] = [
    (
        "a switch by CDP",
        cdp(
            platform="cisco WS-C2960-24TT-L",
            capabilities=("switch", "IGMP capable"),
            software_version="Cisco IOS Software, C2960 Software (C2960-LANBASEK9-M), Version 12.2(50)SE4, RELEASE",
        ),
        {
            "category": "network_switch",
            "vendor": "Cisco",
            "model": "WS-C2960-24TT-L",
            "firmware": "12.2(50)SE4",
            "os": "Cisco IOS",
            "role": "bridge",
        },
    ),
    (
        "a telephone by CDP",
        cdp(platform="Cisco IP Phone 7960", capabilities=("host", "VoIP phone"), software_version="P00308000500"),
        {"category": "phone", "vendor": "Cisco", "firmware": "P00308000500"},
    ),
    (
        "an access point by CDP",
        cdp(platform="cisco AIR-CAP2602I-Q-K9", capabilities=("router", "transparent bridge")),
        {"category": "access_point", "vendor": "Cisco", "model": "AIR-CAP2602I-Q-K9", "role": "bridge"},
    ),
    ("a router advertises itself", Neighbour(kind="ROUTER ADVERTISEMENT", lifetime_seconds=1800), {"role": "router"}),
    (
        "a router answers as one",
        Neighbour(kind="NEIGHBOUR ADVERTISEMENT", target_ip=HOST, is_router=True),
        {"role": "router"},
    ),
    ("a host answers", Neighbour(kind="NEIGHBOUR ADVERTISEMENT", target_ip=HOST), {"role": None}),
    ("a time server", Ntp(mode="server", version=4, stratum=2), {"role": "time_server"}),
    (
        "a time server on Linux",
        NtpControl(kind="control", version=4, operation="read variables", is_response=True, system="Linux/5.10"),
        {"role": "time_server", "os": "Linux"},
    ),
    (
        "a Windows computer announces itself",
        announcement("workstation", "server", "NT workstation"),
        {"os": "Windows 7", "category": "workstation"},
    ),
    (
        "a domain controller announces itself",
        announcement("server", "NT server", "domain controller", version="6.3"),
        {"os": "Windows Server 2012 R2", "category": "server", "role": "directory_server"},
    ),
    ("a Samba server announces itself", announcement("Unix server", version="4.9"), {"os": "Unix with Samba"}),
    (
        "a domain controller registers",
        nbns("REGISTRATION", "WARD", 0x1C, "10.0.0.6", is_group=True),
        {"role": "directory_server"},
    ),
    ("an FTP server on VxWorks", FtpGreeting(banner="VxWorks (5.4.2) FTP server ready"), {"os": "VxWorks"}),
    ("a printer's FTP server", FtpGreeting(banner="JD FTP Server Ready"), {"category": "printer", "vendor": "HP"}),
    ("a system by FTP", FtpSystem(system="Windows_NT"), {"os": "Windows"}),
    (
        "a mail server",
        SmtpGreeting(host="mail.example", banner="ESMTP Postfix (Debian/GNU)"),
        {"role": "mail_server", "os": "Debian"},
    ),
    (
        "a terminal",
        TelnetBanner(banner="Welcome to Microsoft Telnet Service"),
        {"role": "remote_login_server", "os": "Windows"},
    ),
]


@pytest.mark.parametrize(("tells", "message", "shown"), SAYINGS, ids=[saying[0] for saying in SAYINGS])
def test_a_message_says_what_its_sender_is(tells: str, message: Message, shown: dict[str, str | None]) -> None:
    found = by_mac(devices(sighting(message, PC, "10.0.0.6", to_ip="10.0.0.7")), PC)
    assert {name: getattr(found, name) for name in shown} == shown


@pytest.mark.parametrize("message", [Ntp(mode="server", version=4, stratum=16), Ntp(mode="client", version=4)])
def test_who_has_no_time_gives_none(message: Ntp) -> None:
    assert devices(sighting(message, PC, "10.0.0.6")) == []


def of(message: Message, ip: str = "10.0.0.6") -> Device:
    return by_mac(devices(sighting(message, PC, ip)), PC)


def test_names_are_taken_from_wherever_a_computer_gives_one() -> None:
    assert of(cdp(device_id="sw-3.example(FOX1234)")).names == ("sw-3.example",)
    assert of(llmnr("10.0.0.6")).names == ("ward3pc",)
    assert of(nbns("REGISTRATION", "WARD3PC", 0, "10.0.0.6")).names == ("WARD3PC",)
    assert of(announcement("workstation")).names == ("WARD3PC",)
    assert of(SmtpHello(kind="EHLO", host="analyser7.example")).names == ("analyser7.example",)


def test_a_name_for_another_address_is_not_the_sender_s() -> None:
    assert of(llmnr("10.0.0.9")).names == ()
    assert of(nbns("REGISTRATION", "WARD3PC", 0, "10.0.0.9")).names == ()
    assert of(announcement("workstation", ip="10.0.0.9")).names == ()
    assert of(SmtpHello(kind="EHLO", host="[10.0.0.9]")).names == ()


def test_a_name_of_a_group_or_of_a_person_names_no_computer() -> None:
    assert of(nbns("REGISTRATION", "WARD", 0, "10.0.0.6", is_group=True)).names == ()
    assert of(nbns("REGISTRATION", "#", 3, "10.0.0.6")).names == ()


def test_a_neighbour_has_the_addresses_that_it_tells_probes_and_sends_from() -> None:
    told = Neighbour(kind="NEIGHBOUR ADVERTISEMENT", target_ip=ULA, target_mac=PC)
    probed = Neighbour(kind="NEIGHBOUR SOLICITATION", target_ip=OTHER)
    asked = Neighbour(kind="NEIGHBOUR SOLICITATION", target_ip="fe80::b", source_mac=PC)
    found = one(sighting(told, PC, HOST), sighting(probed, PC, "::", at=1), sighting(asked, PC, HOST, at=2))
    assert set(found.ips) == {HOST, ULA, OTHER}
    assert found.macs == (PC,)
    assert {reason.protocol for reason in found.evidence if reason.attribute == "address"} == {"nd"}


def test_who_is_asked_for_an_address_does_not_have_it() -> None:
    asked = Neighbour(kind="NEIGHBOUR SOLICITATION", target_ip=ULA, source_mac=PC)
    assert one(sighting(asked, PC, HOST, to_mac=MONITOR)).ips == (HOST,)


def status(mac: str) -> Nbns:
    return Nbns(
        kind="STATUS RESPONSE",
        name=NetbiosName(name="*", suffix=0),
        is_response=True,
        is_broadcast=False,
        held=(Held(name=NetbiosName(name="WARD3PC", suffix=0), is_group=False),),
        mac=mac,
    )


def test_the_status_of_a_node_names_it_and_its_hardware_s_maker() -> None:
    found = of(status(PC))
    assert (found.names, found.ips) == (("WARD3PC",), ("10.0.0.6",))
    routed = conversation((MONITOR, "10.0.1.6"), ("", "10.0.0.7"), 137, application="nbns", ttl=(127, 0), udp=True)
    (far,) = [
        device for device in devices(sighting(status(PC), MONITOR, "10.0.1.6"), routed) if device.ips == ("10.0.1.6",)
    ]
    assert ("vendor", "VMware", "nbns") in [(said.attribute, said.value, said.protocol) for said in far.evidence]
    assert far.macs == ()
