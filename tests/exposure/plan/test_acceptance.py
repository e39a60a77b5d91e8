"""An accepted risk needs two people, ends by itself, and comes back when a fact has become worse."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from asepsis.crypto.signing import SigningKey
from asepsis.exposure.plan.acceptance import (
    Acceptance,
    AcceptanceError,
    Basis,
    State,
    approve,
    basis_of,
    propose,
    state_of,
)
from asepsis.exposure.plan.subject import Subject
from asepsis.exposure.risk import Threat
from tests.exposure.plan.test_plan import pump

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
UNTIL = NOW + timedelta(days=90)
KEY = SigningKey.from_seed(b"7" * 32)
REASON = "Its own room, and the maker mends it in May."


def proposed(*subjects: Subject) -> Acceptance:
    return propose(
        "item", basis_of(subjects), reason=REASON, proposer="1", role="clinical_engineer", now=NOW, until=UNTIL
    )


def approved(*subjects: Subject) -> Acceptance:
    return approve(proposed(*subjects), approver="2", role="security_analyst", now=NOW, key=KEY)


def state(one: Acceptance, *subjects: Subject, at: datetime = NOW) -> State:
    return state_of(one, at, subjects, KEY.public_bytes)[0]


def test_one_person_alone_accepts_nothing() -> None:
    assert state(proposed(pump("p0")), pump("p0")) is State.PROPOSED
    with pytest.raises(AcceptanceError, match="cannot approve"):
        approve(proposed(pump("p0")), approver="1", role="security_analyst", now=NOW, key=KEY)


def test_two_people_accept_a_risk_until_a_day_and_it_ends_by_itself() -> None:
    one = approved(pump("p0"))
    assert state(one, pump("p0")) is State.STANDING
    assert state(one, pump("p0"), at=UNTIL - timedelta(seconds=1)) is State.STANDING
    assert state(one, pump("p0"), at=UNTIL) is State.EXPIRED


@pytest.mark.parametrize(
    "worse",
    [
        {"weaknesses": frozenset({"telnet", "default-credentials"})},
        {"threats": (*pump("p0").facts.threats, Threat(id="CVE-2026-1", is_certain=False))},
        {"networks": 200, "partners": 4000},
    ],
)
def test_a_worse_fact_reopens_it(worse: dict[str, object]) -> None:
    assert state(approved(pump("p0")), pump("p0", **worse)) is State.REOPENED


def test_another_device_with_the_same_risk_reopens_it_and_one_less_does_not() -> None:
    assert state(approved(pump("p0")), pump("p0"), pump("p1")) is State.REOPENED
    assert state(approved(pump("p0"), pump("p1")), pump("p0")) is State.STANDING


def test_a_new_partner_alone_does_not_reopen_it() -> None:
    assert state(approved(pump("p0")), pump("p0", partners=5)) is State.STANDING


def test_a_word_that_was_changed_afterwards_spoils_the_signature() -> None:
    one = approved(pump("p0"))
    for forged in (
        replace(one, until=UNTIL + timedelta(days=1)),
        replace(one, reason="Nobody knows."),
        replace(one, basis=(("p0", replace(one.basis[0][1], reasons=frozenset({"anything"}))),)),
        replace(one, approver="3"),
    ):
        assert state(forged, pump("p0")) is State.REOPENED
    assert state_of(one, NOW, [pump("p0")], SigningKey.generate().public_bytes)[0] is State.REOPENED


def test_an_acceptance_needs_a_reason_an_end_within_a_year_and_a_device() -> None:
    def attempt(reason: str = REASON, until: datetime = UNTIL, subjects: tuple[Subject, ...] = (pump("p0"),)) -> None:
        propose("item", basis_of(subjects), reason=reason, proposer="1", role="r", now=NOW, until=until)

    for wrong in (
        {"reason": "  ok  "},
        {"until": NOW},
        {"until": NOW + timedelta(days=400)},
        {"subjects": ()},
    ):
        with pytest.raises(AcceptanceError):
            attempt(**wrong)


def test_nothing_is_decided_twice() -> None:
    with pytest.raises(AcceptanceError, match="already"):
        approve(approved(pump("p0")), approver="3", role="r", now=NOW, key=KEY)
    with pytest.raises(AcceptanceError, match="past"):
        approve(proposed(pump("p0")), approver="2", role="r", now=UNTIL, key=KEY)


def test_what_it_rests_on_is_the_same_when_it_is_read_again() -> None:
    basis = Basis.of(pump("p0").facts)
    assert Basis.read(basis.document()) == basis
