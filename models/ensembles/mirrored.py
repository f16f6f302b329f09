"""Train a recognizer on mirror images and average its predictions over them."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted

from ferbench.features import ImageInput, mirror
from ferbench.models.base import (
    MostProbable,
    check_classes,
    checked_groups,
    fit_calibration,
    group_options,
    hold_out,
    library_of,
    log_scores,
    some,
)
from ferbench.utils import BOOLEAN, SEED, Between, Constraint, check_parameters

Images = NDArray[np.uint8]


class Mirrored(ImageInput, MostProbable, BaseEstimator):
    """Meta-estimator that uses mirror images in training and prediction.

    A face and its mirror image show the same expression, so mirror images double the training data, and the mean over
    both views is more accurate. `sample_weight` is not supported, since recognizers are pipelines, which take weights
    only by the name of a step (``classifier__sample_weight``).

    Parameters
    ----------
    recognizer : classifier
        Unfitted classifier of images of shape (n_samples, height, width), uint8.
    train : bool, default=True
        Whether to fit on the training images and their mirror images.
    test : bool, default=True
        Whether to average the probabilities of an image and of its mirror image.
    calibration_fraction : float, default=0.2
        Fraction of the images on which the probabilities are calibrated, after a fit on the others; used only with
        `train`. The recognizer's own calibration would be overconfident, since the mirror images of its held-out
        images are in its training set.
    random_state : int, default=0
        Seed of the choice of these images.

    Attributes
    ----------
    recognizer_ : classifier
        Recognizer fitted on all images.

    See Also
    --------
    ferbench.features.MirrorViews : Features of both views, for kernels that average over views.
    ferbench.models.base.MostProbable : Base class; it documents the attributes that all classifiers have.

    Examples
    --------
    >>> from ferbench.datasets import make_faces
    >>> from ferbench.models import Mirrored, make_recipe
    >>> faces = make_faces(70, random_state=0)
    >>> recognizer = Mirrored(make_recipe("hog+tree")).fit(faces.images, faces.labels)
    >>> answer = recognizer.predict_proba(faces.images[:3])
    >>> bool((answer == recognizer.predict_proba(faces.images[:3, :, ::-1])).all())
    True
    """

    #: Version of the calibration where people are known, see `groups` of `fit`; part of the identity of such cells.
    person_version: ClassVar[int] = 1
    constraints: ClassVar[Mapping[str, Constraint]] = {
        "train": BOOLEAN,
        "test": BOOLEAN,
        "calibration_fraction": Between(0, 1),
        "random_state": SEED,
    }

    def __init__(
        self,
        recognizer: Any,
        *,
        train: bool = True,
        test: bool = True,
        calibration_fraction: float = 0.2,
        random_state: int = 0,
    ) -> None:
        self.recognizer = recognizer
        self.train = train
        self.test = test
        self.calibration_fraction = calibration_fraction
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike, groups: ArrayLike | None = None) -> Self:
        """Fit on images of shape (n_samples, height, width), uint8, and labels.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width), uint8
        y : array-like of shape (n_samples,)
        groups : array-like of shape (n_samples,), optional
            Person of each row; nobody is in both parts of the calibration then.
        """
        if not (self.train or self.test):
            raise ValueError("Mirrored: one of train and test must be True; got neither; use the recognizer itself")
        check_parameters(self)
        images, labels = self._first_images(X), np.asarray(y)
        self.classes_, people = check_classes(labels), checked_groups(groups, len(labels))
        inner = "the recognizer's probabilities"
        if self.train:
            n_out = self._calibrate(images, labels, people)
            inner = f"multinomial logistic regression, learned on {n_out} held-out training images, of {inner}"
            self.recognizer_ = self._fit_doubled(images, labels, people)
        else:
            options = group_options(self.recognizer, people)
            self.recognizer_ = clone(self.recognizer).fit(images, labels, **options)
        self.implementation_ = library_of(self.recognizer_)
        views = "mean over the image and its mirror image" if self.test else "the image as it is"
        self.probabilities_ = f"{inner}; {views}"
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return probabilities, ndarray of shape (n_samples, n_classes), in the order of `classes_`."""
        check_is_fitted(self, "recognizer_")
        probabilities = self._ask(self._same_images(X))
        if not self.train:
            return probabilities
        return self.calibration_.predict_proba(log_scores(probabilities) / self.score_scale_)

    def _calibrate(self, images: Images, labels: NDArray[Any], people: NDArray[Any] | None) -> int:
        rest, held_out = hold_out(labels, self.calibration_fraction, self.random_state, people)
        self.recognizer_ = self._fit_doubled(images[rest], labels[rest], some(people, rest))
        scores = log_scores(self._ask(images[held_out]))
        self.score_scale_, self.calibration_ = fit_calibration(scores, labels[held_out], self.classes_)
        return len(held_out)

    def _fit_doubled(self, images: Images, labels: NDArray[Any], people: NDArray[Any] | None) -> Any:
        options = group_options(self.recognizer, None if people is None else np.concatenate([people, people]))
        both = np.concatenate([images, mirror(images)])
        return clone(self.recognizer).fit(both, np.concatenate([labels, labels]), **options)

    def _ask(self, images: Images) -> NDArray[np.float64]:
        probabilities = np.asarray(self.recognizer_.predict_proba(images), np.float64)
        if not self.test:
            return probabilities
        return (probabilities + self.recognizer_.predict_proba(mirror(images))) / 2
