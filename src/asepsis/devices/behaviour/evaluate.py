"""How right a model is on labelled profiles that it has not seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from asepsis.devices.behaviour.model import Model, Verdict
from asepsis.kernel.value import value


@value
class TypeScore:
    """One type of the labels."""

    name: str
    profiles: int
    right: int
    """Named alone, or first among twins that are named together."""
    among_twins: int
    """Of the wrong ones: named second among twins."""
    unknown: int
    f1: float
    """Harmonic mean of precision and recall, unknown counting as not found; 0 where there is neither."""
    known: bool
    """False for a type that the model was not shown: unknown is right, and any name is wrong."""


@value
class Evaluation:
    """What a model said of labelled profiles."""

    scores: tuple[TypeScore, ...]
    confusions: tuple[tuple[str, str, int], ...]
    """(type, what it was called, how often), the most frequent first."""

    @property
    def profiles(self) -> int:
        """Profiles of types that the model knows."""
        return sum(score.profiles for score in self.scores if score.known)

    @property
    def accuracy(self) -> float:
        """The share of the profiles of known types that got their own name."""
        return _share(sum(score.right for score in self.scores if score.known), self.profiles)

    @property
    def unknown(self) -> float:
        """The share of the profiles of known types that were called unknown."""
        return _share(sum(score.unknown for score in self.scores if score.known), self.profiles)

    @property
    def macro_f1(self) -> float:
        """The mean F1 over the known types that the labels have."""
        own = [score.f1 for score in self.scores if score.known]
        return sum(own) / len(own) if own else 0.0

    @property
    def unseen_named(self) -> float:
        """The share of the profiles of types that the model was not shown that got a name all the same."""
        own = [score for score in self.scores if not score.known]
        return _share(sum(score.profiles - score.unknown for score in own), sum(score.profiles for score in own))

    def document(self) -> dict[str, Any]:
        """The JSON document of ``asepsis devices evaluate --json``."""
        return {
            "profiles": sum(score.profiles for score in self.scores),
            "accuracy": round(self.accuracy, 4),
            "macro_f1": round(self.macro_f1, 4),
            "unknown": round(self.unknown, 4),
            "unseen_profiles": sum(score.profiles for score in self.scores if not score.known),
            "unseen_named": round(self.unseen_named, 4),
            "types": [
                {
                    "type": score.name,
                    "known": score.known,
                    "profiles": score.profiles,
                    "right": score.right,
                    "among_twins": score.among_twins,
                    "unknown": score.unknown,
                    "f1": round(score.f1, 4),
                }
                for score in self.scores
            ],
            "confusions": [{"type": own, "called": called, "times": times} for own, called, times in self.confusions],
        }


def evaluate(model: Model, verdicts: Sequence[Verdict], types: Sequence[str]) -> Evaluation:
    """Compares verdicts with the truth."""
    called = [verdict.types[0] if verdict.types else "" for verdict in verdicts]
    given = Counter(called)
    truth = Counter(types)
    pairs = Counter(zip(types, called, strict=True))
    second = Counter(
        own for own, verdict in zip(types, verdicts, strict=True) if own in verdict.types and verdict.types[0] != own
    )
    scores = []
    for name, count in sorted(truth.items()):
        right = pairs[name, name]
        precision, recall = _share(right, given[name]), _share(right, count)
        scores.append(
            TypeScore(
                name=name,
                profiles=count,
                right=right,
                among_twins=second[name],
                unknown=pairs[name, ""],
                f1=2 * precision * recall / (precision + recall) if right else 0.0,
                known=name in model.types,
            )
        )
    wrong = [(own, name, times) for (own, name), times in pairs.items() if name and name != own]
    return Evaluation(scores=tuple(scores), confusions=tuple(sorted(wrong, key=lambda one: (-one[2], one[0], one[1]))))


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
