"""Base class of the extractors that encode local features with a learned dictionary."""

from abc import abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.extmath import randomized_svd

from ferbench.features.base import ImageExtractor, Rows
from ferbench.features.local import Symmetry
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
        training images, whose codes take about 400 MB unless the extractor has a parameter `component_images`.
    mirror_signs_ : ndarray of shape (n_features,)
        Sign with which each feature of an image appears in its mirror image; only with `components`, and if the codes
        have a symmetry. The components are then those of the codes of the images and their mirror images.

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
    component_images: int | None = None
    mean_: NDArray[np.float32]
    components_: NDArray[np.float32]
    mirror_signs_: NDArray[np.float32]

    @abstractmethod
    def _learn_words(self, images: Images) -> None:
        """Learn the dictionary from checked images."""

    @abstractmethod
    def _encode(self, images: Images) -> Rows:
        """Return the codes of checked images before projection; each row depends on its own image only."""

    @abstractmethod
    def _code_names(self) -> list[str]:
        """Return the names of the columns of `_encode`."""

    def _symmetry(self) -> Symmetry | None:
        """Return how the codes of an image change when it is mirrored, or None if this is not known."""
        return None

    def mirrored(self, rows: Rows) -> Rows | None:
        """Return the features of the mirrored images, or None if they cannot be told from those of the images."""
        symmetry = self._feature_symmetry()
        return None if symmetry is None else symmetry.mirrored(rows)

    def write_mirrored(self, graph: Graph, rows: str) -> str | None:
        """Add the nodes of `mirrored` to a graph and return their name, or None."""
        symmetry = self._feature_symmetry()
        if symmetry is None:
            return None
        if (symmetry.order != np.arange(len(symmetry.order))).any():
            rows = graph.add("Gather", rows, graph.constant(symmetry.order, np.int64), axis=1)
        return graph.add("Mul", rows, symmetry.signs)

    def _feature_symmetry(self) -> Symmetry | None:
        if self.components is None:
            return self._symmetry()
        signs = getattr(self, "mirror_signs_", None)
        return None if signs is None else Symmetry.of_signs(signs)

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
            rows = self._write_components(graph, rows, self._encode(sample))
            rows = graph.add("Sub", rows, multiply(self.mean_[np.newaxis], self.components_))
        return graph.unit(rows) if self.normalize else rows

    def _write_components(self, graph: Graph, rows: str, sample: Rows) -> str:
        symmetry = self._symmetry()
        if symmetry is None:
            return graph.project(rows, self.components_, float(np.abs(sample).max()))
        # In a component, the two codes of a pair have the same weight, but for the sign. So one of them is enough.
        first, second = symmetry.pairs()
        one, other = (graph.add("Gather", rows, graph.constant(each, np.int64), axis=1) for each in (first, second))
        other = graph.add("Mul", other, symmetry.signs[first])
        parts, order = [], []
        for sign, operator in ((1, "Add"), (-1, "Sub")):
            columns = np.flatnonzero(self.mirror_signs_ == sign)
            if len(columns):
                half = sample[:, first] + sign * sample[:, second] * symmetry.signs[first]
                matrix = np.ascontiguousarray(self.components_[np.ix_(first, columns)])
                parts.append(graph.project(graph.add(operator, one, other), matrix, float(np.abs(half).max())))
                order.append(columns)
        places = np.argsort(np.concatenate(order))
        return graph.add("Gather", graph.add("Concat", *parts, axis=1), graph.constant(places, np.int64), axis=1)

    def _learn(self, images: Images) -> None:
        self._learn_words(images)
        if self.components is None:
            return
        n_codes = len(self._code_names())
        n_images = self.component_images or max(2 * self.components, SAMPLE_BYTES // (4 * n_codes))
        n_images = min(len(images), n_images)
        chosen = np.random.default_rng(self.random_state).choice(len(images), n_images, replace=False)
        codes = self._in_batches(self._encode, images[np.sort(chosen)], (n_codes,))
        self.mean_ = codes.mean(axis=0)
        symmetry = self._symmetry()
        if symmetry is None:
            codes -= self.mean_
            self.components_ = self._axes(codes, self.components)[1]
            self.__dict__.pop("mirror_signs_", None)
            return
        self.mean_ = (self.mean_ + symmetry.mirrored(self.mean_)) / np.float32(2)
        codes -= self.mean_
        halves = [self._axes(half, self.components) for half in symmetry.halves(codes)]
        axes = symmetry.whole(halves[0][1], halves[1][1])
        signs = np.repeat(np.array([1, -1], np.float32), [len(half[0]) for half in halves])
        best = np.argsort(-np.concatenate([half[0] for half in halves]), kind="stable")[: self.components]
        self.components_, self.mirror_signs_ = np.ascontiguousarray(axes[:, best]), signs[best]

    def _axes(self, codes: Rows, n_axes: int) -> tuple[NDArray[np.float32], Rows]:
        """Return the singular values of centered codes, largest first, and their axes as columns."""
        n_axes = min(n_axes, *codes.shape)
        _, values, axes = randomized_svd(codes, n_axes, n_iter=POWER_ITERATIONS, random_state=self.random_state)
        return values, np.ascontiguousarray(axes.T, np.float32)

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
