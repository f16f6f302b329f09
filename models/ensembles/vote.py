"""A soft vote of recognizers."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted
from tqdm import tqdm

from ferbench.models.base import fit_calibration, hold_out, log_scores
from ferbench.models.ensembles.members import Ensemble, Images, Validation, fit_member
from ferbench.utils import SEED, Constraint, Share, check_parameters


class Vote(Ensemble):
    """Mean of the probabilities of several recognizers, calibrated.

    The mean of calibrated probabilities is less sure than it could be where the members err on different images. What
    it is worth is learned on images that members fitted on the others have not seen; then all are fitted on all images.

    Parameters
    ----------
    members : list of (str, classifier)
        Recognizers over images of shape (n_samples, height, width), uint8, each under its name.
    calibration_fraction : float, default=0.2
        Part of the images on which the mean is calibrated; 0 leaves it as it is and spares a second fit of all members.
    random_state : int, default=0
        Seed of that part.

    Attributes
    ----------
    members_ : list of classifier
        Fitted on all images.

    Examples
    --------
    >>> from ferbench.models import make_recipe
    >>> [name for name, _ in make_recipe("vote:hog+logreg,pixels+tree").members]
    ['hog+logreg', 'pixels+tree']
    """

    constraints: ClassVar[Mapping[str, Constraint]] = {"calibration_fraction": Share(), "random_state": SEED}

    def __init__(
        self, members: list[tuple[str, Any]], *, calibration_fraction: float = 0.2, random_state: int = 0
    ) -> None:
        self.members = members
        self.calibration_fraction = calibration_fraction
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike, X_val: Any = None, y_val: Any = None) -> Self:
        """Fit on images of shape (n_samples, height, width), uint8, and labels; networks inside choose on `X_val`."""
        check_parameters(self)
        images, labels = self._begin(X, y)
        validation: Validation = {"X_val": X_val, "y_val": y_val}
        how = "mean of the members' probabilities"
        if self.calibration_fraction:
            rest, held_out = hold_out(labels, self.calibration_fraction, self.random_state)
            self._fit_all(images[rest], labels[rest], validation)
            scores = log_scores(self._mean(images[held_out]))
            self.score_scale_, self.calibration_ = fit_calibration(scores, labels[held_out], self.classes_)
            how = f"multinomial logistic regression, learned on {len(held_out)} held-out training images, of the {how}"
        self._fit_all(images, labels, validation)
        self._describe(how)
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Probabilities, ndarray of shape (n_samples, n_classes), in the order of `classes_`."""
        check_is_fitted(self, "members_")
        mean = self._mean(self._same_images(X))
        if not self.calibration_fraction:
            return mean
        return self.calibration_.predict_proba(log_scores(mean) / self.score_scale_)

    def _fit_all(self, images: Images, labels: NDArray[Any], validation: Validation) -> None:
        bar = tqdm(self.members, desc="members", unit="fit", leave=False, disable=None)
        self.members_ = [fit_member(member, images, labels, validation) for _, member in bar]

    def _mean(self, images: Images) -> NDArray[np.float64]:
        return np.mean(self._ask(images), axis=0)
