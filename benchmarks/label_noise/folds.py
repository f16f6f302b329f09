"""Predict each image by a fit without it and its copies, or without all images of its person where people are known."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.benchmarks.fit import seed_recognizer
from ferbench.datasets import Dataset
from ferbench.datasets.protocols import check_people, image_groups
from ferbench.models import get_recipe


def open_rows(dataset: Dataset) -> NDArray[np.intp]:
    """Rows that may be looked at: Training and PublicTest. PrivateTest stays closed, in drawn faces as well."""
    return np.flatnonzero(dataset.split != "PrivateTest")


def check_recipes(recipes: Sequence[str]) -> None:
    """Raise ValueError if no recipe is named, one is named twice, or one cannot be fitted on folds."""
    if len(set(recipes)) != len(recipes) or not recipes:
        raise ValueError(f"--recipe must name one or more recipes, each once; got {', '.join(recipes) or 'none'}")
    for recipe in recipes:
        if (family := get_recipe(recipe).family) not in ("classical", "deep"):
            raise ValueError(f"--recipe {recipe} is {family}, which is not fitted on images; name another: hog+logreg")


def out_of_fold(
    dataset: Dataset,
    rows: NDArray[np.intp],
    recipe: str,
    *,
    n_folds: int = 5,
    seed: int = 0,
    on_fold: Callable[[str], None] = lambda text: None,
) -> NDArray[np.float64]:
    """Return out-of-fold probabilities of some rows of a data set.

    The images of one person are in one fold where people are known, and else the copies of an image.

    Parameters
    ----------
    dataset : Dataset
    rows : ndarray of int
    recipe : str
        A recipe that is fitted on images: classical, or a network without choices on a validation split.
    n_folds : int, default=5
    seed : int, default=0
        Seed of the folds and of the recognizer.
    on_fold : callable
        Called before each fit.

    Returns
    -------
    ndarray of shape (n_rows, n_classes), float64
        In the order of ``dataset.label_names``.

    Raises
    ------
    ValueError
        If the recipe cannot be fitted on folds, a label has too few images, or there are fewer people than folds.
    """
    check_recipes([recipe])
    images, labels = dataset.images[rows], dataset.labels[rows]
    proba = np.zeros((len(rows), len(dataset.label_names)))
    for number, (rest, held_out) in enumerate(_folds(dataset, rows, n_folds, seed), start=1):
        on_fold(f"{recipe}, fold {number} of {n_folds}")
        recognizer: Any = seed_recognizer(get_recipe(recipe).build(), seed)
        recognizer.fit(images[rest], labels[rest])
        places = [list(dataset.label_names).index(str(label)) for label in recognizer.classes_]
        proba[np.ix_(held_out, np.asarray(places))] = recognizer.predict_proba(images[held_out])
    return proba / proba.sum(axis=1, keepdims=True)


def _folds(
    dataset: Dataset, rows: NDArray[np.intp], n_folds: int, seed: int
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    from sklearn.model_selection import StratifiedGroupKFold

    names, counts = np.unique(dataset.labels[rows], return_counts=True)
    if not 2 <= n_folds <= counts.min():
        raise ValueError(
            f"--folds must be from 2 to {counts.min()}, the number of {names[counts.argmin()]} images; got {n_folds}"
        )
    if dataset.groups is not None:
        check_people(dataset.groups[rows], n_folds, dataset.name)
    groups = image_groups(dataset.images[rows]) if dataset.groups is None else dataset.groups[rows]
    folds = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    yield from folds.split(rows, dataset.labels[rows], groups)
