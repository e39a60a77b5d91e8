"""Advisories made by hand from the standard (CSAF 2.0); makers and products are invented."""

from __future__ import annotations

import json
from typing import Any

from asepsis.exposure.advisory import Advisory, Provenance
from asepsis.exposure.feeds.csaf import read_csaf
from asepsis.exposure.feeds.document import Field, Notes, read_json


def csaf(
    products: list[tuple[str, str, str]],
    *,
    number: str = "TEST-26-001",
    status: str = "known_affected",
    **tracking: str,
) -> dict[str, Any]:
    """A document of one vulnerability; ``products`` are (vendor, name, version words)."""
    vendors: dict[str, list[dict[str, Any]]] = {}
    for place, (vendor, name, version) in enumerate(products):
        category = "product_version_range" if version[:1] in "<>=*v" else "product_version"
        leaf = {
            "category": category,
            "name": version,
            "product": {"name": f"{name}: {version}", "product_id": f"P{place}"},
        }
        vendors.setdefault(vendor, []).append({"category": "product_name", "name": name, "branches": [leaf]})
    return {
        "document": {
            "category": "csaf_security_advisory",
            "csaf_version": "2.0",
            "publisher": {"category": "vendor", "name": "Test Maker", "namespace": "https://maker.test"},
            "title": "An advisory made by hand",
            "tracking": {
                "id": number,
                "version": "1",
                "status": "final",
                "initial_release_date": "2026-01-01T00:00:00Z",
                "current_release_date": "2026-01-02T00:00:00Z",
                **tracking,
            },
        },
        "product_tree": {
            "branches": [{"category": "vendor", "name": name, "branches": inner} for name, inner in vendors.items()]
        },
        "vulnerabilities": [
            {
                "cve": "CVE-2026-0001",
                "product_status": {status: [f"P{place}" for place in range(len(products))]},
                "scores": [
                    {
                        "products": ["P0"],
                        "cvss_v3": {"version": "3.1", "baseScore": 9.8},
                    }
                ],
                "remediations": [{"category": "vendor_fix", "details": "Update.", "product_ids": ["P0"]}],
            }
        ],
    }


def read(document: dict[str, Any]) -> Advisory:
    """The advisory in a document."""
    notes = Notes()
    root = read_json(json.dumps(document).encode(), notes)
    assert isinstance(root, Field)
    return read_csaf(root, notes, Provenance(path="test.json", sha256=""))
