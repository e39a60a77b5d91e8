"""From the strength of evidence to how often such evidence was right on labelled captures.

In: an attribute and the strength of what speaks for its value (``confidence``). Out: the confidence that stands beside
the value. What is shown and what is not is decided by strength alone, before; ``docs/explanation/confidence.md`` says
why, and on what the table was learnt and tested.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from functools import lru_cache

from asepsis.devices.confidence import MOST, THRESHOLD
from asepsis.knowledge.table import folder

TABLE = "calibration.json"


@lru_cache(maxsize=1)
def _points() -> dict[str, tuple[tuple[float, ...], tuple[float, ...]]]:
    """Attribute to strengths and shares that were right, both rising."""
    document = json.loads((folder().parent / TABLE).read_text(encoding="utf-8"))
    return {
        attribute: (tuple(point[0] for point in points), tuple(point[1] for point in points))
        for attribute, points in document["attributes"].items()
    }


@lru_cache(maxsize=1 << 12)
def calibrated(attribute: str, strength: float) -> float:
    """How often values of this attribute with such strength were right, 0 to ``MOST``.

    Between the points of the table it is a straight line, outside of them the nearest point. What is too weak to be
    shown, and attributes without labels (names, UDIs), keep their strength.
    """
    points = _points().get(attribute)
    if points is None or strength < THRESHOLD:
        return strength
    strengths, shares = points
    place = bisect_right(strengths, strength)
    if place == 0:
        share = shares[0]
    elif place == len(strengths):
        share = shares[-1]
    else:
        low, high = strengths[place - 1], strengths[place]
        part = (strength - low) / (high - low)
        share = shares[place - 1] + part * (shares[place] - shares[place - 1])
    return round(min(MOST, share), 3)
