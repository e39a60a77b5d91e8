"""No protocol of the office lets one device change what another is, as ``test_misleading`` asks of the others."""

from __future__ import annotations

import pytest

from asepsis.devices.device import SINGLE
from asepsis.protocols.cdp import Cdp
from asepsis.protocols.ftp import FtpGreeting
from asepsis.protocols.llmnr import Llmnr
from asepsis.protocols.message import Message, Sighting
from asepsis.protocols.nbdgm import NetbiosDatagram
from asepsis.protocols.nbns import Held, Nbns
from asepsis.protocols.nd import Neighbour
from asepsis.protocols.netbios_names import NetbiosName
from asepsis.protocols.ntp import NtpControl
from asepsis.protocols.resource_records import Question, Record
from asepsis.protocols.smtp import SmtpGreeting
from asepsis.protocols.telnet import TelnetBanner
from tests.devices.test_misleading import EVIL_IP, VICTIM_IP, evil, honest, identity
from tests.devices.ward import MONITOR, PC, arp, by_mac, conversation, devices, sighting

VICTIM_V6, EVIL_V6 = "fe80::5", "fe80::66"


def nbns(kind: str, name: str, suffix: int, *addresses: str, is_group: bool = False, **said: object) -> Nbns:
    return Nbns(
        kind=kind,
        name=NetbiosName(name=name, suffix=suffix),
        is_response=kind.endswith("RESPONSE"),
        is_broadcast=True,
        is_group=is_group,
        addresses=addresses,
        **said,  # type: ignore[arg-type] # what each attack says
    )


def llmnr(name: str, *addresses: str) -> Llmnr:
    return Llmnr(
        is_response=True,
        is_conflict=False,
        is_tentative=False,
        question=Question(name=name, type="A"),
        answers=tuple(Record(name=name, type="A", ttl_seconds=30, data=address) for address in addresses),
    )


def announcement(ip: str) -> NetbiosDatagram:
    return NetbiosDatagram(
        kind="HostAnnouncement",
        source_ip=ip,
        source="DESKTOP-1<00>",
        computer="DESKTOP-1",
        os_version="6.1",
        server_types=("workstation", "domain controller"),
    )


def neighbour(message: Message, ip: str = EVIL_V6) -> Sighting:
    return evil(message, ip=ip)


ATTACKS: dict[str, Sighting] = {
    "nd: the victim's hardware has my address": neighbour(
        Neighbour(kind="NEIGHBOUR ADVERTISEMENT", target_ip=EVIL_V6, target_mac=MONITOR, is_router=True)
    ),
    "nd: I ask in the victim's name": neighbour(
        Neighbour(kind="NEIGHBOUR SOLICITATION", target_ip="fe80::1", source_mac=MONITOR)
    ),
    "nd: the victim is a router and a name server": neighbour(
        Neighbour(
            kind="ROUTER ADVERTISEMENT", source_mac=MONITOR, lifetime_seconds=1800, dns_servers=(VICTIM_V6, VICTIM_IP)
        )
    ),
    "nd: the victim is the better way": neighbour(
        Neighbour(kind="REDIRECT", target_ip=VICTIM_V6, target_mac=MONITOR, destination_ip="fd00::1")
    ),
    "llmnr: another name for the victim's address": evil(llmnr("DESKTOP-1", VICTIM_IP)),
    "llmnr: the victim's address is mine": evil(llmnr("DESKTOP-1", EVIL_IP, VICTIM_IP)),
    "nbns: another name for the victim's address": evil(nbns("QUERY RESPONSE", "DESKTOP-1", 0x20, VICTIM_IP)),
    "nbns: the victim is a domain controller": evil(
        nbns("QUERY RESPONSE", "WARD", 0x1C, VICTIM_IP, EVIL_IP, is_group=True)
    ),
    "nbns: I register the victim": evil(nbns("REGISTRATION", "DESKTOP-1", 0, VICTIM_IP)),
    "nbns: the victim's hardware address is mine": evil(
        nbns(
            "STATUS RESPONSE",
            "*",
            0,
            held=(Held(name=NetbiosName(name="DESKTOP-1", suffix=0x20), is_group=False),),
            mac=MONITOR,
        )
    ),
    "nbdgm: the victim announces itself": evil(announcement(VICTIM_IP)),
    "nbdgm: I announce myself": evil(announcement(EVIL_IP)),
    "cdp: the victim's address is mine": evil(
        Cdp(
            version=2,
            ttl_seconds=180,
            device_id="mon-5",
            platform="cisco WS-C2960-24TT-L",
            capabilities=("switch",),
            addresses=(VICTIM_IP,),
            management_addresses=(VICTIM_IP,),
        ),
        ip="",
    ),
    "ntp: another system": evil(
        NtpControl(kind="control", version=4, operation="read variables", is_response=True, system="Linux/5.10")
    ),
    "ftp: another product": evil(FtpGreeting(banner="JD FTP Server Ready")),
    "smtp: the victim's name": evil(SmtpGreeting(host="mon-5.example", banner="ESMTP Postfix (Debian/GNU)")),
    "telnet: another product": evil(TelnetBanner(banner="Welcome to Microsoft Telnet Service")),
}
SAYS_NOTHING = (
    "nd: I ask in the victim's name",
    "llmnr: another name for the victim's address",
    "nbns: another name for the victim's address",
    "nbns: I register the victim",
    "nbdgm: the victim announces itself",
)


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("speaks", [False, True], ids=["silent", "speaking"])
def test_no_protocol_lets_one_device_change_what_another_is(attack: str, *, speaks: bool) -> None:
    own = Neighbour(kind="NEIGHBOUR ADVERTISEMENT", target_ip=VICTIM_V6, target_mac=MONITOR)
    said = [*honest(), *(sighting(own, MONITOR, VICTIM_V6, at=at) for at in (0.0, 100.0))]
    talk = [conversation((MONITOR, VICTIM_IP), ("00:00:0c:00:00:fe", "10.0.0.1"), 2575)] if speaks else []
    alone = by_mac(devices(*said, *talk), MONITOR)
    twice = [ATTACKS[attack]._replace(time_ns=ATTACKS[attack].time_ns + after * 10**9) for after in (0, 40)]
    attacked = by_mac(devices(*said, *talk, *twice), MONITOR)
    assert identity(attacked) == identity(alone)
    assert attacked.ips == alone.ips
    for attribute in SINGLE:
        assert attacked.confidence.get(attribute, 0.0) >= alone.confidence.get(attribute, 0.0), attribute


def test_the_attacks_do_say_something_of_the_attacker() -> None:
    # An attack that is not read at all would prove nothing; some are seen through, and say nothing of anybody.
    silent = [
        name
        for name, attack in ATTACKS.items()
        if attack.message.PROTOCOL
        not in {said.protocol for said in by_mac(devices(attack, arp(PC, EVIL_IP)), PC).evidence}
    ]
    assert silent == list(SAYS_NOTHING)
