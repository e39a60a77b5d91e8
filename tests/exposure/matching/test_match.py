from __future__ import annotations

import pytest

from asepsis.exposure.advisory import Advisory, Product, Provenance, Status, Vulnerability
from asepsis.exposure.finding import Exposed, Verdict
from asepsis.exposure.identity import Identity
from asepsis.exposure.matching.match import Matcher
from tests.exposure.documents import csaf, read
from tests.exposure.guard import within

PRODUCTS = [
    ("Becton, Dickinson and Company (BD)", "Vortan Point-of-Care Unit (PCU) Model 8015", "<= 9.33"),
    ("Phillips", "IntelliQuux Monitor", "< 2.0"),
    (
        "Hillrom and ELI, Baxter International Inc.",
        "Welch Allyn QLI 150c/BXR 150c Resting Electrocardiograph",
        "<= 2.2.0",
    ),
    ("Acme Medical Inc", "Fluxon", "vers:all/*"),
    ("Acme Medical Inc", "Fluxon Gateway Workstation", "1.1.6"),
    ("GE Healthcare", "Loriq, not including Loriq 100 Pro", "vers:all/*"),
    ("GE Healthcare", "Optira CT580", "vers:all/*"),
    ("Medtronic", "MaxiMed 640G", "MMT-9711 | MMT-9712"),
]


def verdicts(vendor: str, model: str, version: str = "") -> tuple[Verdict, ...]:
    return Matcher([read(csaf(PRODUCTS))]).verdicts(Identity(vendor=vendor, model=model, version=version))


@pytest.mark.parametrize(
    ("vendor", "model", "version", "answer"),
    [
        ("BD", "Vortan 8015", "9.33", Exposed.AFFECTED),
        ("CareFusion", "VORTAN PCU 8015", "9.34", Exposed.NOT_AFFECTED),
        ("Becton Dickinson", "Vortan Point of Care Unit 8015", "", Exposed.CANNOT_TELL),
        ("Philips Medical Systems", "Intelliquux", "1.9", Exposed.AFFECTED),
        ("Philips", "IntelliQux", "1.9", Exposed.AFFECTED),
        ("Welch Allyn", "BXR150C", "2.2", Exposed.AFFECTED),
        ("Baxter", "QLI-150c", "2.2.1", Exposed.NOT_AFFECTED),
        ("GE", "Loriq E9", "", Exposed.AFFECTED),
        ("MEDTRONIC", "MMT-9712", "", Exposed.AFFECTED),
        ("Medtronic", "MaxiMed 640G", "7.1", Exposed.CANNOT_TELL),
        ("GE", "Optira CT580 RT", "", Exposed.CANNOT_TELL),
    ],
)
def test_a_device_meets_the_product_that_it_is(vendor: str, model: str, version: str, answer: Exposed) -> None:
    (found,) = verdicts(vendor, model, version)
    assert found.answer is answer
    assert found.words.endswith("(known affected)")
    assert bool(found.tells) == (answer is Exposed.CANNOT_TELL)


@pytest.mark.parametrize(
    ("vendor", "model"),
    [
        ("GE", "Loriq 100 Pro"),
        ("GE", "Optira XR580"),
        ("Dräger", "Vortan 8015"),
        ("BD", "Vortan 8000"),
        ("", "Vortan 8015"),
    ],
)
def test_another_product_is_not_spoken_of(vendor: str, model: str) -> None:
    assert verdicts(vendor, model, "1.0") == ()


def test_a_version_named_as_fixed_is_not_affected_where_all_others_are() -> None:
    document = csaf([("Acme", "Fluxon", "vers:all/*"), ("Acme", "Fluxon", "4.2")])
    document["vulnerabilities"][0]["product_status"] = {"known_affected": ["P0"], "fixed": ["P1"]}
    matcher = Matcher([read(document)])
    answers = [
        matcher.verdicts(Identity(vendor="Acme", model="Fluxon", version=text))[0].answer for text in ("4.1", "4.2")
    ]
    assert answers == [Exposed.AFFECTED, Exposed.NOT_AFFECTED]


def test_a_document_that_contradicts_itself_is_not_decided() -> None:
    document = csaf([("Acme", "Fluxon", "< 5"), ("Acme", "Fluxon", "4.2")])
    document["vulnerabilities"][0]["product_status"] = {"known_affected": ["P0"], "known_not_affected": ["P1"]}
    (found,) = Matcher([read(document)]).verdicts(Identity(vendor="Acme", model="Fluxon", version="4.2"))
    assert found.answer is Exposed.CANNOT_TELL


def test_an_advisory_of_very_many_products_of_one_name_costs_time_in_proportion_and_few_words() -> None:
    products = tuple(
        Product(
            id=f"p{place}",
            vendor="Philips",
            name="IntelliVue MX800",
            version=f"{place + 2}.1",
            words=f"Philips IntelliVue MX800: {place + 2}.1",
        )
        for place in range(15_000)
    )
    status = tuple((product.id, Status.AFFECTED) for product in products)
    weak = Vulnerability(id="CVE-2026-0001", title="", cwe="", status=status)
    told = Advisory(
        id="A-1",
        title="",
        publisher="hostile",
        category="csaf_security_advisory",
        revision="1",
        released="",
        updated="",
        products=products,
        vulnerabilities=(weak,),
        provenance=Provenance(path="", sha256=""),
    )
    with within(120):
        (unknown,) = Matcher([told]).verdicts(Identity(vendor="Philips", model="IntelliVue MX800", version=""))
        (outside,) = Matcher([told]).verdicts(Identity(vendor="Philips", model="IntelliVue MX800", version="1.0"))
    assert unknown.answer is Exposed.CANNOT_TELL
    assert outside.answer is Exposed.NOT_AFFECTED
    assert len(outside.why) < 1000
