"""One name for each maker, and makers by hardware address."""

from __future__ import annotations

import pytest

from asepsis.knowledge.hardware import VendorPrefixes, prefixes, registered_vendor
from asepsis.knowledge.vendors import COMPONENT, Vendor, known_vendor, normal, vendor


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("GE MEDICAL SYSTEMS", "GE Healthcare"),
        ("G.E. Medical Systems", "GE Healthcare"),
        ("GE Healthcare", "GE Healthcare"),
        ("Philips Medical Systems, Inc.", "Philips"),
        ("Philips Medical Systems - Cardiac and Monitoring Systems (CM", "Philips"),
        ("TOSHIBA_MEC", "Canon Medical"),
        ("Draegerwerk AG & Co. KGaA", "Dräger"),
        ("Dräger", "Dräger"),
        ("Becton, Dickinson  and Company", "BD"),
        ("SIEMENS", "Siemens"),
        ("Siemens Healthineers", "Siemens Healthineers"),
        ("Cisco Systems, Inc", "Cisco"),
    ],
)
def test_spellings_of_a_maker_lead_to_its_one_name(written: str, name: str) -> None:
    found = vendor(written)
    assert found is not None
    assert found.name == name


def test_makers_that_only_begin_alike_stay_apart() -> None:
    assert vendor("GE Energy") == Vendor("GE Energy")
    assert vendor("CONTEC CO., LTD.") == Vendor("CONTEC CO., LTD.")


def test_a_maker_that_nobody_wrote_down_keeps_its_own_name() -> None:
    found = vendor("Kettle  Works\tLtd")
    assert found is not None
    assert found.name == "Kettle Works Ltd"
    assert known_vendor("Kettle Works Ltd") is None


@pytest.mark.parametrize("text", ["", "  ", "123", "---"])
def test_what_names_nobody_is_nobody(text: str) -> None:
    assert vendor(text) is None


def test_legal_forms_and_signs_do_not_count() -> None:
    assert normal("ACME (Medical) GmbH & Co. KG") == "acme medical"
    assert normal("Inc") == "inc"


def test_the_kind_of_a_maker_is_known() -> None:
    chips, monitors = vendor("Intel Corporate"), vendor("SPACELABS MEDICAL")
    assert chips is not None
    assert chips.kind == COMPONENT
    assert monitors is not None
    assert monitors.kind == "medical"


def test_a_registered_prefix_names_its_maker() -> None:
    # IEEE RA public listing (MA-L): 00-09-5C is registered to Philips Medical Systems.
    assert registered_vendor("00:09:5c:01:02:03").startswith("Philips Medical Systems")
    assert len(prefixes()) > 30_000


@pytest.mark.parametrize("mac", ["02:09:5c:01:02:03", "01:00:5e:00:00:01", "", "zz:zz:zz", "ff:ff:ff:ff:ff:ff"])
def test_a_chosen_a_group_or_no_address_has_no_maker(mac: str) -> None:
    assert registered_vendor(mac) == ""


def test_a_damaged_table_of_prefixes_is_refused() -> None:
    with pytest.raises(ValueError, match="not a table"):
        VendorPrefixes(b"OUI2" + bytes(16))
    with pytest.raises(ValueError, match="not a table"):
        VendorPrefixes(b"OUI1\xff\xff\xff\x00" + bytes(16))
