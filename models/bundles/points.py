"""Key-point models loaded from bundles. Live mode imports this module, so it avoids heavy imports."""

from pathlib import Path
from typing import Any, ClassVar, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ferbench.features import check_images
from ferbench.models.bundles.loaded import LoadedBundle
from ferbench.models.bundles.onnx_network import OnnxNetwork
from ferbench.models.bundles.shape_predictor import ShapePredictor

# Default position of the square crop of a key-point model relative to the box of a face detector. The side of the crop
# is (1 + MARGIN) times the longer side of the box, and its center is lower by OFFSET times that side. The values are
# medians with YuNet on 250 training faces of faces68.npz, padded at their borders. For nine of ten faces, the margin
# lies from 0.05 to 0.26 and the offset from 0.015 to 0.12; the augmentation in training covers these ranges.
MARGIN, OFFSET = 0.15, 0.07


class LoadedPoints(LoadedBundle):
    """Key-point model loaded from a bundle; it cannot be fitted again.

    Attributes
    ----------
    estimator : regressor
        Fitted regressor of points in images of shape (n_samples, height, width), uint8.
    info : dict
        Content of ``bundle.json``: names of the points, input contract, recipe, versions, data set, scores.
    path : Path
        The bundle's folder.
    """

    @property
    def point_names(self) -> tuple[str, ...]:
        """Names of the points, in the order of `predict`."""
        return tuple(self.info["points"])

    @property
    def size(self) -> int:
        """Side of the square input images, in pixels."""
        return self.image_shape[0]

    @property
    def margin(self) -> float:
        """Margin of the square crop around a face: its side is ``(1 + margin)`` times the longer side of the box."""
        return float(self.info["margin"])

    @property
    def offset(self) -> float:
        """Distance of the crop's center below the box's center, as a fraction of the longer side of the box."""
        return float(self.info["offset"])

    _estimator_type: ClassVar[str] = "regressor"

    @property
    def _answers(self) -> str:
        return f"{len(self.point_names)} points"

    @property
    def classes_(self) -> NDArray[np.str_]:
        """Not available, since key points have no classes; raises ValueError."""
        raise ValueError(f"{self.path} is a bundle of key points and knows no expressions; name a recognizer's bundle")

    def predict(self, X: NDArray[np.uint8]) -> NDArray[np.float32]:  # type: ignore[override]
        """Predict the key points of images.

        Parameters
        ----------
        X : ndarray of shape (n_samples, height, width), uint8
            Gray faces of :attr:`image_shape`.

        Returns
        -------
        ndarray of shape (n_samples, n_points, 2), float32
            Points (x, y) in pixels of the images; the center of the top left pixel is (0, 0).
        """
        X = check_images(X)
        if X.shape[1:] != self.image_shape:
            raise ValueError(f"{self.path} takes images of {self.image_shape} pixels; got {X.shape[1:]}")
        return np.asarray(self.estimator.predict(X), np.float32)

    def predict_proba(self, X: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Not available, since key points have no probabilities; raises ValueError."""
        raise ValueError(f"{self.path} is a bundle of key points and knows no expressions; name a recognizer's bundle")

    def score(self, X: NDArray[np.uint8], y: ArrayLike, sample_weight: ArrayLike | None = None) -> NoReturn:
        """Not available; raises ValueError. The suite of key points measures the errors of points."""
        raise ValueError(f"{self.path} is a bundle of key points, which have no accuracy; run the suite of key points")

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import RegressorTags

        tags = super().__sklearn_tags__()
        tags.classifier_tags, tags.regressor_tags = None, RegressorTags()
        return tags


class OnnxPoints(OnnxNetwork):
    """Network in an ONNX file whose first output is points of shape (n_samples, n_points, 2) in pixels."""

    def predict(self, X: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Points of checked images."""
        return self.run(X)


class ShapePoints:
    """Shape predictor in a file of dlib."""

    def __init__(self, file: Path) -> None:
        self._predictor = ShapePredictor(file.read_bytes())

    def predict(self, X: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Points of checked images."""
        return self._predictor.find(X)


def check_finds(bundle: LoadedPoints) -> None:
    """Raise ValueError if the shape of the model's output does not match the points in its description."""
    found: Any = bundle.predict(np.zeros((1, *bundle.image_shape), np.uint8))
    expected = (1, len(bundle.point_names), 2)
    if found.shape != expected or not np.isfinite(found).all():
        raise ValueError(f"it finds points of shape {found.shape}; expected {expected} with finite coordinates")
