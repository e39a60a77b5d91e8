"""Passive weaknesses: what devices' own traffic shows about how well they protect themselves and patients.

In: rows of the history's questions ``posture`` and ``served``, and the devices. Out: ``Weakness`` values, each with
packets as evidence. Nothing is sent to any device; what was not seen is not said.
"""

from asepsis.exposure.weaknesses.judge import judge
from asepsis.exposure.weaknesses.kinds import KINDS, Kind
from asepsis.exposure.weaknesses.weakness import Seen, Weakness

__all__ = ["KINDS", "Kind", "Seen", "Weakness", "judge"]
