"""Unique device identifiers of the three issuing agencies, by the examples of the FDA's table of formats (2017)."""

from __future__ import annotations

from random import Random

import pytest

from asepsis.protocols.udi import UDI_LIMIT, read_udi

GS1 = "(01)51022222233336(11)141231(17)150707(10)A213B1(21)1234"
GS1_PARTS = {
    "issuer": "GS1",
    "device_identifier": "51022222233336",
    "serial": "1234",
    "lot": "A213B1",
    "manufactured": "2014-12-31",
    "expires": "2015-07-07",
}
HIBCC = "+H123PARTNO1234567890120/$$420020216LOT123456789012345/SXYZ456789012345678/16D20130202C"
ICCBBA = "=/A9999XYZ100T0944=,000025=A99971312345600=>014032=}013032&,1000000000000XYZ123"


def facts(text: str) -> dict[str, str]:
    found = read_udi(text)
    return found.facts() if found is not None else {}


def test_a_gs1_carrier_is_read_as_people_see_it_and_as_a_reader_gives_it() -> None:
    assert facts(GS1) == GS1_PARTS
    read = "0151022222233336111412311715070710A213B1\x1d211234"
    assert facts(read) == GS1_PARTS
    assert facts("]d2" + read) == GS1_PARTS


def test_a_software_version_and_a_date_without_a_day_are_read() -> None:
    # GS1 General Specifications 3.9.15 (8012) and 3.4.2 (day 00).
    assert facts("(01)51022222233336(8012)4.2.1(17)270500") == {
        "issuer": "GS1",
        "device_identifier": "51022222233336",
        "software": "4.2.1",
        "expires": "2027-05",
    }
    assert facts("01510222222333368012" + "4.2.1\x1d17270500") == facts("(01)51022222233336(8012)4.2.1(17)270500")


def test_a_gs1_product_needs_its_check_digit() -> None:
    assert read_udi("(01)51022222233337(21)1234") is None
    assert read_udi("0151022222233337211234") is None
    assert read_udi("0123456789") is None


def test_a_hibcc_carrier_is_read() -> None:
    assert facts(HIBCC) == {
        "issuer": "HIBCC",
        "device_identifier": "H123PARTNO1234567890120",
        "serial": "XYZ456789012345678",
        "lot": "LOT123456789012345",
        "manufactured": "2013-02-02",
        "expires": "2020-02-02",
    }


@pytest.mark.parametrize(
    ("field", "expires", "lot"),
    [
        ("$$0220LOT1", "2020-02", "LOT1"),
        ("$$2020220LOT1", "2020-02-02", "LOT1"),
        ("$$3200202LOT1", "2020-02-02", "LOT1"),
        ("$$420020216LOT1", "2020-02-02", "LOT1"),
        ("$$520033LOT1", "2020-033", "LOT1"),
        ("$$62003316LOT1", "2020-033", "LOT1"),
        ("$$7LOT1", "", "LOT1"),
        ("$LOT1", "", "LOT1"),
        ("$$8051220LOT1", "2020-12", "LOT1"),
        ("$$9000051220LOT1", "2020-12", "LOT1"),
    ],
)
def test_the_date_forms_of_hibcc_are_read(field: str, expires: str, lot: str) -> None:
    # ANSI/HIBC 2.6, table 2: the sign after $$ says how the date is written, 8 and 9 that a quantity comes first.
    found = read_udi(f"+H123PARTNO0/{field}")
    assert found is not None
    assert (found.expires, found.lot) == (expires, lot)
    serial = read_udi(f"+H123PARTNO0/{field.replace('$$', '$$+', 1) if field.startswith('$$') else '$+LOT1'}")
    assert serial is not None
    assert (serial.expires, serial.serial, serial.lot) == (expires, lot, "")


def test_a_hibcc_check_sign_is_no_part_of_the_product() -> None:
    # ANSI/HIBC 2.6, appendix B: "+A123BJC5D6E71G" is the standard's own example of a check sign.
    assert facts("+A123BJC5D6E71G")["device_identifier"] == "A123BJC5D6E71"


def test_an_iccbba_carrier_is_read_but_for_the_donation() -> None:
    assert facts(ICCBBA) == {
        "issuer": "ICCBBA",
        "device_identifier": "A9999XYZ100T0944",
        "serial": "000025",
        "lot": "000000000000XYZ123",
        "manufactured": "2013-032",
        "expires": "2014-032",
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Hospira Plum A+",
        "PUMP0117",
        "0003B1FFFE210117",
        "+1 555 0100",
        "(01)",
        "=/",
        "=/short",
        "]C1",
        "01",
        "+" * 300,
    ],
)
def test_what_follows_no_format_is_no_udi(text: str) -> None:
    assert read_udi(text) is None


def test_damage_raises_nothing_and_no_year_is_made_up() -> None:
    chance = Random(6)
    for carrier in (GS1, HIBCC, ICCBBA, "0151022222233336111412311715070710A213B1\x1d211234"):
        for end in range(len(carrier)):
            read_udi(carrier[:end])
        for _ in range(2000):
            signs = list(carrier)
            signs[chance.randrange(len(signs))] = chance.choice("0A(/=$+&,\x1d²٣é ")
            found = read_udi("".join(signs))
            if found is not None:
                assert all(date == "" or date[:2] in {"19", "20"} for date in (found.manufactured, found.expires))
    assert read_udi(GS1 + "9" * UDI_LIMIT) is None
