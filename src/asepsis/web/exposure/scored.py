"""A score as people read it: its factors in plain words, in tenths of a point that add up."""

from __future__ import annotations

from math import floor
from typing import Final

from asepsis.kernel.value import value
from asepsis.web.exposure.models import Risk

FACTORS: Final = {
    "exposure": "Who reaches it",
    "weaknesses": "Weaknesses seen in its traffic",
    "vulnerabilities": "Known vulnerabilities",
    "no_controls": "Missing protection around it",
    "function": "What it does for patients",
    "device_class": "Its class as a medical device",
    "patients": "Medical devices that depend on it",
    "impact": "What somebody could do",
    "data": "Data of patients that it handles",
}
"""Factors of the score in plain words."""


@value
class Scored:
    """One factor as the page draws it."""

    words: str
    points: str
    why: str
    length: float
    """Its share of the largest, 0..100."""


def scored(risk: Risk) -> list[Scored]:
    """The factors in tenths of a point that add up to the score as it is shown, the largest first."""
    points = [float(one["points"]) * 10 for one in risk.factors]
    whole = [floor(one) for one in points]
    missing = max(0, round(risk.score * 10) - sum(whole))
    # The method of largest remainders: those that lost most by rounding down get one more.
    for place in sorted(range(len(whole)), key=lambda place: (whole[place] - points[place], place))[:missing]:
        whole[place] += 1
    most = max(whole, default=0) or 1
    return [
        Scored(
            words=FACTORS.get(one["factor"], one["factor"]),
            points=f"{tenths / 10:.1f}",
            why=one["why"],
            length=100 * tenths / most,
        )
        for one, tenths in zip(risk.factors, whole, strict=True)
    ]
