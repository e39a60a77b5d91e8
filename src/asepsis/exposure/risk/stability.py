"""Does the order of devices hang on our weights? Weights are shaken, and the orders that follow are compared.

Each weight is multiplied by a number drawn evenly from [1 - noise, 1 + noise], and the weights of each side are scaled
to add up to 1 again. Orders are compared by Spearman's rank correlation with equal ranks for equal scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from asepsis.exposure.risk.factors import harm_factors, likelihood_factors
from asepsis.exposure.risk.facts import Facts
from asepsis.exposure.risk.score import HARM_WEIGHTS, LIKELIHOOD_WEIGHTS
from asepsis.kernel.value import value

DRAWS: Final = 200
NOISE: Final = 0.2
# The same devices give the same answer: a ranking that changes while nothing happened is not believed.
SEED: Final = 20250101

Numbers = NDArray[np.float64]


@value
class Stability:
    """How the order stands up to other weights."""

    mean: float
    least: float
    """Rank correlation with our order: on average and in the worst draw. 1 where fewer than two devices differ."""
    ranks: dict[str, tuple[int, int]]
    """Device to the best and the worst of nine tenths of its ranks, from 1."""


def stability(facts: Sequence[Facts], *, noise: float = NOISE, draws: int = DRAWS, seed: int = SEED) -> Stability:
    """Compares the orders that shaken weights give with the order that ours give.

    Args:
        facts: Of all devices that are ranked.
        noise: Half the width of the interval that weights are multiplied by.
        draws: How many times.
        seed: Of the random numbers.
    """
    if not facts:
        return Stability(mean=1.0, least=1.0, ranks={})
    likely = np.array([[factor.middle for factor in likelihood_factors(one)] for one in facts])
    harmful = np.array([[factor.middle for factor in harm_factors(one)] for one in facts])
    likely_weights = np.array([float(weight) for weight in LIKELIHOOD_WEIGHTS.values()])
    harm_weights = np.array([float(weight) for weight in HARM_WEIGHTS.values()])
    ours = _ranks((likely @ likely_weights) * (harmful @ harm_weights))
    generator = np.random.default_rng(seed)
    shaken = np.empty((draws, len(facts)))
    correlations = np.empty(draws)
    for draw in range(draws):
        scores = (likely @ _shaken(likely_weights, noise, generator)) * (
            harmful @ _shaken(harm_weights, noise, generator)
        )
        shaken[draw] = _ranks(scores)
        correlations[draw] = _correlation(ours, shaken[draw])
    best, worst = np.percentile(shaken, (5, 95), axis=0)
    return Stability(
        mean=float(correlations.mean()),
        least=float(correlations.min()),
        ranks={
            one.device: (int(first), int(last))
            for one, first, last in zip(facts, np.floor(best), np.ceil(worst), strict=True)
        },
    )


def _shaken(weights: Numbers, noise: float, generator: np.random.Generator) -> Numbers:
    shaken = weights * generator.uniform(1 - noise, 1 + noise, len(weights))
    scaled: Numbers = shaken / shaken.sum()
    return scaled


def _ranks(scores: Numbers) -> Numbers:
    """Ranks from 1 for the highest; equal scores share the mean of their ranks."""
    # Scores that differ by rounding only are the same.
    rounded = np.round(-scores, 9)
    _, inverse, counts = np.unique(rounded, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    shared: Numbers = (last - (counts - 1) / 2)[inverse]
    return shared


def _correlation(one: Numbers, other: Numbers) -> float:
    one, other = one - one.mean(), other - other.mean()
    length = float(np.sqrt((one @ one) * (other @ other)))
    return 1.0 if length == 0 else float(one @ other) / length
