"""The score of one device: likelihood times harm, its interval, and factors that add up to it.

``score = 100 * L * H`` with ``L = sum(w_i * f_i)`` over five factors of likelihood and ``H = sum(v_j * g_j)`` over five
of harm; weights add up to 1 on each side and factors lie in [0, 1], so that the score lies in [0, 100] and never falls
when a fact becomes worse. Each term ``w_i f_i v_j g_j`` is shared equally between its two factors (the Shapley value of
a product of sums), so that the shares add up to the score. All numbers are exact fractions.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from fractions import Fraction
from typing import Any, Final

from asepsis.exposure.risk.factors import Factor, harm_factors, likelihood_factors
from asepsis.exposure.risk.facts import Facts
from asepsis.kernel.value import value


class Tier(StrEnum):
    """Which devices to look at first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


TIER_FROM: Final = ((Fraction(40), Tier.CRITICAL), (Fraction(20), Tier.HIGH), (Fraction(8), Tier.MEDIUM))
"""The least score of each tier: 40 is what two thirds on both sides give, 20 about 45 %, 8 about 28 %."""

LIKELIHOOD_WEIGHTS: Final[Mapping[str, Fraction]] = {
    "exposure": Fraction(25, 100),
    "weaknesses": Fraction(30, 100),
    "vulnerabilities": Fraction(30, 100),
    "no_controls": Fraction(15, 100),
}
HARM_WEIGHTS: Final[Mapping[str, Fraction]] = {
    "function": Fraction(45, 100),
    "device_class": Fraction(10, 100),
    "patients": Fraction(20, 100),
    "impact": Fraction(15, 100),
    "data": Fraction(10, 100),
}

# Factors are rounded to a millionth before anything is multiplied: exact fractions stay small.
_GRAIN: Final = 1_000_000
# Sums are whole numbers of grains times hundredths, which fractions are made of in the end: the same, and ten times as
# fast.
_WHOLE: Final = 100 * _GRAIN
_LIKELY: Final = tuple(int(100 * weight) for weight in LIKELIHOOD_WEIGHTS.values())
_HARMFUL: Final = tuple(int(100 * weight) for weight in HARM_WEIGHTS.values())


@value
class Share:
    """What one factor adds to the score."""

    factor: str
    points: Fraction
    """Of 100; all shares add up to the score."""
    words: str
    """Why, for a person."""

    def document(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"factor": self.factor, "points": float(self.points), "why": self.words}


@value
class Assessment:
    """The risk of one device."""

    device: str
    score: Fraction
    """0 to 100."""
    low: Fraction
    high: Fraction
    """The score if everything that is not known were as good, or as bad, as it can be."""
    likelihood: Fraction
    harm: Fraction
    shares: tuple[Share, ...]
    """By points, the largest first."""

    @property
    def tier(self) -> Tier:
        """By the score, not by its interval."""
        return tier_of(self.score)

    def in_tenths(self) -> tuple[int, ...]:
        """The shares in tenths of a point, rounded so that they add up to the score rounded to tenths.

        Every share is rounded down, and those that lost most get one more (the method of largest remainders).
        """
        whole = [int(10 * share.points) for share in self.shares]
        lost = [10 * share.points - tenths for share, tenths in zip(self.shares, whole, strict=True)]
        missing = round(10 * self.score) - sum(whole)
        for place in sorted(range(len(whole)), key=lambda place: (-lost[place], place))[: max(0, missing)]:
            whole[place] += 1
        return tuple(whole)

    def document(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "device": self.device,
            "score": float(self.score),
            "low": float(self.low),
            "high": float(self.high),
            "tier": str(self.tier),
            "likelihood": float(self.likelihood),
            "harm": float(self.harm),
            "factors": [share.document() for share in self.shares],
        }


def tier_of(score: Fraction) -> Tier:
    """The tier of a score."""
    return next((tier for least, tier in TIER_FROM if score >= least), Tier.LOW)


def assess(facts: Facts) -> Assessment:
    """Scores one device."""
    likely, harmful = likelihood_factors(facts), harm_factors(facts)
    parts = [(one, weight * _grains(one.middle)) for one, weight in zip(likely, _LIKELY, strict=True)]
    harms = [(one, weight * _grains(one.middle)) for one, weight in zip(harmful, _HARMFUL, strict=True)]
    likelihood, harm = sum(part for _, part in parts), sum(part for _, part in harms)
    shares = [(50 * part * harm, one) for one, part in parts] + [(50 * part * likelihood, one) for one, part in harms]
    shares.sort(key=_by_points)
    return Assessment(
        device=facts.device,
        score=Fraction(100 * likelihood * harm, _WHOLE * _WHOLE),
        low=Fraction(
            100
            * sum(weight * _grains(one.low) for one, weight in zip(likely, _LIKELY, strict=True))
            * sum(weight * _grains(one.low) for one, weight in zip(harmful, _HARMFUL, strict=True)),
            _WHOLE * _WHOLE,
        ),
        high=Fraction(
            100
            * sum(weight * _grains(one.high) for one, weight in zip(likely, _LIKELY, strict=True))
            * sum(weight * _grains(one.high) for one, weight in zip(harmful, _HARMFUL, strict=True)),
            _WHOLE * _WHOLE,
        ),
        likelihood=Fraction(likelihood, _WHOLE),
        harm=Fraction(harm, _WHOLE),
        shares=tuple(
            Share(factor=one.name, points=Fraction(points, _WHOLE * _WHOLE), words=one.words) for points, one in shares
        ),
    )


def score_of(facts: Facts) -> Fraction:
    """``assess(facts).score`` without the rest of it."""
    likelihood = sum(
        weight * _grains(one.middle) for one, weight in zip(likelihood_factors(facts), _LIKELY, strict=True)
    )
    harm = sum(weight * _grains(one.middle) for one, weight in zip(harm_factors(facts), _HARMFUL, strict=True))
    return Fraction(100 * likelihood * harm, _WHOLE * _WHOLE)


def _grains(number: float) -> int:
    return round(number * _GRAIN)


def _by_points(share: tuple[int, Factor]) -> tuple[int, str]:
    return -share[0], share[1].name
