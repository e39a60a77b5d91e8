"""What a vulnerability means for patients, in words that a clinician understands: from the device's work and CVSS.

In: the category of a device and the vectors of its vulnerabilities. Out: two sentences. Nothing is said that the scores
do not say; where there is no score, that is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from asepsis.exposure.risk.threats import VECTOR_LIMIT, impact_of
from asepsis.knowledge.harm import harm_of

# CVSS 3.1 2.1.1 and CVSS 4.0 2.1.1, attack vector, from the widest to the narrowest; CVSS 2 knows the first three.
_VECTOR: Final = re.compile(r"(?:^|/)AV:([NALP])(?=/|$)")
_WHO: Final = {
    "N": "Somebody on the network",
    "A": "Somebody on the same network",
    "L": "Somebody who can sign in to it or run a program on it",
    "P": "Somebody who can touch it",
}
# Confidentiality, integrity, availability as CVSS has them; what is changed or stopped comes first for a patient.
_DEEDS: Final = ((1, "change what it says or does"), (2, "stop it"), (0, "read what it knows"))


def care_words(category: str | None, vectors: Iterable[str]) -> str:
    """What it means for a patient when vulnerabilities of a device are used.

    Args:
        category: Of the device; None or empty where it is not known.
        vectors: CVSS vectors of the vulnerabilities, of any version; what is none is passed over.
    """
    harm = harm_of(category or None)
    if harm is None:
        device = "It is not known what this device does for patients."
    else:
        at_stake = ", and a life may hang on it" if harm.sustains_life else ""
        device = f"It {harm.function}{at_stake}."
    reached: dict[str, tuple[float, float, float]] = {}
    for vector in vectors:
        impact, way = impact_of(vector), _VECTOR.search(vector[:VECTOR_LIMIT].upper())
        if impact is not None and way is not None:
            worst = reached.get(way[1], (0.0, 0.0, 0.0))
            reached[way[1]] = (max(worst[0], impact[0]), max(worst[1], impact[1]), max(worst[2], impact[2]))
    if not reached:
        return f"{device} What somebody could do to it, the document does not score."
    who = next(way for way in _WHO if way in reached)
    deeds = [words for part, words in _DEEDS if reached[who][part] > 0]
    if not deeds:
        return f"{device} By its score, nothing of that changes."
    told = deeds[0] if len(deeds) == 1 else f"{', '.join(deeds[:-1])} or {deeds[-1]}"
    return f"{device} {_WHO[who]} could {told}."
