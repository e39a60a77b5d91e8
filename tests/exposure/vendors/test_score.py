from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asepsis.exposure.vendors import Facts, score

FACTS = st.builds(
    Facts,
    devices=st.integers(1, 500),
    models=st.integers(0, 20),
    open_findings=st.integers(0, 1000),
    exploited_findings=st.integers(0, 100),
    days_to_fix=st.none() | st.floats(0, 3000),
    models_with_form=st.integers(0, 20),
    models_with_list=st.integers(0, 20),
    contradictions=st.integers(0, 50),
    unsupported_devices=st.integers(0, 500),
    has_support_words=st.booleans(),
    has_agreement=st.booleans(),
    reaches_out=st.booleans(),
    has_remote_agreement=st.booleans(),
)


def total(facts: Facts) -> float:
    return sum(share.points for share in score(facts))


@given(FACTS)
def test_shares_lie_in_their_bounds_and_add_up_to_a_hundred_at_most(facts: Facts) -> None:
    shares = score(facts)
    assert sum(share.of for share in shares) == pytest.approx(100)
    assert all(0 <= share.points <= share.of for share in shares)
    assert all(share.why for share in shares)


@given(FACTS)
def test_a_worse_fact_never_raises_the_score(facts: Facts) -> None:
    worse = [
        replace(facts, open_findings=facts.open_findings + 1),
        replace(facts, exploited_findings=facts.exploited_findings + 1),
        replace(facts, contradictions=facts.contradictions + 1),
        replace(facts, unsupported_devices=facts.unsupported_devices + 1),
        replace(facts, models_with_list=max(facts.models_with_list - 1, 0)),
        replace(facts, has_agreement=False),
        replace(facts, reaches_out=True),
    ]
    if facts.days_to_fix is not None:
        worse.append(replace(facts, days_to_fix=facts.days_to_fix + 10))
    for one in worse:
        assert total(one) <= total(facts) + 1e-9


def test_a_vendor_that_does_all_of_it_has_a_hundred() -> None:
    best = Facts(
        devices=3,
        models=1,
        open_findings=0,
        exploited_findings=0,
        days_to_fix=0.0,
        models_with_form=1,
        models_with_list=1,
        contradictions=0,
        unsupported_devices=0,
        has_support_words=True,
        has_agreement=True,
        reaches_out=False,
        has_remote_agreement=False,
    )
    assert total(best) == pytest.approx(100)
