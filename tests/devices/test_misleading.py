"""A hostile device cannot change what another device is: each protocol is tried, and each copied identity shows.

The attacker has an address of its own and sends whatever it likes. (Who also forges hardware addresses cannot be told
from the device itself by anybody who only listens; ``docs/reference/identification.md`` says so.)
"""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from asepsis.devices.device import SINGLE, Device
from asepsis.protocols.arp import Arp
from asepsis.protocols.cdp import Cdp
from asepsis.protocols.dhcp import Dhcp
from asepsis.protocols.dhcpv6 import Dhcpv6
from asepsis.protocols.dicom.messages import Association, UserInformation
from asepsis.protocols.dns import Dns
from asepsis.protocols.hl7.messages import Header, Hl7Message
from asepsis.protocols.http_head import HttpResponse
from asepsis.protocols.lldp import Lldp
from asepsis.protocols.llmnr import Llmnr
from asepsis.protocols.mdns import Host, Mdns, Service
from asepsis.protocols.message import Message, Sighting
from asepsis.protocols.nbns import Nbns
from asepsis.protocols.nd import Neighbour
from asepsis.protocols.netbios_names import NetbiosName
from asepsis.protocols.pjl import Pjl
from asepsis.protocols.resource_records import Question, Record
from asepsis.protocols.smb_messages import NetbiosSession, SmbNegotiate
from asepsis.protocols.snmp import Snmp
from asepsis.protocols.snmp_objects import ManagedObject
from asepsis.protocols.ssdp import Ssdp
from tests.devices.sayings import dimse
from tests.devices.ward import MONITOR, PC, arp, by_mac, conversation, devices, lease, request, sighting

VICTIM_IP, EVIL_IP = "10.0.0.5", "10.0.0.66"
DUID, GUID, ENGINE = "000100011c39cf8800095c000001", "0123456789abcdef0123456789abcdef", "8000000001020304"


def snmp(mac: str, ip: str, **values: str) -> Sighting:
    objects = tuple(ManagedObject(name=name, index="1", value=text) for name, text in values.items())
    return sighting(Snmp(version="v2c", pdu="Response", objects=objects, engine_id=ENGINE), mac, ip)


def negotiated(*names: tuple[str, str]) -> SmbNegotiate:
    return SmbNegotiate(
        sender_is_server=True,
        version=2,
        dialects=("3.1.1",),
        signing="enabled",
        guid=GUID,
        names=names,
        passwords_in_clear=False,
    )


def honest() -> list[Sighting]:
    """A monitor that says all of itself, again and again."""
    said = Mdns(is_response=True, is_probe=False, hosts=(Host(name="mon-5", addresses=(VICTIM_IP,)),))
    return [
        *(arp(MONITOR, VICTIM_IP, at=at) for at in (0.0, 50.0, 100.0)),
        request(MONITOR, host_name="mon-5", client_duid=DUID, machine_id=GUID),
        lease(MONITOR, VICTIM_IP),
        sighting(said, MONITOR, VICTIM_IP, at=100.0),
        snmp(
            MONITOR,
            VICTIM_IP,
            sysDescr="Philips IntelliVue MP70",
            entPhysicalMfgName="Philips",
            entPhysicalModelName="IntelliVue MP70",
            entPhysicalSerialNum="DE44021234",
            entPhysicalSoftwareRev="J.10.52",
        ),
        sighting(negotiated(), MONITOR, VICTIM_IP),
    ]


def evil(message: Message, *, at: float = 20.0, ip: str = EVIL_IP) -> Sighting:
    return sighting(message, PC, ip, to_mac=MONITOR, to_ip=VICTIM_IP, at=at, packet=66)


def told(message: Message) -> Sighting:
    """By broadcast, before anything has an address."""
    return sighting(message, PC, "0.0.0.0", at=20.0, packet=66)


def dhcp_request(**said: object) -> Dhcp:
    return Dhcp(message_type="REQUEST", is_reply=False, **said)  # type: ignore[arg-type]  # what each attack says


def dhcp_ack(**said: object) -> Dhcp:
    members = {"message_type": "ACK", "is_reply": True, "client_mac": "da:a1:19:01:02:03", "your_ip": "10.0.0.77"}
    return Dhcp(**{**members, **said})  # type: ignore[arg-type]  # what each attack says


PRINTER = Service(instance="mon-5", service="_ipp._tcp", host="mon-5", texts=(("ty", "LaserJet 4250"),))
HL7 = Hl7Message(
    header=Header(
        sending_application="EVIL",
        sending_facility="",
        receiving_application="LABSYSTEM",
        receiving_facility="",
        message_type="ORU",
    ),
    control_id="",
    segments=(),
    acknowledgment=None,
    patient_fields=(),
    orders=None,
    observations=None,
    equipment=(),
    software=(),
    complete=True,
)
DICOM = Association(
    kind="A-ASSOCIATE-RQ",
    called_ae="PACS_MAIN",
    calling_ae="CT1",
    contexts=(),
    user=UserInformation(implementation_class_uid="1.2.3"),
    complete=True,
)
HTTP = HttpResponse(
    status=200,
    version="1.1",
    server="LaserJet 4250",
    content_type="",
    challenges=(),
    realm="",
    location="",
    upgrade="",
    ntlm=None,
)
ATTACKS: dict[str, Sighting] = {
    "arp: the victim's hardware address has my network address": evil(
        Arp(operation="REPLY", sender_mac=MONITOR, sender_ip=EVIL_IP, target_mac="", target_ip="")
    ),
    "dhcp: a request in the victim's name": told(
        dhcp_request(client_mac=MONITOR, host_name="HP-LaserJet", vendor_class="Hewlett-Packard LaserJet")
    ),
    "dhcp: the victim is your router, resolver and server": evil(
        dhcp_ack(routers=(VICTIM_IP,), dns_servers=(VICTIM_IP,), server_id=VICTIM_IP)
    ),
    "dhcpv6: the victim asks, said without a relay": evil(
        Dhcpv6(message_type="REQUEST", is_from_server=False, client_link_address=MONITOR, fqdn="laserjet")
    ),
    "dns: another name for the victim's address": evil(
        Dns(flags=0x8180, answers=(Record(name="DESKTOP-1.example", type="A", ttl_seconds=60, data=VICTIM_IP),))
    ),
    "mdns: the victim's address is mine, and a printer": evil(
        Mdns(
            is_response=True,
            is_probe=False,
            hosts=(Host(name="laserjet", addresses=(EVIL_IP, VICTIM_IP)),),
            services=(PRINTER,),
        )
    ),
    "mdns: the victim is a printer": evil(
        Mdns(
            is_response=True,
            is_probe=False,
            hosts=(Host(name="mon-5", addresses=(VICTIM_IP,)),),
            services=(PRINTER,),
        )
    ),
    "ssdp: a router": evil(
        Ssdp(method="NOTIFY", device_type="urn:schemas-upnp-org:device:InternetGatewayDevice:1", server="LaserJet 4250")
    ),
    "lldp: the victim's address is my chassis": evil(
        Lldp(
            chassis_id=MONITOR,
            chassis_id_kind="MAC address",
            port_id="1",
            port_id_kind="local",
            ttl_seconds=120,
            system_name="mon-5",
            system_description="LaserJet 4250",
            enabled_capabilities=("router",),
            management_addresses=(VICTIM_IP,),
        ),
        ip="",
    ),
    "dicom: called by a title that is not the victim's": evil(DICOM),
    "hl7: called a laboratory system": evil(HL7),
    "http: an answer": evil(HTTP),
    "snmp: an answer of the victim's engine": snmp(PC, EVIL_IP, sysDescr="LaserJet 4250"),
    "snmp: a trap for the victim": evil(
        Snmp(
            version="v1",
            pdu="Trap",
            agent_address=VICTIM_IP,
            objects=(ManagedObject(name="sysDescr", index="0", value="LaserJet 4250"),),
        )
    ),
    "snmp: a question to the victim": evil(Snmp(version="v2c", pdu="GetRequest")),
    "smb: the victim's machine": evil(negotiated(("server", "LASERJET"))),
    "nd: the victim's hardware address has my network address": evil(
        Neighbour(kind="NEIGHBOUR ADVERTISEMENT", target_ip=EVIL_IP, target_mac=MONITOR)
    ),
    "nbns: the victim is a domain controller": evil(
        Nbns(
            kind="QUERY RESPONSE",
            name=NetbiosName(name="WARD", suffix=0x1C),
            is_response=True,
            is_broadcast=False,
            is_group=True,
            addresses=(VICTIM_IP,),
        )
    ),
    "llmnr: the victim's name is somebody's": evil(
        Llmnr(
            is_response=True,
            is_conflict=False,
            is_tentative=False,
            question=Question(name="mon-5", type="A"),
            answers=(Record(name="LASERJET", type="A", ttl_seconds=30, data=VICTIM_IP),),
        )
    ),
    "cdp: the victim's address is mine": evil(
        Cdp(
            version=2,
            ttl_seconds=180,
            device_id="laserjet",
            platform="LaserJet 4250",
            capabilities=("router",),
            addresses=(VICTIM_IP,),
        ),
        ip="",
    ),
    "pjl: called a printer": evil(Pjl(kind="JOB")),
    "netbios: called by another name": evil(NetbiosSession(called="DESKTOP-1<20>", calling="MON-5<00>")),
}


def identity(device: Device) -> dict[str, object]:
    """What a device is: its attributes, its first name, its hardware addresses, the network address that it had."""
    return {
        **{attribute: getattr(device, attribute) for attribute in SINGLE},
        "name": device.names[0],
        "macs": device.macs,
        "holds": VICTIM_IP in device.ips,
    }


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("speaks", [False, True], ids=["silent", "speaking"])
def test_no_protocol_lets_one_device_change_what_another_is(attack: str, *, speaks: bool) -> None:
    talk = [conversation((MONITOR, VICTIM_IP), ("00:00:0c:00:00:fe", "10.0.0.1"), 2575)] if speaks else []
    alone = by_mac(devices(*honest(), *talk), MONITOR)
    attacked = by_mac(
        devices(*honest(), *talk, *[ATTACKS[attack]._replace(time_ns=one) for one in _moments()]), MONITOR
    )
    # Copying its serial number or machine lowers confidence and shows, which the tests below ask for.
    assert identity(attacked) == identity(alone)
    for attribute in SINGLE:
        assert attacked.confidence.get(attribute, 0.0) >= alone.confidence.get(attribute, 0.0), attribute


def _moments() -> Iterable[int]:
    base = arp(MONITOR, VICTIM_IP).time_ns
    return (base + 20 * 10**9, base + 60 * 10**9)


def test_the_attacks_do_say_something_of_the_attacker() -> None:
    # An attack that is not read at all would prove nothing.
    silent = [name for name, attack in ATTACKS.items() if not by_mac(devices(attack, arp(PC, EVIL_IP)), PC).evidence]
    assert silent == []


def copied(**said: str) -> tuple[Device, Device, Device]:
    """The victim alone, the victim beside one that copies it, and the copier."""
    alone = by_mac(devices(*honest()), MONITOR)
    found = devices(*honest(), snmp(PC, EVIL_IP, **said), arp(PC, EVIL_IP), arp(PC, EVIL_IP, at=100.0))
    return alone, by_mac(found, MONITOR), by_mac(found, PC)


def test_a_copied_serial_number_lowers_the_confidence_of_both_and_names_them_together() -> None:
    alone, victim, copier = copied(entPhysicalSerialNum="DE44021234", entPhysicalMfgName="Philips")
    assert victim.confidence["serial"] < alone.confidence["serial"]
    assert any(reason.attribute == "serial" and reason.weight < 0 for reason in victim.evidence)
    assert ("serial", "DE44021234", (PC,)) in [(twin.attribute, twin.value, twin.others) for twin in victim.twins]
    assert ("serial", "DE44021234", (MONITOR,)) in [(twin.attribute, twin.value, twin.others) for twin in copier.twins]


def test_a_copied_machine_stays_a_device_of_its_own_and_is_named_as_a_twin() -> None:
    found = devices(*honest(), request(PC, machine_id=GUID, client_duid=DUID, at=5.0), arp(PC, EVIL_IP, at=90.0))
    victim, copier = by_mac(found, MONITOR), by_mac(found, PC)
    assert victim.id == copier.id == ""
    assert victim.macs == (MONITOR,)
    assert {twin.value for twin in victim.twins} >= {f"machine {GUID}", f"duid {DUID}"}


def test_a_copied_name_makes_twins_and_a_default_name_does_not() -> None:
    found = devices(request(MONITOR, host_name="icu-5"), request(PC, host_name="ICU-5"))
    assert [(twin.attribute, twin.others) for twin in by_mac(found, MONITOR).twins] == [("name", (PC,))]
    found = devices(request(MONITOR, host_name="localhost"), request(PC, host_name="localhost"))
    assert by_mac(found, MONITOR).twins == ()


def test_an_address_that_two_take_from_each_other_is_shown_at_both() -> None:
    taken = devices(*(arp(mac, VICTIM_IP, at=at) for at, mac in ((0.0, MONITOR), (30.0, PC), (60.0, MONITOR))))
    for mac, other in ((MONITOR, PC), (PC, MONITOR)):
        assert ("address", VICTIM_IP, (other,)) in [
            (twin.attribute, twin.value, twin.others) for twin in by_mac(taken, mac).twins
        ]


def test_a_lease_that_moved_once_is_no_dispute() -> None:
    moved = devices(arp(MONITOR, VICTIM_IP), arp(PC, VICTIM_IP, at=7200.0))
    assert all(device.twins == () for device in moved)


def test_who_passes_on_images_of_several_machines_takes_the_serial_number_of_none() -> None:
    def stored(mac: str, ip: str, number: str) -> Sighting:
        message = dimse("C-STORE-RQ", "1.2.840.10008.5.1.4.1.1.2", ("DeviceSerialNumber", number))
        return sighting(message, mac, ip)

    scanner = stored(MONITOR, VICTIM_IP, "SN-10001")
    router = [stored(PC, EVIL_IP, number) for number in ("SN-10001", "SN-20002")]
    alone, beside = by_mac(devices(scanner), MONITOR), by_mac(devices(scanner, *router), MONITOR)
    assert (beside.serial, beside.confidence["serial"]) == (alone.serial, alone.confidence["serial"])
    assert beside.twins == ()
