"""Concatenate the features of an image and of its mirror image."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ferbench.features.base import Rows
from ferbench.features.image_input import ImageInput
from ferbench.utils import Graph, Images


def mirror(images: Images) -> Images:
    """Return mirrored copies of the images (left and right exchanged)."""
    return np.ascontiguousarray(images[:, :, ::-1])


class MirrorViews(ImageInput, TransformerMixin, BaseEstimator):
    """Concatenated features of an image and of its mirror image.

    Use it before a classifier with ``views=2``, such as `KernelRidge`, whose kernel averages over both views. The
    predictions are then invariant to mirroring, without additional training rows.

    Parameters
    ----------
    extractor : transformer
        Extractor, union, or pipeline of an extractor and transformers of single rows, such as a projection. It is
        fitted on the original images only.

    Attributes
    ----------
    extractor_ : transformer
        Fitted copy of `extractor`.
    image_shape_ : tuple of (int, int)
        Height and width of the images seen in `fit`, in pixels.

    See Also
    --------
    ferbench.models.KernelRidge : Classifier whose kernel averages over views.
    ferbench.models.Mirrored : Train any recognizer on mirror images and average its predictions over them.

    Examples
    --------
    >>> import numpy as np
    >>> from ferbench.features import HOGExtractor, MirrorViews
    >>> MirrorViews(HOGExtractor()).fit_transform(np.zeros((3, 48, 48), np.uint8)).shape
    (3, 3528)
    """

    def __init__(self, extractor: Any) -> None:
        self.extractor = extractor

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Fit the extractor on images of shape (n_samples, height, width), uint8."""
        self.extractor_ = clone(self.extractor).fit(self._first_images(X), y)
        return self

    def transform(self, X: ArrayLike) -> Rows:
        """Features, ndarray of shape (n_samples, 2 * n_features of the extractor), float32."""
        check_is_fitted(self, "extractor_")
        images = self._same_images(X)
        seen = np.asarray(self.extractor_.transform(images), np.float32)
        told = self.extractor_.mirrored(seen) if hasattr(self.extractor_, "mirrored") else None
        if told is None:
            told = np.asarray(self.extractor_.transform(mirror(images)), np.float32)
        return np.hstack([seen, told])

    @available_if(lambda self: hasattr(self.extractor, "write_graph"))
    def check_graph(self) -> None:
        """Raise ValueError if the extractor cannot write a graph with its parameters."""
        self.extractor.check_graph()

    @available_if(lambda self: hasattr(self.extractor, "write_graph"))
    def write_graph(self, graph: Graph, images: str, sample: Images) -> str:
        """Add the nodes of `transform` to a graph and return their name."""
        seen = self.extractor_.write_graph(graph, images, sample)
        told = self.extractor_.write_mirrored(graph, seen) if hasattr(self.extractor_, "write_mirrored") else None
        if told is None:
            told = self.extractor_.write_graph(graph, graph.mirror(images), sample)
        return graph.add("Concat", seen, told, axis=1)

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:
        """Return the names of the columns: those of the extractor, then the same with the prefix ``mirror_``."""
        check_is_fitted(self, "extractor_")
        names = self.extractor_.get_feature_names_out()
        return np.asarray([*names, *(f"mirror_{name}" for name in names)], dtype=object)

    @available_if(lambda self: hasattr(self.extractor, "network_file"))
    def network_file(self) -> Any:
        """Return the path of the network file that the extractor uses."""
        return self.extractor.network_file()
