"""What a recipe is: the name and factory of an unfitted recognizer."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol, Self, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from ferbench.models.base import check_settable
from ferbench.models.bundles import renamed_parameters, renamed_values


class Estimator(Protocol):
    """Type of the estimators that recipes make.

    They are scikit-learn estimators on images of shape (n_samples, height, width), uint8. Key-point recipes are
    regressors without `predict_proba`. Other attributes, such as the steps of a pipeline, are allowed.
    """

    def fit(self, X: ArrayLike, y: ArrayLike, *args: Any, **options: Any) -> Self:
        """Fit on images and labels, or points."""

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Label, or points, of each image."""

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Probabilities of shape (n_samples, n_classes), in the order of `classes_`."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters by name."""

    def set_params(self, **parameters: Any) -> Self:
        """Set parameters by name."""

    def __getitem__(self, key: Any, /) -> Any: ...

    def __getattr__(self, name: str, /) -> Any: ...


@dataclass(frozen=True)
class Recipe:
    """Name and factory of an unfitted recognizer.

    Attributes
    ----------
    name : str
        Name in suites and tables, such as ``hog+svm``.
    family : {"classical", "deep", "pretrained", "constant", "keypoints"}
        Kind of recognizer. The runner passes the validation images to `fit`, as ``X_val`` and ``y_val`` for ``deep``,
        and as ``X_val`` and ``points_val`` for ``keypoints``.
    make : callable
        Returns a new scikit-learn estimator over images of shape (n_samples, height, width), uint8.
    """

    name: str
    family: Literal["classical", "deep", "pretrained", "constant", "keypoints"]
    make: Callable[[], BaseEstimator]

    def build(self, **parameters: Any) -> Estimator:
        """Return a new recognizer with `parameters` set, named as in scikit-learn: ``classifier__C=3``.

        Only numbers and strings of the steps can be set. For security, the steps themselves cannot be replaced, and
        paths cannot be set, such as the ``memory`` of a pipeline, whose files would be unpickled.

        Raises
        ------
        ValueError
            If the recipe has no parameter of that name, or it may not be set; the message names the closest one.

        Warns
        -----
        FutureWarning
            If a parameter has a deprecated name or value; the next release will remove these.
        """
        recognizer: Estimator = cast(Any, self.make())
        parameters = self._renamed(parameters, recognizer)
        check_settable(self.name, recognizer, parameters)
        return recognizer.set_params(**parameters)

    def _renamed(self, parameters: dict[str, Any], recognizer: Estimator) -> dict[str, Any]:
        """Return the parameters with deprecated names and values replaced by current ones."""
        known = recognizer.get_params()
        renamed = {old: new for old, new in renamed_parameters(parameters).items() if new in known}
        if twice := [old for old, new in renamed.items() if new in parameters]:
            raise ValueError(f"recipe {self.name} got {twice[0]!r} and {renamed[twice[0]]!r}; name one of them")
        current = {renamed.get(name, name): value for name, value in parameters.items()}
        values = renamed_values({**known, "": recognizer}, current)
        changes = [f"{old} was renamed to {new}" for old, new in renamed.items()]
        changes += [f"{name}={current[name]!r} was renamed to {value!r}" for name, value in values.items()]
        if changes:
            warnings.warn(
                f"recipe {self.name}: {', '.join(changes)}; the next release removes the old name",
                FutureWarning,
                stacklevel=4,
            )
        return current | values
