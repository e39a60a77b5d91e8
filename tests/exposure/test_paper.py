"""Which devices a paper speaks of."""

from __future__ import annotations

import pytest

from asepsis.exposure.identity import Identity
from asepsis.exposure.paper import Subject, Tie, tie


def device(maker: str, model: str, version: str = "") -> Identity:
    return Identity(vendor=maker, model=model, version=version)


@pytest.mark.parametrize(
    ("subject", "of", "answer"),
    [
        (("Philips", "IntelliVue MX800", ""), ("Philips Medical", "IntelliVue MX800", "M.04"), Tie.MODEL),
        (("Philips", "IntelliVue MX800", ""), ("Phillips", "IntelliVue MX800", ""), Tie.MODEL),
        (("Philips", "IntelliVue MX800", ""), ("Philips", "IntelliVue MX450", ""), None),
        (("Philips", "IntelliVue MX800", ""), ("Baxter", "IntelliVue MX800", ""), None),
        (("Acme", "Pump 3", "9.33"), ("Acme", "Pump 3", "9.33"), Tie.VERSION),
        (("Acme", "Pump 3", "< 9.33"), ("Acme", "Pump 3", "9.5"), Tie.VERSION),
        (("Acme", "Pump 3", "< 9.33"), ("Acme", "Pump 3", "9.34"), None),
        (("Acme", "Pump 3", "9.33"), ("Acme", "Pump 3", ""), Tie.UNSURE),
        (("", "Pump 3", ""), ("Acme", "Pump 3", ""), None),
        (("Acme", "", ""), ("Acme", "Pump 3", ""), None),
        (("Acme", "Pump 3", ""), ("Acme", "", ""), None),
    ],
)
def test_a_paper_holds_of_the_devices_of_its_product(
    subject: tuple[str, str, str], of: tuple[str, str, str], answer: Tie | None
) -> None:
    maker, model, version = subject
    assert tie(Subject(maker=maker, model=model, version=version), device(*of)) is answer
