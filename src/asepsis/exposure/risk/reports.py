"""What other programs and testers claim, as facts of risk: another's word, never as sure as an advisory or a packet.

In: claims tied to devices, and what is known beside them. Out: threats and kinds of weaknesses by device. A claim that
traffic contradicts, or that is old, stays and is doubted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from asepsis.exposure.reported.report import Severity
from asepsis.exposure.reported.tying import ReportedFinding
from asepsis.exposure.risk.factors import strength
from asepsis.exposure.risk.facts import Threat
from asepsis.exposure.risk.threats import impact_of
from asepsis.kernel.value import value

_LEAST_BASE: Final = {
    Severity.CRITICAL: 9.0,
    Severity.HIGH: 7.0,
    Severity.MEDIUM: 4.0,
    Severity.LOW: 0.1,
    Severity.NOTE: 0.0,
}
"""The least base score of each word (CVSS 3.1 section 5), which stands for a score where a report gives none."""
# The strongest against one device: with so many, the chance that one of them is right no longer grows.
CLAIMS_COUNTED: Final = 200


@value
class Claimed:
    """What reports claim of one device."""

    threats: tuple[Threat, ...] = ()
    weaknesses: frozenset[str] = frozenset()
    """Ids of kinds of passive weaknesses that traffic has not shown."""


NOTHING: Final = Claimed()


def claimed_of(
    reported: Iterable[ReportedFinding],
    threats: Mapping[str, tuple[Threat, ...]],
    *,
    exploited: frozenset[str] = frozenset(),
    likelihood: Mapping[str, float] | None = None,
) -> dict[str, Claimed]:
    """Claims as facts, by device.

    Args:
        reported: Claims against devices.
        threats: What advisories say of the same devices; a vulnerability that they name for sure is not counted twice.
        exploited: CVE numbers of CISA's catalogue of known exploited vulnerabilities.
        likelihood: CVE number to the probability of EPSS.
    """
    scores = likelihood or {}
    sure = {device: {one.id for one in told if one.is_certain} for device, told in threats.items()}
    found: dict[str, dict[str, Threat]] = {}
    kinds: dict[str, set[str]] = {}
    for one in reported:
        claim = one.claim
        if claim.weakness and one.believed:
            kinds.setdefault(one.device, set()).add(claim.weakness)
            continue
        names = set(claim.vulnerabilities)
        if names and names <= sure.get(one.device, set()):
            continue
        found.setdefault(one.device, {})[one.key] = Threat(
            id=one.key,
            is_certain=False,
            is_doubted=not one.believed,
            base=_LEAST_BASE[claim.severity] if claim.base is None else claim.base,
            impact=impact_of(claim.vector),
            epss=max((min(1.0, scores[name]) for name in names if name in scores), default=None),
            is_exploited=bool(names & exploited),
            is_public=claim.is_public,
        )
    return {
        device: Claimed(threats=_strongest(found.get(device, {}).values()), weaknesses=frozenset(kinds.get(device, ())))
        for device in {**found, **kinds}
    }


def _strongest(threats: Iterable[Threat]) -> tuple[Threat, ...]:
    ordered = sorted(threats, key=lambda one: (one.is_doubted, -strength(one, one.base or 0.0), one.id))
    return tuple(sorted(ordered[:CLAIMS_COUNTED], key=lambda one: one.id))
