"""Fit and apply recipes block by block, so that neither all images nor all features are in memory."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.pipeline import Pipeline

from ferbench.models.base import takes_groups
from ferbench.utils import read_rows, row_blocks

# Images in a block: 4,096 rows of 1,764 features take 29 MB.
BLOCK = 4096


def can_stream(recognizer: Any) -> bool:
    """Whether `fit_in_stream` can fit a recognizer.

    Its last step must have `fit_blocks`, as :class:`~ferbench.models.SGD` has, and the steps after the first must have
    `partial_fit`. The first step may be an extractor, which learns from a bounded sample of the images or not at all.

    Examples
    --------
    >>> from ferbench.models import can_stream, make_recipe
    >>> can_stream(make_recipe("hog+sgd-logreg")), can_stream(make_recipe("hog+svm"))
    (True, False)
    """
    if not isinstance(recognizer, Pipeline) or not hasattr(recognizer.steps[-1][1], "fit_blocks"):
        return False
    return all(hasattr(step, "partial_fit") for _, step in recognizer.steps[1:-1])


def fit_in_stream(
    recognizer: Pipeline,
    X: NDArray[Any],
    y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    groups: ArrayLike | None = None,
) -> Any:
    """Fit a recognizer on images, or the steps after the extractor on features, block by block.

    The extractor is fitted first; then each step with `partial_fit`, such as a scaler, sees all blocks once; then the
    classifier reads the blocks once for each of its epochs. Features are computed anew for each pass. The result is
    that of `fit` up to rounding in the scaler.

    Parameters
    ----------
    recognizer : Pipeline
        Unfitted recognizer, which is fitted in place; see `can_stream`.
    X : ndarray of shape (n_samples, height, width), uint8, or (n_samples, n_features), float32
        Images or features, such as a memory map of ``numpy.load(path, mmap_mode="r")``.
    y : array-like of shape (n_samples,)
        Labels.
    sample_weight : array-like of shape (n_samples,), optional
        Weights of the rows for the classifier.
    groups : array-like of shape (n_samples,), optional
        Person of each row, for the calibration of the classifier.

    Returns
    -------
    Pipeline
        The fitted recognizer.

    Raises
    ------
    ValueError
        If the recognizer cannot be fitted block by block.

    Examples
    --------
    >>> from ferbench.datasets import make_faces
    >>> from ferbench.models import fit_in_stream, make_recipe
    >>> faces = make_faces(70, random_state=0)
    >>> recognizer = fit_in_stream(make_recipe("pixels+sgd-logreg"), faces.images, faces.labels)
    >>> recognizer.predict_proba(faces.images[:2]).shape
    (2, 7)
    """
    if not can_stream(recognizer):
        raise ValueError(
            "expected a recipe that can be fitted block by block, such as 'hog+sgd-logreg' or 'pixels+sgd-svm'; "
            f"got {recognizer!r:.80}; use its fit"
        )
    read: Callable[[Any], Any] = lambda places: read_rows(X, places)  # noqa: E731 - it is composed with each step
    for _, step in recognizer.steps[:-1]:
        if hasattr(step, "partial_fit"):
            for block in blocks(len(X)):
                step.partial_fit(read(block))
        else:
            step.fit(X, y)
        read = _after(read, step)
    # A classifier of another package may know nothing of people.
    people = {} if groups is None or not takes_groups(recognizer.steps[-1][1].fit_blocks) else {"groups": groups}
    recognizer.steps[-1][1].fit_blocks(read, y, sample_weight, **people)
    return recognizer


def predict_in_stream(recognizer: Any, X: NDArray[Any], method: str = "predict_proba") -> NDArray[Any]:
    """Return the predictions of a fitted recognizer on images or features of any number, computed block by block."""
    answer = getattr(recognizer, method)
    return np.concatenate([answer(block) for block in row_blocks(X, BLOCK)])


def blocks(n_samples: int) -> Iterator[slice]:
    """Yield slices of `BLOCK` rows."""
    for start in range(0, n_samples, BLOCK):
        yield slice(start, min(start + BLOCK, n_samples))


def _after(read: Callable[[Any], Any], step: Any) -> Callable[[Any], Any]:
    return lambda places: step.transform(read(places))
