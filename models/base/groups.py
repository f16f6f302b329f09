"""Pass the person of each row to the estimators that use it in their fit."""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.pipeline import Pipeline


def group_options(recognizer: Any, groups: NDArray[Any] | None) -> dict[str, Any]:
    """Return the keyword arguments of `fit` that pass the person of each row.

    Parameters
    ----------
    recognizer : estimator
        Unfitted. Of a pipeline, the last step gets the people.
    groups : ndarray of shape (n_samples,) or None
        Person of each row, where people are known.

    Returns
    -------
    dict
        Empty without `groups`, and for an estimator whose `fit` does not take them.

    Examples
    --------
    >>> from ferbench.models import SVM, Tree
    >>> from ferbench.models.base import group_options
    >>> group_options(SVM(), ["anna", "ben"]), group_options(Tree(), ["anna", "ben"])
    ({'groups': ['anna', 'ben']}, {})
    """
    name, last = recognizer.steps[-1] if isinstance(recognizer, Pipeline) else ("", recognizer)
    if groups is None or not takes_groups(last.fit):
        return {}
    return {f"{name}__groups" if name else "groups": groups}


def takes_groups(fit: Callable[..., Any]) -> bool:
    """Return whether a method for fitting has a parameter `groups`."""
    return "groups" in inspect.signature(fit).parameters


def checked_groups(groups: ArrayLike | None, n_samples: int) -> NDArray[Any] | None:
    """Return the person of each row as an array, or None; raise ValueError for another number of them than of rows."""
    if groups is None:
        return None
    people = np.asarray(groups)
    if people.shape != (n_samples,):
        raise ValueError(f"groups must name the person of each of {n_samples} rows; got shape {people.shape}")
    return people
