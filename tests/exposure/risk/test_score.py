"""The score is bounded, adds up, never falls when a fact becomes worse, and advice keeps its promise."""

from __future__ import annotations

import os
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asepsis.exposure.risk import Control, Facts, Threat, Tier, advise, assess, stability
from asepsis.exposure.risk.actions import possible
from asepsis.exposure.risk.factors import _IMPACT_OF_WEAKNESS, harm_factors, likelihood_factors
from asepsis.exposure.risk.facts import Classified
from asepsis.exposure.risk.score import HARM_WEIGHTS, LIKELIHOOD_WEIGHTS
from asepsis.exposure.weaknesses import KINDS
from asepsis.knowledge.harm import SEVERITIES, harm_of
from asepsis.knowledge.vocabulary import MEDICAL, Category

# Advice tries some hundred sets of actions: a quarter of the examples, all of them in the long form.
# Making random facts may be slow on a busy machine, and that decides nothing.
PATIENT = settings(suppress_health_check=[HealthCheck.too_slow])
SEARCHES = settings(PATIENT, max_examples=100 if "ASEPSIS_SOAK" in os.environ else 15)
_CATEGORIES = sorted(str(category) for category in Category)
_IMPACTS = st.sampled_from((0.0, 0.5, 1.0))

threats = st.builds(
    Threat,
    id=st.sampled_from([f"CVE-2020-{number}" for number in range(9)]),
    is_certain=st.booleans(),
    base=st.none() | st.floats(0, 10),
    impact=st.none() | st.tuples(_IMPACTS, _IMPACTS, _IMPACTS),
    epss=st.none() | st.floats(0, 1),
    is_exploited=st.booleans(),
    has_fix=st.booleans(),
    is_public=st.booleans(),
)
claims = st.builds(
    Threat,
    id=st.sampled_from([f"open:{number}" for number in range(9)]),
    is_certain=st.just(False),
    base=st.floats(0, 10),
    impact=st.none() | st.tuples(_IMPACTS, _IMPACTS, _IMPACTS),
    epss=st.none() | st.floats(0, 1),
    is_exploited=st.booleans(),
    is_public=st.booleans(),
    is_doubted=st.booleans(),
)
classified = st.builds(
    Classified,
    code=st.just("CBK"),
    fda_class=st.none() | st.integers(1, 3),
    regulation=st.just(""),
    sustains_life=st.booleans(),
)
facts_of_devices = st.builds(
    Facts,
    device=st.just("d"),
    category=st.none() | st.sampled_from(_CATEGORIES),
    classified=st.none() | classified,
    partners=st.integers(0, 5000),
    networks=st.integers(0, 300),
    contacts_internet=st.booleans(),
    managed_from_internet=st.booleans(),
    weaknesses=st.frozensets(st.sampled_from(sorted(KINDS)), max_size=6),
    threats=st.lists(threats, max_size=4).map(tuple),
    reported=st.lists(claims, max_size=4).map(tuple),
    reported_weaknesses=st.frozensets(st.sampled_from(sorted(KINDS)), max_size=3),
    advisories_read=st.booleans(),
    controls=st.frozensets(st.sampled_from(Control)),
    controls_told=st.booleans(),
    patients=st.integers(0, 2000),
    patient_messages=st.integers(0, 10_000_000),
)


def test_weights_of_each_side_add_up_to_one() -> None:
    assert sum(LIKELIHOOD_WEIGHTS.values()) == sum(HARM_WEIGHTS.values()) == 1


@PATIENT
@given(facts_of_devices)
def test_a_score_is_bounded_and_lies_in_its_interval(facts: Facts) -> None:
    found = assess(facts)
    assert 0 <= found.low <= found.score <= found.high <= 100


@PATIENT
@given(facts_of_devices)
def test_the_factors_add_up_to_the_score_exactly(facts: Facts) -> None:
    found = assess(facts)
    assert sum((share.points for share in found.shares), Fraction()) == found.score
    assert found.score == 100 * found.likelihood * found.harm
    assert sum(found.in_tenths()) == round(10 * found.score)
    assert all(
        abs(tenths - 10 * share.points) <= 1 for tenths, share in zip(found.in_tenths(), found.shares, strict=True)
    )
    assert all(share.points >= 0 for share in found.shares)
    assert {share.factor for share in found.shares} == {*LIKELIHOOD_WEIGHTS, *HARM_WEIGHTS}


def _worse_threat(threat: Threat, step: int) -> Threat:
    known = 0.0 if threat.base is None else threat.base
    ways: list[dict[str, Any]] = [
        {"is_certain": True},
        {"is_exploited": True},
        {"epss": min(1.0, (threat.epss or 0.0) + 0.2)},
        {} if threat.base is None else {"base": min(10.0, known + 2)},
        {} if threat.impact is None else {"impact": (1.0, 1.0, 1.0)},
        {"is_public": True},
        {"is_doubted": False},
    ]
    return replace(threat, **ways[step % len(ways)])


def _worse_claim(claim: Threat, step: int) -> Threat:
    # A claim whose parts are known is not certain for it: no report makes one certain.
    worse = _worse_threat(claim, step)
    return replace(worse, is_certain=False)


@PATIENT
@given(facts_of_devices, st.sampled_from(sorted(KINDS)), threats, claims, st.integers(0, 20))
def test_a_worse_fact_never_lowers_the_score(facts: Facts, kind: str, threat: Threat, claim: Threat, step: int) -> None:
    worse = [
        replace(facts, partners=facts.partners + step),
        replace(facts, networks=facts.networks + step),
        replace(facts, contacts_internet=True),
        replace(facts, managed_from_internet=True),
        replace(facts, weaknesses=facts.weaknesses | {kind}),
        replace(facts, threats=(*facts.threats, threat)),
        replace(facts, reported=(*facts.reported, claim)),
        replace(facts, reported_weaknesses=facts.reported_weaknesses | {kind}),
        replace(facts, patients=facts.patients + step),
        replace(facts, patient_messages=facts.patient_messages + 1000 * step),
        replace(facts, controls=facts.controls - {min(facts.controls, default=Control.WATCHED)}),
    ]
    if facts.threats:
        worse.append(replace(facts, threats=(_worse_threat(facts.threats[0], step), *facts.threats[1:])))
    if facts.classified is not None and facts.classified.fda_class is not None:
        graver = replace(facts.classified, fda_class=min(3, facts.classified.fda_class + 1))
        worse.append(replace(facts, classified=graver))
    if facts.classified is not None:
        worse.append(replace(facts, classified=replace(facts.classified, sustains_life=True)))
    if facts.reported:
        worse.append(replace(facts, reported=(_worse_claim(facts.reported[0], step), *facts.reported[1:])))
    before = assess(facts).score
    for changed in worse:
        assert assess(changed).score >= before


@PATIENT
@given(facts_of_devices, st.sampled_from(_CATEGORIES), st.sampled_from(_CATEGORIES))
def test_a_worse_function_never_lowers_the_score(facts: Facts, one: str, other: str) -> None:
    first, second = harm_of(one), harm_of(other)
    if first is None or second is None:
        return
    keys = [(SEVERITIES.index(harm.severity), harm.sustains_life, harm.fda_class or 0) for harm in (first, second)]
    if all(a <= b for a, b in zip(*keys, strict=True)):
        assert assess(replace(facts, category=one)).score <= assess(replace(facts, category=other)).score


@SEARCHES
@given(facts_of_devices)
def test_doing_what_is_advised_gives_the_score_and_tier_that_were_promised(facts: Facts) -> None:
    advice = advise(facts)
    if advice is None:
        return
    done = facts
    for action in advice.actions:
        done = action.change(done)
    before, after = assess(facts), assess(done)
    assert (after.score, after.tier) == (advice.score, advice.tier)
    assert after.score < before.score
    assert advice.changes_tier == (after.tier != before.tier)
    assert advice.hours == pytest.approx(sum(action.hours for action in advice.actions))


@SEARCHES
@given(facts_of_devices)
def test_no_single_action_changes_the_tier_for_fewer_hours_than_the_advice(facts: Facts) -> None:
    advice = advise(facts)
    if advice is None or not advice.changes_tier:
        return
    before = assess(facts)
    for action in possible(facts):
        if assess(action.change(facts)).tier != before.tier:
            assert advice.hours <= action.hours


@PATIENT
@given(facts_of_devices)
def test_no_action_makes_it_worse(facts: Facts) -> None:
    before = assess(facts).score
    assert all(assess(action.change(facts)).score <= before for action in possible(facts))


def test_a_pump_that_takes_whoever_calls_stands_before_a_printer_that_does() -> None:
    pump = Facts(device="pump", category="infusion_pump", weaknesses=frozenset({"service-without-authentication"}))
    printer = replace(pump, category="printer")
    assert assess(pump).tier is Tier.HIGH
    assert assess(printer).score < assess(pump).score / 2
    reasons = " ".join(share.words for share in assess(pump).shares)
    assert "gives drugs into a vein" in reasons
    assert "any computer can use its clinical service" in reasons


def test_what_attackers_use_already_weighs_more_than_a_high_base_score() -> None:
    exploited = Threat(id="CVE-1", is_certain=True, base=5.0, is_exploited=True)
    high = Threat(id="CVE-2", is_certain=True, base=10.0)
    device = Facts(device="d", category="ct", advisories_read=True)
    assert assess(replace(device, threats=(exploited,))).score > assess(replace(device, threats=(high,))).score


def test_what_cannot_be_told_widens_the_interval_and_not_the_lower_end() -> None:
    device = Facts(device="d", category="ct", advisories_read=True, controls_told=True)
    unsure = replace(device, threats=(Threat(id="CVE-1", is_certain=False, base=9.8),))
    sure = replace(device, threats=(Threat(id="CVE-1", is_certain=True, base=9.8, impact=(1.0, 1.0, 1.0)),))
    assert assess(unsure).low == assess(device).low
    assert assess(device).score < assess(unsure).score < assess(sure).score


def test_every_medical_category_and_every_weakness_is_judged() -> None:
    assert [category for category in MEDICAL if harm_of(category) is None] == []
    assert set(_IMPACT_OF_WEAKNESS) == set(KINDS)
    for category in _CATEGORIES:
        harm = harm_of(category)
        assert harm is None or (harm.source and harm.severity in SEVERITIES and harm.function)


def test_stability_is_one_where_nothing_can_move_and_repeatable() -> None:
    assert stability([]).mean == 1.0
    one = [Facts(device="a", category="ct"), Facts(device="b", category="ct")]
    assert stability(one).least == 1.0
    kinds = sorted(KINDS)
    mixed = [
        Facts(device=f"{place}", category=category, partners=3 * place, weaknesses=frozenset(kinds[: place % 4]))
        for place, category in enumerate(sorted(MEDICAL))
    ]
    found = stability(mixed)
    assert found == stability(mixed)
    assert found.mean >= 0.9
    assert all(1 <= first <= last <= len(mixed) for first, last in found.ranks.values())
    # Weights that may be anything no longer give our order: the measure can fail.
    assert stability(mixed, noise=1.0).least < found.least


def test_the_word_of_others_raises_the_score_and_leaves_open_that_it_is_wrong() -> None:
    device = Facts(device="d", category="ct", advisories_read=True, controls_told=True)
    claim = Threat(id="97833:tcp:445", is_certain=False, base=9.8, impact=(1.0, 1.0, 1.0))
    claimed, published = replace(device, reported=(claim,)), replace(device, reported=(replace(claim, is_public=True),))
    doubted = replace(device, reported=(replace(claim, is_doubted=True),))
    sure = replace(device, threats=(replace(claim, is_certain=True),))
    assert assess(claimed).low == assess(device).low
    assert assess(device).score < assess(claimed).score < assess(published).score
    assert assess(claimed).score < assess(sure).score
    # What is doubted widens the interval and moves nothing.
    assert (assess(doubted).score, assess(doubted).low) == (assess(device).score, assess(device).low)
    assert assess(doubted).high == assess(claimed).high > assess(device).high


def test_a_thousand_claims_of_reports_weigh_no_more_than_half_of_what_is_sure() -> None:
    device = Facts(device="d", category="ct", advisories_read=True)
    many = tuple(Threat(id=f"{number}", is_certain=False, base=10.0) for number in range(200))
    shares = {one.factor: one.words for one in assess(replace(device, reported=many)).shares}
    (factor,) = [one for one in likelihood_factors(replace(device, reported=many)) if one.name == "vulnerabilities"]
    assert (factor.low, round(factor.middle, 6), round(factor.high, 6)) == (0.0, 0.5, 1.0)
    assert shares["vulnerabilities"].endswith("reports claim 200 more")


def test_an_open_port_that_a_report_names_weighs_less_than_one_that_was_seen() -> None:
    device = Facts(device="d", category="ct")
    claimed, seen = (
        replace(device, reported_weaknesses=frozenset({"telnet"})),
        replace(device, weaknesses=frozenset({"telnet"})),
    )
    assert assess(device).score < assess(claimed).score < assess(seen).score
    assert assess(claimed).low == assess(device).low
    both = replace(seen, reported_weaknesses=frozenset({"telnet"}))
    assert assess(both).score == assess(seen).score


def test_the_class_of_a_devices_own_product_code_stands_for_that_of_its_kind() -> None:
    kind = Facts(device="d", category="patient_monitor")
    own = replace(kind, classified=Classified(code="XYZ", fda_class=3, regulation="21 CFR 870.1", sustains_life=False))
    told = {factor.name: factor for factor in harm_factors(own)}
    assert told["device_class"].middle == 1.0
    assert told["device_class"].words == "FDA class 3 (by its own product code XYZ, 21 CFR 870.1)"
    assert told["function"] == {factor.name: factor for factor in harm_factors(kind)}["function"]
    life = replace(own, classified=Classified(code="CBK", fda_class=None, regulation="", sustains_life=True))
    told = {factor.name: factor for factor in harm_factors(life)}
    assert told["function"].low == told["function"].high == 1.0
    assert told["function"].words.endswith("the FDA flags its product code CBK as sustaining life")
    # What is not classified is not known better than by its kind.
    assert told["device_class"] == {factor.name: factor for factor in harm_factors(kind)}["device_class"]
