"""The interval of a score as a picture, and a tier as a word in its colour."""

from __future__ import annotations

import re
from typing import Any, Final

from django.template import Library
from django.utils.safestring import SafeString, mark_safe

from asepsis.exposure.risk.score import TIER_FROM
from asepsis.web.exposure.cells import TIER_TONES, tier_badge
from asepsis.web.exposure.models import Risk

register = Library()

_BOUND: Final = re.compile(r"(<=|>=|<|>)\s*(v?\d[^\s,;()|]*)")
_BOUNDS: Final = {"<=": "{} and older", "<": "older than {}", ">=": "{} and newer", ">": "newer than {}"}
_PLACED: Final = re.compile(r"^(\S{1,80}) is in (?=[<>\d])")


@register.filter
def versions(text: object) -> str:
    """``9.33 is in <= 12.1.3`` as people say it: ``Version 9.33 is one of: 12.1.3 and older``."""
    placed = _PLACED.sub(r"Version \1 is one of: ", str(text))
    return _BOUND.sub(lambda found: _BOUNDS[found[1]].format(found[2]), placed)


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
