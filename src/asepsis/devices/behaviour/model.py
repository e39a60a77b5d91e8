"""What was learnt from labelled behaviour, and what it says of a device: a type with its chance, twins, or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from asepsis.devices.behaviour.columns import Columns
from asepsis.devices.behaviour.forest import Chances, Forest
from asepsis.devices.behaviour.novelty import Novelty, has_only_joined
from asepsis.devices.behaviour.profile import Profile
from asepsis.kernel.value import value

# Twins whose chances are nearer to each other than this are named together.
TWINS_APART = 0.5


@value
class Facts:
    """What a type says of a device: values of the attributes of ``asepsis devices --json``, empty where nothing."""

    category: str = ""
    vendor: str = ""
    model: str = ""


@value
class Training:
    """Where a model comes from."""

    digest: str
    """SHA-256 over the profiles and labels that it was learnt from, in order."""
    profiles: int
    captures: int
    learnt: str
    """The day, ISO 8601."""
    versions: Mapping[str, str]
    """Of Asepsis, NumPy and scikit-learn."""


@value
class Verdict:
    """What a model says of one profile."""

    types: tuple[str, ...]
    """Empty: unknown. Several: twins, the likelier first."""
    chance: float
    """How often such a verdict was right on profiles that the model had not seen, 0 to 1."""
    nearest: str
    """The most like type, also where that is not like enough."""
    reasons: tuple[str, ...]
    """Why it is unknown, in words; empty where it is not."""


@value
class Model:
    """Everything that was learnt."""

    types: tuple[str, ...]
    facts: Mapping[str, Facts]
    columns: Columns
    forest: Forest
    twins: tuple[tuple[int, ...], ...]
    """Groups of types, by their places, that behave so alike that the trees mix them up."""
    novelty: Novelty
    calibration: tuple[tuple[float, float], ...]
    """(chance by the trees, how often that was right on profiles not seen), rising in both."""
    training: Training

    def chances(self, profiles: Sequence[Profile]) -> Chances:
        """Chance of each type for each profile."""
        return self.forest.predict(self.columns.matrix(profiles))

    def verdicts(self, profiles: Sequence[Profile]) -> list[Verdict]:
        """What each profile is."""
        if not profiles:
            return []
        return [
            self._verdict(profile, chances) for profile, chances in zip(profiles, self.chances(profiles), strict=True)
        ]

    def _verdict(self, profile: Profile, chances: NDArray[np.float64]) -> Verdict:
        order = np.argsort(-chances, kind="stable")
        nearest = self.types[int(order[0])]
        if has_only_joined(profile):
            return Verdict(types=(), chance=0.0, nearest=nearest, reasons=("it has only joined the network",))
        reasons = self.novelty.reasons(profile, nearest)
        if sum(surprise for _, _, surprise in reasons) > self.novelty.limit:
            words = tuple(
                f"no {nearest} has said {word!r}" if change == "new" else f"every {nearest} says {word!r}"
                for change, word, _ in reasons
            )
            return Verdict(types=(), chance=0.0, nearest=nearest, reasons=words)
        named = [int(order[0])]
        group = next((twins for twins in self.twins if named[0] in twins), ())
        named += [
            int(place) for place in order[1:] if place in group and chances[order[0]] - chances[place] < TWINS_APART
        ]
        chance = self.confidence(float(chances[named].sum()))
        return Verdict(types=tuple(self.types[place] for place in named), chance=chance, nearest=nearest, reasons=())

    def confidence(self, chance: float) -> float:
        """The chance by the trees -> how often that is right."""
        raw, right = zip(*self.calibration, strict=True)
        return round(float(np.interp(chance, raw, right)), 3)
