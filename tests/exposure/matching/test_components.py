from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from asepsis.exposure.advisory import Advisory
from asepsis.exposure.feeds.reading import Document, read_document
from asepsis.exposure.feeds.sbom import Bill, Component, read_sbom
from asepsis.exposure.feeds.vex import Parts, resolved
from asepsis.exposure.finding import Exposed
from asepsis.exposure.matching.components import By, ComponentMatcher
from asepsis.exposure.matching.identifiers import cpe, purl

SHARED = Path(__file__).resolve().parents[3] / ".cache" / "shared" / "sbom_vex"
NEEDS_CASES = pytest.mark.skipif(not SHARED.is_dir(), reason="the archive sbom_vex is not unpacked")


def component(name: str, version: str, *, url: str = "", platform: str = "", maker: str = "") -> Component:
    purls, cpes = ((url,) if url else ()), ((platform,) if platform else ())
    return Component(name=name, version=version, maker=maker, purls=purls, cpes=cpes, ref="")


def advisory(document: dict[str, Any]) -> Advisory:
    found = read_document(json.dumps(document).encode(), "vex.json")
    assert isinstance(found, Document)
    assert isinstance(found.content, Advisory)
    return found.content


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


CASES = {
    # (case, version of "Acme Product", CVE) to the answer that the case's page describes; no version: its own.
    ("Case-2", "", "CVE-2020-25649"): Exposed.AFFECTED,
    ("Case-3", "", "CVE-2020-25649"): Exposed.CANNOT_TELL,
    ("Case-1", "", "CVE-2020-25649"): Exposed.NOT_AFFECTED,
    ("Case-4", "2.2.0", "CVE-2020-25649"): Exposed.NOT_AFFECTED,
    ("Case-4", "2.4.0", "CVE-2020-25649"): Exposed.NOT_AFFECTED,
    # One range is cleared, and of what is outside nothing is said.
    ("Case-4", "2.4.1", "CVE-2020-25649"): Exposed.CANNOT_TELL,
    ("Case-5", "1.5.0", "CVE-2020-25649"): Exposed.AFFECTED,
    ("Case-5", "6.9.9", "CVE-2020-25649"): Exposed.AFFECTED,
    ("Case-5", "7.0.0", "CVE-2020-25649"): Exposed.NOT_AFFECTED,
    ("Case-5", "1.4.9", "CVE-2020-25649"): Exposed.NOT_AFFECTED,
    ("Case-8", "2.0.0", "CVE-2020-25649"): Exposed.NOT_AFFECTED,
    ("Case-8", "2.7.0", "CVE-2020-25649"): Exposed.NOT_AFFECTED,
    ("Case-8", "4.1.0", "CVE-2020-25649"): Exposed.NOT_AFFECTED,
    ("Case-8", "5.9.0", "CVE-2020-25649"): Exposed.NOT_AFFECTED,
    ("Case-8", "1.9.9", "CVE-2020-25649"): Exposed.AFFECTED,
    ("Case-8", "2.7.1", "CVE-2020-25649"): Exposed.AFFECTED,
    ("Case-8", "3.7.9", "CVE-2020-25649"): Exposed.AFFECTED,
    ("Case-8", "5.9.1", "CVE-2020-25649"): Exposed.AFFECTED,
    ("Case-10", "2.3.7", "CVE-2020-25649"): Exposed.NOT_AFFECTED,
    ("Case-10", "2.5.0", "CVE-2020-25649"): None,
    ("Case-11", "", "CVE-2020-11896"): Exposed.NOT_AFFECTED,
    ("Case-11", "", "CVE-2020-11897"): Exposed.NOT_AFFECTED,
    ("Case-12", "", "CVE-2020-25649"): Exposed.NOT_AFFECTED,
    ("Case-12", "", "CVE-2020-35491"): Exposed.AFFECTED,
}


@NEEDS_CASES
@pytest.mark.parametrize(("case", "version", "cve"), CASES)
def test_published_cases_of_cyclonedx_get_the_status_that_they_describe(case: str, version: str, cve: str) -> None:
    path = SHARED / "cyclonedx_bom-examples" / "VEX" / "Use-Cases" / case / "vex.json"
    found = read_document(path.read_bytes(), str(path))
    assert isinstance(found, Document)
    assert isinstance(found.content, Advisory)
    shown = version or json.loads(path.read_bytes())["metadata"]["component"]["version"]
    verdicts = ComponentMatcher([found.content]).verdicts(component("Acme Product", shown))
    answers = {verdict.vulnerability: verdict.answer for verdict in verdicts}
    assert answers.get(cve) == CASES[case, version, cve]


LINKED = {
    # (case, number of the list of components, CVE) to the answer for the product of that list.
    ("Case-6", 1, "CVE-2020-25649"): Exposed.NOT_AFFECTED,
    ("Case-6", 2, "CVE-2020-25649"): Exposed.NOT_AFFECTED,
    ("Case-6", 3, "CVE-2020-25649"): Exposed.NOT_AFFECTED,
    ("Case-9", 1, "CVE-2020-11896"): Exposed.NOT_AFFECTED,
    ("Case-9", 2, "CVE-2020-11901"): Exposed.NOT_AFFECTED,
    ("Case-9", 3, "CVE-2020-11914"): Exposed.NOT_AFFECTED,
    ("Case-13", 1, "CVE-2020-25649"): Exposed.NOT_AFFECTED,
    ("Case-13", 2, "CVE-2020-25649"): Exposed.NOT_AFFECTED,
    ("Case-13", 3, "CVE-2020-25649"): Exposed.AFFECTED,
}


@NEEDS_CASES
@pytest.mark.parametrize(("case", "number", "cve"), LINKED)
def test_published_cases_that_point_into_other_lists_find_the_products_there(case: str, number: int, cve: str) -> None:
    folder = SHARED / "cyclonedx_bom-examples" / "VEX" / "Use-Cases" / case
    found = [read_document(path.read_bytes(), str(path)) for path in sorted(folder.glob("*.json"))]
    contents = [one.content for one in found if isinstance(one, Document)]
    assert len(contents) == 4
    lists = [one for one in contents if isinstance(one, Parts)]
    (advisory,) = resolved([one for one in contents if isinstance(one, Advisory)], lists)
    assert {product.name for product in advisory.products} == {f"Acme Product {place}" for place in (1, 2, 3)}
    answers = {
        verdict.vulnerability: verdict.answer
        for verdict in ComponentMatcher([advisory]).verdicts(component(f"Acme Product {number}", "1.0"))
    }
    assert answers[cve] == LINKED[case, number, cve]


@NEEDS_CASES
def test_the_published_case_about_a_whole_maker_clears_its_products_and_no_others() -> None:
    path = SHARED / "cyclonedx_bom-examples" / "VEX" / "Use-Cases" / "Case-7" / "vex.json"
    found = read_document(path.read_bytes(), str(path))
    assert isinstance(found, Document)
    assert isinstance(found.content, Advisory)
    matcher = ComponentMatcher([found.content])
    own = list(matcher.verdicts(dataclasses.replace(component("Anything", "7"), maker="Acme, Inc.")))
    assert [(one.vulnerability, one.answer) for one in own] == [("CVE-2020-25649", Exposed.NOT_AFFECTED)]
    assert not list(matcher.verdicts(dataclasses.replace(component("Anything", "7"), maker="Other")))
    assert not list(matcher.verdicts(component("Anything", "7")))


CISA_CASES = {
    # (product, version) to the answer for CVE-2021-44228, as the page of case 8 says.
    ("ABC", "2.4"): Exposed.AFFECTED,
    ("ABC", "3.5"): Exposed.AFFECTED,
    ("ABC", "2.3"): Exposed.NOT_AFFECTED,
    ("ABC", "2.5"): Exposed.NOT_AFFECTED,
    ("JKL", "4.5"): Exposed.AFFECTED,
    ("JKL", "4.4"): Exposed.NOT_AFFECTED,
    ("JKL", "5.1"): Exposed.NOT_AFFECTED,
}


@NEEDS_CASES
@pytest.mark.parametrize(("product", "version"), CISA_CASES)
def test_the_case_of_cisa_with_several_products_versions_and_states(product: str, version: str) -> None:
    folder = SHARED / "cyclonedx_bom-examples" / "VEX" / "CISA-Use-Cases" / "Case-8"
    found = [read_document(path.read_bytes(), str(path)) for path in sorted(folder.glob("*.json"))]
    contents = [one.content for one in found if isinstance(one, Document)]
    lists = [one for one in contents if isinstance(one, Parts)]
    (advisory,) = resolved([one for one in contents if isinstance(one, Advisory)], lists)
    verdicts = ComponentMatcher([advisory]).verdicts(component(product, version))
    answers = {verdict.vulnerability: verdict.answer for verdict in verdicts}
    assert answers["CVE-2021-44228"] == CISA_CASES[product, version]


@NEEDS_CASES
def test_every_status_of_the_csaf_vex_examples_is_given_back() -> None:
    checked = 0
    for path in sorted((SHARED / "oasis_csaf_vex").glob("*.json")):
        found = read_document(path.read_bytes(), str(path))
        assert isinstance(found, Document)
        assert isinstance(found.content, Advisory)
        raw = json.loads(path.read_bytes())
        told = {
            (one.id, number, status.value) for one in found.content.vulnerabilities for number, status in one.status
        }
        meant = {
            (one["cve"], number, status)
            for one in raw["vulnerabilities"]
            for status, numbers in one["product_status"].items()
            for number in numbers
        }
        assert told == meant
        checked += len(meant)
    assert checked > 20


@NEEDS_CASES
@pytest.mark.parametrize(("name", "count"), [("narrow.sbom.json", 55), ("extended.sbom.json", 65)])
def test_real_medical_lists_are_read_whole(name: str, count: int) -> None:
    bill = read_sbom((SHARED / name).read_bytes())
    assert isinstance(bill, Bill)
    assert len(bill.components) == count
    assert bill.problems == ()
    assert all(purl(url) is not None for one in bill.components for url in one.purls)
    assert all(cpe(text) is not None for one in bill.components for text in one.cpes)
