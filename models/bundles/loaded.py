"""A recognizer that came out of a bundle. Light: live mode imports it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.features import check_images

# Beside the model in the bundle's folder: its answers about its own training images.
OUT_OF_SAMPLE = "out_of_sample.npz"


@dataclass(frozen=True)
class LoadedBundle:
    """A recognizer that came out of a bundle.

    Attributes
    ----------
    estimator : classifier
        Fitted scikit-learn classifier over images of shape (n_samples, height, width), uint8.
    info : dict
        What ``bundle.json`` says: labels, input contract, recipe, versions, data set, scores.
    path : Path
        The bundle's folder.
    """

    estimator: Any
    info: dict[str, Any]
    path: Path

    @property
    def classes_(self) -> NDArray[np.str_]:
        """Labels in the order of the columns of `predict_proba`."""
        return np.asarray(self.info["labels"])

    @property
    def image_shape(self) -> tuple[int, int]:
        """Height and width of the images the recognizer takes, in pixels."""
        return self.info["input"]["height"], self.info["input"]["width"]

    def predict_proba(self, X: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Probabilities of shape (n_samples, n_classes) for images of :attr:`image_shape`."""
        X = check_images(X)
        if X.shape[1:] != self.image_shape:
            raise ValueError(f"{self.path} takes images of {self.image_shape} pixels; got {X.shape[1:]}")
        return self.estimator.predict_proba(X)

    def out_of_sample(self, X: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        """Probabilities of shape (n_samples, n_classes) for training images, each by a fit without that image.

        None where the bundle does not hold them, or not for all of `X`. What `predict_proba` says about images that the
        recognizer remembers is hardly more than their labels.

        Raises
        ------
        ValueError
            If the bundle's file of them is damaged.
        """
        from ferbench.models.bundles.out_of_sample import OutOfSample

        file = self.path / OUT_OF_SAMPLE
        return OutOfSample.read(file, len(self.classes_)).find(X) if file.is_file() else None

    def predict(self, X: NDArray[np.uint8]) -> NDArray[np.str_]:
        """Most probable label of each image."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]
