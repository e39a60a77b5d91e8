"""Risk: which device can hurt a patient, how sure that is, why, and what is the cheapest way to change it.

In: ``Facts`` of each device, gathered from conversations, weaknesses, findings and people. Out: ``Assessment`` values
whose factors add up to the score, a ranking with its stability, and actions with the score after them. Formulas and
their sources are in ``docs/explanation/risk.md``.
"""

from asepsis.exposure.risk.actions import Action, Advice, advise
from asepsis.exposure.risk.facts import Control, Facts, Threat
from asepsis.exposure.risk.score import Assessment, Share, Tier, assess
from asepsis.exposure.risk.stability import Stability, stability

__all__ = [
    "Action",
    "Advice",
    "Assessment",
    "Control",
    "Facts",
    "Share",
    "Stability",
    "Threat",
    "Tier",
    "advise",
    "assess",
    "stability",
]
