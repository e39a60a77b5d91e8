"""What HL7 messages say of a device, and what is shown of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from asepsis.protocols.hl7.messages import (
    Equipment,
    Observations,
    Software,
)
from asepsis.protocols.message import Message
from asepsis.protocols.udi import read_udi
from tests.devices.sayings import (
    hl7,
    names_of,
    shown_of,
)
from tests.devices.ward import PC, by_ip, devices, one, said, sighting

SAYINGS: dict[str, tuple[Message, dict[str, str | None]]] = {
    # who says what: the message, what is shown (only the named attributes are compared)
    "a result sender": (hl7("ORU", "LAB"), {"role": "hl7_result_sender", "category": "laboratory_information_system"}),
    "a receiver acknowledges": (hl7("ACK", ack=True), {"role": "hl7_receiver"}),
    "the standard's example names nobody": (
        hl7("ADT", "SENDING_APPLICATION"),
        {"role": "hl7_sender", "category": None},
    ),
    "a product name where a UDI belongs": (
        hl7("ORU", "", Equipment(source="OBX-18", identifier="Hospira Plum A+")),
        {"udi": None},
    ),
    "the program that sent the message": (
        hl7("ADT", software=(Software(vendor="Epic", version="2024", product="Bridges"),)),
        {"vendor": "Epic", "model": "Bridges", "firmware": "2024"},
    ),
}


@pytest.mark.parametrize(("message", "shown"), SAYINGS.values(), ids=SAYINGS)
def test_a_message_says_what_its_sender_is(message: Message, shown: dict[str, str | None]) -> None:
    assert shown_of(message, *shown) == shown


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


def test_devices_that_run_the_same_application_are_no_twins() -> None:
    found = devices(
        sighting(hl7("ORU", "LABPUMP"), "00:03:b1:00:00:02", "10.0.0.5"),
        sighting(hl7("ORU", "LABPUMP"), "00:03:b1:00:00:03", "10.0.0.6"),
    )
    assert [device.names for device in found] == [("LABPUMP",)] * 2
    assert [device.twins for device in found] == [()] * 2


def test_what_receives_and_sends_hl7_is_an_interface_engine() -> None:
    found = by_ip(
        devices(sighting(hl7("ADT"), PC, "10.0.0.6"), sighting(hl7("ACK", ack=True), PC, "10.0.0.6")), "10.0.0.6"
    )
    assert (found.role, found.category) == ("hl7_engine", "interface_engine")


def test_what_sends_results_and_acknowledges_something_unread_may_be_an_instrument() -> None:
    found = by_ip(
        devices(sighting(hl7("ORU"), PC, "10.0.0.6"), sighting(hl7("ACK", ack=True), PC, "10.0.0.6")), "10.0.0.6"
    )
    assert found.role == "hl7_receiver"
    assert found.category != "interface_engine"


def test_what_a_device_segment_says_of_its_maker_and_software_is_used() -> None:
    says = (("manufacturer", "Philips"), ("brand", "IntelliVue MP70"), ("software_version", "J.10"))
    message = hl7("ORU", "", Equipment(source="DEV-2", identifier="MON5", attributes=says))
    found = one(sighting(message, PC, "10.0.0.5"))
    assert (found.vendor, found.firmware) == ("Philips", "J.10")
    assert ("patient_monitor", "hl7") in said(found, "category")
