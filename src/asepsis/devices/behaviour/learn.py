"""Labelled profiles -> a ``Model``. Needs scikit-learn (``asepsis[learn]``), which is imported when this is called.

The straight line: columns; each profile's chances by trees that have not seen it; from those the twins and the
calibration; what is usual within a type; at last the trees over everything.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from asepsis.devices.behaviour.columns import Matrix, columns_of
from asepsis.devices.behaviour.forest import Chances, grow
from asepsis.devices.behaviour.model import Facts, Model, Training
from asepsis.devices.behaviour.novelty import learn_novelty
from asepsis.devices.behaviour.profile import Profile
from asepsis.kernel.errors import AsepsisError

# Fewer windows of one type do not show what changes from one to the next.
LEAST_OF_A_TYPE = 3
# A user's own labelled captures; twice as many would take minutes.
PROFILES_LIMIT = 20_000
TREES = 300
TREES_UNSEEN = 100
"""Of each fold of the cross-validation: enough for chances of a tenth."""
COLUMNS_TRIED = 0.2
"""Of all columns at each split: many columns say nothing, so the usual square root too often finds none that does."""
FOLDS = 5
UNKNOWN_SHARE = 0.045
"""Which share of known devices may be called unknown."""
# Two types are twins when the trees give this share of the one's profiles, on average, to the other.
TWINS_SHARE = 0.15


class BehaviourError(AsepsisError):
    """Nothing can be learnt from this, or the model cannot be used."""


def learn(
    profiles: Sequence[Profile], types: Sequence[str], facts: Mapping[str, Facts], *, today: date, seed: int = 0
) -> Model:
    """Learns what tells the types apart.

    Args:
        profiles: At least ``LEAST_OF_A_TYPE`` of each type, of at least two types.
        types: The type of each profile.
        facts: What each type says of a device.
        today: When this happens, for the record.
        seed: The same profiles and seed give the same model.

    Raises:
        BehaviourError: Too few profiles or types, too many profiles, or scikit-learn is not there.
    """
    names = _checked(types)
    places = {name: place for place, name in enumerate(names)}
    truth = np.array([places[name] for name in types], np.int64)
    columns = columns_of(profiles)
    rows = columns.matrix(profiles)
    unseen = _unseen(rows, truth, len(names), seed)
    groups = twins_among(unseen, truth)
    return Model(
        types=names,
        facts={name: facts.get(name, Facts(model=name)) for name in names},
        columns=columns,
        forest=grow(rows, truth, len(names), trees=TREES, columns_tried=COLUMNS_TRIED, seed=seed),
        twins=tuple(groups),
        novelty=learn_novelty(profiles, types, unknown_share=UNKNOWN_SHARE),
        calibration=calibration_of(unseen, truth, groups),
        training=Training(
            digest=digest_of(profiles, types),
            profiles=len(profiles),
            captures=len({profile.capture for profile in profiles}),
            learnt=today.isoformat(),
            versions=_versions(),
        ),
    )


def digest_of(profiles: Sequence[Profile], types: Sequence[str]) -> str:
    """The digest of training data: changes with any word, measure or label, not with paths and addresses."""
    content = hashlib.sha256()
    for profile, name in zip(profiles, types, strict=True):
        line = [name, sorted(profile.words.items()), sorted(profile.measures.items())]
        content.update(json.dumps(line, ensure_ascii=False).encode())
    return content.hexdigest()


def _checked(types: Sequence[str]) -> tuple[str, ...]:
    try:
        import sklearn  # noqa: F401  # asked for before anything else, so that nobody waits for nothing
    except ImportError as error:
        raise BehaviourError(
            "learning needs scikit-learn, which is not installed",
            code="learn-unavailable",
            hint="pip install 'asepsis[learn]'; using a model needs nothing more.",
        ) from error
    counts = Counter(types)
    few = sorted(name for name, count in counts.items() if count < LEAST_OF_A_TYPE)
    if few or len(counts) < 2:
        raise BehaviourError(
            f"too few labelled windows: {', '.join(f'{name} {counts[name]}' for name in few)}"
            if few
            else "the labels name fewer than two types",
            code="learn-too-few",
            hint=f"Label at least {LEAST_OF_A_TYPE} captures or days of each type, and two types.",
        )
    if len(types) > PROFILES_LIMIT:
        raise BehaviourError(
            f"{len(types):,} labelled windows are more than {PROFILES_LIMIT:,}",
            code="learn-too-many",
            hint="Learn from fewer days.",
        )
    return tuple(sorted(counts))


def folds_of(truth: NDArray[np.int64], folds: int, seed: int) -> NDArray[np.int64]:
    """A fold for each sample, so that the samples of each type are spread evenly over the folds."""
    shuffled = np.random.default_rng(seed).permutation(len(truth))
    order = shuffled[np.argsort(truth[shuffled], kind="stable")]
    fold = np.empty(len(truth), np.int64)
    fold[order] = np.arange(len(truth)) % folds
    return fold


def _unseen(rows: Matrix, truth: NDArray[np.int64], count: int, seed: int) -> Chances:
    """Each profile's chances by trees that were grown without it."""
    chances = np.zeros((len(rows), count))
    fold = folds_of(truth, min(FOLDS, int(np.bincount(truth).min())), seed)
    for number in range(int(fold.max()) + 1):
        out = fold == number
        grown = grow(
            rows[~out], truth[~out], count, trees=TREES_UNSEEN, columns_tried=COLUMNS_TRIED, seed=seed + number
        )
        chances[out] = grown.predict(rows[out])
    return chances


def twins_among(unseen: Chances, truth: NDArray[np.int64]) -> list[tuple[int, ...]]:
    """Groups of types that trees mix up: connected by pairs of which one is given a share of the other's profiles."""
    count = unseen.shape[1]
    group = list(range(count))
    for one in range(count):
        given = unseen[truth == one].mean(axis=0)
        for other in np.flatnonzero(given >= TWINS_SHARE).tolist():
            if other != one:
                old, new = group[other], group[one]
                group = [new if name == old else name for name in group]
    members: dict[int, list[int]] = {}
    for place, name in enumerate(group):
        members.setdefault(name, []).append(place)
    return sorted(tuple(places) for places in members.values() if len(places) > 1)


def calibration_of(
    unseen: Chances, truth: NDArray[np.int64], groups: Sequence[tuple[int, ...]]
) -> tuple[tuple[float, float], ...]:
    """Chance by the trees -> how often that was right: isotonic regression by pooling of adjacent violators.

    (Zadrozny and Elkan, Transforming classifier scores into accurate multiclass probability estimates, 2002.) Twins
    count as one, because they are named together. One of each outcome is added to every pool (Laplace), so that no
    number of right answers makes a certainty.
    """
    home = np.arange(unseen.shape[1])
    for group in groups:
        home[list(group)] = group[0]
    together = np.zeros_like(unseen)
    for place, to in enumerate(home.tolist()):
        together[:, to] += unseen[:, place]
    best = together.argmax(axis=1)
    raw = together[np.arange(len(together)), best]
    right = best == home[truth]
    order = np.argsort(raw, kind="stable")
    pools: list[list[float]] = []  # right, count, sum of raw chances
    for score, correct in zip(raw[order].tolist(), right[order].tolist(), strict=True):
        pools.append([float(correct), 1.0, score])
        while len(pools) > 1 and pools[-2][0] / pools[-2][1] >= pools[-1][0] / pools[-1][1]:
            last = pools.pop()
            pools[-1] = [earlier + later for earlier, later in zip(pools[-1], last, strict=True)]
    return tuple(_rising((total / count, (hits + 1) / (count + 2)) for hits, count, total in pools))


def _rising(points: Iterator[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """Small pools are drawn to a half by Laplace's rule; a later one is never surer than is shown, nor less."""
    highest = 0.0
    for raw, right in points:
        highest = max(highest, right)
        yield round(raw, 6), round(highest, 6)


def _versions() -> dict[str, str]:
    import sklearn

    from asepsis import __version__

    return {"asepsis": __version__, "numpy": np.__version__, "scikit-learn": sklearn.__version__}
