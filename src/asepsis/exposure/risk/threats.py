"""Findings become threats: which vulnerabilities a device has or may have, how bad they are, and who uses them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from asepsis.exposure.advisory import Advisory, Vulnerability
from asepsis.exposure.finding import Exposed, Finding
from asepsis.exposure.risk.facts import Threat

# Metrics of CVSS 2 (C:P), 3 (C:L) and 4 (VC:L, of the vulnerable system) as the vector writes them.
_IMPACT: Final = re.compile(r"(?:^|/)V?([CIA]):([NLPHC])(?=/|$)")
_LEVEL: Final = {"N": 0.0, "L": 0.5, "P": 0.5, "H": 1.0, "C": 1.0}
# A vector has a dozen metrics; a longer text is none.
VECTOR_LIMIT = 400
_FIX: Final = "vendor_fix"
RECALL_IMPACT: Final = {"I": (0.0, 1.0, 1.0), "II": (0.0, 0.5, 0.5), "III": (0.0, 0.0, 0.0)}
"""What a recalled device may do, as if somebody had changed or stopped it: class I may cause serious harm or death,
class II may do so remotely or harm for a time, class III is not likely to harm (21 CFR 7.3(m))."""


def threats_of(
    findings: Iterable[Finding],
    advisories: Iterable[Advisory],
    *,
    exploited: frozenset[str] = frozenset(),
    likelihood: Mapping[str, float] | None = None,
) -> dict[str, tuple[Threat, ...]]:
    """What matching found, by device; "not affected" is no threat.

    Args:
        findings: Of all devices.
        advisories: Those that the findings rest on, for scores and fixes.
        exploited: CVE numbers of CISA's catalogue of known exploited vulnerabilities.
        likelihood: CVE number to the probability of EPSS.
    """
    told = {
        (advisory.key, vulnerability.id): vulnerability
        for advisory in advisories
        for vulnerability in advisory.vulnerabilities
    }
    scores = likelihood or {}
    # A thousand pumps of one model have the same ones.
    made: dict[tuple[str, str, Exposed], Threat] = {}
    found: dict[str, dict[str, Threat]] = {}
    for finding in findings:
        verdict = finding.verdict
        if verdict.answer is Exposed.NOT_AFFECTED:
            continue
        device = found.setdefault(finding.device, {})
        for name in verdict.vulnerabilities:
            key = (verdict.advisory, name, verdict.answer)
            threat = made.get(key)
            if threat is None:
                threat = made[key] = _threat(
                    name,
                    told.get((verdict.advisory, name)),
                    is_certain=verdict.answer is Exposed.AFFECTED,
                    is_exploited=name in exploited,
                    epss=scores.get(name),
                )
            earlier = device.get(name)
            device[name] = threat if earlier is None else _worse(earlier, threat)
    return {device: tuple(threats.values()) for device, threats in found.items()}


def _threat(
    name: str, vulnerability: Vulnerability | None, *, is_certain: bool, is_exploited: bool, epss: float | None
) -> Threat:
    base, impact, has_fix = None, None, False
    if vulnerability is not None and vulnerability.recall_class:
        # Nobody needs to attack for a recall to come true, so it adds nothing to how likely an attack is; what it may
        # do adds to the harm.
        base, impact = 0.0, RECALL_IMPACT[vulnerability.recall_class]
    elif vulnerability is not None:
        base = vulnerability.base_score
        vectors = sorted(vulnerability.scores, key=lambda score: (score.version, score.base), reverse=True)
        impact = next((told for score in vectors if (told := impact_of(score.vector)) is not None), None)
        has_fix = any(remedy.category == _FIX for remedy in vulnerability.remedies)
    return Threat(
        id=name,
        is_certain=is_certain,
        # What a publisher writes is not believed to keep to the scale.
        base=None if base is None else min(10.0, max(0.0, base)),
        impact=impact,
        epss=None if epss is None else min(1.0, max(0.0, epss)),
        is_exploited=is_exploited,
        has_fix=has_fix,
    )


def _worse(one: Threat, other: Threat) -> Threat:
    """Two advisories speak of one vulnerability: the more certain answer, then the higher score."""
    return max(one, other, key=lambda threat: (threat.is_certain, threat.base or 0.0))


def impact_of(vector: str) -> tuple[float, float, float] | None:
    """Confidentiality, integrity and availability of a CVSS vector, 0 to 1; None where it does not say all three."""
    said = dict(_IMPACT.findall(vector[:VECTOR_LIMIT].upper()))
    if said.keys() != {"C", "I", "A"}:
        return None
    return _LEVEL[said["C"]], _LEVEL[said["I"]], _LEVEL[said["A"]]
