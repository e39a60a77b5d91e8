"""Recalls in the words that files use, and what they mean for devices.

Makers and products of ``RECALLS`` are those that hospitals have, the recalls are invented. Tests ask one by one; the
evaluation counts.
"""

from __future__ import annotations

import dataclasses

from asepsis.exposure.feeds.fda import Recall
from asepsis.exposure.feeds.recalls import advisories_of
from asepsis.exposure.finding import Exposed
from asepsis.exposure.identity import Identity
from asepsis.exposure.matching.match import Matcher


def recall(number: int, maker: str, product: str, codes: str, **other: str) -> Recall:
    """A recall of class I under way, unless told otherwise."""
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
    # (maker, model, version) of a device to what the recalls above mean for it.
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


def answered() -> list[tuple[str, Exposed | None, Exposed | None]]:
    """Every device with what is true of it and what is answered."""
    matcher = Matcher(advisories_of(RECALLS))
    found = [
        (
            " ".join(identity),
            answer,
            _answer(matcher, Identity(vendor=identity[0], model=identity[1], version=identity[2])),
        )
        for identity, answer in ANSWERS.items()
    ]
    for one, identity, answer in planted():
        case = f"{one.product} {one.codes}: {identity.vendor} {identity.model} {identity.version}"
        found.append((case, answer, _answer(Matcher(advisories_of([one])), identity)))
    return found


def _answer(matcher: Matcher, identity: Identity) -> Exposed | None:
    return next((verdict.answer for verdict in matcher.verdicts(identity)), None)
