"""What extractors share that encode local features by a learned dictionary: projection, unit length, memory."""

from abc import abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.extmath import randomized_svd

from ferbench.features.base import ImageExtractor, Rows
from ferbench.utils import Images, multiply

# Bytes of features that the principal components are learned from, at most.
SAMPLE_BYTES = 400_000_000
POWER_ITERATIONS = 4


class LearnedExtractor(ImageExtractor):
    """Base class of the extractors with a dictionary, after which rows may be projected and brought to unit length.

    A subclass defines `_learn_words`, `_encode` and `_code_names` in place of `_learn`, `_extract` and `_names`.

    Attributes
    ----------
    mean_ : ndarray of shape (n_codes,)
        Mean of the codes of training images; only with `components`.
    components_ : ndarray of shape (n_codes, n_features)
        Principal components of the codes; only with `components`.
    """

    prefix: ClassVar[str]
    uses_blas: ClassVar[bool] = True
    components: int | None
    normalize: bool
    random_state: int
    mean_: NDArray[np.float32]
    components_: NDArray[np.float32]

    @abstractmethod
    def _learn_words(self, images: Images) -> None:
        """Learn the dictionary from checked images."""

    @abstractmethod
    def _encode(self, images: Images) -> Rows:
        """Codes of checked images before projection; each row depends on its own image only."""

    @abstractmethod
    def _code_names(self) -> list[str]:
        """Names of the columns of `_encode`."""

    def _learn(self, images: Images) -> None:
        self._learn_words(images)
        if self.components is None:
            return
        n_codes = len(self._code_names())
        n_images = min(len(images), max(2 * self.components, SAMPLE_BYTES // (4 * n_codes)))
        chosen = np.random.default_rng(self.random_state).choice(len(images), n_images, replace=False)
        codes = self._in_batches(self._encode, images[np.sort(chosen)], (n_codes,))
        self.mean_ = codes.mean(axis=0)
        codes -= self.mean_
        n_components = min(self.components, *codes.shape)
        _, _, axes = randomized_svd(codes, n_components, n_iter=POWER_ITERATIONS, random_state=self.random_state)
        self.components_ = np.ascontiguousarray(axes.T, np.float32)

    def _names(self) -> list[str]:
        if self.components is None:
            return self._code_names()
        return [f"{self.prefix}_component{i}" for i in range(self.components_.shape[1])]

    def _extract(self, images: Images) -> Rows:
        rows = self._encode(images)
        if self.components is not None:
            rows = multiply(rows - self.mean_, self.components_)
        return unit_rows(rows) if self.normalize else rows


def unit_rows(rows: Rows) -> Rows:
    """Divide rows by their length, in place; rows of zeros stay zeros."""
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    rows /= np.maximum(lengths, np.float32(1e-12))[:, np.newaxis]
    return rows
