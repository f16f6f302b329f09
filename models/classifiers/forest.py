"""Random forest with probabilities calibrated on out-of-bag votes."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.utils.validation import check_is_fitted

from ferbench.models.base import checked_weights, fit_calibration, log_scores, some
from ferbench.utils import SEED, Constraint, Either, OneOf, UpTo, Whole, WorkerCount, check_parameters


class Forest(RandomForestClassifier):
    """Random forest of scikit-learn with probabilities calibrated on out-of-bag votes.

    Parameters
    ----------
    n_estimators : int, default=200
        Number of trees.
    max_features : {"sqrt", "log2"} or float, default="sqrt"
        Number of features to consider at each split, as in scikit-learn.
    min_samples_leaf : int, default=10
        Smallest number of training rows in a leaf; smaller leaves make larger bundles.
    n_jobs : int or None, default=None
        Threads, as in joblib: None is one, -1 is all cores.
    random_state : int, default=0
        Seed of the trees.

    Attributes
    ----------
    probabilities_ : str
        How the probabilities were computed and calibrated.

    See Also
    --------
    Tree : Single decision tree with smoothed leaf frequencies.
    sklearn.ensemble.RandomForestClassifier : The same forest without calibration.

    References
    ----------
    Breiman, "Random forests", Machine Learning 45, 2001.

    Examples
    --------
    >>> from ferbench.models import Forest
    >>> X, y = [[x / 10] for x in range(40)], ["sad"] * 20 + ["happy"] * 20
    >>> Forest(50, min_samples_leaf=2).fit(X, y).predict([[3.5]])
    array(['happy'], dtype='<U5')
    """

    behavior_version: ClassVar[int] = 1
    behavior_libraries: ClassVar[tuple[str, ...]] = ("numpy", "scikit-learn")
    constraints: ClassVar[Mapping[str, Constraint]] = {
        "n_estimators": Whole(1),
        "max_features": Either(OneOf(("sqrt", "log2")), Either(Whole(1), UpTo(0, 1))),
        "min_samples_leaf": Whole(1),
        "n_jobs": WorkerCount(),
        "random_state": SEED,
    }

    def __init__(
        self,
        n_estimators: int = 200,
        *,
        max_features: Literal["sqrt", "log2"] | float = "sqrt",
        min_samples_leaf: int = 10,
        n_jobs: int | None = None,
        random_state: int = 0,
    ) -> None:
        super().__init__(
            n_estimators=n_estimators,
            max_features=max_features,
            min_samples_leaf=min_samples_leaf,
            n_jobs=n_jobs,
            random_state=random_state,
            oob_score=True,
        )

    @property
    def implementation_(self) -> str:
        """Library that grew the trees."""
        return f"scikit-learn {version('scikit-learn')} RandomForestClassifier"

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Grow the trees and calibrate the probabilities on out-of-bag votes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
            Labels.
        sample_weight : array-like of shape (n_samples,), optional
            Weights of the rows, in the trees and in the calibration.
        """
        check_parameters(self)
        super().fit(X, y, sample_weight)
        votes = self.oob_decision_function_
        # With few trees, a row may be in the bootstrap sample of all of them and have no out-of-bag votes.
        seen = np.isfinite(votes).all(axis=1) & (votes.sum(axis=1) > 0)
        labels = np.asarray(y).ravel()[seen]
        weights = some(checked_weights(sample_weight, votes), seen)
        self.calibrated_ = len(np.unique(labels)) == len(self.classes_) > 1
        self.probabilities_ = "mean of the trees' class shares"
        if self.calibrated_:
            self.score_scale_, self.calibration_ = fit_calibration(
                log_scores(votes[seen]), labels, self.classes_, weights
            )
            self.probabilities_ = (
                "multinomial logistic regression of the logarithms of the trees' mean class shares; learned on the "
                f"out-of-bag shares of {len(labels)} training images"
            )
        # This array is as long as the training set and is not needed any more.
        del self.oob_decision_function_
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return calibrated probabilities, ndarray of shape (n_samples, n_classes), in the order of `classes_`."""
        check_is_fitted(self, "calibrated_")
        shares = super().predict_proba(X)
        if not self.calibrated_:
            return shares
        return self.calibration_.predict_proba(log_scores(shares) / self.score_scale_)

    def predict(self, X: ArrayLike) -> Any:
        """Return the class with the largest probability for each row."""
        check_is_fitted(self, "calibrated_")
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = False
        tags.classifier_tags.multi_label = False
        return tags


REGISTERED = {"forest": Forest}
