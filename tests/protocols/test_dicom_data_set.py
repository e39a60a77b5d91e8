"""The beginning of a data set in every encoding, with sequences of every form, and never a word of a patient."""

from __future__ import annotations

from random import Random

import pytest

from asepsis.protocols.dicom import DataSet
from asepsis.protocols.dicom.data_set import DATA_SET_LIMIT, Purpose, guess_encoding, read_data_set
from asepsis.protocols.dicom.text import TEXT_LIMIT
from tests.protocols.conformance import CANARY, assert_no_canary, overwritten
from tests.protocols.dicom_bytes import (
    BIG_ENDIAN,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    UNDEFINED,
    element,
    equipment,
    sequence,
)

FORMS = (IMPLICIT, EXPLICIT, BIG_ENDIAN)


def read(raw: bytes, form: str = EXPLICIT, purpose: Purpose = Purpose.OBJECT, *, complete: bool = True) -> DataSet:
    found, why = read_data_set(raw, form, purpose, complete=complete)
    assert why == ""
    return found


def test_every_encoding_says_the_same() -> None:
    said = [read(equipment(form, patient=CANARY), form) for form in FORMS]
    assert said[0].equipment == said[1].equipment == said[2].equipment
    assert said[0].patient == said[1].patient == said[2].patient == ("PatientName", "PatientID", "PatientBirthDate")
    assert [one.encoding for one in said] == [
        "implicit VR little endian",
        "explicit VR little endian",
        "explicit VR big endian",
    ]
    for one in said:
        assert_no_canary([], [one.facts()])
        assert CANARY not in repr(one)


def test_a_data_set_without_values_of_a_patient_has_no_patient_data_in_clear() -> None:
    assert read(equipment()).patient == ()
    assert read(element(0x00100010, "PN", "    ") + element(0x00100020, "LO", "\0\0")).patient == ()


def test_a_patient_attribute_that_is_not_listed_is_named_by_its_tag() -> None:
    assert read(element(0x00101F77, "LO", CANARY)).patient == ("(0010,1f77)",)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("defined", [True, False])
def test_sequences_are_stepped_over(form: str, defined: bool) -> None:
    nested = sequence(0x00081199, [element(0x00081010, "SH", "WRONG", form=form)], form=form, defined=not defined)
    inside = element(0x00080070, "LO", "WRONG", form=form) + nested + element(0x00100010, "PN", CANARY, form=form)
    found = read(equipment(form, more=sequence(0x00081140, [inside, inside], form=form, defined=defined)), form)
    assert dict(found.equipment)["Manufacturer"] == "Example Médical"
    assert dict(found.equipment)["DeviceSerialNumber"] == "SN4711"
    assert found.patient == ()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("defined", [True, False])
def test_the_udi_sequence_is_read(form: str, defined: bool) -> None:
    # PS3.3 10.29: one item for each carrier.
    carriers = [
        element(0x00181009, "UT", carrier, form=form) + element(0x00500020, "LO", "text", form=form)
        for carrier in ("(01)51022222233336(21)1234", "+H123PARTNO1234567890120")
    ]
    raw = (
        element(0x00181000, "LO", "SN1", form=form)
        + sequence(0x0018100A, carriers, form=form, defined=defined)
        + element(0x00181020, "LO", "VA20", form=form)
        + element(0x00181009, "UT", "", form=form)
    )
    found = read(raw, form).equipment
    assert dict(found)["UniqueDeviceIdentifier"] == "(01)51022222233336(21)1234, +H123PARTNO1234567890120"
    assert dict(found)["SoftwareVersions"] == "VA20"


def test_an_unknown_vr_of_undefined_length_holds_implicit_elements() -> None:
    # PS3.5 6.2.2, note 2: what a forwarder did not know is UN, and inside it is implicit VR little endian.
    inside = sequence(0x00091002, [element(0x00080070, "LO", "WRONG", form=IMPLICIT)], form=IMPLICIT, defined=False)
    unknown = element(0x00091001, "UN", inside[8:], length=UNDEFINED)
    found = read(element(0x00080060, "CS", "MR") + unknown + element(0x00181000, "LO", "SN1"))
    assert found.equipment == (("Modality", "MR"), ("DeviceSerialNumber", "SN1"))


def test_reading_ends_at_the_pixels() -> None:
    pixels = element(0x7FE00010, "OB", b"\xfe\xff\x00\xe0", length=UNDEFINED)
    assert read(equipment() + pixels + bytes(100)).equipment == read(equipment()).equipment


def test_character_sets_are_declared_by_the_data_set() -> None:
    for declared, codec, name in (
        ("ISO_IR 192", "utf-8", "日本"),
        ("GB18030", "gb18030", "中国"),
        ("ISO 2022 IR 100", "iso8859-1", "Zürich"),
        ("\\ISO 2022 IR 87", "iso2022_jp", "病院"),
    ):
        raw = element(0x00080005, "CS", declared) + element(0x00080080, "LO", name.encode(codec))
        assert read(raw).equipment == (("InstitutionName", name),)
    undeclared = read(element(0x00080080, "LO", b"Z\xfcrich")).equipment
    assert undeclared == (("InstitutionName", "Z\N{REPLACEMENT CHARACTER}rich"),)


def test_values_are_kept_without_padding_control_signs_and_excess() -> None:
    raw = element(0x00080070, "LO", "  A\x1b[31mB  ") + element(0x00181020, "LO", "1\\\\ 2 ")
    raw += element(0x00081090, "LO", "x" * 5000)
    found = dict(read(raw).equipment)
    assert found["Manufacturer"] == "A\N{REPLACEMENT CHARACTER}[31mB"
    assert found["SoftwareVersions"] == "1, 2"
    assert len(found["ManufacturerModelName"]) == TEXT_LIMIT


def test_a_query_level_that_is_none_is_not_kept() -> None:
    assert read(element(0x00080052, "CS", CANARY), purpose=Purpose.QUERY).query_level == "other"


def test_an_answer_says_only_whose_data_is_in_clear() -> None:
    found = read(equipment(patient=CANARY), purpose=Purpose.ANSWER)
    assert found.equipment == ()
    assert found.patient == ("PatientName", "PatientID", "PatientBirthDate")


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (element(0x00080070, "LO", "A") + b"\x08\0", "an element's header is cut"),
        (b"\x08\0\x70\0OB\0\0\1\0", "an element's header is cut"),
        (element(0x00080070, "LO", "A", length=900), "element (0008,0070) runs beyond the data set"),
        (element(0x00080070, "zz", "A"), "element (0008,0070) has no known VR"),
        (sequence(0x00081140, [b""], defined=False)[:-8], "a sequence of undefined length does not end"),
        (b"\xfe\xff\x00\xe0\xf0\0\0\0", "an item runs beyond the data set"),
    ],
)
def test_what_is_wrong_with_a_whole_data_set_is_said_and_a_cut_one_is_forgiven(raw: bytes, why: str) -> None:
    found, said = read_data_set(raw, EXPLICIT, Purpose.OBJECT, complete=True)
    assert said == why
    assert found.complete is False
    assert read(raw, complete=False).complete is False


def test_a_deflated_data_set_that_does_not_inflate_is_malformed() -> None:
    found, why = read_data_set(b"\xff" * 40, DEFLATED, Purpose.OBJECT, complete=True)
    assert why == "the deflated data set does not inflate"
    assert found.encoding == "deflated explicit VR little endian"


def test_an_unknown_encoding_is_guessed_by_the_first_vr() -> None:
    assert guess_encoding(equipment(EXPLICIT)) == "explicit VR little endian"
    assert guess_encoding(equipment(IMPLICIT)) == "implicit VR little endian"
    assert guess_encoding(b"") == "implicit VR little endian"


@pytest.mark.parametrize("purpose", list(Purpose))
def test_damage_anywhere_raises_nothing_and_shows_no_patient(purpose: Purpose) -> None:
    chance = Random(5)
    for form in FORMS:
        inside = element(0x00100010, "PN", CANARY, form=form)
        more = sequence(0x00081140, [inside], form=form, defined=False) + sequence(0x00081110, [inside], form=form)
        raw = equipment(form, patient=CANARY, more=more)
        for end in range(len(raw)):
            found, _ = read_data_set(raw[:end], form, purpose, complete=bool(end % 2))
            assert CANARY not in repr(found)
        for _ in range(500):
            damaged = bytearray(raw)
            damaged[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
            read_data_set(bytes(damaged), form, purpose, complete=True)
        for other in (*FORMS, DEFLATED, ""):
            read_data_set(raw, other, purpose, complete=True)
            read_data_set(chance.randbytes(DATA_SET_LIMIT), other, purpose, complete=True)


@pytest.mark.parametrize("form", FORMS)
def test_a_length_that_lies_brings_no_text_of_a_patient_into_an_equipment_value(form: str) -> None:
    raw = equipment(form, patient=CANARY)
    for data in overwritten(raw):
        assert isinstance(data, bytes)
        found, _ = read_data_set(data, form, Purpose.OBJECT, complete=True)
        assert_no_canary([], [found.facts()])
    place = raw.index(b"Scanner 300") - (4 if form == IMPLICIT else 2)
    for length in range(200):
        size = 4 if form == IMPLICIT else 2
        number = length.to_bytes(size, "big" if form == BIG_ENDIAN else "little")
        found, _ = read_data_set(raw[:place] + number + raw[place + size :], form, Purpose.OBJECT, complete=True)
        assert_no_canary([], [found.facts()])
