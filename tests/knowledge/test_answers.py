"""Looking one text up in all tables."""

from __future__ import annotations

from asepsis.knowledge.answers import answers


def test_a_text_is_looked_up_in_every_table() -> None:
    found = {answer.table: dict(answer.says) for answer in answers("Alaris PCU")}
    assert found["products"]["category"] == "infusion_pump"
    assert {answer.table for answer in answers("00:1b:c5:07:b0:01")} >= {"mac_prefixes", "vendors"}
    assert answers("nothing that anybody knows, 4711") == []
