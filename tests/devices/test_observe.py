"""What each protocol's messages say of a device. One row: who says what, and what is shown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from asepsis.protocols.dhcp import Dhcp
from asepsis.protocols.dicom.messages import (
    Association,
    Command,
    DataSet,
    DimseMessage,
    PresentationContext,
    UserInformation,
)
from asepsis.protocols.dns import Dns
from asepsis.protocols.hl7.messages import (
    Acknowledgment,
    Equipment,
    Header,
    Hl7Message,
    Observations,
    Software,
)
from asepsis.protocols.http import HttpPage
from asepsis.protocols.http_head import HttpRequest, HttpResponse
from asepsis.protocols.lldp import Lldp
from asepsis.protocols.mdns import Host, Mdns, Service
from asepsis.protocols.message import Message
from asepsis.protocols.mqtt import MqttConnack, MqttConnect
from asepsis.protocols.ntlm import Ntlm
from asepsis.protocols.quic import QuicHello
from asepsis.protocols.resource_records import Question, Record
from asepsis.protocols.smb_messages import NetbiosSession, SmbNegotiate, SmbSession
from asepsis.protocols.snmp import Snmp
from asepsis.protocols.snmp_objects import ManagedObject
from asepsis.protocols.ssdp import Ssdp
from asepsis.protocols.ssh import SshIdentification
from asepsis.protocols.udi import read_udi
from tests.devices.ward import MONITOR, PC, PHONE_MONDAY, by_ip, by_mac, conversation, devices, one, said, sighting

CT_IMAGES, MR_IMAGES = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"
STUDY_FIND, WORKLIST = "1.2.840.10008.5.1.4.1.2.2.1", "1.2.840.10008.5.1.4.31"


def association(kind: str, *classes: str, uid: str = "1.2.3", version: str = "", calling: str = "CT_1") -> Association:
    result = None if kind == "A-ASSOCIATE-RQ" else 0
    return Association(
        kind=kind,
        called_ae="ARCHIVE",
        calling_ae=calling,
        contexts=tuple(
            PresentationContext(id=2 * place + 1, abstract_syntax=uid, transfer_syntaxes=(), result=result)
            for place, uid in enumerate(classes)
        ),
        user=UserInformation(implementation_class_uid=uid, implementation_version=version),
        complete=True,
    )


def dimse(
    kind: str, sop_class: str, *equipment: tuple[str, str], server: bool = False, **command: object
) -> DimseMessage:
    return DimseMessage(
        command=Command(kind=kind, sop_class=sop_class, **command),  # type: ignore[arg-type] # fields by name
        data_set=DataSet(transfer_syntax="", encoding="", equipment=equipment) if equipment else None,
        pending_responses=0,
        sender_is_server=server,
    )


def hl7(
    kind: str, application: str = "", *equipment: Equipment, ack: bool = False, software: tuple[Software, ...] = ()
) -> Hl7Message:
    return Hl7Message(
        control_id="1",
        header=Header(
            sending_application=application,
            sending_facility="",
            receiving_application="",
            receiving_facility="",
            message_type=kind,
        ),
        segments=(),
        acknowledgment=Acknowledgment(code="AA", control_id="1") if ack else None,
        patient_fields=(),
        orders=None,
        observations=None,
        equipment=equipment,
        software=software,
        complete=True,
    )


def lldp(**fields: object) -> Lldp:
    return Lldp(
        chassis_id="x",
        chassis_id_kind="local",
        port_id="1",
        port_id_kind="local",
        ttl_seconds=120,
        **fields,  # type: ignore[arg-type] # fields by name
    )


def http_request(agent: str, ntlm: Ntlm | None = None) -> HttpRequest:
    return HttpRequest(
        method="GET",
        version="HTTP/1.1",
        path="/",
        host="",
        user_agent=agent,
        content_type="",
        authorization="",
        cookie=False,
        upgrade="",
        ntlm=ntlm,
    )


def http_response(server: str = "", realm: str = "") -> HttpResponse:
    return HttpResponse(
        status=200,
        version="HTTP/1.1",
        server=server,
        content_type="",
        challenges=(),
        realm=realm,
        location="",
        upgrade="",
        ntlm=None,
    )


def snmp(**objects: str) -> Snmp:
    known = tuple(
        ManagedObject(name=name, index="1" if name[:3] == "ent" else "0", value=text) for name, text in objects.items()
    )
    return Snmp(version="v2c", pdu="Response", objects=known)


def service(instance: str, kind: str, **texts: str) -> Mdns:
    return Mdns(
        is_response=True,
        is_probe=False,
        services=(Service(instance=instance, service=kind, texts=tuple(texts.items())),),
    )


def dhcp(**fields: object) -> Dhcp:
    return Dhcp(message_type="REQUEST", is_reply=False, client_mac=PC, **fields)  # type: ignore[arg-type] # by name


WINDOWS_10 = (1, 3, 6, 15, 31, 33, 43, 44, 46, 47, 119, 121, 249, 252)

SAYINGS: list[tuple[str, Message, dict[str, str | None]]] = [
    # who says what, the message, what is shown (only the named attributes are compared)
    (
        "a scanner proposes CT images",
        association("A-ASSOCIATE-RQ", CT_IMAGES),
        {"category": "ct", "role": "dicom_image_source"},
    ),
    ("a scanner asks for a worklist", association("A-ASSOCIATE-RQ", WORKLIST), {"category": "imaging_modality"}),
    (
        "a Siemens CT by its implementation",
        association("A-ASSOCIATE-RQ", uid="1.3.12.2.1107.5.1"),
        {"vendor": "Siemens Healthineers", "category": "ct"},
    ),
    (
        "a toolkit names no maker",
        association("A-ASSOCIATE-RQ", uid="1.2.276.0.7230010.3.0.3.6.7"),
        {"vendor": None, "model": None},
    ),
    ("an internet scanner", association("A-ASSOCIATE-RQ", version="ZGRAB2"), {"category": "network_scanner"}),
    (
        "an archive accepts images and queries",
        association("A-ASSOCIATE-AC", CT_IMAGES, STUDY_FIND),
        {"category": "pacs", "role": "dicom_archive"},
    ),
    (
        "a worklist provider",
        dimse("C-FIND-RSP", WORKLIST, status=0, server=True),
        {"category": "modality_worklist", "role": "dicom_worklist_provider"},
    ),
    (
        "an image says which machine made it",
        dimse(
            "C-STORE-RQ",
            CT_IMAGES,
            ("Manufacturer", "SIEMENS HEALTHINEERS"),
            ("ManufacturerModelName", "SOMATOM Force"),
            ("DeviceSerialNumber", "75001"),
        ),
        {
            "category": "ct",
            "vendor": "Siemens Healthineers",
            "model": "SOMATOM Force",
            "serial": "75001",
            "role": "dicom_image_source",
        },
    ),
    (
        "an image that was asked for comes from an archive",
        dimse("C-STORE-RQ", CT_IMAGES, ("Manufacturer", "SIEMENS"), move_originator="WS"),
        {"vendor": None, "role": "dicom_archive"},
    ),
    ("a workstation queries", dimse("C-FIND-RQ", STUDY_FIND), {"role": "dicom_query_client"}),
    ("a result sender", hl7("ORU", "LAB"), {"role": "hl7_result_sender", "category": "laboratory_information_system"}),
    ("a receiver acknowledges", hl7("ACK", ack=True), {"role": "hl7_receiver"}),
    (
        "the standard's example names nobody",
        hl7("ADT", "SENDING_APPLICATION"),
        {"role": "hl7_sender", "category": None},
    ),
    (
        "a product name where a UDI belongs",
        hl7("ORU", "", Equipment(source="OBX-18", identifier="Hospira Plum A+")),
        {"udi": None},
    ),
    (
        "the program that sent the message",
        hl7("ADT", software=(Software(vendor="Epic", version="2024", product="Bridges"),)),
        {"vendor": "Epic", "model": "Bridges", "firmware": "2024"},
    ),
    (
        "a Windows client asks for an address",
        dhcp(parameter_list=WINDOWS_10, vendor_class="MSFT 5.0", host_name="DESKTOP-ABC1234"),
        {"os": "Windows 10"},
    ),
    ("a small Linux system", dhcp(vendor_class="udhcp 1.22.1"), {"os": "Linux"}),
    ("a printer by its class", dhcp(vendor_class="Hewlett-Packard JetDirect"), {"category": "printer", "vendor": "HP"}),
    (
        "a switch",
        lldp(enabled_capabilities=("bridge",), system_description="Cisco IOS Software, C2960"),
        {"category": "network_switch", "vendor": "Cisco", "os": "Cisco IOS", "role": "bridge"},
    ),
    ("a telephone is a bridge too", lldp(enabled_capabilities=("bridge", "telephone")), {"category": "phone"}),
    (
        "an inventory",
        lldp(manufacturer="Polycom", model="VVX 400", serial_number="64167F000000", software_revision="5.9"),
        {"vendor": "Polycom", "model": "VVX 400", "serial": "64167F000000", "firmware": "5.9"},
    ),
    ("a browser on Windows", http_request("Mozilla/5.0 (Windows NT 10.0; Win64; x64)"), {"os": "Windows 10 or 11"}),
    (
        "a pump's client",
        http_request("Alaris-PCU/12.1.2"),
        {"category": "infusion_pump", "vendor": "BD", "firmware": "12.1.2"},
    ),
    (
        "a printer's web server",
        http_response("HP HTTP Server; HP LaserJet 4250"),
        {"category": "printer", "vendor": "HP"},
    ),
    ("a realm names the product", http_response(realm="Lantronix"), {"category": "serial_server"}),
    ("a title names the product", HttpPage(title="Orthanc Explorer"), {"category": "pacs", "vendor": "Orthanc"}),
    (
        "an SSH server on Debian",
        SshIdentification(protocol_version="2.0", software="OpenSSH_9.2p1", comments="Debian-2+deb12u2"),
        {"os": "Debian"},
    ),
    (
        "an agent",
        snmp(sysObjectID="1.3.6.1.4.1.9.1.1208", sysName="core-1"),
        {"vendor": "Cisco", "role": "managed_agent"},
    ),
    (
        "a printer's agent",
        snmp(sysObjectID="1.3.6.1.4.1.11.2.3.9.1", prtGeneralSerialNumber="CNBJX12345"),
        {"vendor": "HP", "category": "printer", "serial": "CNBJX12345"},
    ),
    (
        "an entity",
        snmp(entPhysicalMfgName="Dräger", entPhysicalModelName="Infinity Delta", entPhysicalSoftwareRev="VF9.1"),
        {"vendor": "Dräger", "category": "patient_monitor", "firmware": "VF9.1"},
    ),
    ("a manager asks", Snmp(version="v2c", pdu="GetRequest"), {"role": "network_manager"}),
    (
        "an mDNS printer",
        service("Ward 3", "_ipp._tcp", ty="HP LaserJet 400", usb_mfg="HP"),
        {"category": "printer", "vendor": "HP", "role": "print_server"},
    ),
    (
        "a camera by service",
        service("axis", "_axis-video._tcp"),
        {"category": "camera", "vendor": "Axis", "role": "video_server"},
    ),
    (
        "an mDNS proxy speaks of another",
        Mdns(is_response=True, is_probe=False, hosts=(Host(name="printer-9", addresses=("10.0.0.9",)),)),
        {},
    ),
    (
        "an SSDP device",
        Ssdp(method="NOTIFY", target="urn:Belkin:device:insight:1", server="Unspecified, UPnP/1.0"),
        {"vendor": "Belkin", "category": "smart_home"},
    ),
    (
        "an SSDP search says nothing of what it looks for",
        Ssdp(method="M-SEARCH", target="urn:Belkin:device:insight:1", user_agent="x"),
        {"vendor": None, "category": None},
    ),
    (
        "a file server",
        SmbNegotiate(
            sender_is_server=True, version=2, dialects=(), signing="", guid="", names=(), passwords_in_clear=False
        ),
        {"role": "file_server"},
    ),
    (
        "an NTLM challenge",
        SmbSession(
            sender_is_server=True,
            version=2,
            status=0,
            names=(),
            user=False,
            guest=False,
            password_in_clear=False,
            ntlm=Ntlm(
                kind="CHALLENGE",
                names=(("netbios_computer", "PACS-1"),),
                os_version="10.0.20348",
                user=False,
                version_1=False,
            ),
        ),
        {"os": "Windows Server 2022", "category": "server"},
    ),
    ("a NetBIOS caller", NetbiosSession(called="PACS-1<20>", calling="WS-17<00>"), {}),
    ("a broker", MqttConnack(code=0), {"role": "mqtt_broker"}),
]


@pytest.mark.parametrize(("tells", "message", "shown"), SAYINGS, ids=[saying[0] for saying in SAYINGS])
def test_a_message_says_what_its_sender_is(tells: str, message: Message, shown: dict[str, str | None]) -> None:
    found = by_mac(devices(sighting(message, PC, "10.0.0.6", to_ip="10.0.0.7")), PC)
    assert {name: getattr(found, name) for name in shown} == shown


def names_of(message: Message) -> tuple[str, ...]:
    return by_mac(devices(sighting(message, PC, "10.0.0.6")), PC).names


def test_names_are_taken_from_wherever_a_device_gives_one() -> None:
    assert names_of(association("A-ASSOCIATE-RQ", calling="CT_WARD_1")) == ("CT_WARD_1",)
    assert names_of(association("A-ASSOCIATE-RQ", calling="STORESCU")) == ()
    assert names_of(dhcp(host_name="pump-17")) == ("pump-17",)
    assert names_of(snmp(sysName="core-1.example")) == ("core-1.example",)
    assert names_of(lldp(system_name="sw-3")) == ("sw-3",)
    assert names_of(NetbiosSession(called="*SMBSERVER", calling="WS-17<00>")) == ("WS-17",)


def test_a_title_is_its_bearer_s_once_it_answered_to_it() -> None:
    call = sighting(association("A-ASSOCIATE-RQ"), PC, "10.0.0.6", to_ip="10.0.0.7")
    answer = sighting(association("A-ASSOCIATE-AC"), MONITOR, "10.0.0.7", to_ip="10.0.0.6")
    talk = conversation((PC, "10.0.0.6"), (MONITOR, "10.0.0.7"), 104, application="dicom")
    assert by_ip(devices(call, talk), "10.0.0.7").names == ()
    assert by_ip(devices(call, talk, answer), "10.0.0.7").names == ("ARCHIVE",)


def test_a_name_server_names_the_site_s_own_addresses() -> None:
    answer = Dns(
        flags=0x8180,
        questions=(Question(name="ct-1.example", type="A"),),
        answers=(Record(name="ct-1.example", type="A", ttl_seconds=60, data="10.0.0.7"),),
    )
    found = devices(
        sighting(answer, PC, "10.0.0.6"),
        conversation((PC, "10.0.0.6"), (MONITOR, "10.0.0.7"), 104, application="dicom"),
    )
    assert by_ip(found, "10.0.0.7").names == ("ct-1.example",)


def test_an_address_that_is_only_spoken_of_is_no_device() -> None:
    offer = Dhcp(
        message_type="ACK", is_reply=True, server_id="10.0.0.6", routers=("10.0.0.1",), dns_servers=("10.0.0.53",)
    )
    found = devices(sighting(offer, PC, "10.0.0.6"))
    assert [device.ips for device in found] == [("10.0.0.6",)]
    assert found[0].role == "dhcp_server"


def test_a_device_in_an_hl7_message_is_found_by_its_product_name() -> None:
    message = hl7("ORU", "", Equipment(source="OBX-18", identifier="Hospira Plum A+"))
    found = one(sighting(message, "00:03:b1:00:00:02", "10.0.0.5"))
    assert (found.category, found.vendor, found.udi) == ("infusion_pump", "ICU Medical", None)


def test_a_udi_says_serial_number_and_maker() -> None:
    # GS1 General Specifications: (01) GTIN, (21) serial; the GTIN is in the FDA's GUDID (Boston Scientific).
    text = "(01)00802526534263(21)S123456"
    message = hl7("ORU", "", Equipment(source="PRT-10", identifier=text, udi=read_udi(text)))
    found = one(sighting(message, PC, "10.0.0.5"))
    assert (found.udi, found.serial, found.vendor) == (text, "S123456", "Boston Scientific")


def test_a_gateway_that_names_many_devices_is_none_of_them() -> None:
    many = [Equipment(source="OBX-18", identifier=f"Plum A+ {n}") for n in range(5)]
    found = one(sighting(hl7("ORU", "", *many), PC, "10.0.0.5"))
    assert (found.udi, found.category) == (None, None)


def test_an_interface_identifier_is_no_udi() -> None:
    named = Equipment(source="OBX-18", identifier="PUMP17", universal_id="0003B1FFFE210117", universal_id_type="EUI-64")
    assert one(sighting(hl7("ORU", "", named), PC, "10.0.0.5")).udi is None


@pytest.mark.parametrize(
    "named",
    [
        Equipment(source="OBX-18", identifier="CHEM 311", namespace="LAB-CHEM-0311"),
        Equipment(source="OBX-18", identifier="0003B1FFFE210117"),
        Equipment(source="OBX-18", identifier="00-03-B1-FF-FE-21-01-17"),
        Equipment(source="PRT-10", identifier="0003B1FFFE21"),
        Equipment(source="PRT-10", identifier="PUMP17", universal_id="1.2.3", universal_id_type="ISO"),
    ],
)
def test_a_name_or_an_address_is_no_udi(named: Equipment) -> None:
    assert one(sighting(hl7("ORU", "", named), PC, "10.0.0.5")).udi is None


@pytest.mark.parametrize(
    ("application", "observer", "category", "model"),
    [
        ("LABCHEM", "LABCHEM 311", "lab_analyser", "LABCHEM 311"),
        ("LABCHEM^0003B1FFFE210117^EUI-64", "labchem 311", "lab_analyser", "labchem 311"),
        ("MIDDLE", "LABCHEM 311", None, None),
        ("LAB", "LABCHEM 311", "laboratory_information_system", None),
    ],
)
def test_what_sends_its_own_results_is_what_measures_them(
    application: str, observer: str, category: str | None, model: str | None
) -> None:
    codes = Observations(count=1, value_types=(), identifiers=("2345-7^LN",))
    device = Equipment(source="OBX-18", identifier=observer, namespace="N1")
    found = one(sighting(replace(hl7("ORU", application, device), observations=codes), PC, "10.0.0.5"))
    assert (found.category, found.model) == (category, model)


@pytest.mark.parametrize(
    ("application", "facility", "category", "vendor", "model", "firmware"),
    [
        ("Mindray", "BS-200E", "lab_analyser", "Mindray", "BS-200E", None),
        ("MINDRAY", "BC-5380", "lab_analyser", "Mindray", "BC-5380", None),
        ("Mindray", "Gateway", None, "Mindray", None, None),
        ("cobas infinity 3.3.5", "Roche Diagnostics", "lab_middleware", "Roche", "cobas infinity", "3.3.5"),
        ("COBAS6800/8800", "", "lab_analyser", "Roche", "cobas 6800/8800", None),
        ("cobas 8000", "", "lab_analyser", "Roche", "cobas 8000", None),
        ("EPIC", "HOSPITAL", "ehr_server", "Epic", None, None),
    ],
)
def test_a_sending_application_and_its_facility_tell_the_product(
    application: str, facility: str, category: str | None, vendor: str, model: str | None, firmware: str | None
) -> None:
    message = hl7("ORU", application)
    message = replace(message, header=replace(message.header, sending_facility=facility))
    found = one(sighting(message, "6c:ff:ff:00:00:07", "10.0.0.5"))
    assert (found.category, found.vendor, found.model, found.firmware) == (category, vendor, model, firmware)


def test_a_sending_application_is_known_by_its_namespace() -> None:
    found = one(sighting(hl7("ORU", "GATE^0012210000000001^EUI-64"), PC, "10.0.0.5"))
    assert found.names == ("GATE",)


@pytest.mark.parametrize(
    ("code", "category"),
    [("147842^MDC", "patient_monitor"), ("69986^MDC", "infusion_pump"), ("2345-7^LN", None), ("147842^L", None)],
)
def test_what_is_measured_tells_what_measures(code: str, category: str | None) -> None:
    observed_codes = Observations(count=1, value_types=(), identifiers=(code,))
    message = replace(hl7("ORU"), observations=observed_codes)
    assert one(sighting(message, PC, "10.0.0.5")).category == category


def test_a_gateway_that_passes_on_measurements_is_no_monitor() -> None:
    many = tuple(Equipment(source="OBX-18", identifier=f"MON-{n}") for n in range(3))
    codes = Observations(count=1, value_types=(), identifiers=("147842^MDC",))
    assert one(sighting(replace(hl7("ORU", "", *many), observations=codes), PC, "10.0.0.5")).category is None


def test_the_name_of_an_application_is_its_first_component() -> None:
    assert names_of(hl7("ORU", "LABMON^0009FBFFFE4A0B07^EUI-64")) == ("LABMON",)


def test_what_queries_and_takes_images_and_answers_nobody_is_a_workstation() -> None:
    found = one(
        sighting(dimse("C-FIND-RQ", STUDY_FIND), PC, "10.0.0.6"),
        sighting(dimse("C-STORE-RSP", CT_IMAGES, status=0, server=True), PC, "10.0.0.6"),
    )
    assert found.category == "imaging_workstation"


def test_a_maker_of_one_kind_of_thing_tells_the_kind() -> None:
    # IEEE RA public listing (MA-L): 00-11-32 is registered to Synology, who make storage.
    found = one(
        sighting(Dhcp(message_type="REQUEST", is_reply=False, client_mac="00:11:32:00:00:01"), "00:11:32:00:00:01")
    )
    assert (found.vendor, found.category) == ("Synology", "storage")


def test_an_agent_s_word_for_not_knowing_is_no_version() -> None:
    found = one(sighting(lldp(software_revision="Unknown", firmware_revision="1.4"), PC))
    assert found.firmware == "1.4"


def test_what_receives_and_sends_hl7_is_an_interface_engine() -> None:
    found = by_ip(
        devices(sighting(hl7("ADT"), PC, "10.0.0.6"), sighting(hl7("ACK", ack=True), PC, "10.0.0.6")), "10.0.0.6"
    )
    assert (found.role, found.category) == ("hl7_engine", "interface_engine")


def test_an_archive_that_sends_images_of_several_kinds_is_no_scanner() -> None:
    found = one(
        sighting(association("A-ASSOCIATE-AC", CT_IMAGES, STUDY_FIND), PC, "10.0.0.6"),
        *(sighting(dimse("C-STORE-RQ", kind), PC, "10.0.0.6") for kind in (CT_IMAGES, MR_IMAGES)),
    )
    assert found.category == "pacs"


def test_a_scanner_that_runs_on_windows_stays_a_scanner() -> None:
    found = one(
        sighting(dimse("C-STORE-RQ", CT_IMAGES), PC, "10.0.0.6"),
        sighting(http_request("Mozilla/5.0 (Windows NT 6.1; x64)"), PC, "10.0.0.6"),
        sighting(dhcp(host_name="DESKTOP-ABC1234", vendor_class="MSFT 5.0"), PC, "0.0.0.0"),
    )
    assert (found.category, found.os) == ("ct", "Windows 7")


def test_repeats_count_and_do_not_make_surer() -> None:
    message = dimse("C-STORE-RQ", CT_IMAGES)
    once = one(sighting(message, PC, "10.0.0.6"))
    often = one(*(sighting(message, PC, "10.0.0.6", at=at, packet=at + 1) for at in range(50)))
    assert often.confidence == once.confidence
    assert often.last_seen_ns > once.last_seen_ns


def test_the_first_sighting_is_the_provenance() -> None:
    message = dimse("C-STORE-RQ", CT_IMAGES)
    found = one(*(sighting(message, PC, "10.0.0.6", at=100 - at, packet=100 - at) for at in range(5)))
    assert {reason.packet for reason in found.evidence if reason.attribute == "category"} == {96}


def test_a_relay_is_seen_and_does_not_become_the_client() -> None:
    asked = Dhcp(message_type="DISCOVER", is_reply=False, client_mac=MONITOR, relay_ip="10.9.0.1", host_name="mon-5")
    found = devices(sighting(asked, PHONE_MONDAY, "10.9.0.1"))
    assert by_mac(found, MONITOR).names == ("mon-5",)
    assert by_mac(found, PHONE_MONDAY).role == "dhcp_relay"


def test_two_clients_with_the_same_habits_share_the_reading_and_not_the_clues() -> None:
    found = devices(
        *(
            sighting(
                MqttConnect(
                    client_id="x-1",
                    level=4,
                    keep_alive_seconds=60,
                    clean=True,
                    user_name=False,
                    password=False,
                    will_topic="",
                ),
                mac,
                ip,
            )
            for mac, ip in ((PC, "10.0.0.6"), (MONITOR, "10.0.0.7"))
        )
    )
    assert [device.role for device in found] == ["mqtt_client", "mqtt_client"]


def test_the_document_has_the_members_of_the_contract_in_order() -> None:
    document = one(sighting(dhcp(host_name="pump-17"), PC, "0.0.0.0")).document()
    assert list(document) == [
        *("id", "site", "addresses", "names", "category", "vendor", "model", "os", "firmware", "serial", "udi", "role"),
        *("first_seen", "last_seen", "confidence", "evidence"),
    ]
    assert document["first_seen"] == "2023-11-14T22:13:20.000000Z"
    assert {tuple(reason) for reason in document["evidence"]} == {
        ("attribute", "value", "protocol", "weight", "capture", "packet")
    }


def test_said_names_protocols() -> None:
    found = one(sighting(dhcp(vendor_class="udhcp 1.22.1"), PC, "0.0.0.0"))
    assert said(found, "os") == {("Linux", "dhcp")}


def test_quic_shows_the_system_of_the_software_that_asks() -> None:
    hello = QuicHello(
        kind="ClientHello", sender_is_server=False, version="1", user_agent="beta Chrome/84.0 Windows NT 10.0; Win64"
    )
    device = one(sighting(hello, PC, "10.0.0.7", to_ip="10.0.0.1"))
    assert said(device, "os") == {("Windows 10 or 11", "quic")}


def test_a_description_of_a_known_form_tells_model_and_firmware() -> None:
    switch = one(sighting(snmp(sysDescr="HP J9773A 2530-24G-PoEP Switch, revision YA.16.10.0016"), PC, "10.0.0.5"))
    assert (switch.vendor, switch.model, switch.firmware) == ("HPE", "2530-24G-PoEP", "YA.16.10.0016")


def test_several_udis_of_one_device_are_kept_apart_and_do_not_contradict() -> None:
    both = "(01)00802526534263(21)S123456, +H123PARTNO1234567890120"
    message = dimse("C-STORE-RQ", CT_IMAGES, ("UniqueDeviceIdentifier", both))
    found = one(sighting(message, PC, "10.0.0.5"))
    assert {value for value, _ in said(found, "udi")} == set(both.split(", "))
    assert found.udi in both.split(", ")
    assert found.serial == "S123456"


def test_what_a_device_segment_says_of_its_maker_and_software_is_used() -> None:
    says = (("manufacturer", "Philips"), ("brand", "IntelliVue MP70"), ("software_version", "J.10"))
    message = hl7("ORU", "", Equipment(source="DEV-2", identifier="MON5", attributes=says))
    found = one(sighting(message, PC, "10.0.0.5"))
    assert (found.vendor, found.firmware) == ("Philips", "J.10")
    assert ("patient_monitor", "hl7") in said(found, "category")
