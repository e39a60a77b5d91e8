"""What DICOM messages say of a device, and what is shown of it."""

from __future__ import annotations

import pytest

from asepsis.protocols.message import Message
from tests.devices.sayings import (
    CT_IMAGES,
    MR_IMAGES,
    STUDY_FIND,
    WORKLIST,
    association,
    dhcp,
    dimse,
    http_request,
    shown_of,
)
from tests.devices.ward import MONITOR, PC, by_ip, conversation, devices, one, said, sighting

SAYINGS: dict[str, tuple[Message, dict[str, str | None]]] = {
    # who says what: the message, what is shown (only the named attributes are compared)
    "a scanner proposes CT images": (
        association("A-ASSOCIATE-RQ", CT_IMAGES),
        {"category": "ct", "role": "dicom_image_source"},
    ),
    "a scanner asks for a worklist": (association("A-ASSOCIATE-RQ", WORKLIST), {"category": "imaging_modality"}),
    "a Siemens CT by its implementation": (
        association("A-ASSOCIATE-RQ", uid="1.3.12.2.1107.5.1"),
        {"vendor": "Siemens Healthineers", "category": "ct"},
    ),
    "a toolkit names no maker": (
        association("A-ASSOCIATE-RQ", uid="1.2.276.0.7230010.3.0.3.6.7"),
        {"vendor": None, "model": None},
    ),
    "an internet scanner": (association("A-ASSOCIATE-RQ", version="ZGRAB2"), {"category": "network_scanner"}),
    "an archive accepts images and queries": (
        association("A-ASSOCIATE-AC", CT_IMAGES, STUDY_FIND),
        {"category": "pacs", "role": "dicom_archive"},
    ),
    "a worklist provider": (
        dimse("C-FIND-RSP", WORKLIST, status=0, server=True),
        {"category": "modality_worklist", "role": "dicom_worklist_provider"},
    ),
    "an image says which machine made it": (
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
    "an image that was asked for comes from an archive": (
        dimse("C-STORE-RQ", CT_IMAGES, ("Manufacturer", "SIEMENS"), move_originator="WS"),
        {"vendor": None, "role": "dicom_archive"},
    ),
    "a workstation queries": (dimse("C-FIND-RQ", STUDY_FIND), {"role": "dicom_query_client"}),
}


@pytest.mark.parametrize(("message", "shown"), SAYINGS.values(), ids=SAYINGS)
def test_a_message_says_what_its_sender_is(message: Message, shown: dict[str, str | None]) -> None:
    assert shown_of(message, *shown) == shown


def test_a_title_is_its_bearer_s_once_it_answered_to_it() -> None:
    call = sighting(association("A-ASSOCIATE-RQ"), PC, "10.0.0.6", to_ip="10.0.0.7")
    answer = sighting(association("A-ASSOCIATE-AC"), MONITOR, "10.0.0.7", to_ip="10.0.0.6")
    talk = conversation((PC, "10.0.0.6"), (MONITOR, "10.0.0.7"), 104, application="dicom")
    assert by_ip(devices(call, talk), "10.0.0.7").names == ()
    assert by_ip(devices(call, talk, answer), "10.0.0.7").names == ("ARCHIVE",)


def test_what_queries_and_takes_images_and_answers_nobody_is_a_workstation() -> None:
    found = one(
        sighting(dimse("C-FIND-RQ", STUDY_FIND), PC, "10.0.0.6"),
        sighting(dimse("C-STORE-RSP", CT_IMAGES, status=0, server=True), PC, "10.0.0.6"),
    )
    assert found.category == "imaging_workstation"


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


def test_several_udis_of_one_device_are_kept_apart_and_do_not_contradict() -> None:
    both = "(01)00802526534263(21)S123456, +H123PARTNO1234567890120"
    message = dimse("C-STORE-RQ", CT_IMAGES, ("UniqueDeviceIdentifier", both))
    found = one(sighting(message, PC, "10.0.0.5"))
    assert {value for value, _ in said(found, "udi")} == set(both.split(", "))
    assert found.udi in both.split(", ")
    assert found.serial == "S123456"
