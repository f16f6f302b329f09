"""Base class of the classifiers of feature rows: checks of parameters, rows, labels and weights."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import _check_sample_weight, validate_data

from ferbench.models.base.labels import check_classes
from ferbench.models.base.most_probable import MostProbable
from ferbench.utils import Constraint, check_parameters

Matrix = NDArray[np.float32]


class RowClassifier(MostProbable, BaseEstimator):
    """Base class of the classifiers of features of shape (n_samples, n_features).

    Derive from it to write a classifier. Store the parameters in ``__init__``, declare their constraints in
    `constraints`, and call `_checked` first in `fit`.

    See Also
    --------
    ferbench.features.ImageExtractor : Base class of the feature extractors.
    ferbench.models.base.MostProbable : Base class; it documents the attributes that all classifiers have.
    """

    #: Constraint of each parameter, checked in `fit`.
    constraints: ClassVar[Mapping[str, Constraint]] = {}

    #: Version of the results: a class whose results change for the same parameters declares the next number, and the
    #: records that were measured before are stale.
    behavior_version: ClassVar[int] = 1
    #: Libraries whose version matters for the results.
    behavior_libraries: ClassVar[tuple[str, ...]] = ("numpy", "scikit-learn")

    n_features_in_: int

    def _checked(self, X: ArrayLike, y: ArrayLike) -> tuple[Matrix, NDArray[Any]]:
        """Check the parameters, rows and labels, and set `classes_`."""
        check_parameters(self)
        rows, labels = validate_data(self, X, y, dtype=np.float32, order="C")
        self.classes_ = check_classes(labels)
        return rows, labels

    def _rows(self, X: ArrayLike) -> Matrix:
        """Check that new rows have the number of features seen in `fit`."""
        rows: Matrix = validate_data(self, X, dtype=np.float32, order="C", reset=False)
        return rows


def checked_weights(sample_weight: ArrayLike | None, rows: Matrix) -> NDArray[np.float64] | None:
    """Check the weights of the rows; return None if there are none."""
    if sample_weight is None:
        return None
    weights: NDArray[np.float64] = _check_sample_weight(sample_weight, rows, dtype=np.float64, ensure_non_negative=True)
    return weights


def some(values: NDArray[Any] | None, places: NDArray[np.intp]) -> NDArray[Any] | None:
    """Return the weights or people of the rows at `places`, or None if there are none."""
    return None if values is None else values[places]
