"""What devices say over HTTP and WS-Discovery becomes attributes, and what speaks of others does not."""

from __future__ import annotations

import pytest

from asepsis.devices.device import Device
from asepsis.protocols.fhir import Fhir, read_given
from asepsis.protocols.ipp import Ipp
from asepsis.protocols.message import Malformed, Message
from asepsis.protocols.pjl import Pjl
from asepsis.protocols.sdc import Sdc
from asepsis.protocols.upnp import Upnp
from asepsis.protocols.wsd import Wsd, read
from tests.devices.ward import PC, arp, by_mac, devices, said, sighting
from tests.protocols import test_fhir, test_wsd
from tests.protocols.test_sdc import MDIB, REPORT, SET, SOAP
from tests.protocols.web_wire import answer, ask, carried

# No maker holds this prefix: what is shown of the maker was said by the message.
DEVICE_MAC = "6c:ff:ff:00:00:08"
DEVICE_IP, CLIENT_IP = "10.0.0.8", "10.0.0.9"


def told(*messages: Message, back: bool = False) -> Device:
    """The device, after it said something, or (back) after somebody said something to it."""
    here, there = (DEVICE_MAC, DEVICE_IP), (PC, CLIENT_IP)
    source, target = (there, here) if back else (here, there)
    seen = [sighting(one, *source, to_mac=target[0], to_ip=target[1]) for one in messages]
    return by_mac(devices(arp(DEVICE_MAC, DEVICE_IP), *seen), DEVICE_MAC)


def sdc(body: bytes) -> list[Message]:
    return carried(((1, answer(body, SOAP)),), "sdc")


def test_an_sdc_device_is_what_its_description_says() -> None:
    device = told(*sdc(MDIB))
    assert (device.category, device.vendor, device.model) == ("ventilator", "Example", "Breath")
    assert (device.serial, device.firmware, device.role) == ("SN7", "FW9", "medical_data_source")
    assert device.udi == "(01)04012345678901(21)SN7"


def test_who_reports_measurements_is_a_medical_device() -> None:
    assert told(*sdc(REPORT)).category == "medical_device"


def test_who_is_remotely_controlled_is_perhaps_a_medical_device() -> None:
    (message,) = carried(((0, ask("/", SET, SOAP)),), "sdc")
    # Anybody can send that to anybody: it shows only beside what the device does itself.
    device = told(message, back=True)
    assert ("medical_device", "sdc") in said(device, "category")
    assert device.category is None


def test_discovery_says_types_and_metadata_make_and_model() -> None:
    hello = [one for one in read(test_wsd.HELLO) if not isinstance(one, Malformed)]
    assert told(*hello).category == "medical_device"
    said = carried(((1, answer(test_wsd.METADATA, SOAP)),), "wsd")
    device = told(*said)
    assert (device.vendor, device.model, device.firmware, device.serial) == ("Example", "Breath", "2.11", "VT-0042")


def test_an_announcement_says_the_type_of_an_sdc_device() -> None:
    types = ("dpws:Device", "mdpws:MedicalDevice")
    assert told(Wsd(action="Hello", types=types, scopes=("sdc.cdc.type:///70001",))).category == "ventilator"


def test_a_proxy_that_answers_for_others_is_not_what_it_names() -> None:
    match = Wsd(action="ProbeMatches", types=("wprt:PrintDeviceType",), addresses=("http://10.0.0.77:80/",))
    own = Wsd(action="ProbeMatches", types=("wprt:PrintDeviceType",), addresses=(f"http://{DEVICE_IP}:80/",))
    assert told(match, Ipp(kind="response", from_server=True, version="2.0", state="idle", cups="2.4")).category is None
    assert told(own).category == "printer"


def test_what_windows_publishes_of_itself_is_no_make() -> None:
    device = told(
        Wsd(
            action="GetResponse",
            types=("pub:Computer",),
            manufacturer="Microsoft Corporation",
            model_name="Microsoft Publication Service",
            computer="WARD-PC-3/Workgroup:WARD",
        )
    )
    assert device.model is None
    assert device.names == ("WARD-PC-3",)


def test_a_camera_says_what_it_is_by_its_scopes() -> None:
    scopes = ("onvif://www.onvif.org/type/video_encoder", "onvif://www.onvif.org/hardware/DS-2CD2042WD-I")
    device = told(Wsd(action="ProbeMatches", types=("dn:NetworkVideoTransmitter",), scopes=scopes))
    assert (device.category, device.model) == ("camera", "DS-2CD2042WD-I")


def test_a_upnp_description_says_make_and_model_but_a_program_does_not() -> None:
    player, program = (
        Upnp(device_type=kind, manufacturer="Roku", model_name="Roku Express", serial_number="YG1")
        for kind in ("urn:roku-com:device:player:1-0", "urn:schemas-upnp-org:device:MediaServer:1")
    )
    device = told(player)
    assert (device.vendor, device.model, device.serial) == ("Roku", "Roku Express", "YG1")
    assert told(program).serial is None


def test_a_distribution_that_built_the_program_did_not_make_the_device() -> None:
    kind = "urn:schemas-upnp-org:device:InternetGatewayDevice:1"
    device = told(Upnp(device_type=kind, manufacturer="Debian", model_name="Debian router", friendly_name="Ward 4"))
    assert (device.vendor, device.model) == (None, None)
    assert "Ward 4" in device.names


@pytest.mark.parametrize("maker", ["MFG", "MANUFACTURER"])
def test_a_printer_says_make_model_and_firmware(maker: str) -> None:
    device = told(
        Ipp(
            kind="response",
            from_server=True,
            version="2.0",
            make_and_model="Brother MFC-L2750DW series",
            device_id=f"{maker}:Brother;CMD:PJL,PCL;MDL:MFC-L2750DW series;SN:E7;",
            firmware="1.92",
        )
    )
    assert (device.category, device.vendor, device.model) == ("printer", "Brother", "Brother MFC-L2750DW series")
    assert (device.serial, device.firmware, device.role) == ("E7", "1.92", "print_server")


def test_a_queue_of_a_print_server_is_no_printer() -> None:
    queue = Ipp(kind="response", from_server=True, version="2.0", make_and_model="Brother MFC", cups="2.4.2")
    assert told(queue).model is None


def test_a_printer_answers_on_its_raw_port() -> None:
    device = told(Pjl(kind="INFO ID", answer=True, model="Brother HL-L2360D series:84U-E93:Ver.b.26"))
    assert (device.category, device.vendor) == ("printer", "Brother")
    assert ("printer", "pjl") in said(told(Pjl(kind="JOB"), back=True), "category")


def test_a_fhir_server_is_its_software_and_not_the_devices_that_it_keeps() -> None:
    server = told(Fhir(kind="CapabilityStatement", from_server=True, software="HAPI FHIR Server"))
    assert (server.category, server.role) == ("medical_server", "web_server")
    kept = [one for one in read_given(test_fhir.BUNDLE) if not isinstance(one, Malformed)]
    keeper = told(*kept)
    assert (keeper.model, keeper.serial, keeper.udi) == (None, None, None)


def test_nothing_of_an_sdc_device_is_said_by_an_empty_answer() -> None:
    device = told(Sdc(action="GetMdibResponse"))
    assert (device.vendor, device.model, device.serial) == (None, None, None)
