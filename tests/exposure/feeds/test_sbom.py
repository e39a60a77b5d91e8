from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asepsis.exposure.advisory import Problem
from asepsis.exposure.feeds import sbom
from asepsis.exposure.feeds.sbom import Bill, read_sbom

# Made by hand from CycloneDX 1.4 and SPDX 2.3; one component, the same in all five.
CYCLONEDX = json.dumps(
    {
        "bomFormat": "CycloneDX",
        "specVersion": "1.4",
        "components": [
            {
                "name": "fluxlib",
                "version": "1.2",
                "publisher": "Acme",
                "purl": "pkg:generic/acme/fluxlib@1.2",
                "cpe": "cpe:2.3:a:acme:fluxlib:1.2:*:*:*:*:*:*:*",
                "components": [{"name": "inner", "version": "0.1"}],
            }
        ],
    }
)
CYCLONEDX_XML = """<?xml version="1.0"?><bom xmlns="http://cyclonedx.org/schema/bom/1.4" version="1"><components>
<component type="library" bom-ref="x"><publisher>Acme</publisher><name>fluxlib</name><version>1.2</version>
<cpe>cpe:2.3:a:acme:fluxlib:1.2:*:*:*:*:*:*:*</cpe><purl>pkg:generic/acme/fluxlib@1.2</purl>
<components><component type="library"><name>inner</name><version>0.1</version></component></components>
</component></components></bom>"""
SPDX = json.dumps(
    {
        "spdxVersion": "SPDX-2.3",
        "name": "pump",
        "packages": [
            {
                "SPDXID": "SPDXRef-1",
                "name": "fluxlib",
                "versionInfo": "1.2",
                "supplier": "Organization: Acme",
                "externalRefs": [
                    {"referenceType": "purl", "referenceLocator": "pkg:generic/acme/fluxlib@1.2"},
                    {"referenceType": "cpe23Type", "referenceLocator": "cpe:2.3:a:acme:fluxlib:1.2:*:*:*:*:*:*:*"},
                ],
            },
            {"SPDXID": "SPDXRef-2", "name": "inner", "versionInfo": "0.1"},
        ],
    }
)
SPDX_TAGS = """SPDXVersion: SPDX-2.3
DocumentName: pump
PackageName: fluxlib
SPDXID: SPDXRef-1
PackageVersion: 1.2
PackageSupplier: Organization: Acme
ExternalRef: PACKAGE-MANAGER purl pkg:generic/acme/fluxlib@1.2
ExternalRef: SECURITY cpe23Type cpe:2.3:a:acme:fluxlib:1.2:*:*:*:*:*:*:*
FileName: ./a.c
LicenseConcluded: MIT
PackageName: inner
PackageVersion: 0.1
"""
SPDX_XML = """<Document><spdxVersion>SPDX-2.3</spdxVersion><name>pump</name>
<packages><SPDXID>SPDXRef-1</SPDXID><name>fluxlib</name><versionInfo>1.2</versionInfo>
<supplier>Organization: Acme</supplier>
<externalRefs><referenceLocator>pkg:generic/acme/fluxlib@1.2</referenceLocator>
<referenceType>purl</referenceType></externalRefs>
<externalRefs><referenceLocator>cpe:2.3:a:acme:fluxlib:1.2:*:*:*:*:*:*:*</referenceLocator>
<referenceType>cpe23Type</referenceType></externalRefs></packages>
<packages><name>inner</name><versionInfo>0.1</versionInfo></packages></Document>"""
FORMS = {"cyclonedx": CYCLONEDX, "cyclonedx-xml": CYCLONEDX_XML, "spdx": SPDX, "tags": SPDX_TAGS, "spdx-xml": SPDX_XML}


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS.keys())
def test_every_form_says_the_same(text: str) -> None:
    bill = read_sbom(text.encode())
    assert isinstance(bill, Bill)
    one, inner = bill.components
    assert (one.name, one.version, one.maker) == ("fluxlib", "1.2", "Acme")
    assert one.purls == ("pkg:generic/acme/fluxlib@1.2",)
    assert one.cpes == ("cpe:2.3:a:acme:fluxlib:1.2:*:*:*:*:*:*:*",)
    assert (inner.name, inner.version) == ("inner", "0.1")
    assert bill.problems == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "<bom",
        "<a>" * 10_000,
        '<!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY c "&a;&a;&a;">]><bom><components>&c;</components></bom>',
        "<html></html>",
        "hello",
    ],
    ids=["empty", "object", "cut", "deep", "entities", "other", "words"],
)
def test_what_is_no_list_is_a_problem(text: str) -> None:
    assert isinstance(read_sbom(text.encode()), Problem)


@given(st.sampled_from(sorted(FORMS)), st.integers(0, 2000), st.binary(max_size=4))
def test_altered_lists_are_values(form: str, at: int, what: bytes) -> None:
    content = FORMS[form].encode()
    at %= len(content)
    assert isinstance(read_sbom(content[:at] + what + content[at + len(what) :]), Bill | Problem)
    assert isinstance(read_sbom(content[:at]), Bill | Problem)


def test_the_product_and_the_ends_of_support_are_read_whatever_the_format() -> None:
    properties = [{"name": "End-of-Support", "value": "2024-01-31"}, {"name": "Level of Support", "value": "Inactive"}]
    cyclonedx = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": "urn:uuid:1",
        "metadata": {"component": {"name": "Pump 3", "version": "9.3", "supplier": {"name": "Acme"}}},
        "components": [{"name": "fluxlib", "version": "1.2", "properties": properties}],
    }
    spdx = {
        "spdxVersion": "SPDX-2.3",
        "name": "a document",
        "packages": [
            {"SPDXID": "SPDXRef-1", "name": "fluxlib", "versionInfo": "1.2", "validUntilDate": "2024-01-31"},
            {"SPDXID": "SPDXRef-2", "name": "Pump 3", "versionInfo": "9.3", "supplier": "Organization: Acme"},
        ],
    }
    related = {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-2"}
    tags = (
        "SPDXVersion: SPDX-2.3\nDocumentName: a document\nRelationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-2\n"
        "PackageName: fluxlib\nSPDXID: SPDXRef-1\nPackageVersion: 1.2\nValidUntilDate: 2024-01-31\n"
        "PackageName: Pump 3\nSPDXID: SPDXRef-2\nPackageVersion: 9.3\nPackageSupplier: Organization: Acme\n"
    )
    xml = (
        '<bom xmlns="http://cyclonedx.org/schema/bom/1.6" serialNumber="urn:uuid:1"><metadata><component>'
        "<supplier><name>Acme</name></supplier><name>Pump 3</name><version>9.3</version></component></metadata>"
        "<components><component><name>fluxlib</name><version>1.2</version><properties>"
        '<property name="End-of-Support">2024-01-31</property><property name="Level of Support">Inactive</property>'
        "</properties></component></components></bom>"
    )
    documents = [
        json.dumps(cyclonedx).encode(),
        json.dumps({**spdx, "documentDescribes": ["SPDXRef-2"]}).encode(),
        json.dumps({**spdx, "relationships": [related]}).encode(),
        tags.encode(),
        xml.encode(),
    ]
    for content in documents:
        bill = read_sbom(content)
        assert isinstance(bill, Bill)
        assert (bill.product.maker, bill.product.name, bill.product.version) == ("Acme", "Pump 3", "9.3")
        flux = next(one for one in bill.components if one.name == "fluxlib")
        assert flux.ends == "2024-01-31"
        assert flux.level == ("Inactive" if bill.form == "cyclonedx" else "")
        assert bill.serial == ("urn:uuid:1" if bill.form == "cyclonedx" else "")
        assert bill.problems == ()


def test_words_within_text_are_no_tags_whatever_they_look_like() -> None:
    said = read_sbom(
        b"""SPDXVersion: SPDX-2.3
PackageName: pump
PackageVersion: 1.0
PackageComment: <text>what a stranger wrote:
PackageName: log4j
PackageVersion: 2.14
</text>
PackageComment: <text>in one line</text>
PackageName: kernel
"""
    )
    assert isinstance(said, Bill)
    assert [(one.name, one.version) for one in said.components] == [("pump", "1.0"), ("kernel", "")]


def test_a_list_of_endless_parts_is_cut_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sbom, "ELEMENTS_LIMIT", 100)
    monkeypatch.setattr(sbom, "LINES_LIMIT", 100)
    monkeypatch.setattr(sbom, "REFERENCES_LIMIT", 5)
    refused = read_sbom(b"<bom><components>" + b"<component/>" * 100 + b"</components></bom>")
    assert isinstance(refused, Problem)
    assert "elements" in refused.why
    lines = read_sbom(b"SPDXVersion: SPDX-2.3\n" + b"PackageName: a\n" * 200)
    assert isinstance(lines, Bill)
    assert len(lines.components) == 99
    assert lines.problems
    many = read_sbom(b"SPDXVersion: SPDX-2.3\nPackageName: a\n" + b"ExternalRef: x purl pkg:a/b\n" * 20)
    assert isinstance(many, Bill)
    assert len(many.components[0].purls) == 5
    assert many.problems
