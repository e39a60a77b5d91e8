"""A list under an action holds exactly the things of which a single decision allows that action."""

from __future__ import annotations

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from asepsis.web.authorisation import schema
from asepsis.web.authorisation.actions import Action, Kind, Role
from asepsis.web.authorisation.conditions import (
    AllOf,
    AnyOf,
    AttributeIs,
    Condition,
    InGroup,
    InScope,
    IsOneOf,
    Not,
    Unlistable,
    condition_of,
)
from asepsis.web.authorisation.engine import Engine
from asepsis.web.authorisation.facts import HOSPITAL, Circumstances, DeviceFacts, Grant, Subject
from asepsis.web.authorisation.policies import read, shipped
from tests.web.authorisation.worlds import NOW, OWN_POLICIES, circumstances, inventories, subjects

DEVICE_ACTIONS = [action for action, facts in schema.actions().items() if Kind.DEVICE in facts.kinds]
ENGINES = [Engine(shipped()), Engine([*shipped(), *read({"own.cedar": OWN_POLICIES}, own=True)])]


def holds(condition: Condition, device: DeviceFacts) -> bool:
    """What a query would answer, in Python."""
    match condition:
        case AllOf(parts=parts):
            return all(holds(part, device) for part in parts)
        case AnyOf(parts=parts):
            return any(holds(part, device) for part in parts)
        case Not(part=part):
            return not holds(part, device)
        case InScope(scopes=scopes):
            return not scopes.isdisjoint(device.scope.enclosing())
        case InGroup(groups=groups):
            return not groups.isdisjoint(device.groups)
        case IsOneOf(ids=ids):
            return device.id in ids
        case AttributeIs():
            raise AssertionError("a device has no attributes that policies see")


@settings(max_examples=150, deadline=None)
@given(
    subject=subjects,
    devices=inventories,
    how=circumstances,
    action=st.sampled_from(DEVICE_ACTIONS),
    engine=st.sampled_from(ENGINES),
)
def test_a_list_is_the_set_of_single_decisions(
    subject: Subject, devices: tuple[DeviceFacts, ...], how: Circumstances, action: Action, engine: Engine
) -> None:
    condition = engine.condition(subject, action, Kind.DEVICE, how)
    listed = [device.id for device in devices if holds(condition, device)]
    decisions = {device.id: engine.decide(subject, action, device, how) for device in devices}
    assert listed == [id_ for id_, decision in decisions.items() if decision.allowed]
    # Where something is allowed, the page opens; and what single answers owe, the list knows beforehand.
    if listed:
        assert engine.anywhere(subject, action, how).allowed
    owed = engine.obligations(subject, action, how)
    assert all(decision.obligations <= owed for decision in decisions.values())


@pytest.mark.parametrize(
    "name", ["vendor-stays-in-group", "clinical-engineer-sees-devices", "broken-glass-opens-device"]
)
def test_a_policy_that_only_one_side_knows_is_noticed(name: str) -> None:
    """Plants the fault that the property is there for, on the side of the list and on the side of the decision."""
    whole, less = ENGINES[0], Engine([policy for policy in shipped() if policy.id != name])
    for lists, decides in ((whole, less), (less, whole)):
        with pytest.raises(AssertionError):
            _compare(lists, decides)


def _compare(lists: Engine, decides: Engine) -> None:
    @settings(max_examples=2000, deadline=None, database=None, derandomize=True, phases=[Phase.generate])
    @given(subject=subjects, devices=inventories, how=circumstances)
    def same(subject: Subject, devices: tuple[DeviceFacts, ...], how: Circumstances) -> None:
        condition = lists.condition(subject, Action.DEVICE_VIEW, Kind.DEVICE, how)
        for device in devices:
            single = decides.decide(subject, Action.DEVICE_VIEW, device, how)
            assert holds(condition, device) is single.allowed

    same()


def test_a_role_in_the_whole_hospital_needs_no_condition_but_the_scope() -> None:
    me = Subject(id="me", grants=(Grant(role=Role.CLINICIAN, scope=HOSPITAL),))
    how = Circumstances(assurance_level=2, device_bound=False, signed_in_seconds_ago=1, now=NOW)
    condition = ENGINES[0].condition(me, Action.DEVICE_LIST, Kind.DEVICE, how)
    assert condition == InScope(scopes=frozenset({"hospital"}))


@pytest.mark.parametrize(
    "body",
    [
        {"unknown": [{"Value": "resource"}]},
        {"like": {"left": {"Var": "resource"}, "pattern": "*"}},
        {"<": {"left": {".": {"left": {"Var": "resource"}, "attr": "risk"}}, "right": {"Value": 3}}},
        {"hasTag": {"left": {"Var": "resource"}, "right": {"Value": "x"}}},
        {"if-then-else": {"if": {"Var": "resource"}, "then": {"Value": True}, "else": {"Value": False}}},
        {"in": {"left": {"Var": "resource"}, "right": {"unknown": [{"Value": "Scope"}]}}},
        {"in": {"left": {"Var": "resource"}, "right": {"Set": [{"unknown": [{"Value": "Scope"}]}]}}},
        {"contains": {"left": {"Set": [{"Value": 3}]}, "right": {"Var": "resource"}}},
        {"==": {"left": {"Var": "resource"}, "right": {"Var": "resource"}}},
        {"==": {"left": {".": {"left": {"Var": "resource"}, "attr": "risk"}}, "right": {"Value": 3}}},
        {"is": {"left": {"Var": "resource"}, "entity_type": "Device", "in": {"Value": True}}},
        {},
        7,
    ],
)
def test_a_form_that_is_not_on_the_list_is_refused(body: object) -> None:
    form = {"resource": {"op": "All"}, "conditions": [{"kind": "when", "body": body}]}
    with pytest.raises(Unlistable):
        condition_of(form, Kind.DEVICE)


def test_an_expression_nested_too_deeply_is_refused() -> None:
    body: object = {"Value": True}
    for _ in range(500):
        body = {"!": {"arg": body}}
    with pytest.raises(Unlistable, match="deeply"):
        condition_of({"resource": {"op": "All"}, "conditions": [{"kind": "when", "body": body}]}, Kind.DEVICE)
