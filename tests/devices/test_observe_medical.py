"""What bedside devices, analysers and point-of-care devices say of themselves, and what is shown of it."""

from __future__ import annotations

import pytest

from asepsis.devices.device import Device
from asepsis.protocols.ansar import AnsarStream
from asepsis.protocols.astm import AstmStream
from asepsis.protocols.intellivue import read as read_intellivue
from asepsis.protocols.message import Malformed, Message
from asepsis.protocols.phd import PhdStream
from asepsis.protocols.poct1a import Poct1aStream
from tests.devices.ward import PC, by_mac, devices, sighting
from tests.protocols import test_ansar, test_astm, test_intellivue, test_phd, test_poct1a

# No maker holds this prefix: what is shown of the maker was said by the message.
DEVICE_MAC = "6c:ff:ff:00:00:07"
DEVICE_IP, MANAGER_IP = "10.0.0.7", "10.0.0.9"


def told(*messages: Message, back: bool = False) -> Device:
    """The device at the bedside, after it said something, or (back) after its manager did."""
    here, there = (DEVICE_MAC, DEVICE_IP), (PC, MANAGER_IP)
    source, target = (there, here) if back else (here, there)
    seen = [sighting(one, *source, to_mac=target[0], to_ip=target[1]) for one in messages]
    return by_mac(devices(*seen), PC if back else DEVICE_MAC)


def phd(*pieces: bytes) -> list[Message]:
    stream = PhdStream()
    found = [one for piece in pieces for one in stream.feed(0, piece)]
    return [one for one in found if not isinstance(one, Malformed)]


def astm(header: str, *records: str) -> list[Message]:
    text = "\r".join((header, *records, "L|1|N", ""))
    return [one for one in AstmStream().feed(0, text.encode()) if not isinstance(one, Malformed)]


def poct1a(document: bytes) -> list[Message]:
    return [one for one in Poct1aStream().feed(0, document) if not isinstance(one, Malformed)]


def intellivue(payload: bytes) -> list[Message]:
    return [one for one in read_intellivue(payload) if not isinstance(one, Malformed)]


def test_a_personal_health_device_is_what_its_attributes_say() -> None:
    device = told(*phd(test_phd.association(0x4000), test_phd.CONFIGURATION, test_phd.DEVICE, test_phd.REPORT))
    assert (device.category, device.vendor, device.model) == ("patient_monitor", "Example Medical", "Oxi 300")
    assert (device.serial, device.firmware, device.role) == ("SN-0042", "2.1.7", "medical_data_source")


@pytest.mark.parametrize(
    ("configuration", "category"),
    [(700, "blood_pressure_monitor"), (1500, "scale"), (1700, "poc_glucose_meter"), (0x4000, "medical_device")],
)
def test_a_standard_configuration_tells_the_category(configuration: int, category: str) -> None:
    assert told(*phd(test_phd.association(configuration))).category == category


def test_the_manager_of_a_personal_health_device_is_none_itself() -> None:
    device = told(*phd(test_phd.answer(0), test_phd.CONFIGURED, test_phd.WANTS_ALL), back=True)
    assert device.category in (None, "remote_monitoring_hub")
    assert device.role != "medical_data_source"


@pytest.mark.parametrize(
    ("sender", "vendor", "model", "firmware", "serial"),
    [
        ("Afinion 2 Analyzer^^AF1", "Abbott", "Afinion 2", None, "AF1"),
        ("ARCHITECT^1.00^123456789^H1P1O1R1C1Q1L1", "Abbott", "ARCHITECT", "1.00", "123456789"),
        ("LAB2^Roche^c111^4.2.2.1730^1^77", "Roche", "cobas c 111", "4.2.2.1730", "77"),
        ("c311^1", "Roche", "cobas c 311", None, None),
        ("DCA VANTAGE^04.04.00.00^S1", "Siemens Healthineers", "DCA Vantage", "04.04.00.00", "S1"),
        ("Ward^GeneXpert^4.8", "Cepheid", "GeneXpert", "4.8", None),
        ("ABX", "HORIBA Medical", None, None, None),
        ("H500^910Y^2.2.2.2b", "HORIBA Medical", "Yumizen H500", "2.2.2.2b", "910Y"),
        ("   XN-550^00-24^22^^^^BD1", "Sysmex", "XN-550", "00-24", "22"),
        ("XP-100^00-13^^^^A7^BS6", "Sysmex", "XP-100", "00-13", "A7"),
        ("Nobody knows me^9", None, None, None, None),
    ],
)
def test_an_analyser_is_known_by_its_header(
    sender: str, vendor: str | None, model: str | None, firmware: str | None, serial: str | None
) -> None:
    device = told(*astm(rf"H|\^&|||{sender}|||||HOST||P|1", "O|1", "R|1|^^^X|1"))
    assert (device.category, device.vendor, device.model) == ("lab_analyser", vendor, model)
    assert (device.firmware, device.serial) == (firmware, serial)


def test_who_sends_orders_is_no_analyser() -> None:
    device = told(*astm(r"H|\^&|||c311^1|||||HOST||P|1", "O|1"))
    assert device.category is None
    assert device.vendor is None


def test_records_of_biomerieux_tell_the_maker() -> None:
    device = told(*[one for one in AstmStream().feed(0, test_astm.MERIEUX) if not isinstance(one, Malformed)])
    assert (device.category, device.vendor, device.model) == ("lab_analyser", "bioMérieux", None)


def test_what_prints_electrolytes_is_an_analyser_of_no_model() -> None:
    device = told(*[one for one in AstmStream().feed(0, test_astm.PRINTED) if not isinstance(one, Malformed)])
    assert (device.category, device.vendor, device.model) == ("lab_analyser", "Arkray", None)


def test_a_device_server_with_a_monitor_behind_it_is_a_gateway_and_no_monitor() -> None:
    device = told(*[one for one in AnsarStream().feed(0, test_ansar.BLOCK) if not isinstance(one, Malformed)])
    assert (device.category, device.vendor, device.model) == ("device_gateway", None, None)


def test_a_point_of_care_device_says_what_it_is_when_it_says_hello() -> None:
    device = told(*poct1a(test_poct1a.HELLO))
    assert (device.category, device.vendor, device.model) == ("medical_device", "Example & Sons", "Gluco 7")
    assert (device.serial, device.firmware) == ("SN-77", "4.1")


def test_who_directs_point_of_care_devices_is_their_data_manager() -> None:
    assert told(*poct1a(test_poct1a.DIRECTIVE), back=True).category == "lab_middleware"


def test_a_monitor_says_what_it_is_and_where_it_stands() -> None:
    device = told(*intellivue(test_intellivue.INDICATION))
    assert (device.category, device.vendor, device.model) == ("patient_monitor", "Philips", "M8007A")
    assert (device.serial, device.firmware) == ("DE0042", "G.01.78")
    assert "ICU BED 7" in device.names


def test_a_monitor_that_claims_another_hosts_address_does_not_get_it() -> None:
    claimed = test_intellivue.IP
    found = devices(sighting(intellivue(test_intellivue.INDICATION)[0], DEVICE_MAC, DEVICE_IP))
    assert ".".join(map(str, claimed)) not in {ip for device in found for ip in device.ips}


def test_who_asks_a_monitor_is_no_monitor() -> None:
    device = told(*intellivue(test_intellivue.REQUEST), *intellivue(test_intellivue.poll(6)), back=True)
    assert device.category in (None, "device_gateway")
