"""An identity that two send in messages belongs to whom the hardware agrees with; the other passes on, or lies."""

from __future__ import annotations

from asepsis.devices.device import Device
from asepsis.protocols.message import Sighting
from tests.devices.sayings import CT_IMAGES, dimse
from tests.devices.ward import MONITOR, PC, PHONE_MONDAY, PUMP, by_ip, by_mac, devices, one, sighting

# 00:09:5c is Philips Medical Systems (IEEE RA), as the images say.
SCANNER = MONITOR
IMAGE = (
    ("Manufacturer", "Philips Medical Systems"),
    ("ManufacturerModelName", "LabBrilliance 64"),
    ("SoftwareVersions", "4.1.3"),
    ("DeviceSerialNumber", "LAB0835151"),
)


def stores(mac: str, ip: str, *, at: float = 0.0, serial: str = "LAB0835151") -> Sighting:
    said = tuple((name, serial if name == "DeviceSerialNumber" else text) for name, text in IMAGE)
    return sighting(dimse("C-STORE-RQ", CT_IMAGES, *said), mac, ip, at=at, packet=int(at) + 1)


def shown(device: Device) -> tuple[str | None, ...]:
    return device.category, device.model, device.firmware, device.serial


SAID = ("ct", "LabBrilliance 64", "4.1.3", "LAB0835151")


def test_whoever_stores_an_image_of_another_machine_is_not_that_machine() -> None:
    alone = one(stores(SCANNER, "10.0.0.5"))
    found = devices(stores(SCANNER, "10.0.0.5"), stores(PUMP, "10.0.0.6", at=60))
    assert shown(alone) == SAID
    assert shown(by_mac(found, PUMP)) == ("medical_device", None, None, None)
    assert by_mac(found, PUMP).vendor == "ICU Medical", "its hardware speaks for itself"
    assert by_mac(found, PUMP).role == "dicom_image_source", "it did send an image"
    assert shown(by_mac(found, SCANNER)) == SAID
    assert by_mac(found, SCANNER).confidence["model"] == alone.confidence["model"]


def test_it_does_not_matter_who_was_seen_first() -> None:
    found = devices(stores(PUMP, "10.0.0.6"), stores(SCANNER, "10.0.0.5", at=60))
    assert by_mac(found, PUMP).model is None
    assert shown(by_mac(found, SCANNER)) == SAID


def test_what_was_borrowed_stays_among_the_evidence_and_both_are_shown_as_twins() -> None:
    found = devices(stores(SCANNER, "10.0.0.5"), stores(PUMP, "10.0.0.6", at=60))
    reasons = [reason for reason in by_mac(found, PUMP).evidence if reason.value == "LabBrilliance 64"]
    assert [(reason.protocol, reason.packet) for reason in reasons] == [("dicom", 61)]
    assert 0 < reasons[0].weight < 0.4
    for mine, other in ((SCANNER, PUMP), (PUMP, SCANNER)):
        assert [(twin.attribute, twin.others) for twin in by_mac(found, mine).twins] == [("serial", (other,))]


def test_another_serial_number_is_another_machine() -> None:
    found = devices(stores(SCANNER, "10.0.0.5"), stores(PUMP, "10.0.0.6", serial="LAB9999999"))
    assert by_mac(found, PUMP).model == "LabBrilliance 64"


def test_where_no_hardware_agrees_or_both_do_nothing_decides() -> None:
    for mac in ("00:09:5c:00:00:77", PC):
        rival = PHONE_MONDAY if mac == PC else SCANNER
        found = devices(stores(mac, "10.0.0.5"), stores(rival, "10.0.0.6"))
        assert [by_mac(found, one_mac).model for one_mac in (mac, rival)] == ["LabBrilliance 64"] * 2
        assert [by_mac(found, one_mac).serial for one_mac in (mac, rival)] == [None, None]


def test_a_machine_seen_behind_a_router_as_well_borrows_from_nobody() -> None:
    """Without its hardware address nothing says that it is another than the owner."""
    found = devices(stores(SCANNER, "10.0.0.5"), stores("", "10.9.0.6", at=60))
    assert by_ip(found, "10.9.0.6").model == "LabBrilliance 64"
