"""Every role, every action, every scope, every way to be signed in, with and without break-glass: as the rules say."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from asepsis.knowledge.authorisation import policy_texts
from asepsis.web.authorisation import schema
from asepsis.web.authorisation.actions import Action, Kind, Purpose, Role
from asepsis.web.authorisation.engine import Engine
from asepsis.web.authorisation.facts import (
    HOSPITAL,
    BreakGlassFacts,
    Circumstances,
    DeviceFacts,
    Facts,
    Grant,
    OpenBreakGlass,
    PersonFacts,
    ProposalFacts,
    RecordFacts,
    RoleGrantFacts,
    Scope,
    ScopeFacts,
    Subject,
    System,
    VendorAccess,
)
from asepsis.web.authorisation.policies import Policy, read, shipped
from tests.web.authorisation.oracle import Question, expected

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
ENGINE = Engine(shipped())

SITE = Scope(site="north")
DEPARTMENT = Scope(site="north", department="icu")
THING_IN = (Scope(site="north", department="icu"), Scope(site="south", department="ward"))

# Assurance level, bound to a device, seconds since sign-in: the least of each that matters, and just beyond a limit.
SIGNED_IN = ((1, False, 5), (2, False, 5), (3, False, 5), (2, True, 5), (3, True, 600), (3, True, 601))
PURPOSES_OF_RECORDS = (Purpose.TREATMENT, Purpose.COMPLIANCE, Purpose.HEALTHCARE_OPERATIONS, Purpose.RESEARCH)


def people() -> Iterator[tuple[Role | None, Scope, Subject]]:
    yield None, SITE, Subject(id="me")
    yield None, SITE, Subject(id="me", grants=(Grant(role=Role.ADMINISTRATOR, scope=HOSPITAL, expires_at=NOW),))
    yield Role.VENDOR, SITE, Subject(id="me", vendor=VendorAccess(group="pumps", until=NOW + timedelta(seconds=1)))
    yield None, SITE, Subject(id="me", vendor=VendorAccess(group="pumps", until=NOW))
    yield Role.PATIENT, SITE, Subject(id="me", patient="p1")
    for role in Role:
        if role in (Role.VENDOR, Role.PATIENT):
            continue
        for scope in (HOSPITAL, SITE, DEPARTMENT):
            later = NOW + timedelta(minutes=1)
            yield role, scope, Subject(id="me", grants=(Grant(role=role, scope=scope, expires_at=later),))
        yield role, HOSPITAL, Subject(id="me", active=False, grants=(Grant(role=role, scope=HOSPITAL),))


def things(kind: Kind) -> Iterator[tuple[Facts, Scope, bool, bool, str]]:
    """A thing, where it lies, whether it is of the one who asks, whether it is of the vendor's group, its role."""
    for place in THING_IN:
        match kind:
            case Kind.DEVICE:
                yield DeviceFacts(id="d", scope=place), place, False, False, ""
                yield DeviceFacts(id="d", scope=place, groups=("pumps",)), place, False, True, ""
            case Kind.RECORD:
                yield RecordFacts(id="r", scope=place, patient="p1"), place, True, False, ""
                yield RecordFacts(id="r", scope=place, patient="p2"), place, False, False, ""
            case Kind.SCOPE:
                yield ScopeFacts(scope=place), place, False, False, ""
            case Kind.PERSON:
                grant = Grant(role=Role.CLINICIAN, scope=place)
                yield PersonFacts(subject=Subject(id="other", grants=(grant,))), place, False, False, ""
                yield PersonFacts(subject=Subject(id="me")), place, True, False, ""
            case Kind.CHANGE_PROPOSAL:
                for who in ("me", "other"):
                    yield ProposalFacts(id="c", scope=place, proposer=who), place, who == "me", False, ""
            case Kind.BREAK_GLASS:
                for who in ("me", "other"):
                    yield BreakGlassFacts(id="b", scope=place, person=who), place, who == "me", False, ""
            case Kind.ROLE_GRANT:
                for role, who in itertools.product((Role.ADMINISTRATOR, Role.PATIENT, Role.CLINICIAN), ("me", "other")):
                    facts = RoleGrantFacts(id="g", scope=place, person=who, proposer=who, role=role)
                    yield facts, place, who == "me", False, role
            case Kind.SYSTEM:
                pass
    if kind is Kind.SYSTEM:
        yield System(), HOSPITAL, False, False, ""


def disagreements(engine: Engine, kind: Kind, *, every: int = 1) -> tuple[int, list[Question]]:
    """How many questions were asked about things of a kind, and those that were answered otherwise than expected."""
    wrong = []
    asked = 0
    actions = [action for action, facts in schema.actions().items() if kind in facts.kinds]
    purposes = PURPOSES_OF_RECORDS if kind in (Kind.RECORD, Kind.DEVICE) else (Purpose.HEALTHCARE_OPERATIONS,)
    worlds = itertools.product(people(), things(kind), (None, "this", "another", "over"), purposes, SIGNED_IN, actions)
    for number, (
        (role, held_in, who),
        (thing, place, mine, in_group, asked_role),
        glass,
        purpose,
        way,
        action,
    ) in enumerate(worlds):
        if number % every or (glass and kind not in (Kind.DEVICE, Kind.RECORD)):
            continue
        asked += 1
        level, hard, age = way
        decision = engine.decide(
            with_glass(who, kind, thing, glass),
            action,
            thing,
            Circumstances(
                assurance_level=level, device_bound=hard, signed_in_seconds_ago=age, purpose=purpose, now=NOW
            ),
        )
        assert not decision.fault
        question = Question(
            role=role,
            action=action,
            kind=kind,
            hospital_wide=held_in == HOSPITAL,
            covers=role is not None and place.lies_in(held_in),
            mine=mine,
            opened=glass == "this",
            in_group=in_group,
            role_asked=asked_role,
            level=level,
            hard=hard,
            fresh=age <= 600,
            active=who.active,
            purpose=purpose,
        )
        if decision.allowed != expected(question):
            wrong.append(question)
    return asked, wrong


def with_glass(who: Subject, kind: Kind, thing: Facts, glass: str | None) -> Subject:
    if glass is None:
        return who
    until = NOW if glass == "over" else NOW + timedelta(minutes=60)
    ours = glass in ("this", "over")
    opened = OpenBreakGlass(until=until, device="d" if ours else "e")
    if isinstance(thing, RecordFacts):
        # Another's glass is one that was broken for a device: it opens nobody's records.
        opened = OpenBreakGlass(until=until, patient=thing.patient) if ours else OpenBreakGlass(until=until, device="r")
    return Subject(
        id=who.id,
        active=who.active,
        grants=who.grants,
        vendor=who.vendor,
        patient=who.patient,
        break_glass=(opened,),
    )


@pytest.mark.parametrize("kind", Kind)
def test_decisions_are_as_the_rules_say(kind: Kind) -> None:
    # A prime step visits every value of every dimension; the whole is a slow test of its own.
    asked, wrong = disagreements(ENGINE, kind, every=53 if kind in (Kind.DEVICE, Kind.RECORD) else 7)
    assert asked > 30
    assert wrong == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", Kind)
def test_all_decisions_are_as_the_rules_say(kind: Kind) -> None:
    _, wrong = disagreements(ENGINE, kind)
    assert wrong == []


@pytest.mark.slow
@pytest.mark.parametrize("policy", shipped(), ids=lambda policy: policy.id)
def test_every_policy_decides_something_that_the_rules_notice(policy: Policy) -> None:
    """Takes each policy away: if nothing disagreed, either the policy or the rules would say nothing."""
    without = Engine([other for other in shipped() if other.id != policy.id])
    kinds = {kind for action in policy.actions for kind in schema.actions()[action].kinds}
    assert any(disagreements(without, kind, every=step)[1] for step in (61, 7, 1) for kind in sorted(kinds))


def test_one_person_himself_is_managed_only_by_a_hospital_administrator() -> None:
    circumstances = Circumstances(assurance_level=3, device_bound=True, signed_in_seconds_ago=1, now=NOW)
    for scope, may in ((HOSPITAL, True), (SITE, False)):
        me = Subject(id="me", grants=(Grant(role=Role.ADMINISTRATOR, scope=scope),))
        decision = ENGINE.decide(me, Action.PERSON_MANAGE, PersonFacts(subject=me), circumstances)
        assert decision.allowed is may


def test_a_prohibition_with_a_fault_refuses() -> None:
    """Cedar skips a policy that fails; without our rule the overflow below would open the door."""
    own = """
    @id("long-ago") @says("Nothing is seen that was signed in for too long.")
    forbid (principal, action == Action::"device.view", resource)
    when { context.signed_in_seconds_ago * 9223372036854775807 > 5 };
    """
    engine = Engine([*shipped(), *read({"own.cedar": own}, own=True)])
    me = Subject(id="me", grants=(Grant(role=Role.CLINICIAN, scope=HOSPITAL),))
    device = DeviceFacts(id="d", scope=SITE)
    for age, may in ((0, True), (2, False)):
        circumstances = Circumstances(assurance_level=2, device_bound=False, signed_in_seconds_ago=age, now=NOW)
        decision = engine.decide(me, Action.DEVICE_VIEW, device, circumstances)
        assert (decision.allowed, bool(decision.fault)) == (may, not may)
        assert engine.anywhere(me, Action.DEVICE_VIEW, circumstances).allowed is may


def test_the_shipped_files_are_what_is_decided_by() -> None:
    assert {policy.file for policy in shipped()} == set(policy_texts())
