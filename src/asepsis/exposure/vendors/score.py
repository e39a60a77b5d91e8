"""How a vendor looks after its devices: seven shares that add up to a score of 0 to 100, each with its reason.

Every share falls, or stays, when its fact gets worse; what is not known counts half and says so. Weights are our own,
from what contracts and guidance ask of makers: docs/explanation/vendors.md names the source of each.
"""

from __future__ import annotations

from typing import Any, Final

from asepsis.kernel.value import value

# The median from an advisory to its end in hospitals is months; after a quarter of a year half of the share is left.
HALF_LIFE_DAYS: Final = 90.0
# One open advisory for each device leaves half of the share.
HALF_LIFE_ADVISORIES: Final = 1.0
HALF_LIFE_CONTRADICTIONS: Final = 1.0

ADVISORIES, TIME_TO_FIX, FORMS, LISTS = 30.0, 15.0, 10.0, 10.0
CONTRADICTIONS, SUPPORT, CONTRACTS = 15.0, 10.0, 10.0


@value
class Facts:
    """What is known of one vendor."""

    devices: int
    models: int
    open_findings: int
    """Of advisories that affect its devices: one for each device and advisory."""
    exploited_findings: int
    """Those of them that are exploited somewhere."""
    days_to_fix: float | None
    """Median from an advisory's release to its end here; None where none has ended."""
    models_with_form: int
    models_with_list: int
    contradictions: int
    """Answers of its forms that traffic contradicts."""
    unsupported_devices: int
    has_support_words: bool
    """Somebody recorded ends of support, or the traffic named a system that has one."""
    has_agreement: bool
    """A signed contract is in force."""
    reaches_out: bool
    """Its devices talk with the internet, or are managed from there."""
    has_remote_agreement: bool
    """A contract in force speaks of remote access."""


@value
class Share:
    """One part of a score."""

    name: str
    points: float
    of: float
    why: str

    def document(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"share": self.name, "points": round(self.points, 1), "of": self.of, "why": self.why}


def score(facts: Facts) -> tuple[Share, ...]:
    """The shares of a vendor's score; their points add up to it."""
    return (
        _advisories(facts),
        _time(facts),
        *_papers(facts),
        _contradictions(facts),
        _support(facts),
        _contracts(facts),
    )


def _advisories(facts: Facts) -> Share:
    # An exploited one counts three times: CISA's catalogue (BOD 22-01) gives it two weeks where others get months.
    weight = (facts.open_findings + 2 * min(facts.exploited_findings, facts.open_findings)) / max(facts.devices, 1)
    points = ADVISORIES / (1 + weight / HALF_LIFE_ADVISORIES)
    why = f"{facts.open_findings:,} open findings of advisories on {facts.devices:,} devices"
    if facts.exploited_findings:
        why += f", {facts.exploited_findings:,} of them exploited somewhere"
    return Share(name="Open advisories", points=points, of=ADVISORIES, why=why)


def _time(facts: Facts) -> Share:
    if facts.days_to_fix is None:
        why = "no advisory has ended here yet, so it is not known"
        return Share(name="Time to fix", points=TIME_TO_FIX / 2, of=TIME_TO_FIX, why=why)
    points = TIME_TO_FIX / (1 + max(facts.days_to_fix, 0.0) / HALF_LIFE_DAYS)
    why = f"half of its advisories ended here within {facts.days_to_fix:,.0f} days of their release"
    return Share(name="Time to fix", points=points, of=TIME_TO_FIX, why=why)


def _papers(facts: Facts) -> tuple[Share, Share]:
    found = []
    for name, of, held, what in (
        ("Disclosure forms", FORMS, facts.models_with_form, "a disclosure form (MDS2)"),
        ("Lists of components", LISTS, facts.models_with_list, "a list of components (SBOM)"),
    ):
        share = min(held, facts.models) / facts.models if facts.models else 0.5
        why = (
            f"{what} is on file for {held} of {facts.models} {'model' if facts.models == 1 else 'models'}"
            if facts.models
            else "no model is known"
        )
        found.append(Share(name=name, points=of * share, of=of, why=why))
    return found[0], found[1]


def _contradictions(facts: Facts) -> Share:
    name = "Words and traffic"
    if not facts.models_with_form:
        why = "there is no form that traffic could be held against"
        return Share(name=name, points=CONTRADICTIONS / 2, of=CONTRADICTIONS, why=why)
    points = CONTRADICTIONS / (1 + facts.contradictions / HALF_LIFE_CONTRADICTIONS)
    count = facts.contradictions
    why = (
        f"traffic contradicts {count} {'answer' if count == 1 else 'answers'} of its forms"
        if count
        else "traffic contradicts none of its answers"
    )
    return Share(name=name, points=points, of=CONTRADICTIONS, why=why)


def _support(facts: Facts) -> Share:
    if not facts.has_support_words and not facts.unsupported_devices:
        return Share(name="Support", points=SUPPORT / 2, of=SUPPORT, why="nobody recorded when support ends")
    share = min(facts.unsupported_devices, facts.devices) / max(facts.devices, 1)
    # The first device past its end takes the half away that not knowing takes too: a worse fact is never worth more.
    points = SUPPORT * (1 - share) / (2 if facts.unsupported_devices else 1)
    why = f"{facts.unsupported_devices:,} of {facts.devices:,} devices are past the end of their support"
    return Share(name="Support", points=points, of=SUPPORT, why=why)


def _contracts(facts: Facts) -> Share:
    points = CONTRACTS / 2 if facts.has_agreement else 0.0
    why = "an agreement is signed and in force" if facts.has_agreement else "no signed agreement is in force"
    if not facts.reaches_out:
        points += CONTRACTS / 2
    elif facts.has_remote_agreement:
        points += CONTRACTS / 2
        why += "; remote access was seen and is agreed on"
    else:
        why += "; remote access was seen that no contract speaks of"
    return Share(name="Contracts", points=points, of=CONTRACTS, why=why)
