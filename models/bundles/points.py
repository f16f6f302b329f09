"""Key-point models that came out of a bundle. Light: live mode imports it."""

from pathlib import Path
from typing import Any, ClassVar, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ferbench.features import check_images
from ferbench.models.bundles.loaded import LoadedBundle
from ferbench.models.bundles.onnx_network import OnnxNetwork
from ferbench.models.bundles.shape_predictor import ShapePredictor

# How to cut the square that a key-point model sees around the box of a face detector of ``ferbench.realtime``: its side
# is the longer side of the box and this much more, and its middle lies this much further down, both as shares of the
# box's side. Medians with YuNet over 250 training faces of faces68.npz, their border repeated outwards (0.147 and
# 0.070; nine of ten faces within 0.05 to 0.26 and 0.015 to 0.12, which the augmentation of training covers).
MARGIN, OFFSET = 0.15, 0.07


class LoadedPoints(LoadedBundle):
    """A key-point model that came out of a bundle.

    Attributes
    ----------
    estimator : regressor
        Finds points in images of shape (n_samples, height, width), uint8.
    info : dict
        What ``bundle.json`` says: names of the points, input contract, recipe, versions, data set, scores.
    path : Path
        The bundle's folder.
    """

    @property
    def point_names(self) -> tuple[str, ...]:
        """Names of the points, in the order of `predict`."""
        return tuple(self.info["points"])

    @property
    def size(self) -> int:
        """Side of the square images that the model takes, in pixels."""
        return self.image_shape[0]

    @property
    def margin(self) -> float:
        """Side of the square to cut around a face is ``(1 + margin)`` times the longer side of its box."""
        return float(self.info["margin"])

    @property
    def offset(self) -> float:
        """How far below the box's middle that square's middle lies, as a share of the box's longer side."""
        return float(self.info["offset"])

    _estimator_type: ClassVar[str] = "regressor"

    @property
    def _answers(self) -> str:
        return f"{len(self.point_names)} points"

    @property
    def classes_(self) -> NDArray[np.str_]:
        """Refused: key points have no classes."""
        raise ValueError(f"{self.path} is a bundle of key points and knows no expressions; name a recognizer's bundle")

    def predict(self, X: NDArray[np.uint8]) -> NDArray[np.float32]:  # type: ignore[override]
        """Key points of images.

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
        """Refused: key points have no probabilities."""
        raise ValueError(f"{self.path} is a bundle of key points and knows no expressions; name a recognizer's bundle")

    def score(self, X: NDArray[np.uint8], y: ArrayLike, sample_weight: ArrayLike | None = None) -> NoReturn:
        """Refused: errors of points are measured by the suite of key points."""
        raise ValueError(f"{self.path} is a bundle of key points, which have no accuracy; run the suite of key points")

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import RegressorTags

        tags = super().__sklearn_tags__()
        tags.classifier_tags, tags.regressor_tags = None, RegressorTags()
        return tags


class OnnxPoints(OnnxNetwork):
    """A network in an ONNX file whose first output is points of shape (n_samples, n_points, 2) in pixels."""

    def predict(self, X: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Points of checked images."""
        return self.run(X)


class ShapePoints:
    """A shape predictor in a file of dlib's."""

    def __init__(self, file: Path) -> None:
        self._predictor = ShapePredictor(file.read_bytes())

    def predict(self, X: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Points of checked images."""
        return self._predictor.find(X)


def check_finds(bundle: LoadedPoints) -> None:
    """Raise ValueError unless the model gives the points that its description names."""
    found: Any = bundle.predict(np.zeros((1, *bundle.image_shape), np.uint8))
    expected = (1, len(bundle.point_names), 2)
    if found.shape != expected or not np.isfinite(found).all():
        raise ValueError(f"it finds points of shape {found.shape}; expected {expected} with finite coordinates")
