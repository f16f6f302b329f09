"""What all image extractors share: checks, batches in parallel, one row for each image."""

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
    """Base class of the extractors: gray images in, float32 rows out.

    A new extractor stores its parameters in ``__init__``, declares them in `constraints`, and defines `_names` and
    `_extract`; one that learns from the images (a vocabulary, a projection) also defines `_learn`. Everything
    else, such as validation, parallel batches and the refusal of another image size, is here.

    See Also
    --------
    check_extractor : Checks every rule of the contract on an extractor.
    MirrorViews : Any extractor, on an image and its mirror image.

    Attributes
    ----------
    image_shape_ : tuple of (int, int)
        Height and width of the images that `fit` saw, in pixels.
    n_features_out_ : int
        Number of columns of `transform`.
    """

    #: What each parameter may be, checked in `fit`.
    constraints: ClassVar[Mapping[str, Constraint]] = {}
    #: ``"threads"`` where the library releases the interpreter lock, ``"processes"`` where it holds it.
    prefer: ClassVar[Literal["threads", "processes"]] = "threads"
    #: Images to a task: enough to outweigh the cost of handing it to a worker.
    batch_size: ClassVar[int] = 256
    #: Whether rows come from matrix products, which several BLAS threads share in ways that change the last bits.
    uses_blas: ClassVar[bool] = False

    n_features_out_: int
    n_jobs: int | None = None

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags

    @abstractmethod
    def _names(self) -> list[str]:
        """Names of the columns after `_learn`; ValueError if images of `image_shape_` are too small."""

    @abstractmethod
    def _extract(self, images: Images) -> Rows:
        """Rows of checked images; each row depends on its own image only."""

    def _learn(self, images: Images) -> None:
        """Learn fitted attributes from checked images; most extractors have nothing to learn."""

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Check the parameters and learn what the extractor learns.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width), uint8
            Gray images.
        y : ignored
            Present for scikit-learn's pipelines.

        Raises
        ------
        ValueError
            If a parameter is out of range or `X` is no batch of gray images of sufficient size.
        """
        check_parameters(self)
        images = self._first_images(X)
        self._learn(images)
        self.n_features_out_ = len(self._names())
        return self

    def transform(self, X: ArrayLike) -> Rows:
        """Features of each image.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width), uint8
            Gray images of the size seen in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_features), float32
            One row for each image; the same row whatever else is in the batch.

        Raises
        ------
        ValueError
            If `X` is no batch of gray images of that size.
        """
        check_is_fitted(self, "image_shape_")
        return self._in_batches(self._extract, self._same_images(X), (self.n_features_out_,))

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:
        """Names of the columns of `transform`, ndarray of shape (n_features,), str objects."""
        check_is_fitted(self, "image_shape_")
        return np.asarray(self._names(), dtype=object)

    def _in_batches(self, work: Callable[[Images], Rows], images: Images, shape: tuple[int, ...]) -> Rows:
        """Call `work` on slices of `images`, in parallel where there are several, and gather its rows in order."""
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
