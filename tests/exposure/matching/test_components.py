from __future__ import annotations

import pytest

from asepsis.exposure.advisory import Advisory
from asepsis.exposure.feeds.sbom import Bill, read_sbom
from asepsis.exposure.finding import Exposed
from asepsis.exposure.matching.components import By, ComponentMatcher
from asepsis.exposure.matching.identifiers import cpe, purl
from tests.eval.statements import (
    CASES,
    CISA_CASES,
    LINKED,
    LISTS,
    OF_MAKER,
    SHARED,
    advisory,
    answer_of_maker,
    answer_to_case,
    answer_to_cisa,
    answer_to_linked,
    component,
    csaf,
    csaf_devices,
    linked,
)

NEEDS_CASES = pytest.mark.skipif(not SHARED.is_dir(), reason="the archive sbom_vex is not unpacked")


def openvex(product: str, status: str) -> Advisory:
    statement = {"vulnerability": {"name": "CVE-2026-0001"}, "products": [{"@id": product}], "status": status}
    head = {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": "https://acme.test/vex/1",
        "author": "Acme",
        "version": 1,
    }
    return advisory({**head, "timestamp": "2026-01-01T00:00:00Z", "statements": [statement]})


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        ("affected", Exposed.AFFECTED),
        ("not_affected", Exposed.NOT_AFFECTED),
        ("fixed", Exposed.NOT_AFFECTED),
        ("under_investigation", Exposed.CANNOT_TELL),
    ],
)
def test_a_statement_of_openvex_holds_for_its_package_and_version(status: str, answer: Exposed) -> None:
    matcher = ComponentMatcher([openvex("pkg:npm/fluxlib@1.2.0", status)])
    (found,) = matcher.verdicts(component("fluxlib", "1.2.0", url="pkg:npm/fluxlib@1.2.0"))
    assert (found.answer, found.by) == (answer, By.PURL)
    other = list(matcher.verdicts(component("fluxlib", "1.3.0", url="pkg:npm/fluxlib@1.3.0")))
    expected = [Exposed.NOT_AFFECTED] if status == "affected" else []
    assert [one.answer for one in other] == expected


def test_a_platform_name_and_a_bare_name_find_the_product_too() -> None:
    document = {
        "dataType": "CVE_RECORD",
        "cveMetadata": {"cveId": "CVE-2026-0001", "assignerShortName": "acme"},
        "containers": {
            "cna": {
                "affected": [
                    {
                        "vendor": "Acme",
                        "product": "FluxLib",
                        "cpes": ["cpe:2.3:a:acme:fluxlib:*:*:*:*:*:*:*:*"],
                        "versions": [{"version": "1.0", "lessThan": "1.4", "status": "affected"}],
                    }
                ]
            }
        },
    }
    matcher = ComponentMatcher([advisory(document)])
    by_cpe = component("libflux", "1.3", platform="cpe:/a:acme:fluxlib:1.3")
    assert [(one.answer, one.by) for one in matcher.verdicts(by_cpe)] == [(Exposed.AFFECTED, By.CPE)]
    by_name = component("fluxlib", "1.4", maker="Acme Inc")
    assert [(one.answer, one.by) for one in matcher.verdicts(by_name)] == [(Exposed.NOT_AFFECTED, By.NAME)]
    assert list(matcher.verdicts(component("fluxlib", "1.3", maker="Somebody Else"))) == []
    assert [one.answer for one in matcher.verdicts(component("fluxlib", ""))] == [Exposed.CANNOT_TELL]


def test_identifiers_are_read_by_their_specifications() -> None:
    package = purl("pkg:deb/Debian/Curl@7.50.3-1?arch=i386#sub")
    assert package is not None
    assert (package.type, package.namespace, package.name, package.version) == ("deb", "debian", "curl", "7.50.3-1")
    scoped = purl("pkg:npm/%40angular/core@12.0.0")
    assert scoped is not None
    assert (scoped.namespace, scoped.name) == ("@angular", "core")
    platform = cpe(r"cpe:2.3:a:acme:flux\:lib:1\.2:*:*:*:*:*:*:*")
    assert platform is not None
    assert (platform.product, platform.version) == ("flux:lib", "1.2")
    assert [purl(text) for text in ("nonsense", "pkg:", "pkg:/", "pkg:npm", "pkg:npm/", "pkg:@1", "pkg:#x")] == [
        None
    ] * 7
    assert cpe("cpe:2.3:a") is None


@NEEDS_CASES
@pytest.mark.parametrize(("case", "version", "cve"), CASES)
def test_published_cases_of_cyclonedx_get_the_status_that_they_describe(case: str, version: str, cve: str) -> None:
    assert answer_to_case(SHARED, case, version, cve) == CASES[case, version, cve]


@NEEDS_CASES
@pytest.mark.parametrize(("case", "number", "cve"), LINKED)
def test_published_cases_that_point_into_other_lists_find_the_products_there(case: str, number: int, cve: str) -> None:
    folder = SHARED / "cyclonedx_bom-examples" / "VEX" / "Use-Cases" / case
    assert len(list(folder.glob("*.json"))) == 4
    assert {product.name for product in linked(folder).products} == {f"Acme Product {place}" for place in (1, 2, 3)}
    assert answer_to_linked(SHARED, case, number, cve) == LINKED[case, number, cve]


@NEEDS_CASES
@pytest.mark.parametrize("maker", OF_MAKER)
def test_the_published_case_about_a_whole_maker_clears_its_products_and_no_others(maker: str) -> None:
    assert answer_of_maker(SHARED, maker) == OF_MAKER[maker]


@NEEDS_CASES
@pytest.mark.parametrize(("product", "version"), CISA_CASES)
def test_the_case_of_cisa_with_several_products_versions_and_states(product: str, version: str) -> None:
    assert answer_to_cisa(SHARED, product, version) == CISA_CASES[product, version]


@NEEDS_CASES
def test_every_status_of_the_csaf_vex_examples_is_given_back() -> None:
    checked = list(csaf(SHARED))
    assert [one for one in checked if not one.is_right] == []
    assert len(checked) > 20


@NEEDS_CASES
def test_devices_of_the_csaf_vex_examples_get_the_answers_that_the_statuses_mean() -> None:
    checked = list(csaf_devices(SHARED))
    assert [one for one in checked if not one.is_right] == []
    assert len(checked) > 20


@NEEDS_CASES
@pytest.mark.parametrize(("name", "count"), LISTS.items())
def test_real_medical_lists_are_read_whole(name: str, count: int) -> None:
    bill = read_sbom((SHARED / name).read_bytes())
    assert isinstance(bill, Bill)
    assert len(bill.components) == count
    assert bill.problems == ()
    assert all(purl(url) is not None for one in bill.components for url in one.purls)
    assert all(cpe(text) is not None for one in bill.components for text in one.cpes)
