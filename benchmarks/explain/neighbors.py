"""Find the training images whose features are most similar to those of a face."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from ferbench.datasets import Dataset
from ferbench.models import DeepExtractor, LoadedBundle
from ferbench.models.bundles import NETWORK
from ferbench.utils import spread_rows

_BLOCK = 1024


@dataclass(frozen=True, eq=False)
class Neighbors:
    """Nearest training images of one image.

    Attributes
    ----------
    space : str
        What is compared: the features of an extractor, those of a network, or pixels.
    ids, labels : ndarray of shape (n_neighbors,), str
    images : ndarray of shape (n_neighbors, height, width), uint8
    distances : ndarray of shape (n_neighbors,), float64
        1 less the cosine of the standardized features: 0 is the same direction, 1 unrelated.
    """

    space: str
    ids: NDArray[np.str_]
    labels: NDArray[np.str_]
    images: NDArray[np.uint8]
    distances: NDArray[np.float64]


def nearest(
    bundle: LoadedBundle, image: NDArray[np.uint8], dataset: Dataset, *, n_neighbors: int = 8, limit: int | None = None
) -> Neighbors:
    """Find the images of Training with the nearest features.

    Parameters
    ----------
    bundle : LoadedBundle
    image : ndarray of shape (height, width), uint8
        An image of the bundle's size.
    dataset : Dataset
        With images of the same size. Only Training is looked at.
    n_neighbors : int, default=8
    limit : int, optional
        Only this many training images, at equal distances; at least one.

    Raises
    ------
    ValueError
        If the images of the data set are of another size, or the limit is below 1.
    """
    if limit is not None and limit < 1:
        raise ValueError(f"--limit must be at least 1 image; got {limit}")
    if dataset.images.shape[1:] != bundle.image_shape:
        raise ValueError(f"{bundle.name} takes images of {bundle.image_shape}; {dataset.name} has others")
    rows = spread_rows(dataset.rows("Training"), limit)
    space, extractor = _space(bundle)
    own = _features(extractor, image[None])
    all_rows = np.concatenate(
        [_features(extractor, dataset.images[rows[at : at + _BLOCK]]) for at in range(0, len(rows), _BLOCK)]
    )
    mean, spread = all_rows.mean(axis=0), all_rows.std(axis=0) + 1e-6
    own, all_rows = (own - mean) / spread, (all_rows - mean) / spread
    length = np.linalg.norm(all_rows, axis=1) * np.linalg.norm(own)
    distances = 1 - (all_rows @ own[0]) / np.maximum(length, 1e-9)
    best = np.argsort(distances, kind="stable")[:n_neighbors]
    found = rows[best]
    return Neighbors(space, dataset.ids[found], dataset.labels[found], dataset.images[found], distances[best])


def _space(bundle: LoadedBundle) -> tuple[str, Any]:
    if NETWORK in bundle.info["files"]:
        try:
            probe = np.zeros((1, *bundle.image_shape), np.uint8)
            return "penultimate features of the network", DeepExtractor(bundle=bundle.path).fit(probe)
        except ValueError:
            return "pixels", None
    estimator = bundle.estimator
    if isinstance(estimator, Pipeline) and estimator.steps[0][0] == "features":
        return f"features of {type(estimator.steps[0][1]).__name__}", estimator.steps[0][1]
    return "pixels", None


def _features(extractor: Any, images: NDArray[np.uint8]) -> NDArray[np.float64]:
    rows = images.reshape(len(images), -1) if extractor is None else extractor.transform(np.ascontiguousarray(images))
    return np.asarray(rows, np.float64)
