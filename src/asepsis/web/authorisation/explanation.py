"""Why a person may, or may not, do something: the policies that decided, and what would make the answer another.

Nothing is guessed: each "would be allowed if" is a decision of the same engine with that one thing changed.
"""

from __future__ import annotations

from enum import StrEnum

from asepsis.kernel.value import value
from asepsis.web.authorisation.actions import Action, Purpose, Role
from asepsis.web.authorisation.engine import Decision, Engine
from asepsis.web.authorisation.facts import HOSPITAL, PLACED_ROLES, Circumstances, Facts, Grant, Scope, Subject


class Remedy(StrEnum):
    """What could be done about a refusal without another role."""

    SECOND_FACTOR = "second_factor"
    FRESH_SIGN_IN = "fresh_sign_in"
    DEVICE_BOUND_PASSKEY = "device_bound_passkey"
    FRESH_DEVICE_BOUND_PASSKEY = "fresh_device_bound_passkey"


@value
class Explanation:
    """A decision and, where it is a refusal, what would change it.

    ``remedy`` is the least that the person could do alone; ``purposes`` and ``roles`` (in ``scope``) would each allow
    it by themselves, with the remedy where one is needed.
    """

    decision: Decision
    remedy: Remedy | None = None
    purposes: tuple[Purpose, ...] = ()
    roles: tuple[Role, ...] = ()
    scope: Scope = HOSPITAL


def explain(
    engine: Engine,
    subject: Subject,
    action: Action,
    on: Facts | None,
    circumstances: Circumstances,
    *,
    scope: Scope = HOSPITAL,
) -> Explanation:
    """Decides, and looks for what would make a refusal an allowance.

    ``scope`` is where the thing lies; without a thing the question is whether there could be one.
    """
    decision = _decide(engine, subject, action, on, circumstances)
    if decision.allowed:
        return Explanation(decision=decision, scope=scope)
    best = circumstances
    remedy = None
    for candidate, changed in _stronger(circumstances):
        best = changed
        if _decide(engine, subject, action, on, changed).allowed:
            remedy = candidate
            break
    purposes = () if remedy else _purposes(engine, subject, action, on, best)
    roles = () if remedy or purposes else _roles(engine, subject, action, on, best, scope)
    return Explanation(decision=decision, remedy=remedy, purposes=purposes, roles=roles, scope=scope)


def gives(engine: Engine, subject: Subject, action: Action, on: Facts | None, how: Circumstances) -> bool:
    """Whether the roles of ``subject`` allow the action, where somebody without any would be refused."""
    nobody = Subject(id=subject.id, active=subject.active)
    return not _decide(engine, nobody, action, on, how).allowed and _decide(engine, subject, action, on, how).allowed


def _decide(engine: Engine, subject: Subject, action: Action, on: Facts | None, how: Circumstances) -> Decision:
    return engine.anywhere(subject, action, how) if on is None else engine.decide(subject, action, on, how)


def _stronger(now: Circumstances) -> list[tuple[Remedy, Circumstances]]:
    """The ways to sign in more strongly, the least first."""
    ways = [
        (Remedy.SECOND_FACTOR, max(2, now.assurance_level), now.device_bound, now.signed_in_seconds_ago),
        (Remedy.FRESH_SIGN_IN, max(2, now.assurance_level), now.device_bound, 0),
        (Remedy.DEVICE_BOUND_PASSKEY, 3, True, now.signed_in_seconds_ago),
        (Remedy.FRESH_DEVICE_BOUND_PASSKEY, 3, True, 0),
    ]
    return [
        (
            remedy,
            Circumstances(
                assurance_level=level,
                device_bound=bound,
                signed_in_seconds_ago=age,
                now=now.now,
                purpose=now.purpose,
                network_address=now.network_address,
            ),
        )
        for remedy, level, bound, age in ways
    ]


def _purposes(
    engine: Engine, subject: Subject, action: Action, on: Facts | None, best: Circumstances
) -> tuple[Purpose, ...]:
    found = []
    for purpose in Purpose:
        other = Circumstances(
            assurance_level=best.assurance_level,
            device_bound=best.device_bound,
            signed_in_seconds_ago=best.signed_in_seconds_ago,
            now=best.now,
            purpose=purpose,
            network_address=best.network_address,
        )
        if _decide(engine, subject, action, on, other).allowed:
            found.append(purpose)
    return tuple(found)


def _roles(
    engine: Engine, subject: Subject, action: Action, on: Facts | None, best: Circumstances, scope: Scope
) -> tuple[Role, ...]:
    found = []
    for role in PLACED_ROLES:
        more = Subject(
            id=subject.id,
            active=subject.active,
            grants=(*subject.grants, Grant(role=role, scope=scope)),
            vendor=subject.vendor,
            patient=subject.patient,
            break_glass=subject.break_glass,
        )
        if _decide(engine, more, action, on, best).allowed or _purposes(engine, more, action, on, best):
            found.append(role)
    return tuple(found)
