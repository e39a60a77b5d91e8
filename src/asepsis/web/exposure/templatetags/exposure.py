"""The interval of a score as a picture, and a tier as a word in its colour."""

from __future__ import annotations

from typing import Any

from django.template import Library
from django.utils.safestring import SafeString, mark_safe

from asepsis.exposure.risk.score import TIER_FROM
from asepsis.web.exposure.cells import TIER_TONES, tier_badge
from asepsis.web.exposure.models import Risk

register = Library()


@register.inclusion_tag("exposure/interval.html")
def interval(risk: Risk) -> dict[str, Any]:
    """From the least to the most that it could be, on a line of 100, with the score and the begins of tiers."""
    return {
        "risk": risk,
        "width": max(0.5, risk.high - risk.low),
        "tone": TIER_TONES.get(risk.tier, ""),
        "steps": [(float(least), str(tier)) for least, tier in TIER_FROM],
    }


@register.simple_tag
def tier(risk: Risk) -> SafeString:
    """Its tier and its score."""
    return mark_safe(tier_badge(risk.tier, risk.score))  # noqa: S308 - escaped where it is made
