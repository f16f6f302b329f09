"""Baseline key-point regressor that predicts the mean shape."""

from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ferbench.models.keypoints.base import PointRegressor, Points, check_points


class MeanShape(PointRegressor):
    """Predicts the mean of the training points for each image; use it as a baseline for the other regressors.

    Attributes
    ----------
    mean_ : ndarray of shape (15, 2), float32
        Mean of each point over the rows in which it is known, in pixels.

    See Also
    --------
    PointNet : Key-point network.
    DlibShape : Classical key-point regressor.
    ferbench.models.keypoints.base.PointRegressor : Base class; it documents the attributes that all regressors have.

    Examples
    --------
    >>> import numpy as np
    >>> from ferbench.models import MeanShape
    >>> images, points = np.zeros((2, 96, 96), np.uint8), np.full((2, 15, 2), 40.0)
    >>> MeanShape().fit(images, points).predict(images)[0, 0].tolist()
    [40.0, 40.0]
    """

    def fit(
        self,
        X: ArrayLike,
        points: ArrayLike,
        X_val: ArrayLike | None = None,
        points_val: ArrayLike | None = None,
    ) -> Self:
        """Compute the mean of the known points.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width), uint8
        points : array-like of shape (n_samples, 15, 2)
            Points (x, y) in pixels; NaN where one is missing.
        X_val, points_val : ignored
            Present for consistency with the other regressors.
        """
        images = self._first_images(X)
        targets = check_points(points, images)
        self.mean_: Points = np.asarray(np.nanmean(targets, axis=0, dtype=np.float64), np.float32)
        self.implementation_ = "NumPy, mean of the training points"
        return self

    def _find(self, images: NDArray[np.uint8]) -> Points:
        return np.repeat(self.mean_[None], len(images), axis=0)
