"""Base class of the key-point regressors, and checks of their points."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from ferbench.features import POINT_NAMES, ImageInput
from ferbench.models.networks import Augmentation

Points = NDArray[np.float32]
N_POINTS = len(POINT_NAMES)
# Largest distance of a point from the image, as a fraction of its side. The border may cut off a part of the face, but
# points further away are probably in another unit.
OUTSIDE = 0.5


class PointRegressor(ImageInput, RegressorMixin, BaseEstimator):
    """Base class of the regressors of the fifteen key points; `predict` returns points in pixels of the images.

    Attributes
    ----------
    image_shape_ : tuple of int
        Height and width of the images seen in `fit`, in pixels.
    implementation_ : str
        Library that fitted the regressor, and its settings.
    """

    implementation_: str
    point_names: tuple[str, ...] = POINT_NAMES

    def predict(self, X: ArrayLike) -> Points:
        """Predict the key points of each image.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width), uint8
            Gray faces of the size seen in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, 15, 2), float32
            Points (x, y) in pixels, in the order of ``ferbench.features.POINT_NAMES``; the center of the top left
            pixel is (0, 0). A point may lie outside the image.

        Raises
        ------
        ValueError
            If `X` is not a batch of gray images of the size seen in `fit`.
        """
        check_is_fitted(self, "image_shape_")
        return self._find(self._same_images(X))

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: Any = None) -> float:
        """Return the negative root mean squared error of the known coordinates, in pixels; higher is better."""
        difference = (self.predict(X) - check_points(y, np.asarray(X), complete=False)).astype(np.float64) ** 2
        weights = None if sample_weight is None else np.asarray(sample_weight)
        known = np.isfinite(difference)
        share = known if weights is None else known * weights[:, None, None]
        return -float(np.sqrt((np.where(known, difference, 0) * share).sum() / share.sum()))

    def _find(self, images: NDArray[np.uint8]) -> Points:
        raise NotImplementedError


def check_unmixed(augmentation: Augmentation | None) -> None:
    """Raise ValueError if an augmentation mixes images."""
    if augmentation is not None and (augmentation.mixup or augmentation.cutmix):
        raise ValueError("augmentation.mixup and cutmix must be 0 for key points: a mixed image has two sets of points")


def check_points(
    points: ArrayLike, images: NDArray[np.uint8], name: str = "points", *, complete: bool = True
) -> Points:
    """Check the target points of images and return them as float32.

    Parameters
    ----------
    points : array-like of shape (n_samples, 15, 2)
        Points (x, y) in pixels of the images; NaN where one is missing.
    images : ndarray of shape (n_samples, height, width), uint8
    name : str
        Name of the argument, for messages.
    complete : bool, default=True
        Whether every point must be known in at least one row, as training requires.

    Raises
    ------
    ValueError
        If the shape is wrong, a point lies far outside its image, or a point is missing in all rows.
    """
    targets = np.asarray(points, np.float32)
    if targets.ndim != 3 or targets.shape[1:] != (N_POINTS, 2):
        raise ValueError(
            f"{name} must have the shape (n_samples, {N_POINTS}, 2), points (x, y) in pixels; got {targets.shape}"
        )
    if len(targets) != len(images):
        raise ValueError(f"X and {name} must have equal length; got {len(images)} images and {len(targets)} rows")
    side = np.array(images.shape[:0:-1], np.float32)
    far = (targets < -OUTSIDE * side) | (targets > (1 + OUTSIDE) * side) | np.isinf(targets)
    if far.any():
        row, point = np.argwhere(far)[0][:2]
        x, y = targets[row, point]
        raise ValueError(
            f"{name} row {row}: {POINT_NAMES[point]} at ({x:g}, {y:g}) lies far outside the image of {side[0]:g} x "
            f"{side[1]:g} pixels; give points in pixels of the image, and NaN for missing points"
        )
    unknown = np.isnan(targets).any(axis=2).all(axis=0)
    if complete and unknown.any():
        missing = ", ".join(POINT_NAMES[place] for place in np.flatnonzero(unknown))
        raise ValueError(f"{name}: no row has {missing}; add faces with these points")
    return targets
