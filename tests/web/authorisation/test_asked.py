"""What policies do not ask makes no other question; what they ask does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from asepsis.web.authorisation.actions import Action, Role
from asepsis.web.authorisation.asked import LEAST, Asked, asked_by
from asepsis.web.authorisation.engine import Engine
from asepsis.web.authorisation.facts import HOSPITAL, Circumstances, Grant, Subject, System, VendorAccess
from asepsis.web.authorisation.policies import read, shipped

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANALYST = Subject(id="7", grants=(Grant(role=Role.SECURITY_ANALYST, scope=HOSPITAL),))


def how(seconds: int = 0, *, level: int = 3, address: str | None = "192.0.2.7") -> Circumstances:
    return Circumstances(
        assurance_level=level,
        device_bound=True,
        signed_in_seconds_ago=seconds,
        now=NOW + timedelta(seconds=seconds),
        network_address=address,
    )


def test_a_question_of_the_next_second_is_known_already() -> None:
    engine = Engine(shipped())
    assert engine.anywhere(ANALYST, Action.DEVICE_LIST, how()).allowed
    before = engine.evaluations()
    assert engine.anywhere(ANALYST, Action.DEVICE_LIST, how(1, address="192.0.2.8")).allowed
    assert engine.evaluations() == before
    # The level of the sign-in is asked: it is another question with another answer.
    assert not engine.anywhere(ANALYST, Action.DEVICE_LIST, how(level=1)).allowed
    assert engine.evaluations() > before


def test_a_sign_in_that_grew_old_is_another_question_where_it_is_asked() -> None:
    engine = Engine(shipped())
    administrator = Subject(id="8", grants=(Grant(role=Role.ADMINISTRATOR, scope=HOSPITAL),))
    assert engine.decide(administrator, Action.SETTINGS_CHANGE, System(), how()).allowed
    assert not engine.decide(administrator, Action.SETTINGS_CHANGE, System(), how(601)).allowed


def test_a_role_that_expired_meanwhile_is_another_question() -> None:
    engine = Engine(shipped())
    until = Grant(role=Role.SECURITY_ANALYST, scope=HOSPITAL, expires_at=NOW + timedelta(seconds=5))
    guest = Subject(id="9", grants=(until,))
    assert engine.anywhere(guest, Action.DEVICE_LIST, how()).allowed
    assert not engine.anywhere(guest, Action.DEVICE_LIST, how(6)).allowed


def test_a_policy_of_the_hospitals_own_is_asked_what_it_asks() -> None:
    own = """
        @id("from-inside")
        @says("Health is shown inside the hospital alone.")
        forbid (principal, action == Action::"health.view", resource)
        unless { context has network && context.network.isInRange(ip("10.0.0.0/8")) };
    """
    engine = Engine([*shipped(), *read({"own.cedar": own}, own=True)])
    auditor = Subject(id="7", grants=(Grant(role=Role.AUDITOR, scope=HOSPITAL),))
    assert engine.decide(auditor, Action.HEALTH_VIEW, System(), how(address="10.1.1.1")).allowed
    assert not engine.decide(auditor, Action.HEALTH_VIEW, System(), how(address="192.0.2.7")).allowed
    assert not engine.decide(auditor, Action.HEALTH_VIEW, System(), how(address=None)).allowed


def test_the_moment_is_asked_of_vendors_alone_where_they_are_named_first() -> None:
    when = {".": {"left": {"Var": "context"}, "attr": "now"}}
    until = {".": {"left": {".": {"left": {"Var": "principal"}, "attr": "vendor"}}, "attr": "until"}}
    named = {"has": {"left": {"Var": "principal"}, "attr": "vendor"}}
    guarded = {
        "conditions": [
            {"kind": "when", "body": {"&&": {"left": named, "right": {"<": {"left": when, "right": until}}}}}
        ]
    }
    bare = {"conditions": [{"kind": "when", "body": {"<": {"left": when, "right": until}}}]}
    assert asked_by([guarded]) == Asked(always=frozenset(), of_vendors=frozenset({"now"}))
    assert asked_by([guarded, bare]) == Asked(always=frozenset({"now"}))
    vendor = Subject(id="3", vendor=VendorAccess(group="1", until=NOW + timedelta(days=1)))
    assert asked_by([guarded]).of(how(), ANALYST).now == LEAST.now
    assert asked_by([guarded]).of(how(), vendor).now == NOW


def test_a_context_taken_as_a_whole_or_an_attribute_unknown_here_asks_for_everything() -> None:
    whole = {
        "conditions": [{"kind": "when", "body": {"==": {"left": {"Var": "context"}, "right": {"Var": "context"}}}}]
    }
    strange = {"conditions": [{"kind": "when", "body": {".": {"left": {"Var": "context"}, "attr": "weather"}}}]}
    for form in (whole, strange):
        assert asked_by([form]).of(how(), ANALYST) == how()
