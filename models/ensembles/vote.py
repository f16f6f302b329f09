"""Soft vote of several recognizers."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted
from tqdm import tqdm

from ferbench.models.base import checked_groups, fit_calibration, hold_out, log_scores, some
from ferbench.models.ensembles.members import Ensemble, Images, Validation, fit_member
from ferbench.utils import SEED, Constraint, Share, check_parameters


class Vote(Ensemble):
    """Calibrated mean of the probabilities of several recognizers (soft vote).

    The mean of calibrated probabilities is underconfident if the members err on different images. It is therefore
    calibrated on held-out images, with members fitted on the other images. Then all members are fitted on all images.
    `sample_weight` is not supported, since members are pipelines, which take weights only by the name of a step
    (``classifier__sample_weight``).

    Parameters
    ----------
    members : list of (str, classifier)
        Names and unfitted recognizers of images of shape (n_samples, height, width), uint8.
    calibration_fraction : float, default=0.2
        Fraction of the images on which the mean is calibrated. 0 omits the calibration, so that each member is fitted
        only once.
    random_state : int, default=0
        Seed of the choice of these images.

    Attributes
    ----------
    members_ : list of classifier
        Members fitted on all images.

    See Also
    --------
    Stack : Learns the weights of the members.
    sklearn.ensemble.VotingClassifier : Vote of classifiers of feature rows.
    ferbench.models.base.MostProbable : Base class; it documents the attributes that all classifiers have.

    Examples
    --------
    >>> from ferbench.models import make_recipe
    >>> [name for name, _ in make_recipe("vote:hog+logreg,pixels+tree").members]
    ['hog+logreg', 'pixels+tree']
    """

    #: Version of the calibration where people are known, see `groups` of `fit`; part of the identity of such cells.
    person_version: ClassVar[int] = 1
    constraints: ClassVar[Mapping[str, Constraint]] = {"calibration_fraction": Share(), "random_state": SEED}

    def __init__(
        self, members: list[tuple[str, Any]], *, calibration_fraction: float = 0.2, random_state: int = 0
    ) -> None:
        self.members = members
        self.calibration_fraction = calibration_fraction
        self.random_state = random_state

    def fit(
        self, X: ArrayLike, y: ArrayLike, X_val: Any = None, y_val: Any = None, groups: ArrayLike | None = None
    ) -> Self:
        """Fit on images of shape (n_samples, height, width), uint8, and labels; networks use `X_val` for validation.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width), uint8
        y : array-like of shape (n_samples,)
        X_val, y_val : like X and y, optional
            Validation images, from which networks select their best epoch.
        groups : array-like of shape (n_samples,), optional
            Person of each image; nobody is in both parts of the calibration then.
        """
        check_parameters(self)
        images, labels = self._begin(X, y)
        people = checked_groups(groups, len(labels))
        validation: Validation = {"X_val": X_val, "y_val": y_val}
        how = "mean of the members' probabilities"
        if self.calibration_fraction:
            rest, held_out = hold_out(labels, self.calibration_fraction, self.random_state, people)
            self._fit_all(images[rest], labels[rest], validation, some(people, rest))
            scores = log_scores(self._mean(images[held_out]))
            self.score_scale_, self.calibration_ = fit_calibration(scores, labels[held_out], self.classes_)
            how = f"multinomial logistic regression, learned on {len(held_out)} held-out training images, of the {how}"
        self._fit_all(images, labels, validation, people)
        self._describe(how)
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return probabilities, ndarray of shape (n_samples, n_classes), in the order of `classes_`."""
        check_is_fitted(self, "members_")
        mean = self._mean(self._same_images(X))
        if not self.calibration_fraction:
            return mean
        return self.calibration_.predict_proba(log_scores(mean) / self.score_scale_)

    def _fit_all(
        self, images: Images, labels: NDArray[Any], validation: Validation, people: NDArray[Any] | None
    ) -> None:
        bar = tqdm(self.members, desc="members", unit="fit", leave=False, disable=None)
        self.members_ = [fit_member(member, images, labels, validation, people) for _, member in bar]

    def _mean(self, images: Images) -> NDArray[np.float64]:
        return np.mean(self._ask(images), axis=0)
