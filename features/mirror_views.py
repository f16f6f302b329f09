"""Features of an image and of its mirror image, side by side."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ferbench.features.base import Rows
from ferbench.features.image_input import ImageInput
from ferbench.utils import Images


def mirror(images: Images) -> Images:
    """Images with left and right exchanged, in new memory."""
    return np.ascontiguousarray(images[:, :, ::-1])


class MirrorViews(ImageInput, TransformerMixin, BaseEstimator):
    """What an extractor sees in an image, and beside it what it sees in the mirror image.

    A classifier with ``views=2``, such as `KernelRidge`, averages over both: a face and its mirror image then get the
    same answer, and neither training rows nor votes are doubled.

    Parameters
    ----------
    extractor : transformer
        Extractor, union, or pipeline of an extractor and what follows it row by row (such as a projection). It learns
        from the images as they are.

    Attributes
    ----------
    extractor_ : transformer
        Fitted.
    image_shape_ : tuple of (int, int)
        Height and width of the images that `fit` saw, in pixels.

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
        return np.hstack([seen, np.asarray(self.extractor_.transform(mirror(images)), np.float32)])

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:
        """Names of the columns: the extractor's, then the same with ``mirror_`` before them."""
        check_is_fitted(self, "extractor_")
        names = self.extractor_.get_feature_names_out()
        return np.asarray([*names, *(f"mirror_{name}" for name in names)], dtype=object)

    @available_if(lambda self: hasattr(self.extractor, "network_file"))
    def network_file(self) -> Any:
        """File of the network that the extractor runs."""
        return self.extractor.network_file()
