"""Select the subset of a data set on which training steps are measured."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.datasets import Dataset

BATCH = 128


@dataclass(frozen=True)
class Part:
    """A subset of the data for the measurement of a few training steps.

    Attributes
    ----------
    X, y, X_val, y_val : ndarray
        Images and labels for `fit`; the same fraction of Training and of PublicTest.
    scale : float
        Factor from a measured time to the time of an epoch over all training images.
    """

    X: NDArray[np.uint8]
    y: NDArray[np.str_]
    X_val: NDArray[np.uint8]
    y_val: NDArray[np.str_]
    scale: float

    @classmethod
    def of(cls, dataset: Dataset, steps: int) -> "Part":
        """Take the training images of `steps` batches and the same fraction of PublicTest, with all classes."""
        (X, y), (X_val, y_val) = dataset.part("Training"), dataset.part("PublicTest")
        share = min(1.0, steps * BATCH / len(X))
        keep, keep_val = _spread(y, share), _spread(y_val, share)
        return cls(X[keep], y[keep], X_val[keep_val], y_val[keep_val], len(X) / len(keep))


def smaller(part: Part, share: float) -> Part:
    """Return a fraction of a part, for slow networks."""
    keep, keep_val = _spread(part.y, share), _spread(part.y_val, share)
    scale = part.scale * len(part.y) / len(keep)
    return replace(
        part, X=part.X[keep], y=part.y[keep], X_val=part.X_val[keep_val], y_val=part.y_val[keep_val], scale=scale
    )


def _spread(labels: NDArray[Any], share: float) -> NDArray[np.intp]:
    """Return the rows of a fraction of each class, at least four per class; deterministic for given labels."""
    rng = np.random.default_rng(0)
    kept = []
    for name in np.unique(labels):
        rows = np.flatnonzero(labels == name)
        kept.append(rng.permutation(rows)[: max(4, round(share * len(rows)))])
    return np.sort(np.concatenate(kept))
