"""Somebody who says that he is another: it must show, and must not pass for the truth."""

from __future__ import annotations

from asepsis.devices.observe.observer import VALUES_LIMIT
from asepsis.protocols.dicom.messages import Association, UserInformation
from asepsis.protocols.mdns import Host, Mdns, Service
from asepsis.protocols.message import Sighting
from asepsis.protocols.snmp import Snmp
from asepsis.protocols.snmp_objects import ManagedObject
from tests.devices.ward import (
    MONITOR,
    PC,
    PHONE_MONDAY,
    PUMP,
    arp,
    by_mac,
    devices,
    observed,
    one,
    request,
    said,
    sighting,
)


def announces(mac: str, ip: str, name: str) -> Sighting:
    return sighting(
        Mdns(is_response=True, is_probe=False, hosts=(Host(name=name, addresses=(ip,)),)), mac, ip, packet=7
    )


def associates(mac: str, ip: str, title: str) -> Sighting:
    message = Association(
        kind="A-ASSOCIATE-RQ",
        called_ae="ARCHIVE",
        calling_ae=title,
        contexts=(),
        user=UserInformation(implementation_class_uid="1.2.3"),
        complete=True,
    )
    return sighting(message, mac, ip, to_mac=PC, to_ip="10.0.0.6", packet=9)


def describes(mac: str, ip: str, text: str) -> Sighting:
    objects = (ManagedObject(name="sysDescr", index="0", value=text),)
    return sighting(Snmp(version="v2c", pdu="Response", objects=objects), mac, ip, packet=11)


def test_a_stolen_name_lowers_the_confidence_of_both_and_shows_the_other() -> None:
    honest = one(announces(MONITOR, "10.0.0.5", "icu-monitor-5"))
    found = devices(
        announces(MONITOR, "10.0.0.5", "icu-monitor-5"), announces(PHONE_MONDAY, "10.0.0.66", "ICU-Monitor-5")
    )
    for mac in (MONITOR, PHONE_MONDAY):
        device = by_mac(found, mac)
        assert device.confidence["name"] < honest.confidence["name"]
        against = [reason for reason in device.evidence if reason.attribute == "name" and reason.weight < 0]
        assert [(reason.value.lower(), reason.protocol, reason.packet) for reason in against] == [
            ("icu-monitor-5", "mdns", 7)
        ]


def test_a_stolen_application_title_lowers_the_confidence_of_both() -> None:
    honest = by_mac(devices(associates(MONITOR, "10.0.0.5", "CT_WARD_1")), MONITOR)
    found = devices(associates(MONITOR, "10.0.0.5", "CT_WARD_1"), associates(PUMP, "10.0.0.66", "CT_WARD_1"))
    assert by_mac(found, MONITOR).confidence["name"] < honest.confidence["name"]
    assert any(reason.weight < 0 and reason.protocol == "dicom" for reason in by_mac(found, PUMP).evidence)


def test_a_name_of_its_own_is_not_touched_by_others() -> None:
    found = devices(announces(MONITOR, "10.0.0.5", "monitor-5"), announces(PUMP, "10.0.0.6", "pump-6"))
    assert all(reason.weight > 0 for device in found for reason in device.evidence)


def test_a_device_that_contradicts_itself_is_unknown_and_shows_both() -> None:
    printer = Mdns(is_response=True, is_probe=False, services=(Service(instance="x", service="_ipp._tcp"),))
    found = one(describes(PC, "10.0.0.5", "Alaris PCU"), sighting(printer, PC, "10.0.0.5"))
    assert found.category is None
    assert found.confidence["category"] < 0.4
    assert {value for value, _ in said(found, "category")} >= {"infusion_pump", "printer"}


def test_what_an_image_server_passes_on_does_not_become_its_own() -> None:
    # Three texts of three makers from one address: a proxy, or somebody who tries.
    found = one(
        describes(PC, "10.0.0.5", "Alaris PCU"),
        describes(PC, "10.0.0.5", "LaserJet 4250"),
        describes(PC, "10.0.0.5", "Aquilion ONE"),
    )
    assert (found.category, found.model) == (None, None)


def test_a_flood_of_names_is_bounded_and_counted() -> None:
    flood = [announces(MONITOR, "10.0.0.5", f"name-{n}") for n in range(4 * VALUES_LIMIT)]
    seen = observed(*flood)
    assert sum(clue.attribute == "name" for clue in seen.clues) == VALUES_LIMIT
    assert seen.dropped >= 3 * VALUES_LIMIT
    assert len(one(*flood).names) <= 16


def test_a_copied_identifier_does_not_merge_a_stranger_into_a_device_in_use() -> None:
    found = devices(
        *(request(MONITOR, machine_id="0123456789abcdef", at=at) for at in (0, 60, 120)),
        *(request(PHONE_MONDAY, machine_id="0123456789abcdef", at=at) for at in (1, 61, 121)),
    )
    assert len(found) == 2


def test_an_arp_thief_does_not_erase_the_rightful_holder() -> None:
    found = devices(arp(MONITOR, "10.0.0.5"), arp(PUMP, "10.0.0.5", at=30))
    assert {device.macs for device in found} == {(MONITOR,), (PUMP,)}
    assert ("10.0.0.5", "arp") in said(by_mac(found, MONITOR), "address")
    assert ("10.0.0.5", "arp") in said(by_mac(found, PUMP), "address")


def test_text_of_a_stranger_comes_out_printable_and_short() -> None:
    found = one(announces(MONITOR, "10.0.0.5", "evil\x1b[2J\x00name\u202e" + "x" * 500))
    for reason in found.evidence:
        assert reason.value.isprintable()
        assert len(reason.value) <= 96
