"""Recalls against devices: makers and products of the texts are those that hospitals have, the recalls are invented."""

from __future__ import annotations

import dataclasses

import pytest

from asepsis.exposure.feeds.fda import Recall
from asepsis.exposure.feeds.recalls import UNITS, advisories_of
from asepsis.exposure.finding import Exposed, Finding
from asepsis.exposure.identity import Identity
from asepsis.exposure.matching.match import Matcher
from asepsis.exposure.matching.units import by_unit
from asepsis.exposure.risk.threats import threats_of


def recall(number: int, maker: str, product: str, codes: str, **other: str) -> Recall:
    return dataclasses.replace(
        Recall(
            id=f"Z-{number:04}-2026",
            maker=maker,
            product=product,
            codes=codes,
            reason="The battery may run down without an alarm.",
            classification="Class I",
            product_code="FRN",
            begun="2026-01-02",
            status="Ongoing",
        ),
        **other,
    )


RECALLS = (
    recall(
        1, "CareFusion 303, Inc.", "Alaris Pump Module, Model 8100, large volume infusion pump.", "All serial numbers"
    ),
    recall(
        2,
        "Philips North America Llc",
        "IntelliVue Patient Monitor MX750, Product Number 866471; used for monitoring",
        "Serial numbers: DE12345678, DE12345679",
    ),
    recall(
        3,
        "Hospira Inc.",
        "Brand Name: Plum 360\nProduct Name: Infusion Pump\nModel/Catalog Number: 30010\nSoftware Version: 15.10.00 and"
        " below\nComponent: No",
        "UDI-DI 10887787000254, all lots",
    ),
    recall(
        4,
        "Smiths Medical ASD Inc.",
        "Medfusion 4000 Syringe Infusion Pump, Model Numbers: 4000-0101-50, 4000-0105-51 and 4000-0106-01",
        "Software versions 1.5.0 and 1.6.0",
    ),
    recall(5, "GE Healthcare, LLC", "CARESCAPE Monitor B850, Product Usage: multi-parameter", "all lots"),
    recall(6, "Baxter Healthcare Corporation", "SIGMA Spectrum Infusion System", "Lot 1234", classification="Class II"),
    recall(7, "Draeger Medical, Inc.", "Evita V500 ventilator", "All units", status="Terminated"),
)

ANSWERS = {
    ("CareFusion", "Alaris Pump Module 8100", ""): Exposed.AFFECTED,
    ("BD", "Alaris 8100", "9.33"): Exposed.AFFECTED,
    ("BD", "Alaris Pump Module", ""): Exposed.CANNOT_TELL,
    ("BD", "Alaris 8015", ""): None,
    ("Philips", "IntelliVue MX750", ""): Exposed.CANNOT_TELL,
    ("Philips", "IntelliVue MX750 866471", ""): Exposed.CANNOT_TELL,
    ("Philips", "IntelliVue MX40", ""): None,
    ("Hospira", "Plum 360 30010", "15.10.00"): Exposed.AFFECTED,
    ("Hospira", "Plum 360 30010", "15.09.00"): Exposed.AFFECTED,
    ("ICU Medical", "Plum 360 30010", "15.11.00"): Exposed.NOT_AFFECTED,
    ("Hospira", "Plum 360", "15.10.00"): Exposed.CANNOT_TELL,
    ("Smiths Medical", "Medfusion 4000-0101-50", "1.5.0"): Exposed.AFFECTED,
    ("Smiths Medical", "Medfusion 4000-0106-01", "1.7.0"): Exposed.NOT_AFFECTED,
    ("Smiths Medical", "Medfusion 4000", "1.5.0"): Exposed.CANNOT_TELL,
    ("Smiths Medical", "Medfusion 3500", "1.5.0"): None,
    ("GE Healthcare", "CARESCAPE B850", ""): Exposed.AFFECTED,
    ("GE Healthcare", "CARESCAPE B650", ""): None,
    ("Baxter", "Sigma Spectrum", ""): Exposed.CANNOT_TELL,
    ("Draeger", "Evita V500", ""): None,
    ("Philips", "Sigma Spectrum", ""): None,
}


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return Matcher(advisories_of(RECALLS))


@pytest.mark.parametrize("identity", ANSWERS)
def test_a_recall_answers_for_a_device_what_can_be_told(matcher: Matcher, identity: tuple[str, str, str]) -> None:
    vendor, model, version = identity
    verdicts = matcher.verdicts(Identity(vendor=vendor, model=model, version=version))
    assert [verdict.answer for verdict in verdicts] == ([ANSWERS[identity]] if ANSWERS[identity] else [])
    for verdict in verdicts:
        assert bool(verdict.tells) == (verdict.answer is Exposed.CANNOT_TELL)


def test_a_serial_number_that_is_listed_makes_it_certain_and_no_other_does(matcher: Matcher) -> None:
    (verdict,) = matcher.verdicts(Identity(vendor="Philips", model="IntelliVue MX750 866471", version=""))
    assert verdict.version.startswith(UNITS)
    sure = by_unit(verdict, "de12345679", "")
    assert (sure.answer, sure.tells) == (Exposed.AFFECTED, "")
    for serial in ("DE1234567", "DE123456790", "1234", ""):
        assert by_unit(verdict, serial, "").answer is Exposed.CANNOT_TELL


def planted() -> list[tuple[Recall, Identity, Exposed | None]]:
    """Recalls in the words that files use, each with devices inside and just outside of it."""
    found: list[tuple[Recall, Identity, Exposed | None]] = []
    products = (
        ("Acme Medical Inc", "Vortan", 8015),
        ("Nordlund Healthcare LLC", "Seraph Duo", 3120),
        ("Kestrel Devices, Inc.", "Lumen", 450),
        ("Harrow & Pike Ltd", "Breva Plus", 7200),
    )
    texts = (
        "{name} Infusion Pump, Model {number}. Rx only.",
        "Brand Name: {name}\nProduct Name: Pump\nModel/Catalog Number: {number}\nComponent: No",
        "{name}, REF {number}, intended for use in hospitals",
        "{name} {number} Ventilator; used in intensive care",
    )
    units = (
        ("All serial numbers", "1.0", Exposed.AFFECTED),
        ("Software version 2.4 and below", "2.3", Exposed.AFFECTED),
        ("Software version 2.4 and below", "2.5", Exposed.NOT_AFFECTED),
        ("Lot numbers 20481, 20482", "1.0", Exposed.CANNOT_TELL),
    )
    place = 0
    for maker, name, number in products:
        for text in texts:
            for codes, version, answer in units:
                place += 1
                one = recall(place, maker, text.format(name=name, number=number), codes)
                found.append((one, Identity(vendor=maker, model=f"{name} {number}", version=version), answer))
                for other in (f"{name} {number + 5}", f"{name} {number}0"):
                    found.append((one, Identity(vendor=maker, model=other, version=version), None))
                found.append((one, Identity(vendor="Somebody Else", model=f"{name} {number}", version=version), None))
    return found


def test_no_planted_device_outside_a_recall_is_accused_and_none_inside_is_called_safe() -> None:
    right = told = 0
    for one, identity, answer in planted():
        verdicts = Matcher(advisories_of([one])).verdicts(identity)
        given = verdicts[0].answer if verdicts else None
        # An answer of another device's is never "affected"; of a recalled one never "not affected".
        assert answer is not None or given is not Exposed.AFFECTED, (one.product, one.codes, identity)
        assert answer is not Exposed.AFFECTED or given is not Exposed.NOT_AFFECTED, (one.product, one.codes, identity)
        told += 1
        right += given is answer
    assert right / told >= 0.95


def test_a_class_one_recall_adds_to_the_harm_and_not_to_the_likelihood() -> None:
    (advisory,) = advisories_of([RECALLS[0]])
    (verdict,) = Matcher([advisory]).verdicts(Identity(vendor="BD", model="Alaris 8100", version="9"))
    finding = Finding(device="d", site="main", verdict=verdict, model=None, version=None)
    (threat,) = threats_of([finding], [advisory])["d"]
    assert (threat.base, threat.impact) == (0.0, (0.0, 1.0, 1.0))


def test_texts_of_any_form_and_length_give_names_that_are_bounded() -> None:
    for text in ("", "x" * 100_000, "Model " * 50_000, "1/" * 50_000, "\n;:" * 30_000, "Model 8100, " * 20_000):
        for advisory in advisories_of([recall(1, "Acme", text, text)]):
            assert len(advisory.products) <= 60
            assert all(len(product.name) < 200 for product in advisory.products)
