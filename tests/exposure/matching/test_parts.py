"""Parts of a product against advisories, and whose word silences what: the answers of hand-made documents."""

from __future__ import annotations

import json
from typing import Any

import pytest

from asepsis.exposure.advisory import Advisory
from asepsis.exposure.feeds.sbom import Bill, read_sbom
from asepsis.exposure.finding import Exposed
from asepsis.exposure.matching.parts import PartMatcher, PartVerdict
from asepsis.exposure.paper import Subject
from tests.eval.statements import LISTS, SHARED, advisory, planted_records, real_list
from tests.exposure.matching.test_components import NEEDS_CASES

PUMP = Subject(maker="Acme", model="Vortan 8015", version="9.33")
SERIAL = "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79"
CVE = "CVE-2026-0001"
FLUX = {"bom-ref": "flux", "type": "library", "name": "fluxlib", "version": "1.2.0", "purl": "pkg:npm/fluxlib@1.2.0"}


def bill(*components: dict[str, Any]) -> Bill:
    product = {"type": "device", "bom-ref": "pump", "name": "Vortan 8015", "version": "9.33"}
    found = read_sbom(
        json.dumps(
            {
                "bomFormat": "CycloneDX",
                "specVersion": "1.6",
                "serialNumber": SERIAL,
                "metadata": {"component": {**product, "supplier": {"name": "Acme"}}},
                "components": list(components or (FLUX,)),
            }
        ).encode()
    )
    assert isinstance(found, Bill)
    return found


def cve(below: str = "1.4.0") -> Advisory:
    """CVE record 5.1: fluxlib before ``below``."""
    affected = {
        "vendor": "Flux",
        "product": "fluxlib",
        "packageURL": "pkg:npm/fluxlib",
        "versions": [{"version": "0", "lessThan": below, "status": "affected"}],
    }
    return advisory(
        {
            "dataType": "CVE_RECORD",
            "cveMetadata": {"cveId": CVE, "assignerShortName": "mitre"},
            "containers": {"cna": {"affected": [affected]}},
        }
    )


def openvex(author: str, product: str, status: str, *parts: str) -> Advisory:
    """OpenVEX 0.2.0."""
    named: dict[str, Any] = {"@id": product}
    if parts:
        named["subcomponents"] = [{"@id": part} for part in parts]
    statement = {"vulnerability": {"name": CVE}, "products": [named], "status": status}
    head = {"@context": "https://openvex.dev/ns/v0.2.0", "@id": f"https://vex.test/{author}/{status}", "author": author}
    if status == "not_affected":
        statement["justification"] = "vulnerable_code_not_in_execute_path"
    return advisory({**head, "version": 1, "timestamp": "2026-01-01T00:00:00Z", "statements": [statement]})


def cyclonedx_vex(ref: str, state: str) -> Advisory:
    """CycloneDX 1.6 VEX that refers to another document by a BOM-Link."""
    said = {"id": CVE, "analysis": {"state": state, "justification": "code_not_present"}, "affects": [{"ref": ref}]}
    return advisory(
        {"bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": "urn:uuid:7", "vulnerabilities": [said]}
    )


def answers(*advisories: Advisory, of: Bill | None = None) -> list[PartVerdict]:
    return [one for one in PartMatcher(advisories).verdicts(PUMP, of or bill()) if CVE in one.verdict.vulnerabilities]


def test_a_part_in_the_range_of_a_record_is_affected_and_one_outside_is_not_spoken_of() -> None:
    (found,) = answers(cve())
    assert (found.component, found.verdict.answer) == ("fluxlib 1.2.0", Exposed.AFFECTED)
    assert answers(cve(below="1.2.0")) == []


def test_a_part_without_a_version_cannot_be_told_and_says_what_would_tell() -> None:
    (found,) = answers(cve(), of=bill({"name": "fluxlib", "purl": "pkg:npm/fluxlib"}))
    assert (found.verdict.answer, found.verdict.tells) == (Exposed.CANNOT_TELL, "the version of fluxlib")


PRODUCT, OTHER = "pkg:generic/Vortan%208015@9.33", "pkg:generic/other@1"
PART = "pkg:npm/fluxlib@1.2.0"


@pytest.mark.parametrize(
    ("word", "is_silenced"),
    [
        # The maker of the product, of its part within this product.
        (cyclonedx_vex(f"urn:cdx:{SERIAL[9:]}/1#flux", "not_affected"), True),
        (cyclonedx_vex(f"urn:cdx:{SERIAL[9:]}/1#pump", "not_affected"), True),
        (cyclonedx_vex("urn:cdx:00000000-0000-4000-8000-000000000000/1#flux", "not_affected"), False),
        (cyclonedx_vex(f"urn:cdx:{SERIAL[9:]}/1#flux", "in_triage"), False),
        (openvex("Acme", PART, "not_affected"), True),
        # Whoever makes neither the product nor the part is not believed.
        (openvex("Somebody Else", PART, "not_affected"), False),
        # What is said of the part within another product is not said of this one.
        (openvex("Acme", OTHER, "not_affected", PART), False),
        (openvex("Acme", PART, "under_investigation"), False),
        (openvex("Acme", "pkg:npm/fluxlib@1.3.0", "not_affected"), False),
    ],
)
def test_only_the_word_of_somebody_who_can_know_silences_a_part(word: Advisory, is_silenced: bool) -> None:
    found = answers(cve(), word)
    spoken = [one for one in found if one.verdict.advisory == cve().key]
    (one,) = spoken
    assert one.verdict.answer is (Exposed.NOT_AFFECTED if is_silenced else Exposed.AFFECTED)
    assert one.silenced_by == (word.key if is_silenced else "")
    if is_silenced:
        assert "code not" in one.verdict.why


def test_a_makers_affected_outweighs_every_not_affected() -> None:
    cleared = cyclonedx_vex(f"urn:cdx:{SERIAL[9:]}/1#flux", "not_affected")
    accused = openvex("Acme", PART, "affected")
    found = {one.verdict.advisory: one.verdict.answer for one in answers(cve(), cleared, accused)}
    assert found[accused.key] is Exposed.AFFECTED


def test_a_word_on_a_part_stands_alone_where_no_record_speaks_of_it() -> None:
    (found,) = answers(cyclonedx_vex(f"urn:cdx:{SERIAL[9:]}/1#flux", "not_affected"))
    assert (found.verdict.answer, found.component) == (Exposed.NOT_AFFECTED, "fluxlib 1.2.0")
    (found,) = answers(cyclonedx_vex(f"urn:cdx:{SERIAL[9:]}/1#pump", "exploitable"))
    assert (found.verdict.answer, found.component) == (Exposed.AFFECTED, "")


def test_vulnerabilities_in_the_list_itself_are_said_of_its_product_alone() -> None:
    own = advisory(
        {
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "serialNumber": SERIAL,
            "components": [FLUX],
            "vulnerabilities": [
                {"id": CVE, "analysis": {"state": "not_affected", "detail": "not linked"}, "affects": [{"ref": "flux"}]}
            ],
        }
    )
    (found,) = PartMatcher([cve()]).verdicts(PUMP, bill(), own)
    assert (found.verdict.answer, found.silenced_by) == (Exposed.NOT_AFFECTED, own.key)
    (found,) = PartMatcher([cve()]).verdicts(PUMP, bill())
    assert found.verdict.answer is Exposed.AFFECTED


@NEEDS_CASES
@pytest.mark.parametrize("name", LISTS)
def test_every_part_of_real_medical_lists_gets_its_expected_status(name: str) -> None:
    checked = list(real_list(SHARED, name))
    assert len(checked) > 200
    assert [one for one in checked if not one.is_right] == []
    # The maker's word on each: present in the product, and not reachable.
    found = read_sbom((SHARED / name).read_bytes())
    assert isinstance(found, Bill)
    advisories, _ = planted_records(found)
    words = [openvex("Acme", url, "not_affected") for part in found.components for url in part.purls[:1] if "@" in url]
    assert words
    subject = Subject(maker="Acme", model="Device", version="")
    spoken = [one for one in PartMatcher([*advisories, *words]).verdicts(subject, found) if one.silenced_by]
    assert all(one.verdict.answer is Exposed.NOT_AFFECTED for one in spoken)
