"""Dense SIFT descriptors, encoded by a learned vocabulary over a spatial pyramid."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ferbench.features.base import Rows
from ferbench.features.dense_sift import (
    BINS,
    DIMENSIONS,
    Descriptors,
    Windows,
    describe,
    direction_maps,
    make_windows,
    write_descriptors,
)
from ferbench.features.encodings import (
    Mixture,
    Pyramid,
    learn_mixture,
    make_pyramid,
    presence,
    soft_assignment,
    squared_distances,
    vlad,
    write_fisher,
)
from ferbench.features.kmeans import draw, learn_words
from ferbench.features.learned import LearnedExtractor, unit_rows
from ferbench.utils import (
    BOOLEAN,
    AtLeast,
    Constraint,
    Graph,
    Images,
    OneOf,
    OrNone,
    Whole,
    Wholes,
    WorkerCount,
    equalize_histograms,
    whole_numbers,
)

# Default vocabulary sizes. VLAD and Fisher vectors store one or two whole descriptors for each word.
WORDS = {"bag": 500, "presence": 500, "vlad": 16, "fisher": 16}
# Largest number of images from which the vocabulary is learned. Neighboring descriptors are similar, so many images
# with few descriptors each give a better vocabulary. But every image costs the time to compute all its descriptors.
SAMPLE_IMAGES = 4000


class SIFTExtractor(LearnedExtractor):
    """Dense SIFT descriptors, encoded with a visual vocabulary over a spatial pyramid.

    A SIFT descriptor holds the strength of the gradients in eight directions for each of 4 x 4 bins of a window.
    Descriptors are computed on a dense grid. They are not rotated to a main direction, since the faces are upright.
    The vocabulary is learned from descriptors of the training images, without labels. Each cell of each grid of the
    pyramid gets one code.

    Parameters
    ----------
    bin_sizes : int, sequence of int or str, default=3
        Width and height of a bin, in pixels. A window is four times as wide. Several values give windows of several
        sizes.
    stride : int, default=2
        Distance between neighboring windows, in pixels.
    encoding : {"bag", "presence", "vlad", "fisher"}, default="bag"
        ``bag``: frequency of each word (bag of visual words). ``presence``: whether a word occurs. ``vlad``: mean
        difference between the descriptors and their word. ``fisher``: gradients with respect to the means and standard
        deviations of a Gaussian mixture (Fisher vector).
    words : int or None, default=None
        Size of the vocabulary; None is 500 for ``bag`` and ``presence``, 16 for ``vlad`` and ``fisher``.
    softness : float, default=0.2
        Width of the soft assignment of ``bag`` and ``vlad``, as a fraction of the mean squared distance to the nearest
        word; 0 assigns each descriptor to its nearest word only.
    pyramid : int, sequence of int or str, default=(1, 2, 3)
        Number of cells across and down, for each grid.
    descriptor_components : int or None, default=None
        Number of principal components of the 128-dimensional descriptors to keep; None keeps the descriptors.
    root : bool, default=True
        Whether to divide descriptors by their sum and take the square root (RootSIFT).
    sqrt : bool, default=True
        Whether to take the signed square root of the codes.
    equalize : bool, default=False
        Whether to equalize the histogram of each image first.
    samples : int, default=200_000
        Number of descriptors to learn from, drawn at random from at most 4,000 images.
    components : int or None, default=None
        Number of principal components of the codes to keep, at most the number of images; None keeps the codes.
    normalize : bool, default=False
        Whether to scale the rows to unit length as the last step.
    random_state : int, default=0
        Seed of all random choices.
    n_jobs : int or None, default=None
        Threads for large batches, as in joblib: None is one, -1 is all cores.

    Attributes
    ----------
    words_ : ndarray of shape (words, n_dimensions), float32
        Vocabulary; for ``fisher``, the means of the mixture.
    spread_ : ndarray of shape (), float32
        Mean squared distance of the sampled descriptors to their nearest word.
    weights_, variances_ : ndarray
        Weights and variances of the mixture; only for ``fisher``.
    center_, axes_ : ndarray
        Mean and principal components of the descriptors; only if `descriptor_components` is set.

    See Also
    --------
    PatchExtractor : Encodes whitened patches with a learned dictionary.
    ferbench.features.learned.LearnedExtractor : Base class; it documents `mean_` and `components_`.
    ImageExtractor : Base class; it documents the attributes that all extractors have.

    References
    ----------
    Lowe, "Distinctive image features from scale-invariant keypoints", IJCV 2004; Lazebnik, Schmid and Ponce, "Beyond
    bags of features", CVPR 2006; Ionescu, Popescu and Grozea, "Local learning to improve bag of visual words model
    for facial expression recognition", ICML workshop 2013 (``presence``); Jégou et al., "Aggregating local
    descriptors into a compact image representation", CVPR 2010 (``vlad``); Perronnin, Sánchez and Mensink,
    "Improving the Fisher kernel", ECCV 2010; Arandjelović and Zisserman, "Three things everyone should know to
    improve object retrieval", CVPR 2012 (`root`).

    Examples
    --------
    >>> import numpy as np
    >>> from ferbench.features import SIFTExtractor
    >>> X = np.random.default_rng(0).integers(0, 256, (3, 48, 48), dtype=np.uint8)
    >>> SIFTExtractor(words=50).fit_transform(X).shape
    (3, 700)
    """

    constraints: ClassVar[Mapping[str, Constraint]] = {
        "bin_sizes": Wholes(1),
        "stride": Whole(1),
        "encoding": OneOf(tuple(WORDS)),
        "words": OrNone(Whole(2)),
        "softness": AtLeast(0),
        "pyramid": Wholes(1),
        "descriptor_components": OrNone(Whole(1)),
        "root": BOOLEAN,
        "sqrt": BOOLEAN,
        "equalize": BOOLEAN,
        "samples": Whole(2),
        "components": OrNone(Whole(1)),
        "normalize": BOOLEAN,
        "random_state": Whole(0),
        "n_jobs": WorkerCount(),
    }
    prefix: ClassVar[str] = "sift"
    batch_size: ClassVar[int] = 64

    words_: NDArray[np.float32]
    spread_: NDArray[np.float32]
    weights_: NDArray[np.float32]
    variances_: NDArray[np.float32]
    center_: NDArray[np.float32]
    axes_: NDArray[np.float32]

    def __init__(
        self,
        *,
        bin_sizes: int | str | Sequence[int] = 3,
        stride: int = 2,
        encoding: str = "bag",
        words: int | None = None,
        softness: float = 0.2,
        pyramid: int | str | Sequence[int] = (1, 2, 3),
        descriptor_components: int | None = None,
        root: bool = True,
        sqrt: bool = True,
        equalize: bool = False,
        samples: int = 200_000,
        components: int | None = None,
        normalize: bool = False,
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.bin_sizes = bin_sizes
        self.stride = stride
        self.encoding = encoding
        self.words = words
        self.softness = softness
        self.pyramid = pyramid
        self.descriptor_components = descriptor_components
        self.root = root
        self.sqrt = sqrt
        self.equalize = equalize
        self.samples = samples
        self.components = components
        self.normalize = normalize
        self.random_state = random_state
        self.n_jobs = n_jobs

    def _windows(self) -> list[Windows]:
        finest = max(whole_numbers(self.pyramid))
        made = []
        for bin_size in whole_numbers(self.bin_sizes):
            smallest = BINS * bin_size + (finest - 1) * self.stride
            if min(self.image_shape_) < smallest:
                height, width = self.image_shape_
                raise ValueError(
                    f"SIFTExtractor: a grid of {finest} cells over windows of {BINS} bins of {bin_size} pixels at a "
                    f"stride of {self.stride} needs images of at least {smallest} x {smallest} pixels; got "
                    f"{height} x {width}; choose smaller bin_sizes or a smaller pyramid"
                )
            made.append(make_windows(self.image_shape_, bin_size, self.stride))
        return made

    def _cells(self) -> Pyramid:
        return make_pyramid([windows.shape for windows in self._windows()], whole_numbers(self.pyramid))

    def _code_names(self) -> list[str]:
        n_words, width = self.words_.shape
        kinds = {"vlad": ["word"], "fisher": ["mean", "deviation"]}.get(self.encoding)
        if kinds is None:
            ends = [f"word{word}" for word in range(n_words)]
        else:
            ends = [f"{kind}{word}_dim{i}" for kind in kinds for word in range(n_words) for i in range(width)]
        return [f"sift_{cell}_{end}" for cell in self._cells().names for end in ends]

    def _learn_words(self, images: Images) -> None:
        samples = self._sample(images)
        if self.descriptor_components is not None:
            self._learn_axes(samples)
            samples = self._turned(samples)
        self.words_ = learn_words("SIFTExtractor", samples, self.words or WORDS[self.encoding], self.random_state)
        parts = np.array_split(samples, 100)
        nearest = np.concatenate([squared_distances(part, self.words_).min(axis=1) for part in parts])
        self.spread_ = np.asarray(nearest.mean(), np.float32)
        if self.encoding == "fisher":
            mixture = learn_mixture(samples, self.words_, self.random_state)
            self.weights_, self.words_, self.variances_ = mixture.weights, mixture.means, mixture.variances

    def _learn_axes(self, samples: Descriptors) -> None:
        kept = min(self.descriptor_components or DIMENSIONS, DIMENSIONS)
        self.center_ = samples.mean(axis=0)
        # Not np.cov: it would copy all samples as float64.
        centered = samples - self.center_
        _, axes = np.linalg.eigh((centered.T @ centered).astype(np.float64))
        self.axes_ = np.ascontiguousarray(axes[:, ::-1][:, :kept], np.float32)

    def _turned(self, descriptors: Descriptors) -> Descriptors:
        turned = descriptors if self.descriptor_components is None else (descriptors - self.center_) @ self.axes_
        return np.asarray(turned, np.float32)

    def _sample(self, images: Images) -> Descriptors:
        chosen = np.random.default_rng(self.random_state)
        numbers = np.sort(chosen.choice(len(images), min(len(images), SAMPLE_IMAGES), replace=False))
        windows = self._windows()
        n_places = sum(size.shape[0] * size.shape[1] for size in windows)
        places = draw((len(numbers), n_places), self.samples, self.random_state)
        return np.concatenate([self._describe(images[numbers[image]], windows)[some] for image, some in places])

    def _describe(self, image: Images, windows: list[Windows]) -> Descriptors:
        maps = direction_maps(equalize_histograms(image[np.newaxis])[0] if self.equalize else image)
        return np.concatenate([describe(maps, size, root=bool(self.root)) for size in windows])

    def _encode(self, images: Images) -> Rows:
        windows, pyramid = self._windows(), self._cells()
        # One image at a time: its distances fit into the processor cache, and products always have the same shape.
        return np.stack([self._code(self._turned(self._describe(each, windows)), pyramid).ravel() for each in images])

    def _code(self, descriptors: Descriptors, pyramid: Pyramid) -> Rows:
        fisher = self.encoding == "fisher"
        code = self._mixture().fisher(descriptors, pyramid) if fisher else self._word_code(descriptors, pyramid)
        if self.sqrt:
            code = np.copysign(np.sqrt(np.abs(code)), code)
        # The length of these codes grows with the contrast of the cell, which carries no information.
        return unit_rows(code) if self.encoding in ("vlad", "fisher") else code

    def _mixture(self) -> Mixture:
        return Mixture(self.weights_, self.words_, self.variances_)

    def check_graph(self) -> None:
        if self.encoding != "fisher" or self.equalize:
            super().check_graph()

    def _write_codes(self, graph: Graph, images: str) -> str:
        features = write_descriptors(graph, images, self._windows(), root=bool(self.root))
        if self.descriptor_components is not None:
            features = graph.add("MatMul", graph.add("Sub", features, self.center_), self.axes_)
        codes = write_fisher(graph, features, self._mixture(), self._cells())
        if self.sqrt:
            codes = graph.add("Mul", graph.add("Sign", codes), graph.add("Sqrt", graph.add("Abs", codes)))
        return graph.reshape(graph.unit(codes), 0, -1)

    def _word_code(self, descriptors: Descriptors, pyramid: Pyramid) -> Rows:
        distances = squared_distances(descriptors, self.words_)
        if self.encoding == "presence":
            return presence(distances, pyramid)
        shares = soft_assignment(distances, float(self.softness) * float(self.spread_))
        if self.encoding == "vlad":
            return vlad(descriptors, shares, self.words_, pyramid)
        return pyramid.shares @ shares


REGISTERED = {"sift": SIFTExtractor}
