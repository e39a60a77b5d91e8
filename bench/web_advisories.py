"""Advisories on the devices of ``bench.web_population``, so that pages about findings have something to show.

Every product is named by ten documents whose ranges end at different versions: about half of the devices are affected
by each, which makes some 250,000 findings. Makers' names are real words and everything else is invented.
"""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from asepsis.pipeline.advisories import update_feeds
from asepsis.pipeline.workspace import Workspace

MODELS: Final = 400
DOCUMENTS_FOR_EACH: Final = 10
PRODUCTS_IN_ONE: Final = 16
RELEASED: Final = "2026-01-15T00:00:00.000Z"
NOW_NS: Final = 1_800_000_000 * 1_000_000_000


def expose(root: Path, vendors: tuple[str, ...]) -> int:
    """Takes the documents in, where the workspace holds none yet; returns how many it took."""
    workspace = Workspace(root)
    if workspace.feeds_path.exists():
        return 0
    with TemporaryDirectory() as folder:
        count = 0
        for vendor in vendors:
            for turn in range(DOCUMENTS_FOR_EACH):
                for begin in range(0, MODELS, PRODUCTS_IN_ONE):
                    count += 1
                    models = range(begin, begin + PRODUCTS_IN_ONE)
                    path = Path(folder) / f"invented-{count:05d}.json"
                    path.write_text(json.dumps(_document(f"INVENTED-{count:05d}", vendor, models, turn)))
        update_feeds(workspace, Path(folder), NOW_NS)
    return count


def _document(name: str, vendor: str, models: range, turn: int) -> dict[str, Any]:
    """One advisory in CSAF 2.0: all versions up to one that differs with ``turn``."""
    end = f"{turn % 9}.{5 + turn}"
    products = [
        {
            "category": "product_name",
            "name": f"Model {model}",
            "branches": [
                {
                    "category": "product_version_range",
                    "name": f"<={end}",
                    "product": {"name": f"{vendor} Model {model}: <={end}", "product_id": f"P{model}"},
                }
            ],
        }
        for model in models
    ]
    ids = [f"P{model}" for model in models]
    number = int(name.rpartition("-")[2])
    return {
        "document": {
            "category": "csaf_security_advisory",
            "csaf_version": "2.0",
            "title": f"{vendor} Model {models.start} to {models.stop - 1}: version {end} and before",
            "publisher": {
                "category": "coordinator",
                "name": "An invented publisher",
                "namespace": "https://advisories.example",
            },
            "tracking": {
                "id": name,
                "status": "final",
                "version": "1",
                "current_release_date": RELEASED,
                "initial_release_date": RELEASED,
                "revision_history": [{"date": RELEASED, "number": "1", "summary": "first"}],
            },
        },
        "product_tree": {"branches": [{"category": "vendor", "name": vendor, "branches": products}]},
        "vulnerabilities": [
            {
                "cve": f"CVE-2031-{10_000 + 2 * number + offset}",
                "title": "Improper authentication",
                "product_status": {"known_affected": ids},
                "scores": [
                    {
                        "products": ids,
                        "cvss_v3": {
                            "version": "3.1",
                            "vectorString": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
                            "baseScore": 9.8,
                            "baseSeverity": "CRITICAL",
                        },
                    }
                ],
                "remediations": [
                    {"category": "vendor_fix", "details": f"Install a version after {end}.", "product_ids": ids}
                ],
            }
            for offset in range(2)
        ],
    }
