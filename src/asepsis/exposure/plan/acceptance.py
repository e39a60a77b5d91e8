"""Living with a risk: proposed by one person, approved by a second, signed, until a day, and only as it was then.

A state follows from the acceptance, the moment and what is known of the devices now; nothing has to run for it to end.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Any, Final

from asepsis.crypto.signing import SigningKey, verify
from asepsis.exposure.plan.plan import ACCEPT
from asepsis.exposure.plan.subject import Subject
from asepsis.exposure.risk.actions import applicable
from asepsis.exposure.risk.facts import Facts
from asepsis.exposure.risk.score import Tier, assess, tier_of
from asepsis.kernel.errors import AsepsisError
from asepsis.kernel.value import value

# A score moves by tenths with every new partner of a device. A point and more is a worse fact, as is a worse tier.
RISE_POINTS: Final = Fraction(1)
# A year: what is accepted for longer is a decision for good, which nobody looks at again.
LONGEST: Final = timedelta(days=366)
REASON_LEAST_SIGNS: Final = 10
_SIGNED_AS: Final = b"asepsis acceptance v1\n"


class AcceptanceError(AsepsisError):
    """A risk cannot be accepted like this."""


class State(StrEnum):
    """Where an acceptance is in its life."""

    PROPOSED = "proposed"
    REFUSED = "refused"
    STANDING = "standing"
    EXPIRED = "expired"
    REOPENED = "reopened"
    WITHDRAWN = "withdrawn"


@value
class Basis:
    """What was known of one device when its risk was accepted."""

    score: Fraction
    reasons: frozenset[str]
    """Ids of its weaknesses and vulnerabilities."""

    @classmethod
    def of(cls, facts: Facts) -> Basis:
        """From what is known now."""
        return cls(score=assess(facts).score, reasons=facts.weaknesses | {threat.id for threat in facts.threats})

    def document(self) -> dict[str, Any]:
        """JSON-ready; the score as a fraction, so that it is the same when it is read."""
        return {"score": str(self.score), "reasons": sorted(self.reasons)}

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Basis:
        """What ``document`` gave."""
        return cls(score=Fraction(document["score"]), reasons=frozenset(document["reasons"]))


@value
class Acceptance:
    """One decision on one piece of work of the plan."""

    item: str
    reason: str
    proposer: str
    """An id of a person; so is ``approver``."""
    role: str
    """As which the proposer answers for it."""
    proposed: datetime
    until: datetime
    basis: tuple[tuple[str, Basis], ...]
    """By device."""
    approver: str = ""
    approver_role: str = ""
    decided: datetime | None = None
    signature: bytes = b""

    def body(self) -> bytes:
        """What is signed: everything but the signature, as JSON with its members in order."""
        document = {
            "item": self.item,
            "reason": self.reason,
            "proposer": self.proposer,
            "role": self.role,
            "proposed": self.proposed.isoformat(),
            "until": self.until.isoformat(),
            "basis": {device: basis.document() for device, basis in self.basis},
            "approver": self.approver,
            "approver_role": self.approver_role,
            "decided": None if self.decided is None else self.decided.isoformat(),
        }
        return _SIGNED_AS + json.dumps(document, sort_keys=True, separators=(",", ":")).encode()

    def is_signed_by(self, public_bytes: bytes) -> bool:
        """Whether the signature is of this key and over this text (Ed25519, RFC 8032)."""
        return verify(public_bytes, self.signature, self.body())


def basis_of(subjects: Iterable[Subject]) -> tuple[tuple[str, Basis], ...]:
    """What is known of devices now."""
    return tuple((one.id, Basis.of(one.facts)) for one in subjects)


def propose(
    item: str,
    basis: tuple[tuple[str, Basis], ...],
    *,
    reason: str,
    proposer: str,
    role: str,
    now: datetime,
    until: datetime,
) -> Acceptance:
    """A first person's decision, which counts for nothing until a second has approved it.

    Raises:
        AcceptanceError: The reason says nothing, the end is past or too far away, or no device is concerned.
    """
    if len(reason.strip()) < REASON_LEAST_SIGNS:
        raise AcceptanceError(
            "say why this risk can be lived with",
            code="acceptance-reason",
            hint="What protects the patients meanwhile?",
        )
    if not now < until <= now + LONGEST:
        raise AcceptanceError(
            "an acceptance ends on a day within the next year", code="acceptance-until", hint="Look at it again then."
        )
    if not basis:
        raise AcceptanceError("it concerns no device", code="acceptance-empty")
    return Acceptance(
        item=item,
        reason=reason.strip(),
        proposer=proposer,
        role=role,
        proposed=now,
        until=until,
        basis=tuple(sorted(basis, key=lambda pair: pair[0])),
    )


def approve(proposal: Acceptance, *, approver: str, role: str, now: datetime, key: SigningKey) -> Acceptance:
    """A second person's decision, and the workspace's signature over both.

    Raises:
        AcceptanceError: It is the same person, it was decided already, or its end is past.
    """
    if approver == proposal.proposer:
        raise AcceptanceError(
            "who would accept a risk cannot approve it", code="acceptance-own", hint="Ask a colleague to look at it."
        )
    if proposal.decided is not None:
        raise AcceptanceError("it was decided already", code="acceptance-state")
    if now >= proposal.until:
        raise AcceptanceError("its end is past", code="acceptance-until", hint="Propose it again.")
    unsigned = _with(proposal, approver=approver, approver_role=role, decided=now)
    return _with(unsigned, signature=key.sign(unsigned.body()))


def _with(one: Acceptance, **changes: Any) -> Acceptance:
    return replace(one, **changes)


def state_of(one: Acceptance, now: datetime, subjects: Iterable[Subject], public_bytes: bytes) -> tuple[State, str]:
    """Where it stands, and why in a sentence.

    Args:
        one: What was decided; one that nobody approved is proposed, whatever else holds.
        now: The moment that is asked about.
        subjects: The devices that its piece of work concerns now.
        public_bytes: The public half of the workspace's key; a signature of another is none.
    """
    if one.decided is None:
        return State.PROPOSED, "a second person has to look at it"
    if not one.is_signed_by(public_bytes):
        return State.REOPENED, "its signature is not right: what was decided is not what stands here"
    if now >= one.until:
        return State.EXPIRED, f"it ended on {one.until:%Y-%m-%d}"
    worse = worse_fact(dict(one.basis), subjects)
    return (State.REOPENED, worse) if worse else (State.STANDING, f"until {one.until:%Y-%m-%d}")


def worse_fact(basis: Mapping[str, Basis], subjects: Iterable[Subject]) -> str:
    """What has become worse since, in a sentence; empty where nothing has."""
    for subject in sorted(subjects, key=lambda one: one.id):
        before = basis.get(subject.id)
        if before is None:
            return "another device has it now"
        now = Basis.of(subject.facts)
        fresh = sorted(now.reasons - before.reasons)
        if fresh:
            return f"new on a device: {fresh[0]}"
        if _place(tier_of(now.score)) < _place(tier_of(before.score)):
            return f"a device rose from {tier_of(before.score)} to {tier_of(now.score)}"
        if now.score - before.score >= RISE_POINTS:
            return f"the risk of a device rose from {float(before.score):.1f} to {float(now.score):.1f}"
    return ""


def _place(tier: Tier) -> int:
    return list(Tier).index(tier)


def concerned(action: str, members: Iterable[Subject]) -> list[Subject]:
    """The devices of a product that a piece of work concerns: those that the action can be done to.

    What is accepted because nothing helps concerns the pressing ones: critical and high.
    """
    if action == ACCEPT:
        return [one for one in members if assess(one.facts).tier in (Tier.CRITICAL, Tier.HIGH)]
    return [one for one in members if any(possible.id == action for possible in applicable(one.facts))]
