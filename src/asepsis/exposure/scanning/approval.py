"""An approval: one person proposed the plan, another approved it, for a stretch of time; the signature covers both."""

from __future__ import annotations

from typing import Any, Final

from asepsis.crypto.signing import SigningKey
from asepsis.exposure.scanning.envelope import APPROVAL, seal, unseal
from asepsis.exposure.scanning.plan import Plan, ScanError
from asepsis.kernel.time import SECOND_NS, iso_from_ns
from asepsis.kernel.value import value

# What is idle on Monday is in use on Wednesday: an approval is for the coming night, not for the year.
LONGEST_NS: Final = 72 * 3600 * SECOND_NS


@value
class Approval:
    """Who let which plan run, and when it may."""

    scan: str
    plan: str
    """The digest of the plan."""
    proposer: str
    approver: str
    from_ns: int
    until_ns: int

    def sealed(self, key: SigningKey) -> bytes:
        """The signed statement."""
        return seal(APPROVAL, self.document(), key)

    def document(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "scan": self.scan,
            "plan": self.plan,
            "proposer": self.proposer,
            "approver": self.approver,
            "from_ns": self.from_ns,
            "until_ns": self.until_ns,
        }


def approve(plan: Plan, *, scan: str, proposer: str, approver: str, from_ns: int, until_ns: int) -> Approval:
    """An approval, where one may be given.

    Raises:
        ScanError: Proposer and approver are the same, nothing would be asked, or the time is none.
    """
    if not proposer or not approver or proposer == approver:
        raise ScanError("whoever proposes a scan does not approve it", code="scan-own", hint="Ask a colleague.")
    if not plan.targets:
        raise ScanError("the plan asks nobody", code="scan-empty", hint="Its page says who is left out and why.")
    if not 0 < until_ns - from_ns <= LONGEST_NS:
        raise ScanError("an approval holds for at most three days", code="scan-time")
    return Approval(
        scan=scan, plan=plan.digest, proposer=proposer, approver=approver, from_ns=from_ns, until_ns=until_ns
    )


def approved(envelope: bytes, plan: Plan, public_bytes: bytes, *, scan: str, now_ns: int) -> Approval:
    """The approval of this plan at this moment.

    Raises:
        ScanError: It is of another plan, of another time, signed by another key, or one person's alone.
    """
    statement = unseal(APPROVAL, envelope, public_bytes)
    try:
        found = Approval(
            scan=str(statement["scan"]),
            plan=str(statement["plan"]),
            proposer=str(statement["proposer"]),
            approver=str(statement["approver"]),
            from_ns=int(statement["from_ns"]),
            until_ns=int(statement["until_ns"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ScanError("the approval is damaged", code="scan-approval") from error
    # The same rules again: a signature says who wrote it, not that it was right.
    approve(
        plan,
        scan=scan,
        proposer=found.proposer,
        approver=found.approver,
        from_ns=found.from_ns,
        until_ns=found.until_ns,
    )
    if found.plan != plan.digest or found.scan != scan:
        raise ScanError("the approval is of another plan", code="scan-approval", hint="Propose this plan anew.")
    if not found.from_ns <= now_ns < found.until_ns:
        raise ScanError(
            f"the approval holds from {iso_from_ns(found.from_ns)} to {iso_from_ns(found.until_ns)}",
            code="scan-time",
            hint="Wait, or propose the scan anew.",
        )
    return found
