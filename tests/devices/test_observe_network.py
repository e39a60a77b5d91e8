"""What the protocols of a network say of a device: addresses, names, management, web, files."""

from __future__ import annotations

import pytest

from asepsis.protocols.dhcp import Dhcp
from asepsis.protocols.dns import Dns
from asepsis.protocols.http import HttpPage
from asepsis.protocols.mdns import Host, Mdns
from asepsis.protocols.message import Message
from asepsis.protocols.mqtt import MqttConnack
from asepsis.protocols.ntlm import Ntlm
from asepsis.protocols.quic import QuicHello
from asepsis.protocols.resource_records import Question, Record
from asepsis.protocols.smb_messages import NetbiosSession, SmbNegotiate, SmbSession
from asepsis.protocols.snmp import Snmp
from asepsis.protocols.ssdp import Ssdp
from asepsis.protocols.ssh import SshIdentification
from tests.devices.sayings import (
    dhcp,
    http_request,
    http_response,
    lldp,
    service,
    shown_of,
    snmp,
)
from tests.devices.ward import MONITOR, PC, PHONE_MONDAY, by_ip, by_mac, conversation, devices, one, said, sighting

WINDOWS_10 = (1, 3, 6, 15, 31, 33, 43, 44, 46, 47, 119, 121, 249, 252)

SAYINGS: dict[str, tuple[Message, dict[str, str | None]]] = {
    # who says what: the message, what is shown (only the named attributes are compared)
    "a Windows client asks for an address": (
        dhcp(parameter_list=WINDOWS_10, vendor_class="MSFT 5.0", host_name="DESKTOP-ABC1234"),
        {"os": "Windows 10"},
    ),
    "a small Linux system": (dhcp(vendor_class="udhcp 1.22.1"), {"os": "Linux"}),
    "a printer by its class": (dhcp(vendor_class="Hewlett-Packard JetDirect"), {"category": "printer", "vendor": "HP"}),
    "a switch": (
        lldp(enabled_capabilities=("bridge",), system_description="Cisco IOS Software, C2960"),
        {"category": "network_switch", "vendor": "Cisco", "os": "Cisco IOS", "role": "bridge"},
    ),
    "a telephone is a bridge too": (lldp(enabled_capabilities=("bridge", "telephone")), {"category": "phone"}),
    "an inventory": (
        lldp(manufacturer="Polycom", model="VVX 400", serial_number="64167F000000", software_revision="5.9"),
        {"vendor": "Polycom", "model": "VVX 400", "serial": "64167F000000", "firmware": "5.9"},
    ),
    "a browser on Windows": (http_request("Mozilla/5.0 (Windows NT 10.0; Win64; x64)"), {"os": "Windows 10 or 11"}),
    "a pump's client": (
        http_request("Alaris-PCU/12.1.2"),
        {"category": "infusion_pump", "vendor": "BD", "firmware": "12.1.2"},
    ),
    "a printer's web server": (
        http_response("HP HTTP Server; HP LaserJet 4250"),
        {"category": "printer", "vendor": "HP"},
    ),
    "a realm names the product": (http_response(realm="Lantronix"), {"category": "serial_server"}),
    "a title names the product": (HttpPage(title="Orthanc Explorer"), {"category": "pacs", "vendor": "Orthanc"}),
    "an SSH server on Debian": (
        SshIdentification(protocol_version="2.0", software="OpenSSH_9.2p1", comments="Debian-2+deb12u2"),
        {"os": "Debian"},
    ),
    "an agent": (
        snmp(sysObjectID="1.3.6.1.4.1.9.1.1208", sysName="core-1"),
        {"vendor": "Cisco", "role": "managed_agent"},
    ),
    "a printer's agent": (
        snmp(sysObjectID="1.3.6.1.4.1.11.2.3.9.1", prtGeneralSerialNumber="CNBJX12345"),
        {"vendor": "HP", "category": "printer", "serial": "CNBJX12345"},
    ),
    "an entity": (
        snmp(entPhysicalMfgName="Dräger", entPhysicalModelName="Infinity Delta", entPhysicalSoftwareRev="VF9.1"),
        {"vendor": "Dräger", "category": "patient_monitor", "firmware": "VF9.1"},
    ),
    "a manager asks": (Snmp(version="v2c", pdu="GetRequest"), {"role": "network_manager"}),
    "an mDNS printer": (
        service("Ward 3", "_ipp._tcp", ty="HP LaserJet 400", usb_mfg="HP"),
        {"category": "printer", "vendor": "HP", "role": "print_server"},
    ),
    "a camera by service": (
        service("axis", "_axis-video._tcp"),
        {"category": "camera", "vendor": "Axis", "role": "video_server"},
    ),
    "an mDNS proxy speaks of another": (
        Mdns(is_response=True, is_probe=False, hosts=(Host(name="printer-9", addresses=("10.0.0.9",)),)),
        {},
    ),
    "an SSDP device": (
        Ssdp(method="NOTIFY", target="urn:Belkin:device:insight:1", server="Unspecified, UPnP/1.0"),
        {"vendor": "Belkin", "category": "smart_home"},
    ),
    "an SSDP search says nothing of what it looks for": (
        Ssdp(method="M-SEARCH", target="urn:Belkin:device:insight:1", user_agent="x"),
        {"vendor": None, "category": None},
    ),
    "a file server": (
        SmbNegotiate(
            sender_is_server=True, version=2, dialects=(), signing="", guid="", names=(), passwords_in_clear=False
        ),
        {"role": "file_server"},
    ),
    "an NTLM challenge": (
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
    "a NetBIOS caller": (NetbiosSession(called="PACS-1<20>", calling="WS-17<00>"), {}),
    "a broker": (MqttConnack(code=0), {"role": "mqtt_broker"}),
}


@pytest.mark.parametrize(("message", "shown"), SAYINGS.values(), ids=SAYINGS)
def test_a_message_says_what_its_sender_is(message: Message, shown: dict[str, str | None]) -> None:
    assert shown_of(message, *shown) == shown


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


def test_a_maker_of_one_kind_of_thing_tells_the_kind() -> None:
    # IEEE RA public listing (MA-L): 00-11-32 is registered to Synology, who make storage.
    found = one(
        sighting(Dhcp(message_type="REQUEST", is_reply=False, client_mac="00:11:32:00:00:01"), "00:11:32:00:00:01")
    )
    assert (found.vendor, found.category) == ("Synology", "storage")


def test_an_agent_s_word_for_not_knowing_is_no_version() -> None:
    found = one(sighting(lldp(software_revision="Unknown", firmware_revision="1.4"), PC))
    assert found.firmware == "1.4"


def test_a_relay_is_seen_and_does_not_become_the_client() -> None:
    asked = Dhcp(message_type="DISCOVER", is_reply=False, client_mac=MONITOR, relay_ip="10.9.0.1", host_name="mon-5")
    found = devices(sighting(asked, PHONE_MONDAY, "10.9.0.1"))
    assert by_mac(found, MONITOR).names == ("mon-5",)
    assert by_mac(found, PHONE_MONDAY).role == "dhcp_relay"


def test_quic_shows_the_system_of_the_software_that_asks() -> None:
    hello = QuicHello(
        kind="ClientHello", sender_is_server=False, version="1", user_agent="beta Chrome/84.0 Windows NT 10.0; Win64"
    )
    device = one(sighting(hello, PC, "10.0.0.7", to_ip="10.0.0.1"))
    assert said(device, "os") == {("Windows 10 or 11", "quic")}


def test_a_description_of_a_known_form_tells_model_and_firmware() -> None:
    switch = one(sighting(snmp(sysDescr="HP J9773A 2530-24G-PoEP Switch, revision YA.16.10.0016"), PC, "10.0.0.5"))
    assert (switch.vendor, switch.model, switch.firmware) == ("HPE", "2530-24G-PoEP", "YA.16.10.0016")
