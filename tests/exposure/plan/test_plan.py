"""The plan keeps its promises, orders by risk removed an hour, and says how near it is to the best."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import fields, replace
from fractions import Fraction
from itertools import chain as joined
from itertools import combinations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asepsis.exposure.plan import Hours, HoursError, Kind, Plan, Subject, plan_of, read_hours
from asepsis.exposure.plan.order import EXHAUSTIVE_ACTIONS, Ceiling, hull
from asepsis.exposure.plan.words import MAKER_CHANGES_SOFTWARE, ONE_AT_A_TIME
from asepsis.exposure.plan.worth import SHAPES_LIMIT, Worth
from asepsis.exposure.risk import Facts, Threat, assess
from asepsis.exposure.risk.actions import applicable
from asepsis.exposure.risk.facts import Classified, Control
from asepsis.exposure.weaknesses import KINDS
from asepsis.knowledge.harm import harm_of
from asepsis.knowledge.vocabulary import Category
from asepsis.knowledge.work import table_of_work
from tests.eval.promises import done
from tests.exposure.plan.fleet import fleets
from tests.exposure.risk.test_score import facts_of_devices

SEARCHES = settings(
    max_examples=100 if "ASEPSIS_SOAK" in os.environ else 12, suppress_health_check=[HealthCheck.too_slow]
)


def pump(name: str, **changes: object) -> Subject:
    """An infusion pump with Telnet and a vulnerability that is mended."""
    threat = Threat(id="CVE-2021-33885", is_certain=True, base=9.8, impact=(1.0, 1.0, 1.0), has_fix=True)
    facts = Facts(
        device=name,
        category="infusion_pump",
        partners=4,
        networks=2,
        weaknesses=frozenset({"telnet"}),
        threats=(threat,),
        advisories_read=True,
        patients=1,
    )
    return Subject(id=name, site="s", facts=replace(facts, **changes), vendor="B. Braun", model="Infusomat Space")  # type: ignore[arg-type] # fields by name


@SEARCHES
@given(fleets())
def test_doing_the_work_in_order_gives_every_device_the_promised_score(fleet: list[Subject]) -> None:
    for one in done(fleet, plan_of(fleet)):
        assert one.is_kept
        assert one.after.score <= one.before.score


OTHER_FACTS: dict[str, object] = {
    "category": "telehealth_cart",
    "classified": Classified(code="CBK", fda_class=2, regulation="", sustains_life=True),
    "partners": 40,
    "networks": 7,
    "contacts_internet": True,
    "managed_from_internet": True,
    "weaknesses": frozenset({"smb-version-1"}),
    "threats": (Threat(id="CVE-2026-0001", is_certain=True, base=9.8, epss=0.9),),
    "reported": (Threat(id="nessus 1", is_certain=False, base=10.0, impact=(1.0, 1.0, 1.0), is_exploited=True),),
    "reported_weaknesses": frozenset({"default-credentials"}),
    "advisories_read": True,
    "controls": frozenset({Control.WATCHED}),
    "controls_told": True,
    "patients": 30,
    "patient_messages": 9000,
}


@pytest.mark.parametrize("fact", [one.name for one in fields(Facts) if one.name != "device"])
def test_devices_of_one_product_that_differ_in_one_fact_have_each_its_own_score(fact: str) -> None:
    one = Facts(device="one", partners=4)
    other = replace(one, device="other", **{fact: OTHER_FACTS[fact]})  # type: ignore[arg-type] # a field by its name
    worth = Worth([one, other])
    for each in (one, other):
        assert worth.by_device[each.device].score(frozenset()) == assess(each).score


@SEARCHES
@given(fleets())
def test_work_stands_in_the_order_of_risk_removed_an_hour(fleet: list[Subject]) -> None:
    found = plan_of(fleet)
    ratios = [item.per_hour for item in found.items]
    assert ratios == sorted(ratios, reverse=True)
    bundles: dict[int, list[Fraction]] = defaultdict(lambda: [Fraction(), Fraction()])
    for item in found.items:
        bundles[item.bundle][0] += item.removed
        bundles[item.bundle][1] += item.hours
    for item in found.items:
        removed, hours = bundles[item.bundle]
        assert item.per_hour == removed / hours


@SEARCHES
@given(fleets(), st.randoms(use_true_random=False))
def test_the_same_fleet_in_another_order_gives_the_same_plan(fleet: list[Subject], random: object) -> None:
    shuffled = list(fleet)
    random.shuffle(shuffled)  # type: ignore[attr-defined] # Hypothesis gives a random.Random
    assert plan_of(shuffled) == plan_of(fleet)


@SEARCHES
@given(fleets(), st.fractions(0, 60))
def test_a_budget_is_never_exceeded_and_takes_the_first_work(fleet: list[Subject], budget: Fraction) -> None:
    found = plan_of(fleet)
    fitting = found.within(budget)
    assert sum((item.hours for item in fitting), Fraction()) <= budget
    assert fitting == found.items[: len(fitting)]
    if len(fitting) < len(found.items):
        assert sum((item.hours for item in found.items[: len(fitting) + 1]), Fraction()) > budget


@SEARCHES
@given(facts_of_devices)
def test_the_short_reckoning_gives_the_score_itself(facts: Facts) -> None:
    assert Worth([facts]).risk() == assess(facts).score


def _best(fleet: list[Subject], budget: Fraction) -> Fraction:
    """The most that any set of work removes in so many hours, by trying all sets."""
    products = defaultdict(list)
    for subject in fleet:
        products[subject.product].append(subject)
    best = {Fraction(): Fraction()}
    for members in products.values():
        worth = Worth([one.facts for one in members])
        costs = _costs(worth)
        sets = joined.from_iterable(combinations(costs, size) for size in range(len(costs) + 1))
        points = [(sum((costs[name] for name in one), Fraction()), worth.removed(frozenset(one))) for one in sets]
        together: dict[Fraction, Fraction] = {}
        for hours, removed in best.items():
            for more, gain in points:
                if hours + more <= budget:
                    total = together.get(hours + more, Fraction())
                    together[hours + more] = max(total, removed + gain)
        best = together
    return max(best.values())


def _costs(worth: Worth) -> dict[str, Fraction]:
    table = Hours().by_action()
    return {action: table[action][0] + count * table[action][1] for action, count in worth.applying().items()}


@settings(SEARCHES, max_examples=6)
@given(fleets())
def test_no_choice_of_work_removes_more_than_the_ceiling_and_the_plan_its_share_of_it(fleet: list[Subject]) -> None:
    small = [one for one in fleet if len(applicable(one.facts)) <= 5][:3]
    if not small:
        return
    found = plan_of(small)
    worths = [Worth([one.facts for one in small if one.product == product]) for product in {s.product for s in small}]
    ceiling = Ceiling([hull(worth, _costs(worth)) for worth in worths])
    hours, removed = Fraction(), Fraction()
    ends = [index for index, item in enumerate(found.items) if item.kind is not Kind.ACCEPT]
    for index in ends:
        item = found.items[index]
        hours, removed = hours + item.hours, removed + item.removed
        if index + 1 < len(found.items) and found.items[index + 1].bundle == item.bundle:
            continue
        best = _best(small, hours)
        assert removed <= best <= ceiling.at(hours)
        assert removed >= found.share * best


@SEARCHES
@given(fleets())
def test_a_plan_where_more_actions_than_can_be_tried_together_still_lies_below_the_ceiling(
    fleet: list[Subject],
) -> None:
    many = [
        replace(one, facts=replace(one.facts, weaknesses=frozenset(list(KINDS)[:EXHAUSTIVE_ACTIONS]))) for one in fleet
    ]
    found = plan_of(many)
    assert 0 < found.share <= 1


def test_devices_of_one_product_are_one_piece_of_work_and_the_setup_counts_once() -> None:
    one, forty = plan_of([pump("p0")]), plan_of([pump(f"p{number}") for number in range(40)])
    patch_of_one = next(item for item in one.items if item.action == "patch")
    patch_of_forty = next(item for item in forty.items if item.action == "patch")
    assert patch_of_one.hours == 3 + 1
    assert patch_of_forty.hours == 3 + 40
    assert len(patch_of_forty.promises) == 40
    assert patch_of_one.id == patch_of_forty.id


def test_another_site_is_another_piece_of_work() -> None:
    found = plan_of([pump("p0"), replace(pump("p1"), site="t")])
    assert {item.product.site for item in found.items} == {"s", "t"}
    assert len({item.id for item in found.items}) == len(found.items)


def test_a_maker_changes_the_software_of_a_medical_device_and_the_hospital_that_of_a_workstation() -> None:
    patch = next(item for item in plan_of([pump("p0")]).items if item.kind is Kind.PATCH)
    assert patch.who == "maker"
    assert MAKER_CHANGES_SOFTWARE in patch.words
    desk = next(item for item in plan_of([pump("w0", category="workstation")]).items if item.kind is Kind.PATCH)
    assert desk.who == "information technology"
    assert MAKER_CHANGES_SOFTWARE not in desk.words


def test_no_work_tells_to_switch_off_what_sustains_life_and_each_says_to_take_one_at_a_time() -> None:
    forbidden = ("switch off", "switch it off", "turn off the", "power down", "shut down", "unplug", "take out of use")
    for category in Category:
        harm = harm_of(category)
        if harm is None or not harm.sustains_life:
            continue
        items = plan_of([pump("d", category=str(category), weaknesses=frozenset(KINDS))]).items
        for item in items:
            assert ONE_AT_A_TIME in item.words
            said = " ".join((item.title, *item.words)).lower()
            assert not [word for word in forbidden if word in said], (category, item.action, said)


def test_work_whose_risk_was_accepted_is_left_out_and_nothing_else_changes_its_promise() -> None:
    fleet = [pump("p0"), replace(pump("q0", category="ventilator"), vendor="Maker", model="V1")]
    whole = plan_of(fleet)
    left = next(item for item in whole.items if item.action == "telnet")
    rest = plan_of(fleet, left=frozenset((left.id,)))
    assert left.id not in {item.id for item in rest.items}
    other = [item for item in rest.items if item.product != left.product]
    assert [one.promises for one in other] == [one.promises for one in whole.items if one.product != left.product]


def test_what_stays_pressing_is_put_before_a_person() -> None:
    hopeless = Threat(id="CVE-2020-1", is_certain=True, base=10.0, impact=(1.0, 1.0, 1.0), epss=1.0, is_exploited=True)
    stuck = [
        pump(f"p{number}", threats=(hopeless,), weaknesses=frozenset(), partners=5000, networks=300, patients=2000)
        for number in range(2)
    ]
    found = plan_of(stuck)
    last = found.items[-1]
    assert last.kind is Kind.ACCEPT
    assert last.removed == 0
    assert [one.device for one in last.promises] == ["p0", "p1"]


def test_a_team_with_few_hours_needs_more_weeks() -> None:
    found = plan_of([pump(f"p{number}") for number in range(40)])
    slow, fast = found.weeks(Fraction(4)), found.weeks(Fraction(40))
    assert list(slow) == sorted(slow)
    assert all(one >= other for one, other in zip(slow, fast, strict=True))
    assert slow[-1] == -(-found.hours // 4)


def test_own_hours_replace_those_of_the_table() -> None:
    hours = read_hours(["patch=1+0.5", "restrict = 10 + 2"])
    found = plan_of([pump("p0")], hours)
    assert next(item.hours for item in found.items if item.action == "patch") == Fraction(3, 2)


@pytest.mark.parametrize("line", ["patch", "patch=3", "prayer=1+1", "patch=0+0", "patch=1999+2", "patch=-1+2", "=1+1"])
def test_hours_that_cannot_be_are_refused(line: str) -> None:
    with pytest.raises(HoursError):
        read_hours([line])


def test_every_action_of_the_risk_has_its_hours_and_they_add_up_to_what_advice_counts() -> None:
    table = table_of_work()
    everything = Facts(device="d", weaknesses=frozenset(KINDS), threats=pump("p").facts.threats)
    for action in applicable(everything):
        assert table[action.id].setup_hours + table[action.id].each_hours == pytest.approx(action.hours)
        Kind(table[action.id].kind)


def test_more_sorts_of_devices_than_are_tried_are_said_to_be_a_choice_and_promises_stay_exact() -> None:
    fleet = [pump(f"p{number:03}", partners=number) for number in range(SHAPES_LIMIT + 10)]
    found: Plan = plan_of(fleet)
    assert not found.is_proved
    first = found.items[0]
    for promise, subject in zip(first.promises, fleet, strict=True):
        assert promise.before == assess(subject.facts).score


def test_a_document_is_json_ready_and_names_devices_by_id() -> None:
    found = plan_of([pump("p0")]).document(Fraction(8))
    assert found["items"][0]["devices"][0]["device"] == "p0"
    assert found["items"][0]["week"] >= 1
    assert found["share_of_best"] <= 1
