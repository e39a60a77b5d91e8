"""Numbers of product identification helpers (CSAF 2.0, 3.1.3.3.5 and 3.1.3.3.6); makers and products are invented."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asepsis.exposure.finding import Exposed, Verdict
from asepsis.exposure.identity import Identity
from asepsis.exposure.matching.match import Matcher
from asepsis.exposure.matching.numbers import NUMBERS_LIMIT, Fit, Numbers, fits, numbers, taken_apart
from tests.exposure.documents import csaf, read

signs = st.text(st.sampled_from("ab1*?\\-"), max_size=9)
PUMP = Identity(vendor="Acme", model="Fluxon", version="1")


def slowly(listed: str) -> str:
    """A listed number as a regular expression."""
    told = re.sub(r"\\([*?\\])|(\*)|(\?)|(.)", _one, listed, flags=re.S)
    return rf"(?s:{told})"


def _one(found: re.Match[str]) -> str:
    escaped, every, one, sign = found.groups()
    return ".*" if every else "." if one else re.escape(escaped or sign)


@given(listed=signs, text=signs)
def test_wildcards_stand_for_what_a_regular_expression_finds(listed: str, text: str) -> None:
    assert fits(taken_apart(listed), text) == (re.fullmatch(slowly(listed), text) is not None)


@given(listed=st.lists(st.text(max_size=12), max_size=4), shown=st.text(max_size=20), name=st.text(max_size=9))
def test_no_number_is_an_error(listed: list[str], shown: str, name: str) -> None:
    made = numbers(listed)
    if made is not None:
        made.serial(shown)
        made.model(shown)
        made.other(shown, name)


@given(
    digits=st.text(st.sampled_from("123456789"), min_size=5, max_size=10),
    before=st.sampled_from(("", "SN", "0", "00", "US-0")),
    cut=st.integers(0, 3),
    lead=st.sampled_from(("", "SN ", "0", "US")),
)
def test_a_listed_unit_is_never_another_however_its_number_is_written(
    digits: str, before: str, cut: int, lead: str
) -> None:
    listed = numbers([f"{before}{digits[: len(digits) - cut]}"])
    assert listed is not None
    assert listed.serial(f"{lead}{digits}") is not Fit.NO


def test_many_stars_take_no_long_time() -> None:
    assert not fits(taken_apart("*a" * 60 + "b"), "a" * 120)


def test_a_list_that_was_cut_clears_nobody() -> None:
    listed = numbers(f"5{place:07}" for place in range(NUMBERS_LIMIT + 1))
    assert listed is not None
    assert listed.serial("99999999") is Fit.MAYBE
    whole = numbers(["50000001"])
    assert isinstance(whole, Numbers)
    assert whole.serial("99999999") is Fit.NO


def helped(*products: tuple[str, str, dict[str, Any]], status: dict[str, list[str]] | None = None) -> dict[str, Any]:
    """A document whose products, (name, version, helper), have helpers."""
    document = csaf([("Acme", name, version) for name, version, _ in products])
    branches = document["product_tree"]["branches"][0]["branches"]
    for branch, (_, _, helper) in zip(branches, products, strict=True):
        branch["branches"][0]["product"]["product_identification_helper"] = helper
    if status is not None:
        document["vulnerabilities"][0]["product_status"] = status
    return document


def answers(document: dict[str, Any], identity: Identity) -> list[Verdict]:
    return list(Matcher([read(document)]).verdicts(identity))


@pytest.mark.parametrize(
    ("serial", "version", "answer"),
    [
        ("AC-1234567", "1", Exposed.AFFECTED),
        ("ac-1299999", "1", Exposed.AFFECTED),
        ("AC-1234567", "", Exposed.AFFECTED),
        ("AC-1234567", "7", Exposed.NOT_AFFECTED),
        ("AC-9234567", "1", Exposed.NOT_AFFECTED),
        ("AC-778", "1", Exposed.CANNOT_TELL),
        ("77812345", "1", Exposed.CANNOT_TELL),
        ("12", "1", Exposed.CANNOT_TELL),
        ("", "1", Exposed.CANNOT_TELL),
    ],
)
def test_serial_numbers_tell_which_units_are_meant(serial: str, version: str, answer: Exposed) -> None:
    document = helped(("Fluxon", "< 5", {"serial_numbers": ["AC-12*", "AC-778"]}))
    (found,) = (
        answers(document, replace(PUMP, serial=serial, version=version))
        if serial != "AC-778"
        else answers(helped(("Fluxon", "< 5", {"serial_numbers": ["AC-7781"]})), replace(PUMP, serial=serial))
    )
    assert found.answer is answer
    assert ("the serial number" in found.tells) == (answer is Exposed.CANNOT_TELL)
    if answer is Exposed.NOT_AFFECTED and version == "1":
        assert found.why == "the advisory is about units with other serial numbers than AC-9234567 (AC-12*, AC-778)"


@pytest.mark.parametrize(
    ("serial", "answer"),
    [("AC-12345", Exposed.AFFECTED), ("AC-99999", Exposed.NOT_AFFECTED), ("", Exposed.CANNOT_TELL)],
)
def test_a_word_on_all_other_units_does_not_clear_a_unit_that_may_be_meant(serial: str, answer: Exposed) -> None:
    document = helped(
        ("Fluxon", "vers:all/*", {"serial_numbers": ["AC-12*"]}),
        ("Fluxon", "vers:all/*", {}),
        status={"known_affected": ["P0"], "known_not_affected": ["P1"]},
    )
    (found,) = answers(document, replace(PUMP, serial=serial))
    assert found.answer is answer


def test_a_unit_that_is_named_as_fixed_is_not_affected_where_all_others_are() -> None:
    document = helped(
        ("Fluxon", "vers:all/*", {}),
        ("Fluxon", "vers:all/*", {"serial_numbers": ["AC-12*"]}),
        status={"known_affected": ["P0"], "fixed": ["P1"]},
    )
    given_ = {
        serial: answers(document, replace(PUMP, serial=serial))[0].answer for serial in ("AC-123", "AC-99999", "")
    }
    assert given_ == {"AC-123": Exposed.NOT_AFFECTED, "AC-99999": Exposed.AFFECTED, "": Exposed.AFFECTED}


@pytest.mark.parametrize(
    ("model", "answer"),
    [
        ("6XK1160-4AA01", Exposed.AFFECTED),
        ("Acme Gateway (6xk1160-4aa01)", Exposed.AFFECTED),
        ("6XK11604AA01", Exposed.AFFECTED),
        ("6XK1160-4AA01-EU", Exposed.CANNOT_TELL),
        ("6XK1160-4AB01", None),
        ("Fluxon 6XK1160-4AB01", Exposed.CANNOT_TELL),
        ("Fluxon", Exposed.AFFECTED),
        ("ORDER-77301", Exposed.AFFECTED),
        ("Vortan", None),
    ],
)
def test_a_model_number_ties_where_names_differ_and_clears_nobody(model: str, answer: Exposed | None) -> None:
    document = helped(("Fluxon", "< 5", {"model_numbers": ["6XK1160-4AA01", "*"], "skus": ["ORDER-77?01"]}))
    found = answers(document, replace(PUMP, model=model))
    assert [one.answer for one in found] == ([answer] if answer else [])


def test_products_of_one_name_are_told_apart_by_their_model_numbers() -> None:
    document = helped(
        ("Fluxon", "< 5", {"model_numbers": ["FX1160-4"]}),
        ("Fluxon", "< 3", {"model_numbers": ["FX1160-5"]}),
    )
    told = {
        model: answers(document, Identity(vendor="Acme", model=model, version="4"))
        for model in ("FX1160-4", "FX1160-5")
    }
    assert [one.answer for one in told["FX1160-4"]] == [Exposed.AFFECTED]
    assert [one.answer for one in told["FX1160-5"]] == [Exposed.NOT_AFFECTED]


def test_a_short_model_number_of_what_harms_keeps_a_fixed_one_from_clearing() -> None:
    document = helped(
        ("Fluxon", "vers:all/*", {"model_numbers": ["FX1160"]}),
        ("Fluxon", "vers:all/*", {"model_numbers": ["FX1160-5"]}),
        status={"known_affected": ["P0"], "fixed": ["P1"]},
    )
    (found,) = answers(document, Identity(vendor="Acme", model="Loriq FX1160-5", version="4"))
    assert found.answer is not Exposed.NOT_AFFECTED


def test_a_digest_that_is_listed_is_said_to_tell() -> None:
    hashes = [{"filename": "fw.bin", "file_hashes": [{"algorithm": "sha256", "value": "ab" * 32}]}]
    (found,) = answers(helped(("Fluxon", "< 5", {"hashes": hashes})), replace(PUMP, version=""))
    assert found.answer is Exposed.CANNOT_TELL
    assert "digest of its firmware file" in found.tells


def test_devices_of_a_model_stay_alike_where_nobody_asks_for_serial_numbers() -> None:
    first, second = (replace(PUMP, serial=serial, udi="(01)10887787000259") for serial in ("A-100001", "A-100002"))
    plain = Matcher([read(csaf([("Acme", "Fluxon", "< 5")]))])
    assert plain.narrowed(first) == plain.narrowed(second) == PUMP
    asking = Matcher([read(helped(("Fluxon", "< 5", {"serial_numbers": ["A-1*"]})))])
    assert asking.narrowed(first) != asking.narrowed(second)
    assert asking.narrowed(replace(first, vendor="Nobody")) == replace(PUMP, vendor="Nobody")
