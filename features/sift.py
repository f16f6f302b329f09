"""Dense SIFT descriptors, encoded by a learned vocabulary over a spatial pyramid."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ferbench.features.base import Rows
from ferbench.features.dense_sift import (
    DIMENSIONS,
    Descriptors,
    Windows,
    describe,
    descriptor_symmetry,
    direction_maps,
    place_windows,
    write_descriptors,
)
from ferbench.features.learned import LearnedExtractor, unit_rows
from ferbench.features.local import (
    Mixture,
    Pyramid,
    Symmetry,
    code_symmetry,
    draw,
    learn_vocabulary,
    make_pyramid,
    principal_axes,
    word_code,
    write_fisher,
)
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
    The vocabulary is learned from training images, without labels. Each cell of the pyramid gets one code.

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
    component_images : int or None, default=None
        Training images from which these components are learned; None is as many as have codes of 400 MB.
    symmetric : bool, default=False
        Whether words form pairs of mirror images, and a component keeps its value, or changes its sign, if the image
        is mirrored. `MirrorViews` then needs no second extraction. `words` must be even.
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
    center_, axes_, axis_signs_ : ndarray
        Mean and principal components of the descriptors, only with `descriptor_components`; with `symmetric`, the
        signs of these components in the mirror image, else ones.

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
        "component_images": OrNone(Whole(1)),
        "symmetric": BOOLEAN,
        "normalize": BOOLEAN,
        "random_state": Whole(0),
        "n_jobs": WorkerCount(),
    }
    prefix: ClassVar[str] = "sift"
    batch_size: ClassVar[int] = 64
    symmetric: bool = False  # bundles of older versions lack it
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
        component_images: int | None = None,
        symmetric: bool = False,
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
        self.component_images = component_images
        self.symmetric = symmetric
        self.normalize = normalize
        self.random_state = random_state
        self.n_jobs = n_jobs

    def _windows(self) -> list[Windows]:
        sizes, finest, symmetric = whole_numbers(self.bin_sizes), max(whole_numbers(self.pyramid)), bool(self.symmetric)
        return place_windows(self.image_shape_, sizes, self.stride, finest, symmetric=symmetric)

    def _cells(self) -> Pyramid:
        shapes = [windows.shape for windows in self._windows()]
        return make_pyramid(shapes, whole_numbers(self.pyramid), symmetric=bool(self.symmetric))

    def _code_names(self) -> list[str]:
        n_words, width = self.words_.shape
        kinds = {"vlad": ["word"], "fisher": ["mean", "deviation"]}.get(self.encoding)
        if kinds is None:
            ends = [f"word{word}" for word in range(n_words)]
        else:
            ends = [f"{kind}{word}_dim{i}" for kind in kinds for word in range(n_words) for i in range(width)]
        return [f"sift_{cell}_{end}" for cell in self._cells().names for end in ends]

    def _learn_words(self, images: Images) -> None:
        n_words, samples = self.words or WORDS[self.encoding], self._sample(images)
        if self.descriptor_components is not None:
            kept = min(self.descriptor_components, DIMENSIONS)
            symmetry = descriptor_symmetry() if self.symmetric else None
            self.center_, self.axes_, self.axis_signs_ = principal_axes(samples, kept, symmetry)
            samples = self._turned(samples)
        symmetry, fisher = self._local_symmetry(), self.encoding == "fisher"
        learned = learn_vocabulary("SIFTExtractor", samples, n_words, self.random_state, symmetry, mixture=fisher)
        self.words_, self.spread_ = learned.words, np.asarray(learned.spread, np.float32)
        if learned.mixture is not None:
            self.weights_, self.variances_ = learned.mixture.weights, learned.mixture.variances

    def _local_symmetry(self) -> Symmetry | None:
        """Return how a descriptor, or its components, change when its window is mirrored."""
        if not self.symmetric:
            return None
        return descriptor_symmetry() if self.descriptor_components is None else Symmetry.of_signs(self.axis_signs_)

    def _symmetry(self) -> Symmetry | None:
        if (local := self._local_symmetry()) is None:
            return None
        # The gradient by a mean changes its sign with the descriptor, that by a deviation does not.
        kinds = {"vlad": [True], "fisher": [True, False]}.get(self.encoding)
        grids, n_words = whole_numbers(self.pyramid), len(self.words_)
        return code_symmetry(grids, n_words, kinds or [False], local if kinds else None)

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
        if self.encoding == "fisher":
            code = self._mixture().fisher(descriptors, pyramid)
        else:
            code = word_code(self.encoding, descriptors, self.words_, self.softness * float(self.spread_), pyramid)
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


REGISTERED = {"sift": SIFTExtractor}
