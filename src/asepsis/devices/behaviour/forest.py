"""A forest of decision trees as plain arrays: it is grown by scikit-learn and asked with NumPy alone.

So a model file holds numbers and text only, and reading one runs no code of its author.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asepsis.devices.behaviour.columns import Matrix
from asepsis.kernel.value import value

# A balanced tree over a million samples is 20 deep; a chain this long is damaged or hostile.
DEPTH_LIMIT = 256

Chances = NDArray[np.float64]


@value
class Forest:
    """All nodes of all trees, one after the other. Children come after their parent; a leaf has feature -1."""

    roots: NDArray[np.int32]
    feature: NDArray[np.int32]
    threshold: NDArray[np.float64]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    chances: NDArray[np.float32]
    """Of each node: how its training samples were distributed over the types."""

    def predict(self, rows: Matrix) -> Chances:
        """Chance of each type for each row: the mean over the trees (Breiman, Random Forests, 2001)."""
        total = np.zeros((len(rows), self.chances.shape[1]))
        everyone = np.arange(len(rows))
        for root in self.roots.tolist():
            at = np.full(len(rows), root)
            for _ in range(DEPTH_LIMIT):
                inner = self.feature[at] >= 0
                if not inner.any():
                    break
                here = at[inner]
                goes_left = rows[everyone[inner], self.feature[here]] <= self.threshold[here]
                at[inner] = np.where(goes_left, self.left[here], self.right[here])
            total += self.chances[at]
        return total / max(1, len(self.roots))

    def arrays(self, prefix: str) -> dict[str, NDArray[Any]]:
        """For a file."""
        return {f"{prefix}.{name}": getattr(self, name) for name in _ARRAYS}

    @classmethod
    def from_arrays(cls, prefix: str, arrays: Mapping[str, NDArray[Any]], columns: int, types: int) -> Forest:
        """From a file; every index is checked, because the file may be hostile.

        Raises:
            ValueError: An array is missing, of another shape, or points outside.
        """
        found: dict[str, NDArray[Any]] = {}
        for name, (kind, dimensions) in _ARRAYS.items():
            array = arrays.get(f"{prefix}.{name}")
            if array is None or array.dtype != kind or array.ndim != dimensions:
                raise ValueError(f"the array {prefix}.{name} is missing or of another kind")
            found[name] = array
        nodes = len(found["feature"])
        lengths = {len(found[name]) for name in ("feature", "threshold", "left", "right", "chances")}
        inner = found["feature"] >= 0
        order = np.arange(nodes)
        if (
            lengths != {nodes}
            or found["chances"].shape[1] != types
            or not np.isfinite(found["chances"]).all()
            or (found["feature"] >= columns).any()
            or (found["roots"] < 0).any()
            or (found["roots"] >= nodes).any()
            or any((found[side][inner] <= order[inner]).any() for side in ("left", "right"))
            or any((found[side][inner] >= nodes).any() for side in ("left", "right"))
        ):
            raise ValueError(f"the arrays of {prefix} contradict each other")
        return cls(**found)


_ARRAYS = {
    "roots": (np.int32, 1),
    "feature": (np.int32, 1),
    "threshold": (np.float64, 1),
    "left": (np.int32, 1),
    "right": (np.int32, 1),
    "chances": (np.float32, 2),
}


def grow(
    rows: Matrix,
    types: NDArray[np.int64],
    count: int,
    *,
    trees: int,
    columns_tried: float,
    seed: int,
    weigh: bool = True,
) -> Forest:
    """Grows extremely randomised trees (Geurts, Ernst and Wehenkel, 2006) on rows of numbers.

    Args:
        rows: One row a sample.
        types: The place of each sample's type.
        count: How many types there are.
        trees: How many trees.
        columns_tried: The share of the columns that each split chooses from.
        seed: The same seed and rows give the same forest.
        weigh: Every type counts the same, however many samples it has.
    """
    from sklearn.ensemble import ExtraTreesClassifier

    grown = ExtraTreesClassifier(
        n_estimators=trees,
        max_features=columns_tried,
        random_state=seed,
        class_weight="balanced" if weigh else None,
    ).fit(rows, types)
    parts: dict[str, list[NDArray[Any]]] = {name: [] for name in _ARRAYS}
    offset = 0
    for estimator in grown.estimators_:
        tree = estimator.tree_
        chances = np.zeros((tree.node_count, count), np.float32)
        counts = tree.value[:, 0, :]
        chances[:, grown.classes_] = counts / counts.sum(axis=1, keepdims=True)
        parts["roots"].append(np.array([offset], np.int32))
        parts["feature"].append(np.where(tree.children_left < 0, -1, tree.feature).astype(np.int32))
        parts["threshold"].append(tree.threshold.astype(np.float64))
        parts["left"].append((tree.children_left + offset).astype(np.int32))
        parts["right"].append((tree.children_right + offset).astype(np.int32))
        parts["chances"].append(chances)
        offset += tree.node_count
    return Forest(**{name: np.concatenate(arrays) for name, arrays in parts.items()})
