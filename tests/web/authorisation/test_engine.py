"""What a decision carries, what tokens may do, and why a person may not."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta

import cedarpy
import pytest

from asepsis.web.authorisation import schema
from asepsis.web.authorisation.actions import Action, Kind, Obligation, Purpose, Role
from asepsis.web.authorisation.engine import Engine
from asepsis.web.authorisation.explanation import Remedy, explain
from asepsis.web.authorisation.facts import (
    HOSPITAL,
    PLACED_ROLES,
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
    narrowed,
)
from asepsis.web.authorisation.policies import shipped

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
ENGINE = Engine(shipped())
SITE = Scope(site="1")
WARD = Scope(site="1", department="11")
PUMP = DeviceFacts(id="pump", scope=WARD, groups=("pumps",))
STRONG = Circumstances(assurance_level=3, device_bound=True, signed_in_seconds_ago=5, now=NOW)
USUAL = Circumstances(assurance_level=2, device_bound=False, signed_in_seconds_ago=3_000, now=NOW)
WEAK = Circumstances(assurance_level=1, device_bound=False, signed_in_seconds_ago=3_000, now=NOW)

THINGS: dict[Kind, Facts] = {
    Kind.SYSTEM: System(),
    Kind.SCOPE: ScopeFacts(scope=SITE),
    Kind.DEVICE: PUMP,
    Kind.RECORD: RecordFacts(id="r", scope=WARD, patient="p"),
    Kind.PERSON: PersonFacts(subject=Subject(id="you")),
    Kind.CHANGE_PROPOSAL: ProposalFacts(id="c", scope=SITE, proposer="you"),
    Kind.ROLE_GRANT: RoleGrantFacts(id="g", scope=SITE, person="you", proposer="they", role=Role.ADMINISTRATOR),
    Kind.BREAK_GLASS: BreakGlassFacts(id="b", scope=SITE, person="you"),
}


def someone(*roles: Role, scope: Scope = HOSPITAL) -> Subject:
    return Subject(id="me", grants=tuple(Grant(role=role, scope=scope) for role in roles))


def test_a_network_engineer_owes_a_mask_unless_another_role_shows_the_bytes() -> None:
    network, both = someone(Role.NETWORK_ENGINEER), someone(Role.NETWORK_ENGINEER, Role.SECURITY_ANALYST)
    assert ENGINE.decide(network, Action.PACKET_VIEW, PUMP, USUAL).obligations == {Obligation.MASK_PAYLOAD}
    assert ENGINE.decide(both, Action.PACKET_VIEW, PUMP, USUAL).obligations == set()
    # A list owes what any of its rows may owe.
    assert ENGINE.obligations(both, Action.PACKET_VIEW, USUAL) == {Obligation.MASK_PAYLOAD}
    # The conditions of a role that the person does not hold bind nobody.
    assert ENGINE.obligations(someone(Role.SECURITY_ANALYST), Action.PACKET_VIEW, USUAL) == set()
    assert ENGINE.obligations(network, Action.DEVICE_VIEW, USUAL) == set()


def test_reasons_are_policies_with_sentences() -> None:
    allowed = ENGINE.decide(someone(Role.CLINICIAN, scope=SITE), Action.DEVICE_VIEW, PUMP, USUAL)
    assert [policy.says for policy in allowed.policies] == ["A clinician sees which devices the own departments have."]
    refused = ENGINE.decide(someone(Role.CLINICIAN, scope=SITE), Action.DEVICE_VIEW, PUMP, WEAK)
    assert [policy.id for policy in refused.policies] == ["second-factor"]
    assert ENGINE.decide(someone(), Action.DEVICE_VIEW, PUMP, USUAL).policies == ()


def test_an_administrator_reads_neither_evidence_nor_data_of_patients() -> None:
    administrator = someone(Role.ADMINISTRATOR)
    record = RecordFacts(id="r", scope=WARD, patient="p")
    for action in (Action.DEVICE_EVIDENCE, Action.PACKET_VIEW, Action.CONVERSATION_VIEW):
        assert not ENGINE.decide(administrator, action, PUMP, STRONG).allowed
        assert not ENGINE.anywhere(administrator, action, STRONG).allowed
    for purpose in Purpose:
        how = Circumstances(assurance_level=3, device_bound=True, signed_in_seconds_ago=5, now=NOW, purpose=purpose)
        assert not ENGINE.decide(administrator, Action.RECORD_VIEW, record, how).allowed


def test_break_glass_for_a_device_opens_nobodys_records() -> None:
    opened = Subject(id="me", break_glass=(OpenBreakGlass(until=NOW + timedelta(minutes=60), device="pump"),))
    assert ENGINE.decide(opened, Action.PACKET_VIEW, PUMP, USUAL).allowed
    assert not ENGINE.decide(opened, Action.DEVICE_EDIT, PUMP, STRONG).allowed
    assert not ENGINE.anywhere(opened, Action.RECORD_VIEW, STRONG).allowed


def test_a_page_of_a_place_opens_where_a_role_holds_somewhere() -> None:
    assert ENGINE.anywhere(someone(Role.CLINICAL_ENGINEER, scope=WARD), Action.CAPTURE_UPLOAD, USUAL).allowed
    assert not ENGINE.anywhere(someone(Role.CLINICIAN, scope=WARD), Action.CAPTURE_UPLOAD, USUAL).allowed
    refused = ENGINE.anywhere(someone(Role.CLINICAL_ENGINEER, scope=WARD), Action.CAPTURE_UPLOAD, WEAK)
    assert [policy.id for policy in refused.policies] == ["second-factor"]
    engineer = someone(Role.CLINICAL_ENGINEER, scope=WARD)
    assert ENGINE.decide(engineer, Action.CAPTURE_UPLOAD, ScopeFacts(scope=WARD), USUAL).allowed
    assert not ENGINE.decide(engineer, Action.CAPTURE_UPLOAD, ScopeFacts(scope=SITE), USUAL).allowed


def test_a_thing_of_the_wrong_kind_is_refused_with_a_fault() -> None:
    decision = ENGINE.decide(someone(Role.SECURITY_ANALYST), Action.DEVICE_VIEW, System(), STRONG)
    assert not decision.allowed
    assert "not valid for" in decision.fault


def test_circumstances_that_cannot_be_are_refused_with_a_fault() -> None:
    odd = Circumstances(
        assurance_level=2, device_bound=False, signed_in_seconds_ago=3, now=NOW, network_address="ward three"
    )
    decision = ENGINE.decide(someone(Role.SECURITY_ANALYST), Action.DEVICE_VIEW, PUMP, odd)
    assert (decision.allowed, bool(decision.fault)) == (False, True)
    assert not ENGINE.anywhere(someone(Role.SECURITY_ANALYST), Action.DEVICE_VIEW, odd).allowed
    condition = ENGINE.condition(someone(Role.SECURITY_ANALYST), Action.DEVICE_VIEW, Kind.DEVICE, odd)
    assert condition == ENGINE.condition(someone(), Action.DEVICE_VIEW, Kind.DEVICE, USUAL)


def test_a_moment_without_a_time_zone_is_a_mistake_of_ours() -> None:
    how = Circumstances(assurance_level=2, device_bound=False, signed_in_seconds_ago=3, now=NOW.replace(tzinfo=None))
    with pytest.raises(ValueError, match="time zone"):
        ENGINE.decide(someone(Role.CLINICIAN), Action.DEVICE_VIEW, PUMP, how)


def test_a_token_has_its_role_in_its_scope_and_never_more_than_its_person() -> None:
    person = Subject(
        id="me",
        grants=(
            Grant(role=Role.SECURITY_ANALYST, scope=SITE),
            Grant(role=Role.SECURITY_ANALYST, scope=Scope(site="2"), expires_at=NOW),
            Grant(role=Role.ADMINISTRATOR, scope=HOSPITAL),
        ),
        break_glass=(OpenBreakGlass(until=NOW + timedelta(1), device="x"),),
    )
    ward = narrowed(person, Role.SECURITY_ANALYST, WARD, NOW)
    assert [grant.scope for grant in ward.grants] == [WARD]
    assert ward.break_glass == ()
    wide = narrowed(person, Role.SECURITY_ANALYST, HOSPITAL, NOW)
    assert [grant.scope for grant in wide.grants] == [SITE]
    assert narrowed(person, Role.SECURITY_ANALYST, Scope(site="2"), NOW).grants == ()
    assert narrowed(person, Role.CLINICIAN, HOSPITAL, NOW).grants == ()
    vendor = Subject(id="v", vendor=VendorAccess(group="pumps", until=NOW + timedelta(1)))
    assert narrowed(vendor, Role.SECURITY_ANALYST, HOSPITAL, NOW).vendor == vendor.vendor


def test_a_refusal_says_what_the_person_could_do_alone() -> None:
    administrator = someone(Role.ADMINISTRATOR)
    grant = RoleGrantFacts(id="g", scope=SITE, person="other", proposer="me", role=Role.CLINICIAN)
    assert explain(ENGINE, someone(Role.AUDITOR), Action.DEVICE_VIEW, PUMP, WEAK).remedy is Remedy.SECOND_FACTOR
    assert explain(ENGINE, administrator, Action.ROLE_GRANT, grant, USUAL).remedy is Remedy.FRESH_DEVICE_BOUND_PASSKEY
    settings = explain(ENGINE, administrator, Action.WEBHOOK_MANAGE, System(), USUAL)
    assert settings.remedy is Remedy.DEVICE_BOUND_PASSKEY
    old = Circumstances(assurance_level=3, device_bound=True, signed_in_seconds_ago=900, now=NOW)
    assert explain(ENGINE, administrator, Action.ROLE_GRANT, grant, old).remedy is Remedy.FRESH_SIGN_IN
    record = RecordFacts(id="r", scope=WARD, patient="p")
    purposes = explain(ENGINE, someone(Role.PRIVACY_OFFICER), Action.RECORD_VIEW, record, USUAL).purposes
    assert set(purposes) == {Purpose.COMPLIANCE, Purpose.PATIENT_REQUESTED}


def test_a_refusal_says_which_roles_would_help_where_the_thing_lies() -> None:
    told = explain(ENGINE, someone(), Action.DEVICE_EDIT, PUMP, USUAL, scope=WARD)
    assert (told.roles, told.scope) == ((Role.CLINICAL_ENGINEER, Role.SECURITY_ANALYST), WARD)
    # An auditor is not told that another role would help: he changes nothing whatever he holds.
    assert explain(ENGINE, someone(Role.AUDITOR), Action.DEVICE_EDIT, PUMP, USUAL, scope=WARD).roles == ()
    assert explain(ENGINE, someone(Role.CLINICAL_ENGINEER), Action.DEVICE_EDIT, PUMP, USUAL).decision.allowed


def test_sets_by_action_decide_as_cedar_does_with_all_policies_and_its_own_reading_of_heads() -> None:
    policies = shipped()
    whole = cedarpy.PolicySet.from_str("\n".join(policy.text for policy in policies))
    people = [someone(role, scope=scope) for role in PLACED_ROLES for scope in (HOSPITAL, SITE)]
    people.append(Subject(id="me", vendor=VendorAccess(group="pumps", until=NOW + timedelta(1))))
    allowed = 0
    for subject, action, how in itertools.product(people, Action, (STRONG, USUAL, WEAK)):
        kind = schema.actions()[action].kinds[0]
        on = THINGS[kind]
        text = json.dumps([subject.entity(), on.entity()])
        request = {
            "principal": {"type": "Person", "id": "me"},
            "action": {"type": "Action", "id": str(action)},
            "resource": on.uid(),
            "context": how.context(),
        }
        entities = cedarpy.Entities.from_json_str(text, schema.handle())
        answer = cedarpy.is_authorized(request, whole, entities, schema=schema.handle())
        decision = ENGINE.decide(subject, action, on, how)
        assert decision.allowed is (answer.decision is cedarpy.Decision.Allow), (subject, action, how)
        named = {answer.diagnostics.id_annotations_by_reason[reason] for reason in answer.diagnostics.reasons}
        assert {policy.id for policy in decision.policies} == named
        allowed += decision.allowed
    assert allowed > 300


def test_every_action_is_allowed_to_somebody() -> None:
    assert {action for policy in shipped() if policy.permits for action in policy.actions} == set(Action)
