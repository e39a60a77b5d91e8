"""Why a device is called what it is called, in words."""

from __future__ import annotations

import pytest

from asepsis.devices.device import Device
from asepsis.devices.explanation import Statement, explain
from asepsis.devices.override import Override
from asepsis.devices.phrases import TELLERS, WITNESSES, witness
from asepsis.kernel.time import SECOND_NS
from asepsis.protocols.mdns import Mdns, Service
from asepsis.protocols.message import Sighting
from asepsis.protocols.registry import PROTOCOLS
from asepsis.protocols.snmp import Snmp
from asepsis.protocols.snmp_objects import ManagedObject
from tests.devices.ward import MONITOR, PC, arp, by_mac, devices, one, request, sighting


def statements(device: Device, *overrides: Override) -> dict[str, Statement]:
    return {statement.attribute: statement for statement in explain(device, overrides)}


def describes(mac: str, text: str, ip: str = "10.0.0.5") -> Sighting:
    objects = (ManagedObject(name="sysDescr", index="0", value=text),)
    return sighting(Snmp(version="v2c", pdu="Response", objects=objects), mac, ip, packet=11)


PRINTS = Mdns(is_response=True, is_probe=False, services=(Service(instance="x", service="_ipp._tcp"),))


def test_a_maker_known_by_its_hardware_address_alone_is_said_to_be() -> None:
    vendor = statements(one(arp(MONITOR, "10.0.0.5")))["vendor"]
    assert vendor.text == "vendor Philips 0.96, because its hardware address is registered to Philips"


def test_witnesses_of_one_value_speak_together_and_a_wider_word_after_them() -> None:
    category = statements(one(describes(MONITOR, "Alaris PCU")))["category"]
    assert category.value == "infusion_pump"
    assert category.text.startswith("Infusion or syringe pump 0.")
    assert category.because == ("its SNMP answers say so", "its maker makes medical devices")


def test_what_contradicts_is_said_whether_a_value_holds_or_not() -> None:
    category = statements(one(describes(PC, "Alaris PCU"), sighting(PRINTS, PC, "10.0.0.5")))["category"]
    assert category.value is None
    assert category.text.startswith("category unknown, though ")
    assert any("printer" in clause for clause in category.against)
    assert any("infusion pump" in clause for clause in category.against)


def test_what_is_not_known_would_first_be_told_by_what_the_device_speaks_already() -> None:
    model = statements(one(describes(PC, "Linux lab 5.10")))["model"]
    assert model.value is None
    assert "SNMP" in model.told_by[0]
    quiet = statements(one(arp(MONITOR, "10.0.0.5")))["model"]
    # Its maker makes medical devices: those that are at a bed speak HL7.
    assert "HL7" in quiet.told_by[0]


def test_only_what_is_medical_is_asked_for_its_udi() -> None:
    assert "udi" in statements(one(arp(MONITOR, "10.0.0.5")))
    assert "udi" not in statements(one(sighting(PRINTS, PC, "10.0.0.5")))


def test_a_name_that_another_bears_too_is_said_to_be() -> None:
    found = devices(request(MONITOR, host_name="icu-5"), request(PC, host_name="icu-5"))
    name = statements(by_mac(found, MONITOR))["name"]
    assert "another device claims “icu-5” too (dhcp)" in name.against


def test_what_a_person_set_is_explained_by_the_person() -> None:
    said = Override(attribute="vendor", value="Philips", by="ada", at_ns=1_700_000_000 * SECOND_NS, note="label")
    vendor = statements(one(arp(MONITOR, "10.0.0.5")), said)["vendor"]
    assert vendor.because[0] == "ada set it on 2023-11-14 (“label”)"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_protocol_is_called_something_readable(protocol: str) -> None:
    subject, verb = witness(protocol)
    assert subject
    assert "_" not in subject
    assert verb in ("say", "says")


def test_every_attribute_has_something_that_would_tell_it() -> None:
    assert all(TELLERS[attribute] for attribute in ("category", "vendor", "model", "os", "firmware", "serial", "udi"))
    named = {teller.protocol for tellers in TELLERS.values() for teller in tellers}
    assert named <= WITNESSES.keys()


def test_abbreviations_are_spelt_as_people_spell_them_and_roles_told_by_what_they_mean() -> None:
    said = statements(one(describes(PC, "Linux lab 5.10"), sighting(PRINTS, PC, "10.0.0.5")))
    assert said["os"].text.startswith("OS Linux")
    assert said["role"].text.startswith("Accepts print jobs 0.")
    assert statements(one(describes(MONITOR, "Alaris PCU")))["udi"].text.startswith("UDI unknown")
