"""Recalls against devices: which are meant, which are not, and what only a label tells."""

from __future__ import annotations

import pytest

from asepsis.exposure.feeds.fda import Recall
from asepsis.exposure.feeds.recalls import UNITS, advisories_of
from asepsis.exposure.finding import Exposed, Finding
from asepsis.exposure.identity import Identity
from asepsis.exposure.matching.match import Matcher
from asepsis.exposure.matching.units import by_unit
from asepsis.exposure.risk.threats import threats_of
from tests.eval.recalls import ANSWERS, RECALLS, answered, recall
from tests.exposure.guard import within


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
    sure = by_unit(verdict, "de12345679")
    assert (sure.answer, sure.tells) == (Exposed.AFFECTED, "")
    for serial in ("DE1234567", "DE123456790", "1234", ""):
        assert by_unit(verdict, serial).answer is Exposed.CANNOT_TELL


@pytest.mark.parametrize(
    ("vendor", "model", "udi", "answer"),
    [
        ("", "", "(01)10887787000259(21)A1", Exposed.AFFECTED),
        ("", "", "0110887787000259", Exposed.AFFECTED),
        ("Nobody", "Something", "10887787000259", Exposed.AFFECTED),
        ("Hospira", "Plum 360", "(01)10887787000259", Exposed.AFFECTED),
        ("Hospira", "Plum 360", "(01)20887787000256", Exposed.CANNOT_TELL),
        ("", "", "(01)20887787000256", None),
        # The check digit is another.
        ("", "", "(01)10887787000254", None),
        ("", "", "+A123BJC5D6E71G", None),
    ],
)
def test_a_recall_that_names_a_udi_finds_the_device_by_it_alone(
    vendor: str, model: str, udi: str, answer: Exposed | None
) -> None:
    known = Matcher(
        advisories_of(
            [
                recall(
                    8,
                    "Hospira Inc.",
                    "Plum 360 Infusion Pump, Model Numbers: 30010 and 30011",
                    "UDI-DI 10887787000259, 10887787000254; software versions 15.10.00 and below",
                )
            ]
        )
    )
    found = known.verdicts(Identity(vendor=vendor, model=model, version="15.10.00", udi=udi))
    assert [one.answer for one in found] == ([answer] if answer else [])
    if answer is Exposed.AFFECTED:
        assert found[0].why.startswith("it names the UDI-DI of the device, 10887787000259; ")


def test_no_planted_device_outside_a_recall_is_accused_and_none_inside_is_called_safe() -> None:
    found = answered()
    for case, answer, given in found:
        # An answer of another device's is never "affected"; of a recalled one never "not affected".
        assert answer is not None or given is not Exposed.AFFECTED, case
        assert answer is not Exposed.AFFECTED or given is not Exposed.NOT_AFFECTED, case
    assert sum(given is answer for _, answer, given in found) / len(found) >= 0.95


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


@pytest.mark.parametrize("words", ["software", "model", "model number", "ref /", "brand name", "all"])
@pytest.mark.parametrize("space", [" ", "\n", " \n", "\t\r\n "])
def test_space_without_end_in_a_recall_costs_no_time(words: str, space: str) -> None:
    hostile = f"{words}{space * 7000}"
    with within(60):
        found = list(
            advisories_of(
                [
                    Recall(
                        id="Z-1",
                        maker="Example",
                        product=f"pump {hostile}",
                        codes=hostile,
                        reason="",
                        classification="",
                        product_code="",
                        begun="",
                        status="",
                    )
                ]
            )
        )
    assert len(found) == 1
