from __future__ import annotations

import json
from typing import Any

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
from tests.exposure.documents import csaf as made

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


DIGEST, OTHER = "ab" * 32, "cd" * 32
CYCLONEDX = {"bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": "urn:uuid:CANARY", "components": []}


def listed(form: str, digest: str) -> bytes:
    """One component with a digest, in the forms of lists; made by hand from CycloneDX 1.6 and SPDX 2.3."""
    part = {"name": "boot.bin", "version": "9", "bom-ref": "b", "hashes": [{"alg": "SHA-256", "content": digest}]}
    sums = [{"algorithm": "SHA1", "checksumValue": "00" * 20}, {"algorithm": "SHA256", "checksumValue": digest}]
    package = {"name": "boot.bin", "versionInfo": "9", "SPDXID": "b", "checksums": sums}
    said = {
        "cyclonedx": json.dumps({**CYCLONEDX, "components": [part]}),
        "cyclonedx-xml": '<bom xmlns="http://cyclonedx.org/schema/bom/1.6"><components><component type="file">'
        f'<name>boot.bin</name><version>9</version><hashes><hash alg="MD5">00</hash><hash alg="SHA-256">{digest}</hash>'
        "</hashes></component></components></bom>",
        "spdx": json.dumps({"spdxVersion": "SPDX-2.3", "packages": [package]}),
        "tag-value": "SPDXVersion: SPDX-2.3\nPackageName: boot.bin\nPackageVersion: 9\n"
        f"PackageChecksum: SHA1: {'00' * 20}\nPackageChecksum: SHA256: {digest}\n",
    }
    return said[form].encode()


def of_files(**helper: Any) -> Advisory:
    """An advisory of CSAF on a product that is named otherwise than the lists name their part."""
    document = made([("Acme", "Boot loader", "1.0")])
    branch = document["product_tree"]["branches"][0]
    while "product" not in branch:
        branch = branch["branches"][0]
    branch["product"]["product_identification_helper"] = helper
    return advisory(document)


def hashes(value: str, kind: str = "sha256") -> dict[str, Any]:
    return {"hashes": [{"filename": "boot.bin", "file_hashes": [{"algorithm": kind, "value": value}]}]}


@pytest.mark.parametrize("form", ["cyclonedx", "cyclonedx-xml", "spdx", "tag-value"])
def test_the_digest_of_a_file_finds_it_under_any_name_and_version(form: str) -> None:
    bill = read_sbom(listed(form, DIGEST.upper()))
    assert isinstance(bill, Bill)
    assert not bill.problems
    (part,) = bill.components
    assert part.digests == (DIGEST,)
    (verdict,) = ComponentMatcher([of_files(**hashes(DIGEST))]).verdicts(part)
    assert (verdict.answer, verdict.by) == (Exposed.AFFECTED, By.DIGEST)
    # Another file may be another build of the same flaw: a digest that differs says nothing, and clears nobody.
    assert list(ComponentMatcher([of_files(**hashes(OTHER))]).verdicts(part)) == []


def test_a_digest_that_can_be_forged_decides_nothing() -> None:
    bill = read_sbom(listed("cyclonedx", "ab" * 20))
    assert isinstance(bill, Bill)
    assert bill.components[0].digests == ()
    assert list(ComponentMatcher([of_files(**hashes("ab" * 20, "sha1"))]).verdicts(bill.components[0])) == []


def test_an_address_that_points_into_a_list_finds_the_component_there_and_no_other_address_decides() -> None:
    document = {**CYCLONEDX, "serialNumber": "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79"}
    part = {"name": "boot.bin", "version": "1.0", "bom-ref": "b"}
    bill = read_sbom(json.dumps({**document, "components": [part, {**part, "bom-ref": "c"}]}).encode())
    assert isinstance(bill, Bill)
    link = "urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#b"
    known = ComponentMatcher([of_files(x_generic_uris=[{"namespace": "https://cyclonedx.org", "uri": link}])])
    first, second = bill.components
    assert [one.by for one in known.verdicts(first, serial=bill.serial)] == [By.LINK]
    assert list(known.verdicts(second, serial=bill.serial)) == []
    other = ComponentMatcher([of_files(sbom_urls=["https://acme.test/boot.cdx.json"])])
    assert list(other.verdicts(first, serial=bill.serial)) == []
