"""What documents say of a device reaches its risk, with the source: on a workspace with real traffic and documents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from asepsis.exposure.risk.factors import harm_factors
from asepsis.pipeline.advisories import update_feeds
from asepsis.pipeline.exposure import examine
from asepsis.pipeline.registry import Registry
from asepsis.pipeline.workspace import Workspace
from tests.pipeline.scanning.traffic import PUMP, seen_just_now


def recalled(number: str, code: str) -> dict[str, Any]:
    """A recall as openFDA's ``device/recall`` writes one, made by hand."""
    return {
        "product_res_number": number,
        "recalling_firm": "Test Maker Inc.",
        "product_description": "Vortan Pump, Model Number 8015",
        "code_info": "Serial numbers 1001 and 1002",
        "reason_for_recall": "May stop.",
        "product_code": code,
        "recall_status": "Ongoing",
    }


def classified(code: str, grade: str, life: str) -> dict[str, str]:
    """A line of openFDA's ``device/classification``, made by hand."""
    return {
        "product_code": code,
        "device_name": "Something",
        "device_class": grade,
        "regulation_number": "880.5725",
        "life_sustain_support_flag": life,
    }


@pytest.mark.parametrize(
    ("codes", "words"),
    [
        (["AAA"], "FDA class 3 (by its own product code AAA, 21 CFR 880.5725)"),
        (["AAA", "CCC"], "FDA class 3 (by its own product code AAA, 21 CFR 880.5725)"),
        # Two recalls that tie it to codes of which the FDA says different things tie it to none.
        (["AAA", "BBB"], "FDA class 2 (21 CFR 880.5725)"),
        (["ZZZ"], "FDA class 2 (21 CFR 880.5725)"),
    ],
)
def test_a_recall_ties_a_model_to_the_class_of_its_product_code(tmp_path: Path, codes: list[str], words: str) -> None:
    workspace = Workspace(tmp_path / "workspace").create()
    pump = seen_just_now(workspace, tmp_path)[PUMP]
    with Registry.open(workspace.registry_path) as registry:
        registry.override(pump, "vendor", "Test Maker", by="ada", note="")
        registry.override(pump, "model", "Vortan Pump 8015", by="ada", note="")
    documents = tmp_path / "documents"
    documents.mkdir()
    recalls = [recalled(f"Z-{place}", code) for place, code in enumerate(codes)]
    (documents / "recalls.json").write_text(json.dumps({"results": recalls}))
    table = [classified("AAA", "3", "Y"), classified("BBB", "1", "N"), classified("CCC", "3", "Y")]
    (documents / "classes.json").write_text(json.dumps({"results": table}))
    update, _ = update_feeds(workspace, documents, 1)
    assert len(update.added) == 2

    found = examine(workspace)
    (facts,) = [one for one in found.facts if one.device == pump]
    told = {factor.name: factor.words for factor in harm_factors(facts)}
    assert told["device_class"] == words
    assert ("the FDA flags its product code AAA" in told["function"]) == (words.startswith("FDA class 3"))
    (other,) = [one for one in found.facts if one.device != pump and one.category == "server"]
    assert other.classified is None
