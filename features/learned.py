"""Base class of the extractors that encode local features with a learned dictionary."""

from abc import abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.extmath import randomized_svd

from ferbench.features.base import ImageExtractor, Rows
from ferbench.utils import Graph, Images, multiply

# Size, in bytes, of the sample of codes from which the principal components are learned.
SAMPLE_BYTES = 400_000_000
POWER_ITERATIONS = 4


class LearnedExtractor(ImageExtractor):
    """Base class of the extractors with a learned dictionary.

    Derive from it if the codes may be projected on principal components or scaled to unit length. A subclass defines
    `_learn_words`, `_encode` and `_code_names` instead of `_learn`, `_extract` and `_names`.

    Attributes
    ----------
    mean_ : ndarray of shape (n_codes,)
        Mean of the codes of the training images; only if `components` is set.
    components_ : ndarray of shape (n_codes, n_features)
        Principal components of the codes; only if `components` is set. They are learned from a random sample of the
        training images whose codes take about 400 MB.

    See Also
    --------
    ImageExtractor : Base class; it documents the attributes that all extractors have.
    """

    prefix: ClassVar[str]
    uses_blas: ClassVar[bool] = True
    behavior_libraries: ClassVar[tuple[str, ...]] = ("scikit-learn",)
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
        """Return the codes of checked images before projection; each row depends on its own image only."""

    @abstractmethod
    def _code_names(self) -> list[str]:
        """Return the names of the columns of `_encode`."""

    def check_graph(self) -> None:
        """Raise ValueError if the extractor cannot write a graph with its parameters."""
        raise ValueError(f"{type(self).__name__} cannot be compiled to a network; sift with Fisher vectors can")

    def _write_codes(self, graph: Graph, images: str) -> str:
        """Add the nodes of `_encode` to a graph; return their name."""
        raise NotImplementedError

    def write_graph(self, graph: Graph, images: str, sample: Images) -> str:
        """Add the nodes of `transform` to a graph.

        Parameters
        ----------
        graph : ferbench.utils.Graph
        images : str
            Name of the images in the graph.
        sample : ndarray of shape (n_samples, height, width), uint8
            Training images; they give the range of the codes in a graph of 8-bit integers.

        Returns
        -------
        str
            Name of the features, of shape (n_samples, n_features).

        Raises
        ------
        ValueError
            If the extractor cannot be compiled.
        """
        self.check_graph()
        rows = self._write_codes(graph, images)
        if self.components is not None:
            largest = float(np.abs(self._encode(sample)).max())
            rows = graph.project(rows, self.components_, largest)
            rows = graph.add("Sub", rows, multiply(self.mean_[np.newaxis], self.components_))
        return graph.unit(rows) if self.normalize else rows

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
    """Scale rows to unit length, in place; zero rows stay zero."""
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    rows /= np.maximum(lengths, np.float32(1e-12))[:, np.newaxis]
    return rows
