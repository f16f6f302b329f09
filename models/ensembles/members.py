"""Base class of the ensembles of named recognizers."""

import inspect
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.utils.metaestimators import _BaseComposition

from ferbench.features import ImageInput
from ferbench.models.base import MostProbable, check_classes, group_options, library_of

Images = NDArray[np.uint8]
Validation = dict[str, Any]


class Ensemble(ImageInput, MostProbable, _BaseComposition):
    """Base class of the ensembles; a subclass stores `members`, a list of names and recognizers."""

    members: list[tuple[str, Any]]
    members_: list[Any]
    classes_: NDArray[Any]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters; those of the members are named ``<name>__<parameter>``."""
        return self._get_params("members", deep=deep)

    def set_params(self, **params: Any) -> Self:
        """Set parameters of the ensemble or its members."""
        self._set_params("members", **params)
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return probabilities, ndarray of shape (n_samples, n_classes), in the order of `classes_`."""
        raise NotImplementedError

    def _begin(self, X: ArrayLike, y: ArrayLike) -> tuple[Images, NDArray[Any]]:
        name = type(self).__name__
        names = [member for member, _ in self.members]
        if len(names) < 2 or len(set(names)) < len(names):
            raise ValueError(f"{name}: members must be two or more, under different names; got {names}")
        self._validate_names(names)
        images, labels = self._first_images(X), np.asarray(y)
        if len(images) != len(labels):
            raise ValueError(f"{name}: X and y must have equal length; got {len(images)} and {len(labels)}")
        self.classes_ = check_classes(labels)
        return images, labels

    def _describe(self, how: str) -> None:
        self.implementation_ = "; ".join(
            f"{name}: {library_of(member)}" for (name, _), member in zip(self.members, self.members_, strict=True)
        )
        self.probabilities_ = how

    def _ask(self, images: Images) -> list[NDArray[np.float64]]:
        return [np.asarray(member.predict_proba(images), np.float64) for member in self.members_]


def fit_member(
    recognizer: Any,
    images: Images,
    labels: NDArray[Any],
    validation: Validation,
    people: NDArray[Any] | None = None,
) -> Any:
    """Return a fitted copy of a recognizer; networks get the validation images to select their best epoch."""
    takes = inspect.signature(recognizer.fit).parameters
    options = {name: value for name, value in validation.items() if name in takes and value is not None}
    return clone(recognizer).fit(images, labels, **options, **group_options(recognizer, people))
