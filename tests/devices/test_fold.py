"""The page that explains identification bears the numbers of the code; the shape of what is folded."""

from __future__ import annotations

from pathlib import Path

import pytest

from asepsis.devices import confidence, fold, identity, inference
from asepsis.devices.observe import observer, say, traffic
from tests.devices.ward import MONITOR, PC, ROUTER, arp, conversation, devices, observed, request

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "identification.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "text",
    [
        f"The threshold is {confidence.THRESHOLD}.",
        f"surer than {confidence.MOST}.",
        f"lowers the confidence by {confidence.RIVALRY} of its",
        f"({confidence.FIRMWARE_RIVALRY} for firmware",
        f"performed procedure steps of DICOM | {say.STATED} |",
        f"application titles | {say.ANNOUNCED} |",
        f"a name in DNS | {say.REPORTED} |",
        f"a default title | {say.HINTED} |",
        (
            f"{inference._VENDOR_WEIGHT}; makers that no row knows {inference._UNKNOWN_WEIGHT}; "
            f"makers of computers {inference._VENDOR_WEIGHTS['platform']}; "
            f"makers of chips and modules {inference._VENDOR_WEIGHTS['component']}"
        ),
        f"nothing but medical devices | {inference._MEDICAL_WEIGHT} |",
        f"nothing but medical devices | {inference._MAKES_WEIGHT} |",
        f"with more than {identity.OWN_ADDRESSES} such",
        f"{identity.MANY_ADDRESSES} or more IPv4 addresses at once",
        f"{identity.PROXY_ADDRESSES} or more IPv4 addresses claimed",
        f"{observer.VALUES_LIMIT} values of one attribute",
        f"{observer.CLUES_LIMIT:,} clues",
        f"{traffic.PUBLIC_LIMIT:,} public",
        f"{fold.EVIDENCE_LIMIT} reasons for an attribute, {fold.ADDRESSES_LIMIT}",
        f"{fold.NAMES_LIMIT} names",
    ],
)
def test_the_page_bears_the_numbers_of_the_code(text: str) -> None:
    assert text in PAGE


def test_devices_come_in_the_order_of_their_addresses() -> None:
    found = devices(*(arp(f"00:09:5c:00:00:{n:02x}", f"10.0.0.{n}") for n in (20, 3, 100)))
    assert [device.ips for device in found] == [("10.0.0.3",), ("10.0.0.20",), ("10.0.0.100",)]


def test_counting_devices_does_not_describe_them() -> None:
    folded = fold.fold(
        observed(arp(MONITOR, "10.0.0.5"), conversation((PC, "10.0.0.6"), (ROUTER, "8.8.8.8"), ttl=(64, 50)))
    )
    assert len(folded) == 3
    assert "_described" not in vars(folded)
    assert len(folded.devices) == len(folded.keys) == 3


def test_evidence_is_bounded_and_shows_every_value_before_it_repeats() -> None:
    found = devices(*(request(PC, vendor_class=f"udhcp 1.{n}", host_name=f"name-{n:02}", at=n) for n in range(20)))
    (device,) = found
    names = [reason for reason in device.evidence if reason.attribute == "name"]
    assert len(names) == fold.EVIDENCE_LIMIT
    assert len({reason.value for reason in names}) == fold.EVIDENCE_LIMIT
    assert [reason.value for reason in device.evidence if reason.attribute == "os"] == ["Linux"]


def test_evidence_of_an_attribute_is_sorted_by_strength() -> None:
    found = devices(
        arp(MONITOR, "10.0.0.5"),
        request(MONITOR, vendor_class="Hewlett-Packard JetDirect", host_name="NPI123456"),
        conversation((PC, "10.0.0.6"), (MONITOR, "10.0.0.5"), 9100),
    )
    for device in found:
        for attribute in {reason.attribute for reason in device.evidence}:
            weights = [reason.weight for reason in device.evidence if reason.attribute == attribute]
            assert weights == sorted(weights, reverse=True)


def test_nothing_observed_is_no_device() -> None:
    assert devices() == []
