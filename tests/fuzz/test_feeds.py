"""Documents of publishers with anything changed in them: never an exception, and memory that is bounded."""

from __future__ import annotations

import gzip
import json
import os
import random
import tracemalloc

import pytest

from asepsis.exposure.advisory import Problem
from asepsis.exposure.feeds.provider import read_changes, read_index, read_provider, read_rolie
from asepsis.exposure.feeds.reading import Document, read_document
from asepsis.exposure.feeds.sbom import read_sbom
from asepsis.exposure.feeds.telling import told_by
from tests.exposure.documents import csaf

ROUNDS = 20_000 if os.environ.get("ASEPSIS_SOAK") else 150
# What a document of some kilobytes may take while it is read.
MEMORY_LIMIT_BYTES = 64 * 2**20
AT = "https://maker.test/csaf/"

SEEDS: dict[str, bytes] = {
    "csaf": json.dumps(csaf([("Acme", "Pump 3", "< 2.1"), ("Acme", "Monitor", "vers:all/*")])).encode(),
    "openvex": json.dumps(
        {
            "@context": "https://openvex.dev/ns/v0.2.0",
            "@id": "https://acme.test/1",
            "author": "Acme",
            "timestamp": "2026-01-01T00:00:00Z",
            "version": 1,
            "statements": [
                {
                    "vulnerability": {"name": "CVE-2026-0001"},
                    "products": [{"@id": "pkg:npm/a@1", "subcomponents": [{"@id": "pkg:npm/b@1"}]}],
                    "status": "affected",
                }
            ],
        }
    ).encode(),
    "cyclonedx": json.dumps(
        {
            "bomFormat": "CycloneDX",
            "specVersion": "1.4",
            "serialNumber": "urn:uuid:2c385cf7-e1ee-46e9-a51c-13de1ecb380a",
            "version": 1,
            "metadata": {"supplier": {"name": "Acme"}, "component": {"name": "Pump", "bom-ref": "p"}},
            "vulnerabilities": [
                {
                    "id": "CVE-2026-0001",
                    "analysis": {"state": "not_affected"},
                    "affects": [
                        {
                            "ref": "p",
                            "versions": [
                                {"range": "vers:semver/>=1.0|<=2.0", "status": "unaffected"},
                                {"range": "vers:semver/>=3.0|<=4.0", "status": "unaffected"},
                            ],
                        }
                    ],
                }
            ],
        }
    ).encode(),
    "recalls": json.dumps(
        {
            "meta": {"last_updated": "2026-01-01"},
            "results": [
                {
                    "recall_number": "Z-1-2026",
                    "recalling_firm": "Acme",
                    "product_description": "Pump 3, Model 8015, REF 12-34",
                    "code_info": "Lots 1, 2",
                }
            ],
        }
    ).encode(),
    "kev": json.dumps(
        {
            "catalogVersion": "1",
            "count": 1,
            "vulnerabilities": [{"cveID": "CVE-2026-0001", "dateAdded": "2026-01-01"}],
        }
    ).encode(),
    "epss": b"#model_version:v1,score_date:2026-01-01\ncve,epss,percentile\nCVE-2026-0001,0.1,0.2\n",
    "classes": b"REVIEW_PANEL|PRODUCTCODE|DEVICENAME|DEVICECLASS|Implant_Flag|Life_Sustain_support_flag\n"
    b"HO|FRN|Pump|2|N|N\n",
    "xml": b'<bom xmlns="http://cyclonedx.org/schema/bom/1.4"><components><component><name>a</name></component>'
    b"</components></bom>",
}


def altered(content: bytes, chance: random.Random) -> bytes:
    """A copy with some bytes turned, cut out, said twice or put in, or packed and then so."""
    found = bytearray(gzip.compress(content, mtime=0) if chance.random() < 0.1 else content)
    for _ in range(chance.randint(1, 6)):
        place = chance.randrange(len(found) + 1) if found else 0
        match chance.randrange(5):
            case 0 if found:
                found[place % len(found)] ^= 1 << chance.randrange(8)
            case 1:
                del found[place : place + chance.randint(1, 40)]
            case 2:
                found[place:place] = found[place : place + 60] * chance.randint(1, 30)
            case 3:
                found[place:place] = chance.choice(
                    (b"[" * 200, b'{"a":' * 90, b"null", b"1e999", b'"\\ud800"', b"\x00", b"-")
                )
            case _:
                del found[place:]
    return bytes(found)


@pytest.mark.parametrize("kind", SEEDS)
def test_altered_documents_are_values_and_never_exceptions(kind: str) -> None:
    chance = random.Random(f"feeds {kind}")
    tracemalloc.start()
    try:
        for _ in range(ROUNDS):
            content = altered(SEEDS[kind], chance)
            found = read_document(content, "x")
            assert isinstance(found, Document | Problem)
            if isinstance(found, Document):
                told_by([found.content])
            read_sbom(content)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < MEMORY_LIMIT_BYTES


def test_altered_lists_of_publishers_are_values_and_lead_nowhere_else() -> None:
    chance = random.Random("providers")
    provider = json.dumps(
        {
            "publisher": {"name": "Acme"},
            "distributions": [{"directory_url": AT}, {"rolie": {"feeds": [{"url": f"{AT}feed.json"}]}}],
            "public_openpgp_keys": [{"fingerprint": "00", "url": f"{AT}key.asc"}],
        }
    ).encode()
    rolie = json.dumps({"feed": {"updated": "2026-01-01", "entry": [{"content": {"src": f"{AT}a.json"}}]}}).encode()
    for _ in range(ROUNDS):
        read_provider(altered(provider, chance), AT)
        read_rolie(altered(rolie, chance), AT)
        for listing in (
            read_index(altered(b"2026/a.json\n2026/b.json\n", chance), AT),
            read_changes(altered(b'"2026/a.json","2026-01-01T00:00:00Z"\n', chance), AT),
        ):
            assert all(one.url.startswith(AT) for one in listing.documents)
