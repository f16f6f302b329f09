"""Base class of the image extractors: input checks and parallel batches."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from typing import Any, ClassVar, Literal, Self

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted
from tqdm import tqdm

from ferbench.features.image_input import ImageInput
from ferbench.utils import Constraint, Images, check_parameters, one_blas_thread

Rows = NDArray[np.float32]


class ImageExtractor(ImageInput, TransformerMixin, BaseEstimator, ABC):
    """Base class of the transformers from gray images to float32 feature rows.

    Derive from it to write an extractor. Store the parameters in ``__init__``, declare their constraints in
    `constraints`, and define `_names` and `_extract`. An extractor that learns from the images, such as a vocabulary
    or a projection, also defines `_learn`. This class checks the parameters and the images, and extracts large batches
    in parallel.

    Attributes
    ----------
    image_shape_ : tuple of (int, int)
        Height and width of the images seen in `fit`, in pixels.
    n_features_out_ : int
        Number of columns of `transform`.

    See Also
    --------
    check_extractor : Run all checks that an extractor must pass.
    MirrorViews : Extract features of the image and of its mirror image.
    """

    #: Constraint of each parameter, checked in `fit`.
    constraints: ClassVar[Mapping[str, Constraint]] = {}
    #: Use ``"threads"`` if the library releases the global interpreter lock, else ``"processes"``.
    prefer: ClassVar[Literal["threads", "processes"]] = "threads"
    #: Images in one parallel task; small tasks would spend most of their time on dispatch.
    batch_size: ClassVar[int] = 256
    #: Whether to limit BLAS to one thread: with several, the last bits of a matrix product depend on their number.
    uses_blas: ClassVar[bool] = False

    n_features_out_: int
    n_jobs: int | None = None

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags

    @abstractmethod
    def _names(self) -> list[str]:
        """Return the names of the columns, after `_learn`; raise ValueError if the images are too small."""

    @abstractmethod
    def _extract(self, images: Images) -> Rows:
        """Return the feature rows of checked images; each row depends on its own image only."""

    def _learn(self, images: Images) -> None:
        """Set the fitted attributes from checked images; by default there are none."""

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Check the parameters and the images, and learn from the images if the extractor does so.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width), uint8
            Gray images.
        y : ignored
            Present for API consistency with scikit-learn.

        Returns
        -------
        self : object
            The fitted extractor.

        Raises
        ------
        ValueError
            If a parameter is out of range, `X` is not a batch of gray images, or the images are too small.
        """
        check_parameters(self)
        images = self._first_images(X)
        self._learn(images)
        self.n_features_out_ = len(self._names())
        return self

    def transform(self, X: ArrayLike) -> Rows:
        """Extract the features of each image.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width), uint8
            Gray images of the size seen in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_features), float32
            One row for each image. A row does not depend on the other images of the batch.

        Raises
        ------
        ValueError
            If `X` is not a batch of gray images of the size seen in `fit`.
        """
        check_is_fitted(self, "image_shape_")
        return self._in_batches(self._extract, self._same_images(X), (self.n_features_out_,))

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:
        """Return the names of the columns of `transform`, ndarray of shape (n_features,), str objects."""
        check_is_fitted(self, "image_shape_")
        return np.asarray(self._names(), dtype=object)

    def _in_batches(self, work: Callable[[Images], Rows], images: Images, shape: tuple[int, ...]) -> Rows:
        """Call `work` on slices of `images`, in parallel if there are several, and concatenate its rows in order."""
        with one_blas_thread() if self.uses_blas else nullcontext():
            return self._gathered(work, images, shape)

    def _gathered(self, work: Callable[[Images], Rows], images: Images, shape: tuple[int, ...]) -> Rows:
        if len(images) <= self.batch_size:
            return work(images)
        slices = [slice(i, i + self.batch_size) for i in range(0, len(images), self.batch_size)]
        rows = np.empty((len(images), *shape), np.float32)
        for part, done in zip(slices, self._run(work, images, slices), strict=True):
            rows[part] = done
        return rows

    def _run(self, work: Callable[[Images], Rows], images: Images, slices: list[slice]) -> Iterator[Rows]:
        progress = tqdm(slices, desc=type(self).__name__, unit="batch", delay=2, leave=False, disable=None)
        if effective_n_jobs(self.n_jobs) == 1:
            yield from (work(images[part]) for part in progress)
        else:
            pool = Parallel(n_jobs=self.n_jobs, prefer=self.prefer, return_as="generator")
            yield from pool(delayed(work)(images[part]) for part in progress)
