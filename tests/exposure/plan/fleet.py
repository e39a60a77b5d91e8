"""Fleets for tests of the plan: devices with facts that nobody thought of, a few to a product."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from asepsis.exposure.plan import Remedial, Subject
from tests.exposure.risk.test_score import facts_of_devices


@st.composite
def fleets(draw: st.DrawFn) -> list[Subject]:
    """Up to six devices of up to three products; devices of a product differ in what they did and have."""
    subjects: list[Subject] = []
    for model in draw(st.lists(st.sampled_from(("A1", "B2", "C3")), min_size=1, max_size=3, unique=True)):
        first = draw(facts_of_devices)
        for _ in range(draw(st.integers(1, 2))):
            other = draw(facts_of_devices)
            name = f"d{len(subjects)}"
            facts = replace(other, device=name, category=first.category, weaknesses=first.weaknesses)
            remedies = (Remedial(advisory="ICSMA-26-001-01", category="vendor_fix", words=f"Install 2.0 of {model}."),)
            subjects.append(Subject(id=name, site="s", facts=facts, vendor="Maker", model=model, remedies=remedies))
    return subjects
